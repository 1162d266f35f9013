//! One connection over two databases.
//!
//! [`Connection`] speaks to SQLite or to PostgreSQL; a query is written once and diesel checks it for
//! both. What really differs between the two stands in `dialect`, and nowhere else.

use std::path::Path;

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;

use crate::{StoreError, dialect};

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
/// (`ON CONFLICT`). The query is written once, and compiled for each.
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

/// Connects to the server. The URL may hold a password: it is in no message.
pub(crate) fn connect(url: &str) -> Result<Connection, StoreError> {
    let mut connection = diesel::PgConnection::establish(&dialect::patient_url(url))
        .map_err(|error| StoreError::Unavailable(format!("the PostgreSQL server: {error}")))?;
    connection.batch_execute(dialect::POSTGRES_SESSION)?;
    Ok(Connection::Postgres(connection))
}

/// Whether the connection still answers.
pub(crate) fn is_alive(connection: &mut Connection) -> bool {
    connection.batch_execute("SELECT 1").is_ok()
}
