//! One connection over two databases.
//!
//! [`Connection`] speaks to SQLite or to PostgreSQL; a query is written once and diesel checks it for
//! both. What really differs in SQL stands in `dialect`, and nowhere else.

use std::path::Path;

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;

use crate::{StoreError, database_url, dialect};

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

/// Runs one query on whichever database it is: for the few that diesel cannot check for both at once
/// (`ON CONFLICT`), and for those of every booking, whose text diesel then makes once instead of each time.
/// The query is written once, and compiled for each.
macro_rules! on_each {
    ($connection:expr, $one:ident => $query:expr) => {
        match $connection {
            $crate::Connection::Sqlite($one) => $query,
            $crate::Connection::Postgres($one) => $query,
        }
    };
}
pub(crate) use on_each;

/// Opens the file, and makes it when it is not there.
pub(crate) fn open_file(path: &Path) -> Result<Connection, StoreError> {
    let url = path.to_str().ok_or_else(|| StoreError::Unavailable("the database path is not UTF-8".to_owned()))?;
    let mut connection = diesel::SqliteConnection::establish(url)
        .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
    connection.batch_execute(dialect::SQLITE_SESSION)?;
    Ok(Connection::Sqlite(connection))
}

/// Opens a file that nobody writes, without changing it: SQLite leaves no log beside it.
pub(crate) fn open_copy(path: &Path) -> Result<Connection, StoreError> {
    let name = path.to_str().ok_or_else(|| StoreError::Unavailable("the database path is not UTF-8".to_owned()))?;
    // As RFC 3986 has it, for the three signs that would end the path.
    let name = name.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let connection = diesel::SqliteConnection::establish(&format!("file:{name}?mode=ro&immutable=1"))
        .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
    Ok(Connection::Sqlite(connection))
}

/// Connects to the server. The URL may hold a password: no message has any of it.
pub(crate) fn connect(url: &str) -> Result<Connection, StoreError> {
    database_url::check(url).map_err(|wrong| StoreError::Refused(wrong.to_owned()))?;
    let mut connection = diesel::PgConnection::establish(&dialect::patient_url(url)).map_err(|error| {
        let told = database_url::scrub(error.to_string().trim_end(), url);
        let told = told.as_str();
        if is_settled(told) {
            StoreError::Refused(told.to_owned())
        } else {
            StoreError::Unavailable(format!("the PostgreSQL server: {told}"))
        }
    })?;
    connection.batch_execute(dialect::POSTGRES_SESSION)?;
    Ok(Connection::Postgres(connection))
}

/// Whether a connection that failed would fail again. libpq tells it in words alone, and passes on those of
/// the server, which may speak another language: what is not known counts as a server that is away, as does
/// one that starts up, shuts down or has no room.
fn is_settled(told: &str) -> bool {
    const SETTLED: [&str; 12] = [
        // The server's: who may come in, and where.
        "authentication failed",
        "no password supplied",
        "no pg_hba.conf entry",
        "role \"",
        "database \"",
        // libpq's own: what the URL or the environment asks for.
        "invalid connection option",
        "invalid URI",
        "invalid port",
        "invalid integer value",
        "invalid percent-encoded",
        "sslmode",
        // A TLS tunnel that libpq knows nothing of.
        "SCRAM-SHA-256-PLUS",
    ];
    SETTLED.iter().any(|words| told.contains(words))
}

/// Whether the connection still answers.
pub(crate) fn is_alive(connection: &mut Connection) -> bool {
    connection.batch_execute("SELECT 1").is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_settled;

    #[test]
    fn a_server_that_is_away_is_told_from_one_that_refuses() {
        for away in [
            "connection to server at \"127.0.0.1\", port 5432 failed: Connection refused\n\tIs the server running on \
             that host and accepting TCP/IP connections?",
            "connection to server on socket \"/tmp/.s.PGSQL.5432\" failed: No such file or directory",
            "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  the database system is starting up",
            "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  sorry, too many clients already",
            "could not translate host name \"db.example\" to address: Name or service not known",
            "connection to server at \"10.0.0.1\", port 5432 failed: timeout expired",
        ] {
            assert!(!is_settled(away), "{away}");
        }
        for refused in [
            "connection to server at \"::1\", port 5432 failed: FATAL:  password authentication failed for user \"c\"",
            "connection to server at \"::1\", port 5432 failed: FATAL:  database \"constat\" does not exist",
            "connection to server at \"::1\", port 5432 failed: FATAL:  role \"constat\" does not exist",
            "connection to server at \"::1\", port 5432 failed: fe_sendauth: no password supplied",
            "invalid sslmode value: \"yes\"",
        ] {
            assert!(is_settled(refused), "{refused}");
        }
    }
}
