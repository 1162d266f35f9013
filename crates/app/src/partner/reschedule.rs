//! Move an appointment to a slot of a session that was searched for it.

use constat_domain::FieldError;
use constat_domain::Refusal;
use constat_domain::appointment::{Appointment, Slot};
use constat_domain::codes::Codes;
use constat_domain::ids::AppointmentId;
use constat_domain::refusal::BookingRefusal;
use constat_store::Tx;
use constat_store::queries::appointments;
use jiff::tz::TimeZone;

use super::Promised;
use super::book::{count_booked, differences};
use super::calendars::Change;
use super::commit::{assign, event_data, guards_of, taken_by};
use super::modify::change;
use crate::{Act, App, AppError};

/// What to move where, and why.
#[derive(Debug, Clone)]
pub struct MoveAppointment {
    /// Which.
    pub id: AppointmentId,
    /// The session and its slot, opened.
    pub promised: Promised,
    /// The slot as the caller repeats it.
    pub slot: Slot,
    /// Code of `appointment_change_reason.csv`.
    pub reason: String,
    /// Only while the version is one of these.
    pub if_match: Option<Vec<i64>>,
    /// The request carries an `Idempotency-Key`.
    pub has_idempotency_key: bool,
}

/// Moves the appointment; whatever fails, it keeps the time it has. Without an idempotency key a
/// repeat gets the appointment as it is.
pub fn move_appointment(tx: &mut Tx, act: &Act, app: &App, command: &MoveAppointment) -> Result<Appointment, AppError> {
    let Promised { session, offer } = &command.promised;
    let reason = Codes::embedded().change_reason(&command.reason)?;
    let mut errors = differences(&command.slot, &offer.slot);
    if session.request.reschedules != Some(command.id) {
        errors.push(FieldError::new("sessionID", "this session was not searched with this appointmentId"));
    }
    Refusal::unless_empty(errors)?;
    if !appointments::use_session(tx, session.id, command.id, act.at)? {
        let known = super::read::visible(tx, &act.caller, command.id)?;
        let repeats = known.slot == offer.slot && !command.has_idempotency_key;
        return if repeats { Ok(known) } else { Err(BookingRefusal::SessionUsed.into()) };
    }
    let known = change(tx, act, command.id, command.if_match.as_deref())?;
    command.promised.unexpired(act.at)?;
    let mut assigned = assign(tx, app, offer, act.at)?;
    guards_of(tx, app, &known, act.at, &mut assigned.guards)?;
    let zone = TimeZone::get(&offer.criteria.zone).unwrap_or(TimeZone::UTC);
    let left = known.expert;
    let moved = Appointment {
        expert: assigned.expert,
        expert_name: assigned.display_name,
        slot: offer.slot,
        busy_from: offer.busy_from,
        busy_to: offer.busy_to,
        civil_start: zone.to_datetime(offer.slot.start),
        zone: offer.criteria.zone.clone(),
        place: session.request.place.clone().unwrap_or(known.place),
        ..known
    };
    appointments::update(tx, &moved)?;
    let mut data = event_data(&moved);
    data["reason"] = reason.into();
    act.record(tx, moved.id, "appointment.rescheduled", data)?;
    assigned.guards.advance(tx)?;
    let change = Change { appointment: moved.id, left: Some(left), takes: Some((moved.expert, taken_by(&moved))) };
    app.calendars.follow(tx, moved.tenant, change);
    count_booked(tx, app);
    Ok(moved)
}
