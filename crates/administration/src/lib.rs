//! Administration: organisations, keys, experts and their absences, catastrophes, backup, and the check of the event
//! chain.

pub mod audit;
pub mod backup;
mod catastrophes;

pub use catastrophes::{start_catastrophe, stop_catastrophe};
