//! What the bare database does on this disk: one row, one transaction, one `fsync`, one after the
//! other. The yardstick for bookings.

use std::path::Path;
use std::time::{Duration, Instant};

use constat_store::{Connection, StoreError};
use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

diesel::table! { bare (id) { id -> BigInt, body -> Text, } }

/// Durable single-row inserts a second, with the settings that the server itself uses (write-ahead
/// log, `synchronous = FULL`).
pub fn durable_inserts_per_second(folder: &Path, length: Duration) -> Result<f64, StoreError> {
    let path = folder.join("bare.db");
    let open = |error: diesel::ConnectionError| StoreError::Unavailable(error.to_string());
    let mut connection = Connection::establish(&path.to_string_lossy()).map_err(open)?;
    connection.batch_execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    )?;
    let body = "x".repeat(200);
    let started = Instant::now();
    let mut rows: u32 = 0;
    while started.elapsed() < length {
        diesel::insert_into(bare::table).values(bare::body.eq(&body)).execute(&mut connection)?;
        rows += 1;
    }
    Ok(f64::from(rows) / started.elapsed().as_secs_f64())
}
