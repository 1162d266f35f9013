//! How storing fails.

/// A failure of the database or of the document store.
///
/// The source is for the log. A caller of the server only learns that it should try again.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row changed meanwhile, or a unique value is taken: read again and decide again.
    #[error("conflicting change: {0}")]
    Conflict(String),
    /// The transaction lost to another one that changes the same rows. It runs again, a limited number of times.
    #[error("others change the same rows: {0}")]
    Contended(#[source] diesel::result::Error),
    /// The connection to the database server broke during the transaction.
    #[error("the database went away: {0}")]
    Lost(#[source] diesel::result::Error),
    /// The database failed for another reason.
    #[error("storage is unavailable: {0}")]
    Database(#[source] diesel::result::Error),
    /// The document store failed.
    #[error("storage is unavailable: {0}")]
    Documents(#[from] object_store::Error),
    /// Another process holds the database's lock for longer than the busy timeout, or a queue of writes or reads is
    /// full. Nothing was done; the caller may try again.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The database server refuses the connection: a wrong name, password or option. Another attempt fails too.
    #[error("the database server refuses the connection: {0}")]
    Refused(String),
    /// The schema belongs to a version that this program cannot work with.
    #[error("the database is ahead of this program: {0}")]
    Ahead(String),
    /// The database or the document store cannot be reached, or the server is stopping.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    /// A stored value cannot be read.
    #[error("stored data is corrupt: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether another transaction was first.
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// Whether storage does not answer: the database, or the document store.
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Database(_) | Self::Documents(_))
    }

    /// Whether the same work may succeed in another transaction.
    pub(crate) const fn is_passing(&self) -> bool {
        matches!(self, Self::Contended(_) | Self::Lost(_))
    }

    /// A body that does not read back.
    pub(crate) fn corrupt(what: &str, cause: impl std::fmt::Display) -> Self {
        Self::Corrupt(format!("{what}: {cause}"))
    }
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error};
        let text = error.to_string();
        match &error {
            Error::DatabaseError(Kind::UniqueViolation | Kind::ExclusionViolation, _) => Self::Conflict(text),
            Error::DatabaseError(Kind::ClosedConnection | Kind::UnableToSendCommand | Kind::ReadOnlyTransaction, _) => {
                Self::Lost(error)
            }
            // SQLite, when another process holds the lock for longer than the busy timeout.
            _ if text.contains("locked") || text.contains("busy") => Self::Busy(text),
            // PostgreSQL reports a deadlock and a lock timeout by SQLSTATE codes that diesel does not pass on. An
            // unknown error that is not about the data runs again, a limited number of times.
            Error::DatabaseError(Kind::Unknown, info) if is_about_data(info.message()) => Self::Database(error),
            Error::DatabaseError(Kind::SerializationFailure | Kind::Unknown, _) => Self::Contended(error),
            Error::DeserializationError(_) => Self::Corrupt(text),
            _ => Self::Database(error),
        }
    }
}

/// Whether PostgreSQL refuses the data itself (SQLSTATE class 22), which it does each time. Judged by the message of
/// an English server, since diesel does not pass the code on; in another language the unit runs again, a limited
/// number of times. Source of the words: `errcodes.txt` and the messages that carry `ERRCODE_DATA_*`.
fn is_about_data(message: &str) -> bool {
    const WORDS: [&str; 8] = [
        "invalid byte sequence",
        "invalid input syntax",
        "value too long",
        "out of range",
        "division by zero",
        "unsupported Unicode escape",
        "cannot be converted to text",
        "has no equivalent in encoding",
    ];
    WORDS.iter().any(|words| message.contains(words))
}

/// The error of a unit of work: of the store, or of the caller's rules.
pub trait UnitError: From<StoreError> + Send {
    /// The store's error, if it is one.
    fn store_error(&self) -> Option<&StoreError>;
}

impl UnitError for StoreError {
    fn store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use diesel::result::{DatabaseErrorKind, Error};

    use super::*;

    fn unknown(message: &str) -> StoreError {
        Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message.to_owned())).into()
    }

    #[test]
    fn refused_data_does_not_run_again() {
        for message in [
            "invalid byte sequence for encoding \"UTF8\": 0x00",
            "integer out of range",
            "value too long for type character varying(8)",
            "invalid input syntax for type bigint: \"x\"",
        ] {
            assert!(!unknown(message).is_passing(), "{message}");
        }
        for message in ["deadlock detected", "canceling statement due to lock timeout", "Verklemmung entdeckt"] {
            assert!(unknown(message).is_passing(), "{message}");
        }
    }
}
