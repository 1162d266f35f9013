//! What went wrong with a request, before any contract has written it.

use std::sync::Arc;

use aide::OperationOutput;
use axum::response::{IntoResponse, Response};
use constat_core::AppError;
use constat_domain::refusal::{AdministrationRefusal, BookingRefusal, ClaimRefusal};
use constat_domain::{FieldError, Refusal};
use http::header::{ACCEPT_ENCODING, CONTENT_RANGE, RETRY_AFTER};
use http::{HeaderName, StatusCode};

/// The encodings that a body may have, as `Accept-Encoding` lists them.
pub(crate) const ACCEPTED_ENCODINGS: &str = "gzip";

/// A request that cannot be answered as it wished. Each contract writes it with its own status,
/// code and body; see `claims/problem.rs` and `scheduling/problem.rs`.
#[derive(Debug, Clone)]
pub struct Problem(pub(crate) Arc<Cause>);

#[derive(Debug)]
pub(crate) enum Cause {
    /// The application refused or failed.
    App(AppError),
    /// No such path.
    NoSuchPath,
    /// The path does not have this method.
    MethodNotAllowed,
    /// The body is larger than the path takes.
    BodyTooLarge { limit: usize },
    /// The body's media type is not taken here.
    UnsupportedMediaType { expected: &'static str },
    /// The body's encoding is not taken here.
    UnsupportedContentEncoding,
    /// The range lies beyond the end.
    RangeNotSatisfiable { size: u64 },
}

impl Problem {
    pub(crate) fn cause(&self) -> &Cause {
        &self.0
    }

    /// The header that says what to do about it, where there is one: the same in every contract.
    pub(crate) fn header(&self) -> Option<[(HeaderName, String); 1]> {
        match self.cause() {
            Cause::App(
                AppError::TooManyRequests { retry_after }
                | AppError::TooManyHolds { retry_after, .. }
                | AppError::HoldShareExceeded { retry_after, .. }
                | AppError::Overloaded { retry_after },
            ) => Some([(RETRY_AFTER, retry_after.to_string())]),
            Cause::App(AppError::Store(_)) => Some([(RETRY_AFTER, "1".to_owned())]),
            Cause::UnsupportedContentEncoding => Some([(ACCEPT_ENCODING, ACCEPTED_ENCODINGS.to_owned())]),
            Cause::RangeNotSatisfiable { size } => Some([(CONTENT_RANGE, format!("bytes */{size}"))]),
            _ => None,
        }
    }

    /// The request is wrong, field by field.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Refusal::Invalid(errors).into()
    }

    /// One field is wrong.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Refusal::field(field, message).into()
    }
}

impl From<Cause> for Problem {
    fn from(cause: Cause) -> Self {
        Self(Arc::new(cause))
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        Cause::App(error).into()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        AppError::from(refusal).into()
    }
}

impl From<ClaimRefusal> for Problem {
    fn from(refusal: ClaimRefusal) -> Self {
        AppError::from(refusal).into()
    }
}

impl From<AdministrationRefusal> for Problem {
    fn from(refusal: AdministrationRefusal) -> Self {
        AppError::from(refusal).into()
    }
}

impl From<BookingRefusal> for Problem {
    fn from(refusal: BookingRefusal) -> Self {
        AppError::from(refusal).into()
    }
}

impl IntoResponse for Problem {
    /// A bare answer that carries the problem; the envelope around the contract's routes writes it.
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Problems are documented once for each contract, not once for each handler.
impl OperationOutput for Problem {
    type Inner = ();
}
