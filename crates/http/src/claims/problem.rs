//! How the claims contract writes errors: `{success: false, error: {code, message, ...}}`.
//!
//! The contract lists its codes; nothing outside the list is ever sent. What the list does not know
//! is written with the nearest code it has, and says so here.

use axum::response::{IntoResponse as _, Response};
use constat_core::AppError;
use constat_domain::ids::ExecutionId;
use constat_domain::refusal::{AdministrationRefusal, BookingRefusal, ClaimRefusal};
use constat_domain::{FieldError, Refusal};
use constat_wire::claims::{ErrorBody, Failure};
use http::StatusCode;

use crate::Problem;
use crate::problem::ACCEPTED_ENCODINGS;
use crate::problem::Cause;

/// What a problem becomes: status, code, message, fields.
struct Written {
    status: StatusCode,
    code: u32,
    message: String,
    details: Vec<FieldError>,
}

impl Written {
    fn new(status: StatusCode, code: u32, message: impl std::fmt::Display) -> Self {
        Self { status, code, message: message.to_string(), details: Vec::new() }
    }

    fn naming(mut self, field: &str, message: impl Into<String>) -> Self {
        self.details.push(FieldError::new(field, message));
        self
    }

    fn listing(mut self, details: &[FieldError]) -> Self {
        self.details.extend_from_slice(details);
        self
    }
}

/// Writes a problem.
pub fn write(problem: &Problem, execution: ExecutionId) -> Response {
    let Written { status, code, message, details } = of_cause(problem.cause());
    let body = Failure::new(code, message, details, Some(execution.to_string()));
    (status, problem.header(), axum::Json(body)).into_response()
}

/// The error body of a refusal, for previews of an operation.
pub(super) fn because(refusal: &ClaimRefusal) -> ErrorBody {
    let Written { code, message, details, .. } = of_claim(refusal);
    Failure::new(code, message, details, None).error
}

fn of_cause(cause: &Cause) -> Written {
    match cause {
        Cause::App(error) => of_app(error),
        // The contract has no code of its own for these three: they are faults of the request.
        Cause::NoSuchPath => Written::new(StatusCode::NOT_FOUND, 1000, "no such path"),
        Cause::MethodNotAllowed => {
            Written::new(StatusCode::METHOD_NOT_ALLOWED, 1000, "this path does not have this method, see Allow")
        }
        Cause::RangeNotSatisfiable { .. } => {
            Written::new(StatusCode::RANGE_NOT_SATISFIABLE, 1000, "the range lies beyond the end")
        }
        Cause::BodyTooLarge { limit } => {
            Written::new(StatusCode::BAD_REQUEST, 1002, format!("the body is larger than {limit} bytes"))
        }
        Cause::UnsupportedMediaType { expected } => {
            Written::new(StatusCode::BAD_REQUEST, 1006, "this content type is not supported")
                .naming("Content-Type", format!("expected {expected}"))
        }
        Cause::UnsupportedContentEncoding => {
            Written::new(StatusCode::BAD_REQUEST, 1006, "this content encoding is not supported")
                .naming("Content-Encoding", format!("expected {ACCEPTED_ENCODINGS}, or none"))
        }
    }
}

fn of_app(error: &AppError) -> Written {
    match error {
        AppError::Refused(refusal) => of_refusal(refusal),
        AppError::MissingKey => Written::new(StatusCode::UNAUTHORIZED, 9001, error),
        AppError::InvalidKey => Written::new(StatusCode::UNAUTHORIZED, 9002, error),
        AppError::TooManyRequests { .. } | AppError::TooManyHolds { .. } | AppError::HoldShareExceeded { .. } => {
            Written::new(StatusCode::TOO_MANY_REQUESTS, 99_888, error)
        }
        // The contract has no code of its own for storage that is full: it is a lock, as for a claim that is full.
        AppError::StorageFull { .. } => Written::new(StatusCode::CONFLICT, 3003, error),
        // Failures of the server itself: the contract lists no code, so the general one is used.
        AppError::Overloaded { .. } => {
            Written::new(StatusCode::SERVICE_UNAVAILABLE, 1000, "the server has too much to do, try again in a moment")
        }
        AppError::Store(_) => {
            Written::new(StatusCode::SERVICE_UNAVAILABLE, 1000, "storage is busy, try again in a moment")
        }
        AppError::Partner(_) => Written::new(StatusCode::BAD_GATEWAY, 1000, "the partner did not answer as agreed"),
        AppError::Fault(_) => {
            Written::new(StatusCode::INTERNAL_SERVER_ERROR, 1000, "an internal fault; nothing was changed")
        }
    }
}

fn of_refusal(refusal: &Refusal) -> Written {
    match refusal {
        Refusal::Invalid(errors) => Written::new(StatusCode::BAD_REQUEST, 1000, refusal).listing(errors),
        Refusal::IdempotencyConflict => Written::new(StatusCode::BAD_REQUEST, 1000, refusal)
            .naming("Idempotency-Key", "was already used for another request"),
        Refusal::AnswerErased => Written::new(StatusCode::BAD_REQUEST, 1000, refusal).naming(
            "Idempotency-Key",
            "its answer was erased; read what was done, or send a new request with a new key",
        ),
        Refusal::Stale => Written::new(StatusCode::PRECONDITION_FAILED, 3003, refusal)
            .naming("If-Match", "read the resource again and repeat with its new ETag"),
        Refusal::Claim(claim) => of_claim(claim),
        Refusal::Booking(booking) => of_booking(booking),
        Refusal::Administration(administration) => of_administration(*administration),
    }
}

