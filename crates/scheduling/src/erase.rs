//! Erasing the personal data of appointments in firms' calendars: who is met, where exactly, and what was
//! written. By the firm, by the platform that booked, and by an erasure of the insured on this server.

use constat_domain::appointment::{Appointment, AppointmentStatus};
use constat_domain::ids::{AppointmentId, EventId};
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::TenantId;
use constat_store::queries::appointments;
use constat_store::{Connection, StoreError, Tx};
use jiff::Timestamp;
use serde_json::json;

use crate::read::visible;
use constat_core::{
    APPOINTMENT_ERASED, AppError, CommandContext, erase_appointment_rows, record_and_erase, require_version,
    with_its_parties,
};

/// Erases the personal data of an appointment that is over or cancelled, and of those booked with it. Doing it
/// again changes nothing more.
///
/// # Errors
/// [`BookingRefusal::NeededForVisit`] while a visit is to come.
pub fn erase_appointment(
    tx: &mut Tx,
    context: &CommandContext,
    id: AppointmentId,
    if_match: Option<&[i64]>,
) -> Result<Appointment, AppError> {
    let known = visible(tx, &context.caller, id)?;
    require_version(known.version, if_match)?;
    if known.status == AppointmentStatus::Booked && known.slot.end > context.at {
        return Err(BookingRefusal::NeededForVisit.into());
    }
    let mut together = with_its_parties(tx, known)?;
    if context.caller.owns_the_data() {
        // What another firm wrote to its own part is that firm's; the platform booked them all.
        together.retain(|one| one.tenant == context.caller.tenant);
    }
    let data = json!({ "reason": "request", "by": context.caller.key });
    for appointment in &together {
        context.record_in(tx, appointment.tenant, appointment.id, APPOINTMENT_ERASED, data.clone())?;
    }
    let erased = erase_appointment_rows(tx, together, context.at)?;
    erased.into_iter().find(|one| one.id == id).ok_or_else(|| BookingRefusal::AppointmentNotFound.into())
}

/// The same for the operator of a firm's server: the appointments with these ids, all or none.
///
/// # Errors
/// [`BookingRefusal::AppointmentNotFound`] when one is not the firm's, [`BookingRefusal::NeededForVisit`] when one
/// is to come.
pub fn erase_appointments(
    tx: &mut Tx,
    firm: TenantId,
    ids: &[AppointmentId],
    reason: &str,
    (at, events): (Timestamp, &[EventId]),
) -> Result<usize, AppError> {
    let mut erased = 0;
    for id in ids {
        let known = appointments::of_tenant_by_id(tx, &firm, *id)?.ok_or(BookingRefusal::AppointmentNotFound)?;
        if known.status == AppointmentStatus::Booked && known.slot.end > at {
            return Err(BookingRefusal::NeededForVisit.into());
        }
        let mut together = with_its_parties(tx, known)?;
        // What another firm wrote to its own part is that firm's.
        together.retain(|one| one.tenant == firm);
        erased += record_and_erase(tx, together, reason, at, &mut events.iter().copied().skip(erased))?;
    }
    Ok(erased)
}

/// How many appointments of a firm an erasure of these would touch: as many events are needed.
pub fn count_to_erase(connection: &mut Connection, firm: TenantId, ids: &[AppointmentId]) -> Result<usize, StoreError> {
    let mut count = 0;
    for id in ids {
        let known = appointments::of_tenant_by_id(connection, &firm, *id)?;
        count += known.map_or(0, |known| known.joint.map_or(1, |joint| joint.parties.len()));
    }
    Ok(count)
}
