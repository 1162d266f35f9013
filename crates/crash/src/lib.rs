//! Books in a loop while servers and databases are killed, and shows that nothing was lost or doubled.
//!
//! [`run`] starts a database, some `constat serve` and some clients as they would run anywhere: plain
//! processes that speak HTTP. It kills them, cuts their network, and starts them again. The clients
//! write down what they asked and heard ([`history`]); the database's own client tells what is there in
//! the end ([`state`]); [`verdict`] compares the two, and can do so again from the kept files.
#![cfg(unix)]
#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a test that cannot be made stops loudly")]

mod client;
mod clock;
mod cluster;
mod faults;
pub mod history;
mod node;
mod plain;
mod ports;
mod rng;
mod run;
pub mod state;
pub mod verdict;
mod wire;
mod world;

pub use plain::Plain;
pub use run::{Files, Kind, Plan, check, run};
