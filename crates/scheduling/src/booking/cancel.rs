//! Cancel an appointment: its time is free at once. A joint one is cancelled as a whole, whoever's
//! part it is: an adversarial expertise without one of its parties is none.

use constat_domain::appointment::Appointment;
use constat_domain::codes::Codes;
use constat_domain::ids::AppointmentId;
use constat_store::Tx;

use crate::Scheduler;
use crate::booking::joint;
use crate::booking::modify::change;
use crate::booking::verify::{Guards, guards_of};
use constat_core::{AppError, CommandContext};

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
    context: &CommandContext,
    scheduler: &Scheduler,
    command: &CancelAppointment,
) -> Result<Appointment, AppError> {
    let reason = Codes::embedded().change_reason(&command.reason)?;
    let known = change(tx, context, command.id, command.if_match.as_deref())?;
    let others = joint::others_of(tx, &known)?;
    let mut guards = Guards::default();
    for left in [&known].into_iter().chain(&others) {
        guards_of(tx, scheduler, left, context.at, &mut guards)?;
    }
    let cancelled = joint::cancel(tx, context, scheduler, known, reason, command.comment.as_ref())?;
    for other in others {
        joint::cancel(tx, context, scheduler, joint::changing(other, context), reason, command.comment.as_ref())?;
    }
    guards.advance(tx)?;
    Ok(cancelled)
}
