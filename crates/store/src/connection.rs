//! One connection over two databases.
//!
//! [`Connection`] is one to SQLite or to PostgreSQL. A query is written once, and diesel checks it for both.
//! Differences in SQL are in `dialect` only.

pub use multi::AnyConnection as Connection;

mod multi {
    /// A database connection, as the queries take it.
    #[derive(diesel::MultiConnection)]
    pub enum AnyConnection {
        /// A file of this machine.
        Sqlite(diesel::SqliteConnection),
        /// A server that several nodes share.
        Postgres(diesel::PgConnection),
    }
}

/// Compiles one query for each database, for queries that diesel cannot check for both at once (`ON CONFLICT`) and
/// for the queries of every booking, whose SQL text diesel then caches.
macro_rules! on_each {
    ($connection:expr, $one:ident => $query:expr) => {
        match $connection {
            $crate::Connection::Sqlite($one) => $query,
            $crate::Connection::Postgres($one) => $query,
        }
    };
}
pub(crate) use on_each;
