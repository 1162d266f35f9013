//! Reading what is booked.

use constat_domain::appointment::{Appointment, AppointmentStatus};
use constat_domain::ids::AppointmentId;
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::Caller;
use constat_store::Connection;
use constat_store::queries::appointments::{self, Filter};
use jiff::Timestamp;

use crate::Scheduler;
use constat_core::AppError;

/// The appointment, if the caller may see it: the firm sees all of its own, a platform what it
/// booked.
pub(crate) fn visible(
    connection: &mut Connection,
    caller: &Caller,
    id: AppointmentId,
) -> Result<Appointment, AppError> {
    appointments::of_tenant_by_id(connection, &caller.tenant, id)?
        .filter(|known| caller.owns_the_data() || known.booked_by == caller.holder)
        .ok_or_else(|| BookingRefusal::AppointmentNotFound.into())
}

/// Refuses an appointment that is cancelled or over.
pub(crate) fn still_open(known: &Appointment, now: Timestamp) -> Result<(), BookingRefusal> {
    if known.status == AppointmentStatus::Booked && known.slot.end > now {
        Ok(())
    } else {
        Err(BookingRefusal::AppointmentClosed)
    }
}

/// One appointment.
pub fn find_appointment(scheduler: &Scheduler, caller: &Caller, id: AppointmentId) -> Result<Appointment, AppError> {
    scheduler.core.store.read(|connection| visible(connection, caller, id))
}

/// One appointment that is neither cancelled nor over.
pub(crate) fn open_appointment(
    scheduler: &Scheduler,
    caller: &Caller,
    id: AppointmentId,
) -> Result<Appointment, AppError> {
    let known = find_appointment(scheduler, caller, id)?;
    still_open(&known, scheduler.core.clock.now())?;
    Ok(known)
}

/// The appointment whose time still stands; [`BookingRefusal::AppointmentClosed`] when it is
/// cancelled.
pub fn open_schedule(scheduler: &Scheduler, caller: &Caller, id: AppointmentId) -> Result<Appointment, AppError> {
    let known = find_appointment(scheduler, caller, id)?;
    if known.is_live() { Ok(known) } else { Err(BookingRefusal::AppointmentClosed.into()) }
}

/// The appointments that a filter wants, of those the caller may see.
pub fn list_appointments(scheduler: &Scheduler, caller: &Caller, filter: Filter) -> Result<Vec<Appointment>, AppError> {
    let booked_by = if caller.owns_the_data() { filter.booked_by } else { Some(caller.holder) };
    let filter = Filter { booked_by, ..filter };
    scheduler.core.store.read(|connection| Ok(appointments::list_of_tenant(connection, &caller.tenant, &filter)?))
}
