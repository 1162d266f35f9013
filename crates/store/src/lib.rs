//! Rows and bytes: the database behind one set of queries, and the documents' object store.
//!
//! * [`Store::read`] runs queries on a reader; [`Store::write`] runs one unit of work in a
//!   transaction of the single writer, which commits all that is waiting with one `fsync`
//!   (group commit). Each unit keeps its own outcome: one may fail alone.
//! * [`queries`] holds every query, a file for each table. A query that sees an organisation's data
//!   takes the [`TenantId`](constat_domain::tenancy::TenantId) and has it in its `WHERE`.
//! * [`Documents`] keeps the bytes of uploaded documents.
//!
//! Nested data is stored as JSON text in a `body` column; what is searched is promoted to columns
//! of its own. Instants are UTC microseconds, identifiers text.

pub mod chain;
mod connection;
mod documents;
mod error;
mod migrations;
pub mod queries;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

pub use connection::{Connection, Store};
pub use documents::{DocumentBytes, Documents, IncomingBytes, S3, StoredBytes};
pub use error::StoreError;
pub use writer::Tx;
