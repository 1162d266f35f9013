//! The three public contracts as types: what travels between an integrator, a claims platform and
//! a partner firm, exactly as it is written on the wire.
//!
//! * [`claims`]: the claims API v2, and [`appointments`], the platform's own extension of it;
//! * [`partner`]: the partner appointment API v0.9.1;
//! * [`dossier`]: the claim file API v0.9.1;
//! * [`common`]: what they share.
//!
//! Each type describes itself (`JsonSchema`): its doc comments become the public documentation.
//! Requests are read in two steps. [`common::read_json`] reads the shape and lists every missing or
//! mistyped field; the request's own `into_domain` (or `check`) lists every fault of meaning that
//! can be seen without looking anything up. Whether a code belongs to a code table is *not* judged
//! here: the domain values keep the codes as given, and the field paths to blame for them are
//! written in each `into_domain`'s documentation.

pub mod appointments;
pub mod claims;
pub mod common;
pub mod dossier;
pub mod partner;