fn of_claim(refusal: &ClaimRefusal) -> Written {
    use ClaimRefusal as R;
    let bad = |code| Written::new(StatusCode::BAD_REQUEST, code, refusal);
    let missing = |code| Written::new(StatusCode::NOT_FOUND, code, refusal);
    let conflict = |code| Written::new(StatusCode::CONFLICT, code, refusal);
    let one_of = |names: &[String]| format!("expected one of: {}", names.join(", "));
    match refusal {
        R::QuestionsIncomplete(errors) => bad(1001).listing(errors),
        R::FileTooLarge { field, limit } => bad(1002).naming(field, format!("expected at most {limit} bytes")),
        R::InvalidMimeType { field } => {
            bad(1003).naming(field, "expected the content of a PDF, JPEG, PNG, WebP, HEIC or HEIF file")
        }
        R::InvalidSubtypeForProduct { allowed } => bad(1004).naming("subtype", one_of(allowed)),
        R::InvalidBase64 { field } => bad(1005).naming(field, "is not valid base64"),
        R::UnsupportedContentType => bad(1006),
        R::InvalidTypeForSubtype { allowed } => bad(1007).naming("subtype", one_of(allowed)),
        R::UnsupportedProductType => bad(1008),
        R::ClaimNotFound => missing(2001),
        R::ContractNotFound => missing(2002).naming("contractId", "no such contract"),
        R::ProductNotFound => missing(2003).naming("contractProductId", "no such product on this contract"),
        // The contract has no codes for settlements, milestones and webhooks; the nearest says that something
        // named is not there.
        R::DocumentNotFound
        | R::NoPreview
        | R::SettlementNotFound
        | R::MilestoneNotFound
        | R::WebhookNotFound
        | R::DeliveryNotFound => missing(2004),
        R::NotEditable => conflict(3001),
        R::NotSubmittable => conflict(3002),
        R::OutsideCover(fault) => conflict(3002).naming("claimAt", fault.clone()),
        // The contract has no code for withheld documents, final settlements or a full claim: the status lock
        // is the closest.
        R::StatusLocked
        | R::SettlementLocked
        | R::DocumentBeingChecked
        | R::DocumentQuarantined
        | R::TooMany { .. } => conflict(3003),
        R::DocumentsIncomplete { missing, protected } => missing.iter().fold(conflict(3004), |written, kind| {
            let message = if protected.contains(kind) {
                format!("missing: {kind} (the file takes a password to open: upload it without one, or a handler accepts it)")
            } else {
                format!("missing: {kind}")
            };
            written.naming("documentEntries", message)
        }),
        R::DocumentAlreadyValidated { field } => conflict(3005).naming(field, "was accepted and cannot be replaced"),
        R::InvalidDocumentType { field, expected } => conflict(3006).naming(field, one_of(expected)),
        R::ActivePaymentBlocking => conflict(3007),
        R::UserNotAuthorised => Written::new(StatusCode::UNAUTHORIZED, 9003, refusal),
        R::NoPermission => Written::new(StatusCode::FORBIDDEN, 98_888, refusal),
    }
}

/// Appointments are an extension of the contract: their refusals take the nearest of its codes, and
/// the message says what happened.
fn of_booking(refusal: &BookingRefusal) -> Written {
    use BookingRefusal as R;
    match refusal {
        R::UnknownSlot => Written::new(StatusCode::NOT_FOUND, 2004, refusal).naming("timeslot.id", "unknown slot"),
        R::AppointmentNotFound | R::ExpertNotFound => Written::new(StatusCode::NOT_FOUND, 2004, refusal),
        R::SessionExpired => {
            Written::new(StatusCode::GONE, 3003, refusal).naming("sessionID", "a session lasts 300 seconds")
        }
        R::SlotTaken
        | R::SessionUsed
        | R::AppointmentClosed
        | R::VisitToCome
        | R::NeededForVisit
        | R::MovedWithMain
        | R::MissionHasAppointment => Written::new(StatusCode::CONFLICT, 3003, refusal),
        R::NotAllowed => Written::new(StatusCode::FORBIDDEN, 98_888, refusal),
        R::NoPartner => {
            Written::new(StatusCode::BAD_REQUEST, 1000, refusal).naming("type", "no partner serves this type")
        }
    }
}

/// Administration is an extension of the contract: its refusals have the nearest of its codes.
fn of_administration(refusal: AdministrationRefusal) -> Written {
    use AdministrationRefusal as R;
    match refusal {
        R::NotOwner => Written::new(StatusCode::FORBIDDEN, 98_888, refusal),
        R::KeyNotFound | R::AbsenceNotFound => Written::new(StatusCode::NOT_FOUND, 2004, refusal),
        R::LastOwnKey | R::TooManyKeys { .. } => Written::new(StatusCode::CONFLICT, 3003, refusal),
    }
}
