//! Opens connections to SQLite files and PostgreSQL servers.

use std::path::Path;
use std::sync::Arc;

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;

use crate::{Connection, StoreError, database_url, dialect};

/// Opens a connection of the writers.
pub(crate) type Connect = Arc<dyn Fn() -> Result<Connection, StoreError> + Send + Sync>;

/// Opens the SQLite file; creates it when it does not exist.
pub(crate) fn open_file(path: &Path) -> Result<Connection, StoreError> {
    let url = path.to_str().ok_or_else(|| StoreError::Unavailable("the database path is not UTF-8".to_owned()))?;
    let mut connection = diesel::SqliteConnection::establish(url)
        .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
    connection.batch_execute(dialect::SQLITE_SESSION)?;
    Ok(Connection::Sqlite(connection))
}

/// Opens a SQLite file that no process writes, without changing it: SQLite leaves no log beside it.
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

/// Whether a connection that failed would fail again. libpq reports the cause as text only, in the language of the
/// server: an unknown text counts as a server that is away, as does one that starts up, shuts down or is full.
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
