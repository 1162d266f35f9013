//! How the partner and dossier contracts write errors: a status and a `ResponseStatus` body.

use axum::response::{IntoResponse as _, Response};
use constat_core::AppError;
use constat_domain::ids::ExecutionId;
use constat_domain::refusal::{AdministrationRefusal, BookingRefusal, ClaimRefusal};
use constat_domain::{FieldError, Refusal};
use constat_wire::common::{ResponseStatus, StatusCode as Code};
use http::StatusCode;

use crate::Problem;
use crate::problem::ACCEPTED_ENCODINGS;
use crate::problem::Cause;

/// Writes a problem.
pub fn write(problem: &Problem, execution: ExecutionId) -> Response {
    let (status, code, message, errors) = parts(problem.cause());
    let body = ResponseStatus::new(code, &message).with_errors(errors).with_execution_id(execution.to_string());
    (status, problem.header(), axum::Json(body)).into_response()
}

fn parts(cause: &Cause) -> (StatusCode, Code, String, Vec<FieldError>) {
    let plain = |status, code, message: &str| (status, code, message.to_owned(), Vec::new());
    match cause {
        Cause::App(error) => of_app(error),
        Cause::NoSuchPath => plain(StatusCode::NOT_FOUND, Code::NotFound, "no such path"),
        Cause::MethodNotAllowed => {
            plain(StatusCode::METHOD_NOT_ALLOWED, Code::NotAllowed, "this path does not have this method, see Allow")
        }
        Cause::BodyTooLarge { limit } => plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            Code::InvalidParameters,
            &format!("the body is larger than {limit} bytes"),
        ),
        Cause::UnsupportedMediaType { expected } => {
            let errors = vec![FieldError::new("Content-Type", format!("expected {expected}"))];
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidParameters, "unsupported media type".to_owned(), errors)
        }
        Cause::UnsupportedContentEncoding => {
            let errors = vec![FieldError::new("Content-Encoding", format!("expected {ACCEPTED_ENCODINGS}, or none"))];
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidParameters, "unsupported encoding".to_owned(), errors)
        }
        Cause::RangeNotSatisfiable { .. } => {
            plain(StatusCode::RANGE_NOT_SATISFIABLE, Code::InvalidParameters, "the range lies beyond the end")
        }
    }
}

fn of_app(error: &AppError) -> (StatusCode, Code, String, Vec<FieldError>) {
    let plain = |status, code, message: String| (status, code, message, Vec::new());
    match error {
        AppError::Refused(refusal) => of_refusal(refusal),
        AppError::MissingKey | AppError::InvalidKey => {
            plain(StatusCode::UNAUTHORIZED, Code::InvalidCredentials, error.to_string())
        }
        AppError::TooManyRequests { .. } | AppError::TooManyHolds { .. } | AppError::HoldShareExceeded { .. } => {
            plain(StatusCode::TOO_MANY_REQUESTS, Code::AccountsLimitReached, error.to_string())
        }
        AppError::StorageFull { .. } => plain(StatusCode::CONFLICT, Code::NotAllowed, error.to_string()),
        AppError::Overloaded { .. } => plain(
            StatusCode::SERVICE_UNAVAILABLE,
            Code::InternalError,
            "the server has too much to do, try again in a moment".to_owned(),
        ),
        AppError::Store(_) => plain(
            StatusCode::SERVICE_UNAVAILABLE,
            Code::InternalError,
            "storage is busy, try again in a moment".to_owned(),
        ),
        AppError::Partner(_) => {
            plain(StatusCode::BAD_GATEWAY, Code::InternalError, "the partner did not answer as agreed".to_owned())
        }
        AppError::Fault(_) => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            Code::InternalError,
            "an internal fault; nothing was changed".to_owned(),
        ),
    }
}

fn of_refusal(refusal: &Refusal) -> (StatusCode, Code, String, Vec<FieldError>) {
    let (status, code) = match refusal {
        Refusal::Invalid(errors) => {
            return (StatusCode::BAD_REQUEST, Code::InvalidParameters, refusal.to_string(), errors.clone());
        }
        Refusal::IdempotencyConflict => {
            let errors = vec![FieldError::new("Idempotency-Key", "was already used for another request")];
            return (StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidParameters, refusal.to_string(), errors);
        }
        Refusal::AnswerErased => {
            let message = "its answer was erased; read what was done, or send a new request with a new key";
            let errors = vec![FieldError::new("Idempotency-Key", message)];
            return (StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidParameters, refusal.to_string(), errors);
        }
        Refusal::Stale => (StatusCode::PRECONDITION_FAILED, Code::NotAllowed),
        Refusal::Claim(
            ClaimRefusal::ClaimNotFound | ClaimRefusal::DocumentNotFound | ClaimRefusal::ContractNotFound,
        ) => (StatusCode::NOT_FOUND, Code::NotFound),
        // Only the dossier contract says so, and 401 is the one status it lists for a wrong key.
        Refusal::Claim(ClaimRefusal::NoPermission) => (StatusCode::UNAUTHORIZED, Code::NotAllowed),
        Refusal::Claim(
            ClaimRefusal::ActivePaymentBlocking
            | ClaimRefusal::StatusLocked
            | ClaimRefusal::DocumentBeingChecked
            | ClaimRefusal::DocumentQuarantined,
        ) => (StatusCode::CONFLICT, Code::NotAllowed),
        Refusal::Claim(_) => (StatusCode::BAD_REQUEST, Code::InvalidParameters),
        Refusal::Booking(booking) => match booking {
            BookingRefusal::UnknownSlot | BookingRefusal::AppointmentNotFound | BookingRefusal::ExpertNotFound => {
                (StatusCode::NOT_FOUND, Code::NotFound)
            }
            BookingRefusal::SessionExpired => (StatusCode::GONE, Code::SlotNotAvailable),
            BookingRefusal::SlotTaken | BookingRefusal::SessionUsed => (StatusCode::CONFLICT, Code::SlotOccupied),
            BookingRefusal::AppointmentClosed
            | BookingRefusal::VisitToCome
            | BookingRefusal::NeededForVisit
            | BookingRefusal::MovedWithMain => (StatusCode::CONFLICT, Code::SlotNotAvailable),
            BookingRefusal::MissionHasAppointment => (StatusCode::CONFLICT, Code::NotAllowed),
            BookingRefusal::NotAllowed => (StatusCode::FORBIDDEN, Code::NotAllowed),
            BookingRefusal::NoPartner => (StatusCode::BAD_REQUEST, Code::InvalidParameters),
        },
        Refusal::Administration(administration) => match administration {
            AdministrationRefusal::NotOwner => (StatusCode::FORBIDDEN, Code::NotAllowed),
            AdministrationRefusal::KeyNotFound | AdministrationRefusal::AbsenceNotFound => {
                (StatusCode::NOT_FOUND, Code::NotFound)
            }
            AdministrationRefusal::LastOwnKey | AdministrationRefusal::TooManyKeys { .. } => {
                (StatusCode::CONFLICT, Code::NotAllowed)
            }
        },
    };
    (status, code, refusal.to_string(), Vec::new())
}
