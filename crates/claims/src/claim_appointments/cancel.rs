//! Cancel a claim's appointment: at the partner first, then in our record. The partner's mandate
//! to pull the claim file ends with it.

use constat_domain::event_kinds::EventKind;
use std::sync::Arc;

use constat_domain::Refusal;
use constat_domain::appointment::{AppointmentStatus, Cancellation, ClaimAppointment};
use constat_domain::codes::Codes;
use constat_domain::refusal::BookingRefusal;
use constat_store::queries::claim_appointments;

use crate::ClaimService;
use crate::claim::find;
use crate::claim_appointments::{WriteAnswer, appointment_of, digest, partners, record, require_booked};
use constat_core::PartnerLink;
use constat_core::{Answer, AppError, CommandContext, Idempotency, RequestAttempt, run_to_completion};
use constat_store::Tx;

/// Which appointment to cancel, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelClaimAppointment {
    /// The claim, by either id.
    pub claim: String,
    /// The appointment.
    pub appointment: String,
    /// Code of `appointment_change_reason.csv`.
    pub reason: String,
    /// In the caller's words.
    pub comment: Option<String>,
    /// Only while the version is one of these.
    pub if_match: Option<Vec<i64>>,
}

/// Cancels the appointment. Allowed in any claim status, so that an unneeded visit can always be cancelled.
pub async fn cancel_claim_appointment(
    service: Arc<ClaimService>,
    context: CommandContext,
    idempotency: Option<Idempotency>,
    command: CancelClaimAppointment,
    write: WriteAnswer,
) -> Result<Answer, AppError> {
    run_to_completion(async move { cancel(&service, context, idempotency, command, write).await }).await
}

async fn cancel(
    service: &ClaimService,
    context: CommandContext,
    idempotency: Option<Idempotency>,
    command: CancelClaimAppointment,
    write: WriteAnswer,
) -> Result<Answer, AppError> {
    let attempt = match service.core.open_attempt(&context, idempotency).await? {
        Ok(attempt) => attempt,
        Err(answer) => return Ok(answer),
    };
    let outcome = cancel_once(service, context, &attempt, command, write).await;
    service.core.close_attempt(attempt, outcome).await
}

async fn cancel_once(
    service: &ClaimService,
    context: CommandContext,
    attempt: &RequestAttempt,
    command: CancelClaimAppointment,
    write: WriteAnswer,
) -> Result<Answer, AppError> {
    let reason = Codes::embedded().change_reason(&command.reason)?;
    let known = service.core.store.read(|connection| {
        let claim = find(connection, &context.caller, &command.claim)?;
        appointment_of(connection, &claim, &command.appointment)
    })?;
    require_booked(&known, command.if_match.as_deref())?;
    let link = partners::holder(&service.core.settings, context.tenant(), known.kind, &known.partner)?;
    let (id, key) = (&known.partner_appointment_id, key_of(&known));
    let cancelled = if context.dry_run {
        Ok(())
    } else {
        service.partners.cancel_appointment(link, id, reason, command.comment.as_deref(), &key).await
    };
    if let Err(error) = cancelled
        && !is_gone(service, link, id, &error).await
    {
        return Err(error);
    }
    let comment = command.comment;
    service
        .core
        .command_of(attempt, context, move |tx, context| write(&keep(tx, context, &known, reason, comment.as_ref())?))
        .await
}

/// The idempotency key of the cancellation, the same for every caller.
pub(super) fn key_of(appointment: &ClaimAppointment) -> String {
    digest(&["cancel", &appointment.id.to_string()])
}

/// True when the partner could not cancel because there is nothing left to cancel: it does not know
/// the appointment any more, or has cancelled it already.
pub(super) async fn is_gone(service: &ClaimService, link: &PartnerLink, id: &str, error: &AppError) -> bool {
    match error {
        AppError::Refused(Refusal::Booking(BookingRefusal::AppointmentNotFound)) => true,
        AppError::Refused(Refusal::Booking(_)) => {
            let told = service.partners.read_appointment(link, id).await;
            told.is_ok_and(|told| told.status == Some(AppointmentStatus::Cancelled))
        }
        _ => false,
    }
}

/// Records the cancellation.
fn keep(
    tx: &mut Tx,
    context: &CommandContext,
    known: &ClaimAppointment,
    reason: &str,
    comment: Option<&String>,
) -> Result<ClaimAppointment, AppError> {
    let found = claim_appointments::of_claim_by_id(tx, context.tenant(), known.declaration, known.id)?;
    let now = found.unwrap_or_else(|| known.clone());
    if now.status == AppointmentStatus::Cancelled {
        return Ok(now);
    }
    let cancellation = Cancellation {
        reason: reason.to_owned(),
        comment: comment.cloned(),
        at: context.at,
        by: context.caller.holder,
    };
    let appointment = cancelled(now, cancellation);
    claim_appointments::update(tx, &appointment)?;
    record(tx, context, EventKind::ClaimAppointmentCancelled, &appointment)?;
    Ok(appointment)
}

/// The appointment, cancelled.
pub(super) fn cancelled(now: ClaimAppointment, cancellation: Cancellation) -> ClaimAppointment {
    ClaimAppointment {
        status: AppointmentStatus::Cancelled,
        version: now.version + 1,
        updated_at: cancellation.at,
        cancellation: Some(cancellation),
        ..now
    }
}
