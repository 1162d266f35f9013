//! How storing fails.

/// A failure of the database or of the document store.
///
/// The cause is kept for the log; a caller of the server only ever learns that it should try again.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row changed meanwhile, or a unique value is taken: read again and decide again.
    #[error("conflicting change: {0}")]
    Conflict(String),
    /// The transaction lost to another one, which changes the same rows: it is tried again, and only a
    /// caller who was unlucky every time hears of it.
    #[error("others change the same rows: {0}")]
    Contended(String),
    /// The server that holds the database went away in the middle of it.
    #[error("the database went away: {0}")]
    Lost(String),
    /// Not now: another process holds the database's lock for longer than the busy timeout, too much waits to be
    /// written, or too many read. Nothing was done.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The database server does not let us in: a wrong name, password or option. Waiting does not mend it.
    #[error("the database server refuses the connection: {0}")]
    Refused(String),
    /// The schema was brought further than this program can go with.
    #[error("the database is ahead of this program: {0}")]
    Ahead(String),
    /// The database or the document store cannot be reached, or the server is stopping.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    /// What was read cannot be understood.
    #[error("stored data is corrupt: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether another transaction was first.
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// Whether the same work may well succeed in another transaction.
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
                Self::Lost(text)
            }
            // SQLite, when another process holds the lock for longer than the busy timeout.
            _ if text.contains("locked") || text.contains("busy") => Self::Busy(text),
            // PostgreSQL tells a deadlock and a lock timeout by codes that diesel does not pass on, in the
            // language of the server: what is unknown and not known to be about the data is tried again, a bounded
            // number of times.
            Error::DatabaseError(Kind::Unknown, told) if is_about_data(told.message()) => Self::Unavailable(text),
            Error::DatabaseError(Kind::SerializationFailure | Kind::Unknown, _) => Self::Contended(text),
            Error::DeserializationError(_) => Self::Corrupt(text),
            _ => Self::Unavailable(text),
        }
    }
}

/// Whether PostgreSQL refuses the data itself (class 22): it will do so every time. By the words of an English
/// server, since diesel does not pass the code on; in another language it is tried again in vain, a bounded
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

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// How a unit of work fails: by what the store says, or for reasons of its own.
pub trait UnitError: From<StoreError> + Send {
    /// What the store said, when that is why.
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
    fn what_the_data_is_refused_for_is_never_tried_again() {
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
