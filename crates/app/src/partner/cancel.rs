//! Cancel an appointment: its time is free at once.

use constat_domain::appointment::{Appointment, AppointmentStatus, Cancellation};
use constat_domain::codes::Codes;
use constat_domain::ids::AppointmentId;
use constat_store::Tx;
use constat_store::queries::appointments;

use super::calendars::Change;
use super::commit::{Guards, event_data, guards_of};
use super::modify::change;
use crate::{Act, App, AppError};

/// What to cancel, and why.
#[derive(Debug, Clone)]
pub struct CancelAppointment {
    /// Which.
    pub id: AppointmentId,
    /// Code of `appointment_change_reason.csv`.
    pub reason: String,
    /// In the caller's words.
    pub comment: Option<String>,
    /// Only while the version is one of these.
    pub if_match: Option<Vec<i64>>,
}

/// Cancels the appointment. What is cancelled or over cannot be cancelled.
pub fn cancel_appointment(
    tx: &mut Tx,
    act: &Act,
    app: &App,
    command: &CancelAppointment,
) -> Result<Appointment, AppError> {
    let reason = Codes::embedded().change_reason(&command.reason)?;
    let known = change(tx, act, command.id, command.if_match.as_deref())?;
    let mut guards = Guards::default();
    guards_of(tx, app, &known, act.at, &mut guards)?;
    let cancellation =
        Cancellation { reason: reason.to_owned(), comment: command.comment.clone(), at: act.at, by: act.caller.holder };
    let cancelled = Appointment { status: AppointmentStatus::Cancelled, cancellation: Some(cancellation), ..known };
    appointments::update(tx, &cancelled)?;
    let mut data = event_data(&cancelled);
    data["reason"] = cancelled.cancellation.as_ref().map(|cancelled| cancelled.reason.clone()).into();
    act.record(tx, cancelled.id, "appointment.cancelled", data)?;
    guards.advance(tx)?;
    let change = Change { appointment: cancelled.id, left: Some(cancelled.expert), takes: None };
    app.calendars.follow(tx, cancelled.tenant, change);
    Ok(cancelled)
}
