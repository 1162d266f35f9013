//! Reschedules an appointment to a slot of a session that was searched for it.

use std::sync::Arc;

use constat_core::{Answer, AppError, CommandContext, Idempotency, Render};
use constat_domain::appointment::Appointment;
use constat_domain::codes::Codes;
use constat_domain::ids::AppointmentId;
use constat_domain::refusal::BookingRefusal;
use constat_domain::{FieldError, Refusal};
use constat_store::queries::{appointments, holds};
use constat_store::{Connection, Tx};
use jiff::tz::TimeZone;

use crate::booking::allocate::{Allocation, allocate};
use crate::booking::attempt::{BookingAttempt, RequestedSlot};
use crate::booking::book::count_booked;
use crate::booking::hold::release_holds;
use crate::booking::joint::{
    insert_booked, joint_appointment, link_parties, next_version, others_of, pair_experts, save_cancelled,
    save_rescheduled,
};
use crate::booking::modify::find_changeable;
use crate::booking::verify::AssignedExpert;
use crate::read::find_visible;
use crate::scheduler::Scheduler;

/// An appointment to reschedule.
#[derive(Debug, Clone)]
pub struct RescheduleAppointment {
    /// The appointment.
    pub id: AppointmentId,
    /// The slot.
    pub slot: RequestedSlot,
    /// Code of `appointment_change_reason.csv`.
    pub reason: String,
    /// Only while the version is one of these.
    pub if_match: Option<Vec<i64>>,
}

impl Scheduler {
    /// Reschedules an appointment, with all others of a joint one. When it fails, they keep their time. Without an
    /// idempotency key, a repeat gets the appointment as it is. `render` runs inside the transaction.
    ///
    /// # Errors
    /// As [`Scheduler::book`]; [`BookingRefusal::AppointmentNotFound`], [`AppointmentClosed`
    /// ](BookingRefusal::AppointmentClosed), [`MovedWithMain`](BookingRefusal::MovedWithMain) for a part of a joint
    /// one, [`Refusal::Stale`].
    pub async fn reschedule(
        self: &Arc<Self>,
        context: CommandContext,
        idempotency: Option<Idempotency>,
        command: RescheduleAppointment,
        render: impl Render<Appointment>,
    ) -> Result<Answer, AppError> {
        let attempt = self.core.attempt(&context, idempotency).await?;
        let is_unchangeable = |rows: &mut Connection, _: &BookingAttempt| {
            Ok(find_changeable(rows, &context, command.id, command.if_match.as_deref()).is_err())
        };
        let prepared = self.prepare(&context, open(self, &context, &command), is_unchangeable).await;
        let (scheduler, has_key) = (Arc::clone(self), attempt.is_keyed());
        self.run_prepared(&attempt, context, prepared, move |tx, context, booking| {
            render(&reschedule_in_transaction(tx, context, &scheduler, booking, &command, has_key)?)
        })
        .await
    }
}

/// Opens the tokens, and checks the request against them.
fn open(
    scheduler: &Scheduler,
    context: &CommandContext,
    command: &RescheduleAppointment,
) -> Result<BookingAttempt, AppError> {
    let booking = BookingAttempt::open(&scheduler.core, &context.caller, &command.slot)?;
    let _known_reason = Codes::embedded().change_reason(&command.reason)?;
    let mut errors = booking.differences(&command.slot.slot);
    if booking.session.request.reschedules != Some(command.id) {
        let known = scheduler.core.store.read(|rows| find_visible(rows, &context.caller, command.id));
        if known.is_ok_and(|known| known.is_linked()) {
            return Err(BookingRefusal::MovedWithMain.into());
        }
        errors.push(FieldError::new("sessionID", "this session was not searched with this appointmentId"));
    }
    Refusal::unless_empty(errors)?;
    Ok(booking)
}

fn reschedule_in_transaction(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    booking: &BookingAttempt,
    command: &RescheduleAppointment,
    has_idempotency_key: bool,
) -> Result<Appointment, AppError> {
    let BookingAttempt { session, offer, .. } = booking;
    let reason = Codes::embedded().change_reason(&command.reason)?;
    if !appointments::use_session(tx, session.id, command.id, context.at)? {
        let known = find_visible(tx, &context.caller, command.id)?;
        let is_repeat = known.slot == offer.slot && !has_idempotency_key;
        return if is_repeat { Ok(known) } else { Err(BookingRefusal::SessionUsed.into()) };
    }
    let known = find_changeable(tx, context, command.id, command.if_match.as_deref())?;
    booking.require_live_session(context.at)?;
    let held = holds::of_session(tx, session.id)?;
    let Allocation { experts, mut day_versions } = allocate(tx, scheduler, booking, &held, context.at)?;
    release_holds(tx, context, scheduler, &held)?;
    let others = others_of(tx, &known)?;
    for leaving in [&known].into_iter().chain(&others) {
        day_versions.read_of(tx, &scheduler.calendars, leaving, context.at)?;
    }
    let pairs = pair_experts(&known, others, experts).ok_or(BookingRefusal::SlotTaken)?;
    let mut main = at_new_time(booking, known.clone(), pairs.main);
    let (before, mut others): (Vec<Appointment>, Vec<Appointment>) = pairs
        .kept
        .into_iter()
        .map(|(row, assigned)| (row.clone(), at_new_time(booking, next_version(row, context), assigned)))
        .unzip();
    others.extend(pairs.new.into_iter().map(|assigned| joint_appointment(&main, context, assigned)));
    link_parties(&mut main, &mut others);
    save_rescheduled(tx, context, scheduler, (&known, &main), reason)?;
    let (kept, new) = others.split_at(before.len());
    for (before, after) in before.iter().zip(kept) {
        save_rescheduled(tx, context, scheduler, (before, after), reason)?;
    }
    for appointment in new {
        insert_booked(tx, context, scheduler, appointment, &[])?;
    }
    for left in pairs.left {
        save_cancelled(tx, context, scheduler, next_version(left, context), reason, None)?;
    }
    day_versions.advance(tx)?;
    count_booked(tx, scheduler);
    scheduler.open_offers.close_after_commit(tx, offer);
    Ok(main)
}

/// An appointment at the offered time, with its expert.
fn at_new_time(booking: &BookingAttempt, known: Appointment, assigned: AssignedExpert) -> Appointment {
    let BookingAttempt { session, offer, .. } = booking;
    let zone = TimeZone::get(&offer.criteria.zone).unwrap_or(TimeZone::UTC);
    Appointment {
        expert: assigned.expert,
        expert_name: assigned.display_name,
        slot: offer.slot,
        busy_from: offer.busy_from,
        busy_to: offer.busy_to,
        civil_start: zone.to_datetime(offer.slot.start),
        zone: offer.criteria.zone.clone(),
        place: session.request.place.clone().unwrap_or(known.place),
        ..known
    }
}
