//! Move a claim's appointment: at the partner first, then in our record.

use constat_domain::event_kinds::EventKind;
use std::sync::Arc;

use constat_domain::appointment::{ClaimAppointment, Slot};
use constat_domain::codes::Codes;
use constat_domain::geo::Place;
use constat_domain::refusal::BookingRefusal;
use constat_store::queries::claim_appointments;

use crate::ClaimService;
use crate::claim::find;
use crate::claim_appointments::gateway::{PartnerAppointment, PartnerMove};
use crate::claim_appointments::session::Session;
use crate::claim_appointments::{WriteAnswer, appointment_of, digest, partners, record, require_booked, require_open};
use constat_core::{Answer, AppError, CommandContext, Idempotency, RequestAttempt, run_to_completion};
use constat_store::Tx;

/// Which appointment to move where, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveClaimAppointment {
    /// The claim, by either id.
    pub claim: String,
    /// The appointment.
    pub appointment: String,
    /// The session of a search made in order to move this appointment, sealed.
    pub session: String,
    /// The partner's name of the slot; opaque.
    pub slot_id: String,
    /// The slot.
    pub slot: Slot,
    /// Code of `appointment_change_reason.csv`.
    pub reason: String,
    /// Only while the version is one of these.
    pub if_match: Option<Vec<i64>>,
}

/// Moves the appointment. Whatever the partner refuses, the appointment keeps the time it has.
pub async fn move_claim_appointment(
    service: Arc<ClaimService>,
    context: CommandContext,
    idempotency: Option<Idempotency>,
    command: MoveClaimAppointment,
    write: WriteAnswer,
) -> Result<Answer, AppError> {
    run_to_completion(async move { reschedule(&service, context, idempotency, command, write).await }).await
}

async fn reschedule(
    service: &ClaimService,
    context: CommandContext,
    idempotency: Option<Idempotency>,
    command: MoveClaimAppointment,
    write: WriteAnswer,
) -> Result<Answer, AppError> {
    let attempt = match service.core.open_attempt(&context, idempotency).await? {
        Ok(attempt) => attempt,
        Err(answer) => return Ok(answer),
    };
    let outcome = reschedule_once(service, context, &attempt, command, write).await;
    service.core.close_attempt(attempt, outcome).await
}

async fn reschedule_once(
    service: &ClaimService,
    context: CommandContext,
    attempt: &RequestAttempt,
    command: MoveClaimAppointment,
    write: WriteAnswer,
) -> Result<Answer, AppError> {
    let reason = Codes::embedded().change_reason(&command.reason)?.to_owned();
    let (claim, known) = service.core.store.read(|connection| {
        let claim = find(connection, &context.caller, &command.claim)?;
        let known = appointment_of(connection, &claim, &command.appointment)?;
        Ok::<_, AppError>((claim, known))
    })?;
    require_booked(&known, command.if_match.as_deref())?;
    require_open(&claim)?;
    let link = partners::holder(&service.core.settings, context.tenant(), known.kind, &known.partner)?;
    let key = digest(&["move", &known.id.to_string(), &command.session, &command.slot_id]);
    let searched = Session::open(&service.core.sealer, &claim, &command.session, context.at)?;
    if (searched.kind, &searched.partner) != (known.kind, &known.partner) {
        return Err(BookingRefusal::UnknownSlot.into());
    }
    let to = PartnerMove { session: searched.theirs, slot_id: command.slot_id, slot: command.slot, reason };
    let dry_run = context.dry_run;
    let moved = if dry_run {
        PartnerAppointment::default()
    } else {
        service.partners.move_appointment(link, &known.partner_appointment_id, &to, &key).await?
    };
    let kept = {
        let (known, slot, place) = (known.clone(), moved.slot.unwrap_or(to.slot), searched.place);
        service
            .core
            .command_of(attempt, context, move |tx, context| write(&keep(tx, context, &known, slot, &place, &moved)?))
            .await
    };
    if let Err(error) = &kept
        && !dry_run
    {
        // The partner repeats its answer for the same move, so a repeat of the request corrects the record.
        tracing::error!(partner = %known.partner, appointment = %known.id, %error, "moved at the partner, not yet in our record");
    }
    kept
}

/// Records where the partner moved it.
fn keep(
    tx: &mut Tx,
    context: &CommandContext,
    known: &ClaimAppointment,
    slot: Slot,
    place: &Place,
    moved: &PartnerAppointment,
) -> Result<ClaimAppointment, AppError> {
    let found = claim_appointments::of_claim_by_id(tx, context.tenant(), known.declaration, known.id)?;
    let now = found.unwrap_or_else(|| known.clone());
    let place = now.kind.is_on_site().then(|| place.clone());
    let expert_name = moved.expert_name.clone().or_else(|| now.expert_name.clone());
    if now.slot == slot && now.place == place && now.expert_name == expert_name {
        return Ok(now);
    }
    require_booked(&now, None)?;
    let appointment = ClaimAppointment {
        slot,
        place,
        expert_name,
        connection: moved.connection.clone().or_else(|| now.connection.clone()),
        version: now.version + 1,
        updated_at: context.at,
        ..now
    };
    claim_appointments::update(tx, &appointment)?;
    record(tx, context, EventKind::ClaimAppointmentRescheduled, &appointment)?;
    Ok(appointment)
}
