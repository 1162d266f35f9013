//! A claim's visit took place.

use constat_domain::appointment::{AppointmentStatus, ClaimAppointment};
use constat_domain::claim::{Claim, MilestoneKind};
use constat_domain::deadlines::Place;
use constat_domain::event_kinds::EventKind;
use constat_domain::refusal::BookingRefusal;
use constat_domain::service::ServiceKind;
use constat_store::queries::claim_appointments;

use crate::claim::find::find_to_handle;
use crate::claim_appointments::{appointment_of, record, require_booked};
use crate::deadlines::milestones::record_milestone;
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Keeps that the visit took place. For handlers; in any status of the claim, since it is a fact. The
/// partner is not told: it was there. Its mandate to pull the claim file stays, for its report.
///
/// The visit of an expert is a milestone too, unless a handler told its day before.
///
/// # Errors
/// [`BookingRefusal::VisitToCome`] before its start, [`BookingRefusal::AppointmentClosed`] when it was
/// cancelled or is done already.
pub fn claim_appointment_done(
    tx: &mut Tx,
    context: &CommandContext,
    claim: &str,
    appointment: &str,
    if_match: Option<&[i64]>,
) -> Result<ClaimAppointment, AppError> {
    let claim = find_to_handle(tx, &context.caller, claim)?;
    let known = appointment_of(tx, &claim, appointment)?;
    require_booked(&known, if_match)?;
    if context.at < known.slot.start {
        return Err(BookingRefusal::VisitToCome.into());
    }
    let done = ClaimAppointment {
        status: AppointmentStatus::Done,
        version: known.version + 1,
        updated_at: context.at,
        ..known
    };
    claim_appointments::update(tx, &done)?;
    record(tx, context, EventKind::ClaimAppointmentDone, &done)?;
    tell_deadlines(tx, context, &claim, &done)?;
    Ok(done)
}

/// Deadlines count from the visit of an expert; that of an artisan is none of theirs.
fn tell_deadlines(
    tx: &mut Tx,
    context: &CommandContext,
    claim: &Claim,
    done: &ClaimAppointment,
) -> Result<(), AppError> {
    if done.kind == ServiceKind::RepairInKind || claim.milestones.contains_key(&MilestoneKind::Visit) {
        return Ok(());
    }
    let day = Place::of(&claim.location).day_of(done.slot.start);
    record_milestone(tx, context, &claim.declaration_id.to_string(), MilestoneKind::Visit, day, None)?;
    Ok(())
}
