//! What the database holds once everything has stopped: read with the database's own client, not
//! with our queries, and kept as one JSON object on each line.

use std::path::Path;

use constat_testkit::postgres::Programs;
use diesel::prelude::*;
use diesel::sql_types::Text;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::history::Span;

/// One row of one table, as far as a verdict needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "table", rename_all = "snake_case")]
pub enum Row {
    /// An appointment.
    Appointment(Appointment),
    /// A session that was used.
    UsedSession {
        /// The session.
        session: String,
        /// What it booked or moved.
        appointment: String,
    },
    /// A slot that is kept.
    Hold(Hold),
    /// An event.
    Event(Event),
    /// The end of a tenant's chain of events.
    Chain {
        /// Whose chain.
        tenant: String,
        /// How many events it has.
        length: i64,
        /// The hash of the last one, in hex.
        hash: String,
    },
}

/// An appointment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Appointment {
    /// Its id.
    pub id: String,
    /// Whose day it takes.
    pub expert: String,
    /// `booked`, `cancelled` or `done`.
    pub status: String,
    /// The case it was booked for.
    pub case: String,
    /// The agreed time.
    pub slot: Span,
    /// The time it takes in the day, in UTC microseconds: from.
    pub busy_from: i64,
    /// To.
    pub busy_to: i64,
    /// Where, in degrees.
    pub lat: Option<f64>,
    /// Where, in degrees.
    pub lon: Option<f64>,
}

/// A slot that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub id: String,
    /// Whose day it takes.
    pub expert: String,
    /// The session that it was taken in.
    pub session: String,
    /// The time it takes in the day, in UTC microseconds: from.
    pub busy_from: i64,
    /// To.
    pub busy_to: i64,
    /// Where, in degrees.
    pub lat: Option<f64>,
    /// Where, in degrees.
    pub lon: Option<f64>,
    /// From when on it counts for nothing, in UTC microseconds.
    pub expires_at: i64,
}

/// An event: what its hash covers, and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// Whose data changed.
    pub tenant: String,
    /// From 1, within the tenant.
    pub position: i64,
    /// What changed.
    pub subject: String,
    /// What happened to it.
    pub kind: String,
    /// When, in UTC microseconds.
    pub at: i64,
    /// Who did it.
    pub actor: String,
    /// The hash of its data, in hex.
    pub data_hash: String,
    /// The hash of the event before it, in hex.
    pub previous: String,
    /// Its own hash, in hex.
    pub hash: String,
}

/// Each question answers one text column, a JSON object. What the two databases call differently is in
/// brackets.
const QUESTIONS: [&str; 5] = [
    "SELECT CAST({object}('table', 'appointment', 'id', id, 'expert', expert, 'status', status, \
     'busy_from', busy_from, 'busy_to', busy_to, 'lat', lat, 'lon', lon, 'body', body) AS TEXT) AS line \
     FROM appointments ORDER BY id",
    "SELECT CAST({object}('table', 'used_session', 'session', session, 'appointment', appointment) AS TEXT) AS line \
     FROM used_sessions ORDER BY session",
    "SELECT CAST({object}('table', 'hold', 'id', id, 'expert', expert, 'session', session, 'busy_from', busy_from, \
     'busy_to', busy_to, 'lat', lat, 'lon', lon, 'expires_at', expires_at) AS TEXT) AS line \
     FROM holds ORDER BY id",
    "SELECT CAST({object}('table', 'event', 'id', id, 'tenant', tenant, 'position', position, 'subject', subject, \
     'kind', kind, 'at', at, 'actor', actor, 'data_hash', {hex}(data_hash{as_hex}), \
     'previous', {hex}(previous{as_hex}), 'hash', {hex}(hash{as_hex})) AS TEXT) AS line \
     FROM events ORDER BY tenant, position",
    "SELECT CAST({object}('table', 'chain', 'tenant', tenant, 'length', length, 'hash', {hex}(hash{as_hex})) AS TEXT) \
     AS line FROM event_chains ORDER BY tenant",
];

fn questions(object: &str, hex: &str, as_hex: &str) -> Vec<String> {
    let said = |text: &&str| text.replace("{object}", object).replace("{hex}", hex).replace("{as_hex}", as_hex);
    QUESTIONS.iter().map(said).collect()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Reads all of a SQLite file.
pub fn of_sqlite(file: &Path) -> Result<Vec<Row>, String> {
    let describe = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let mut connection = SqliteConnection::establish(&file.to_string_lossy()).map_err(|error| describe(&error))?;
    let mut rows = Vec::new();
    for question in questions("json_object", "hex", "") {
        let lines: Vec<Line> = diesel::sql_query(question).load(&mut connection).map_err(|error| describe(&error))?;
        for line in lines {
            rows.push(row(&line.line)?);
        }
    }
    Ok(rows)
}

/// Reads all of a PostgreSQL database.
pub fn of_postgres(programs: &Programs, url: &str) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for question in questions("json_build_object", "encode", ", 'hex'") {
        for line in programs.psql(url, &[&question])?.lines() {
            rows.push(row(line)?);
        }
    }
    Ok(rows)
}

/// A row as the database returned it: an appointment's case and slot stand in its body.
fn row(line: &str) -> Result<Row, String> {
    let mut row: Value = serde_json::from_str(line).map_err(|error| format!("a row: {error}"))?;
    if let Some(body) = row.get("body") {
        let body: Value = match body {
            Value::String(text) => serde_json::from_str(text).map_err(|error| format!("an appointment: {error}"))?,
            whole => whole.clone(),
        };
        row["case"] = body["case_number"].clone();
        let instant = |name: &str| body["slot"][name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let (start, end) = instant("start").zip(instant("end")).ok_or("an appointment without a time")?;
        row["slot"] = serde_json::to_value(Span { start, end }).map_err(|error| error.to_string())?;
    }
    serde_json::from_value(row).map_err(|error| format!("a row: {error}"))
}

/// The rows as a file holds them.
pub fn write(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| serde_json::to_string(row).expect("a row is JSON") + "\n");
    lines.collect()
}

/// Reads a file of rows back. An error names its line.
pub fn read(text: &str) -> Result<Vec<Row>, String> {
    let lines = text.lines().enumerate();
    lines.map(|(at, line)| serde_json::from_str(line).map_err(|error| format!("line {}: {error}", at + 1))).collect()
}
