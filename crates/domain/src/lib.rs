//! The words and rules of the trade: claims, documents, appointments, money, codes, refusals.
//!
//! Everything here is pure. There is no I/O, no async, no clock and no random source: a function
//! that needs the time or an identifier takes it as an argument, so every decision can be replayed
//! in a test.

pub mod appointment;
pub mod catalogue;
pub mod catastrophe;
pub mod claim;
mod clock;
pub mod codes;
pub mod contact;
mod contract;
pub mod country;
pub mod deadlines;
pub mod event_kinds;
pub mod expert;
pub mod gazetteer;
pub mod geo;
pub mod holidays;
pub mod ids;
pub mod json;
pub mod landmass;
mod location;
mod lost_zero;
pub mod money;
pub mod postcode;
pub mod prefilled_declaration;
pub mod refusal;
pub mod service;
pub mod tenancy;
pub mod territory;
mod text;
pub mod webhook;

pub use lost_zero::restore_postcode;
pub use money::{Currency, Money};
pub use refusal::{FieldError, Refusal};
