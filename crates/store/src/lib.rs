//! Rows and bytes: the database behind one set of queries, and the documents' object store.
//!
//! * A [`Database`] is a SQLite file or a PostgreSQL server; every query is written once for both.
//! * [`Store::read`] runs queries on a reader; [`Store::write`] runs one unit of work in a
//!   transaction of a writer, which commits all that is waiting with one `fsync` (group commit). Each
//!   unit keeps its own outcome: one may fail alone.
//! * [`queries`] holds every query, a file for each table. A query that sees an organisation's data
//!   takes the [`TenantId`](constat_domain::tenancy::TenantId) and has it in its `WHERE`.
//! * [`Documents`] keeps the bytes of uploaded documents.
//!
//! Nested data is stored as JSON text in a `body` column; what is searched is promoted to columns
//! of its own. Instants are UTC microseconds, identifiers text.

mod attempts;
pub mod chain;
mod columns;
mod commit_counter;
mod connection;
mod database_url;
mod dialect;
mod documents;
mod error;
mod held;
#[cfg(test)]
mod interleaved;
mod migrations;
mod opening;
mod pool;
pub mod queries;
mod queue;
mod schema;
mod store;
#[cfg(test)]
mod tests;
mod writer;

/// What the queue locks and waits with. Its tests compile it once more with locks whose every order can be
/// tried: see `interleaved`.
mod sync {
    pub(super) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
}

pub use chain::Appended;
pub use commit_counter::CommitCounter;
pub use connection::Connection;
pub use database_url::has_password;
pub use documents::{DocumentBytes, Documents, IncomingBytes, S3, StoredBytes};
pub use error::{StoreError, UnitError};
pub use held::HeldCommits;
pub use store::{Database, Store};
pub use writer::Tx;
