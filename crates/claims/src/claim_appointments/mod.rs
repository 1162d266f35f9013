//! The platform's side of an appointment: requests to partner firms on behalf of claims.
//!
//! The platform holds the claim; the partner firm holds the calendar. These commands build the request from the
//! claim, call the partner through [`PartnerGateway`] outside any transaction, and store the result as a
//! [`ClaimAppointment`] on the claim. The partner's slots are returned unchanged; its session is sealed inside
//! ours (`session`). Reads use the record and make no calls.

pub(crate) mod abandoned_visits;
pub(crate) mod book;
pub(crate) mod cancel;
pub(crate) mod damages;
pub(crate) mod done;
pub(crate) mod gateway;
pub(crate) mod modify;
pub(crate) mod partner_erasure;
pub(crate) mod partners;
pub(crate) mod read;
pub(crate) mod request;
pub(crate) mod reschedule;
pub(crate) mod search;
pub(crate) mod session;

pub use abandoned_visits::{abandoned_since, abandoned_with_visits, cancel_abandoned_visits, event_positions};
pub use book::{BookClaimAppointment, book_claim_appointment};
pub use cancel::{CancelClaimAppointment, cancel_claim_appointment};
pub use done::claim_appointment_done;
pub use gateway::{
    NoPartners, PartnerAnswer, PartnerAppointment, PartnerBooking, PartnerGateway, PartnerModification, PartnerMove,
    PartnerOffer, PartnerOffers,
};
pub use modify::{ModifyClaimAppointment, modify_claim_appointment};
pub use partner_erasure::request_partner_erasures;
pub use read::{list_claim_appointments, read_claim_appointment};
pub use request::SearchClaimAppointments;
pub use reschedule::{MoveClaimAppointment, move_claim_appointment};
pub use search::{ClaimOffers, search_claim_appointments};

use constat_domain::Refusal;
use constat_domain::appointment::{AppointmentStatus, ClaimAppointment};
use constat_domain::claim::{Claim, ClaimStatus};
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::ClaimAppointmentId;
use constat_domain::refusal::{BookingRefusal, ClaimRefusal};
use constat_store::Connection;
use constat_store::queries::claim_appointments;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use constat_core::{Answer, AppError, CommandContext, require_version};
use constat_store::Tx;

/// Writes the edge's answer to an appointment that was booked, changed, moved or cancelled.
pub type WriteAnswer = fn(&ClaimAppointment) -> Result<Answer, AppError>;

/// Refuses unless a visit may be arranged: the claim was submitted and is not closed, rejected or abandoned.
fn require_open(claim: &Claim) -> Result<(), ClaimRefusal> {
    match claim.status() {
        ClaimStatus::Submitted | ClaimStatus::InProgress | ClaimStatus::PendingInfo => Ok(()),
        ClaimStatus::Draft
        | ClaimStatus::Closed
        | ClaimStatus::Rejected
        | ClaimStatus::Abandoned
        | ClaimStatus::Archived => Err(ClaimRefusal::StatusLocked),
    }
}

/// An appointment of a claim by its id's text.
fn appointment_of(connection: &mut Connection, claim: &Claim, id: &str) -> Result<ClaimAppointment, AppError> {
    let id: ClaimAppointmentId = id.parse().map_err(|_unknown| BookingRefusal::AppointmentNotFound)?;
    claim_appointments::of_claim_by_id(connection, &claim.tenant, claim.declaration_id, id)?
        .ok_or_else(|| BookingRefusal::AppointmentNotFound.into())
}

/// Refuses when the caller read another version, or when the appointment is no longer to come.
fn require_booked(appointment: &ClaimAppointment, if_match: Option<&[i64]>) -> Result<(), Refusal> {
    require_version(appointment.version, if_match)?;
    if appointment.status == AppointmentStatus::Booked { Ok(()) } else { Err(BookingRefusal::AppointmentClosed.into()) }
}

/// Appends an event about the claim's appointment.
fn record(
    tx: &mut Tx,
    context: &CommandContext,
    kind: EventKind,
    appointment: &ClaimAppointment,
) -> Result<(), AppError> {
    Ok(context.record(tx, appointment.declaration, kind, event_data(appointment))?)
}

/// What an event tells of an appointment: ids and codes.
fn event_data(appointment: &ClaimAppointment) -> serde_json::Value {
    json!({
        "id": appointment.id,
        "claimId": appointment.claim,
        "declarationId": appointment.declaration,
        "partner": appointment.partner,
        "partnerAppointmentId": appointment.partner_appointment_id,
        "type": appointment.kind,
        "status": appointment.status,
        "startTime": appointment.slot.start,
        "version": appointment.version,
    })
}

/// SHA-256 of several texts, lower-case hex. The separator keeps ("ab", "c") and ("a", "bc") apart.
fn digest(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    format!("{:x}", digest.finalize())
}
