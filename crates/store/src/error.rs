//! How storing fails.

/// A failure of the database or of the document store.
///
/// The cause is kept for the log; a caller of the server only ever learns that it should try again.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row changed meanwhile, or a unique value is taken: read again and decide again.
    #[error("conflicting change: {0}")]
    Conflict(String),
    /// The database is locked by another process for longer than the busy timeout.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The database or the document store cannot be reached, or the server is stopping.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    /// What was read cannot be understood.
    #[error("stored data is corrupt: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Somebody else was faster.
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
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
            Error::DatabaseError(Kind::UniqueViolation | Kind::SerializationFailure, _) => Self::Conflict(text),
            _ if text.contains("locked") || text.contains("busy") => Self::Busy(text),
            Error::DeserializationError(_) => Self::Corrupt(text),
            _ => Self::Unavailable(text),
        }
    }
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
