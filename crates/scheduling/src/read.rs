//! Reads appointments.

use constat_core::AppError;
use constat_domain::appointment::{Appointment, AppointmentStatus};
use constat_domain::ids::AppointmentId;
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::Caller;
use constat_store::Connection;
use constat_store::queries::appointments::{self, Filter};
use jiff::Timestamp;

use crate::scheduler::Scheduler;

/// The appointment, if the caller may see it: a firm sees all of its own, a platform those that it booked.
pub(crate) fn find_visible(
    connection: &mut Connection,
    caller: &Caller,
    id: AppointmentId,
) -> Result<Appointment, AppError> {
    appointments::of_tenant_by_id(connection, &caller.tenant, id)?
        .filter(|known| caller.owns_the_data() || known.booked_by == caller.holder)
        .ok_or_else(|| BookingRefusal::AppointmentNotFound.into())
}

/// Refuses an appointment that is cancelled or over.
pub(crate) fn require_open(known: &Appointment, now: Timestamp) -> Result<(), BookingRefusal> {
    if known.status == AppointmentStatus::Booked && known.slot.end > now {
        Ok(())
    } else {
        Err(BookingRefusal::AppointmentClosed)
    }
}

impl Scheduler {
    /// One appointment.
    ///
    /// # Errors
    /// [`BookingRefusal::AppointmentNotFound`], also for one that the caller may not see.
    pub fn find_appointment(&self, caller: &Caller, id: AppointmentId) -> Result<Appointment, AppError> {
        self.core.store.read(|connection| find_visible(connection, caller, id))
    }

    /// One appointment that is neither cancelled nor over.
    pub(crate) fn find_open_appointment(&self, caller: &Caller, id: AppointmentId) -> Result<Appointment, AppError> {
        let known = self.find_appointment(caller, id)?;
        require_open(&known, self.core.clock.now())?;
        Ok(known)
    }

    /// One appointment that is not cancelled; it may be over.
    ///
    /// # Errors
    /// [`BookingRefusal::AppointmentClosed`] when it is cancelled.
    pub fn find_live_appointment(&self, caller: &Caller, id: AppointmentId) -> Result<Appointment, AppError> {
        let known = self.find_appointment(caller, id)?;
        if known.is_live() { Ok(known) } else { Err(BookingRefusal::AppointmentClosed.into()) }
    }

    /// The appointments that a filter selects, of those that the caller may see.
    pub fn list_appointments(&self, caller: &Caller, filter: Filter) -> Result<Vec<Appointment>, AppError> {
        let booked_by = if caller.owns_the_data() { filter.booked_by } else { Some(caller.holder) };
        let filter = Filter { booked_by, ..filter };
        self.core.store.read(|connection| Ok(appointments::list_of_tenant(connection, &caller.tenant, &filter)?))
    }
}
