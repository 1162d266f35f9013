//! How a call fails.

use constat_wire::common::FieldFault;
use serde_json::Value;

/// A call that did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No answer came: the server cannot be reached, broke off, or took too long.
    #[error("{method} {path}: no answer: {cause}")]
    Transport {
        /// Method of the request.
        method: String,
        /// Path of the request.
        path: String,
        /// What happened, without the URL.
        cause: reqwest::Error,
    },
    /// The server answered with an error of the contract.
    #[error("{method} {path}: {refused}")]
    Status {
        /// Method of the request.
        method: String,
        /// Path of the request.
        path: String,
        /// The answer.
        refused: Box<Refused>,
    },
    /// An answer came that the contract does not know. The text says what, and quotes nothing.
    #[error("{method} {path}: status {status}, but the answer is not the contract's: {why}")]
    NotTheContract {
        /// Method of the request.
        method: String,
        /// Path of the request.
        path: String,
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        why: String,
    },
    /// The client cannot be made, or the request cannot be written.
    #[error("cannot ask: {0}")]
    Setup(String),
}

/// An error as the contracts write it: the claims contract's `{error: {code, message, details}}` or
/// the others' `ResponseStatus`.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// HTTP status.
    pub status: u16,
    /// The contract's own number: `error.code` or `value`.
    pub code: i64,
    /// In words: `error.message` or `description`.
    pub message: String,
    /// What is wrong with the request, field by field.
    pub fields: Vec<FieldFault>,
    /// Names the request at the server.
    pub execution_id: Option<String>,
    /// Whole seconds to wait, when the server said so.
    pub retry_after: Option<u64>,
    /// The body as it came.
    pub body: Value,
}

impl std::fmt::Display for Refused {
    /// Status, code and message; of the fields the names alone.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {}, code {}: {}", self.status, self.code, self.message)?;
        if let [first, rest @ ..] = self.fields.as_slice() {
            write!(f, " ({}", first.field)?;
            rest.iter().try_for_each(|fault| write!(f, ", {}", fault.field))?;
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl ClientError {
    /// HTTP status of the answer, when one came.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { refused, .. } => Some(refused.status),
            Self::NotTheContract { status, .. } => Some(*status),
            Self::Transport { .. } | Self::Setup(_) => None,
        }
    }

    /// The contract's error, when it is one.
    pub fn refused(&self) -> Option<&Refused> {
        match self {
            Self::Status { refused, .. } => Some(refused),
            _ => None,
        }
    }

    /// True when the same request may succeed in a moment: no answer came, or the server or what
    /// stands before it was busy (502, 503, 504).
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Transport { .. }) || matches!(self.status(), Some(502..=504))
    }
}
