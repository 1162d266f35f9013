//! Cancels an appointment. A joint one is cancelled as a whole, by any of its firms: an adversarial expertise needs all
//! its parties.

use std::sync::Arc;

use constat_core::{Answer, AppError, CommandContext, Idempotency, Render};
use constat_domain::appointment::Appointment;
use constat_domain::codes::Codes;
use constat_domain::ids::AppointmentId;
use constat_store::Tx;

use crate::booking::day_versions::DayVersions;
use crate::booking::joint::{next_version, others_of, save_cancelled};
use crate::booking::modify::find_changeable;
use crate::scheduler::Scheduler;

/// An appointment to cancel.
#[derive(Debug, Clone)]
pub struct CancelAppointment {
    /// The appointment.
    pub id: AppointmentId,
    /// Code of `appointment_change_reason.csv`.
    pub reason: String,
    /// The caller's comment.
    pub comment: Option<String>,
    /// Only while the version is one of these.
    pub if_match: Option<Vec<i64>>,
}

impl Scheduler {
    /// Cancels an appointment; its time is free at once. `render` runs inside the transaction.
    ///
    /// # Errors
    /// [`AppointmentNotFound`](constat_domain::refusal::BookingRefusal::AppointmentNotFound),
    /// [`AppointmentClosed`](constat_domain::refusal::BookingRefusal::AppointmentClosed) when it is cancelled or over,
    /// [`Stale`](constat_domain::Refusal::Stale).
    pub async fn cancel(
        self: &Arc<Self>,
        context: CommandContext,
        idempotency: Option<Idempotency>,
        command: CancelAppointment,
        render: impl Render<Appointment>,
    ) -> Result<Answer, AppError> {
        let scheduler = Arc::clone(self);
        let cancel = move |tx: &mut Tx, context: &CommandContext| {
            render(&cancel_in_transaction(tx, context, &scheduler, &command)?)
        };
        self.core.command(context, idempotency, cancel).await
    }
}

fn cancel_in_transaction(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    command: &CancelAppointment,
) -> Result<Appointment, AppError> {
    let reason = Codes::embedded().change_reason(&command.reason)?;
    let known = find_changeable(tx, context, command.id, command.if_match.as_deref())?;
    let others = others_of(tx, &known)?;
    let mut day_versions = DayVersions::default();
    for leaving in [&known].into_iter().chain(&others) {
        day_versions.read_of(tx, &scheduler.calendars, leaving, context.at)?;
    }
    let comment = command.comment.as_ref();
    let cancelled = save_cancelled(tx, context, scheduler, known, reason, comment)?;
    for other in others {
        save_cancelled(tx, context, scheduler, next_version(other, context), reason, comment)?;
    }
    day_versions.advance(tx)?;
    Ok(cancelled)
}
