//! Every query, a file for each table.
//!
//! A function whose name says `of_tenant` sees one organisation's test or live data only. Those
//! without it serve the server itself (keys, sealing keys) or take a key that already implies the
//! tenant, and say so.

pub mod absences;
pub mod api_keys;
pub mod appointments;
pub mod calendar_changes;
pub mod catastrophes;
pub mod claim_appointments;
pub mod claims;
pub mod contracts;
pub mod deadlines;
pub mod document_files;
pub mod erasure;
pub mod events;
pub mod expert_days;
pub mod experts;
pub mod holds;
pub mod idempotency;
pub mod organisations;
mod page;
pub mod recent_declarations;
pub mod sealing_keys;
pub mod sign_in_links;
pub mod webhook_deliveries;
pub mod webhooks;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

/// UTC microseconds of an instant.
fn micros(at: jiff::Timestamp) -> i64 {
    at.as_microsecond()
}

/// The instant of UTC microseconds.
fn instant(micros: i64) -> Result<jiff::Timestamp, StoreError> {
    jiff::Timestamp::from_microsecond(micros).map_err(|error| StoreError::corrupt("instant", error))
}

fn to_body(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt("body", error))
}

fn from_body<T: DeserializeOwned>(body: &str) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::corrupt("body", error))
}

fn from_bodies<T: DeserializeOwned>(bodies: &[String]) -> Result<Vec<T>, StoreError> {
    bodies.iter().map(|body| from_body(body)).collect()
}

fn parse<T: std::str::FromStr>(text: &str) -> Result<T, StoreError>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| StoreError::corrupt("column", error))
}

/// `Ok` when the conditional update found its row.
fn one_row(rows: usize, what: &str) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Conflict(format!("{what} changed meanwhile"))) }
}
