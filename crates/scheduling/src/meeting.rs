//! The page of a remote appointment.

use constat_core::AppError;
use constat_domain::appointment::Appointment;
use constat_domain::ids::AppointmentId;
use constat_store::queries::appointments;

use crate::scheduler::Scheduler;

/// Path of the pages of remote appointments, under the server's public address.
pub const MEETING_PATH: &str = "/join";

impl Scheduler {
    /// The remote appointment with this id, of any firm: the id cannot be guessed and serves as the key. `None` when
    /// there is none, or when it takes place on site.
    pub fn find_meeting(&self, id: &str) -> Result<Option<Appointment>, AppError> {
        let Ok(id) = id.parse::<AppointmentId>() else { return Ok(None) };
        let found = self.core.store.read(|connection| appointments::by_unguessable_id(connection, id))?;
        Ok(found.filter(|appointment| appointment.connection.is_some()))
    }
}
