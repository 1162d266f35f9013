//! What the page of a remote appointment shows.

use constat_domain::appointment::Appointment;
use constat_domain::ids::AppointmentId;
use constat_store::queries::appointments;

use crate::Scheduler;
use constat_core::AppError;

/// Where the pages of remote appointments are, under the server's public address.
pub const MEETING_PATH: &str = "/join";

/// The remote appointment with this id, whoever's it is: the id cannot be guessed, and is the key.
/// `None` when there is none, or when it takes place on site.
pub fn look_at_meeting(scheduler: &Scheduler, id: &str) -> Result<Option<Appointment>, AppError> {
    let Ok(id) = id.parse::<AppointmentId>() else { return Ok(None) };
    let found = scheduler.core.store.read(|connection| appointments::by_unguessable_id(connection, id))?;
    Ok(found.filter(|appointment| appointment.connection.is_some()))
}
