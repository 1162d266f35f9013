//! Change who is met at a claim's appointment, or its notes: at the partner first, then in our record.

use constat_domain::event_kinds::EventKind;
use std::sync::Arc;

use constat_domain::appointment::{ClaimAppointment, Contact};
use constat_store::queries::claim_appointments;

use crate::ClaimService;
use crate::claim::find;
use crate::claim_appointments::gateway::{PartnerAppointment, PartnerModification};
use crate::claim_appointments::{WriteAnswer, appointment_of, partners, record, require_booked, require_open};
use constat_core::{Answer, AppError, CommandContext, Idempotency, RequestAttempt, run_to_completion};
use constat_store::Tx;

/// Which appointment to change, and what. What is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModifyClaimAppointment {
    /// The claim, by either id.
    pub claim: String,
    /// The appointment.
    pub appointment: String,
    /// Who will be met.
    pub contact: Option<Contact>,
    /// Free notes.
    pub notes: Option<String>,
    /// Only while the version is one of these.
    pub if_match: Option<Vec<i64>>,
}

/// Changes the appointment. Whatever the partner refuses, the record stays as it is. A partner that
/// tells another time than ours (its own people moved the visit) is believed.
pub async fn modify_claim_appointment(
    service: Arc<ClaimService>,
    context: CommandContext,
    idempotency: Option<Idempotency>,
    command: ModifyClaimAppointment,
    write: WriteAnswer,
) -> Result<Answer, AppError> {
    run_to_completion(async move { modify(&service, context, idempotency, command, write).await }).await
}

async fn modify(
    service: &ClaimService,
    context: CommandContext,
    idempotency: Option<Idempotency>,
    command: ModifyClaimAppointment,
    write: WriteAnswer,
) -> Result<Answer, AppError> {
    let attempt = match service.core.open_attempt(&context, idempotency).await? {
        Ok(attempt) => attempt,
        Err(answer) => return Ok(answer),
    };
    let outcome = modify_once(service, context, &attempt, command, write).await;
    service.core.close_attempt(attempt, outcome).await
}

async fn modify_once(
    service: &ClaimService,
    context: CommandContext,
    attempt: &RequestAttempt,
    command: ModifyClaimAppointment,
    write: WriteAnswer,
) -> Result<Answer, AppError> {
    let (claim, known) = service.core.store.read(|connection| {
        let claim = find(connection, &context.caller, &command.claim)?;
        let known = appointment_of(connection, &claim, &command.appointment)?;
        Ok::<_, AppError>((claim, known))
    })?;
    require_booked(&known, command.if_match.as_deref())?;
    require_open(&claim)?;
    let link = partners::holder(&service.core.settings, context.tenant(), known.kind, &known.partner)?;
    let change = PartnerModification { known, contact: command.contact, notes: command.notes };
    let dry_run = context.dry_run;
    let told = if dry_run {
        PartnerAppointment::default()
    } else {
        service.partners.modify_appointment(link, &change.known.partner_appointment_id, &change).await?
    };
    let (partner, id) = (change.known.partner.clone(), change.known.id);
    let kept =
        service.core.command_of(attempt, context, move |tx, context| write(&keep(tx, context, &change, &told)?)).await;
    if let Err(error) = &kept
        && !dry_run
    {
        // A repeat of the request sends the same change to the partner and corrects the record.
        tracing::error!(%partner, appointment = %id, %error, "changed at the partner, not yet in our record");
    }
    kept
}

/// Records what the partner took over.
fn keep(
    tx: &mut Tx,
    context: &CommandContext,
    change: &PartnerModification,
    told: &PartnerAppointment,
) -> Result<ClaimAppointment, AppError> {
    let known = &change.known;
    let found = claim_appointments::of_claim_by_id(tx, context.tenant(), known.declaration, known.id)?;
    let now = found.unwrap_or_else(|| known.clone());
    require_booked(&now, None)?;
    // Moved here while the partner was asked: what it told is older than what we know.
    let slot = told.slot.filter(|_| now.slot == known.slot).unwrap_or(now.slot);
    let appointment = ClaimAppointment {
        contact: change.contact.clone().or_else(|| now.contact.clone()),
        notes: change.notes.clone().or_else(|| now.notes.clone()),
        slot,
        expert_name: told.expert_name.clone().or_else(|| now.expert_name.clone()),
        connection: told.connection.clone().or_else(|| now.connection.clone()),
        ..now.clone()
    };
    if appointment == now {
        return Ok(now);
    }
    let appointment = ClaimAppointment { version: now.version + 1, updated_at: context.at, ..appointment };
    claim_appointments::update(tx, &appointment)?;
    record(tx, context, EventKind::ClaimAppointmentModified, &appointment)?;
    Ok(appointment)
}
