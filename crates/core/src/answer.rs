//! The answer to a command, as it is stored under an idempotency key.

use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// Marks the answer to a command of which nothing was kept.
pub const DRY_RUN_HEADER: &str = "x-dry-run";

/// Says that a booking was made although something about it looks wrong: `BookingWarning` in the partner contract.
pub const WARNING_HEADER: &str = "appointment-warning";

/// What the edge answers to a command: kept whole when the request carried an `Idempotency-Key`, so
/// that the same request gets the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Further headers, lower-case names.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Media type of the body.
    pub content_type: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A JSON answer.
    pub fn json(status: u16, body: &impl Serialize) -> Result<Self, AppError> {
        let body = serde_json::to_string(body).map_err(|error| AppError::Fault(format!("cannot render: {error}")))?;
        Ok(Self { status, headers: Vec::new(), content_type: "application/json".to_owned(), body })
    }

    /// The same with one more header (name in lower case).
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// Makes the answer of a command from its result, inside the transaction. Every fitting function implements it.
pub trait Render<T>: Fn(&T) -> Result<Answer, AppError> + Send + Sync + 'static {}

impl<T, F: Fn(&T) -> Result<Answer, AppError> + Send + Sync + 'static> Render<T> for F {}

/// The `Idempotency-Key` of a request, with a digest of the request it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The key, 1 to 255 characters.
    pub key: String,
    /// SHA-256 of method, path and body, lower-case hex.
    pub request_digest: String,
}
