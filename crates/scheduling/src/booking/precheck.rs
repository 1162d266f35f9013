//! Refuses a time that is taken before the request queues for a transaction.
//!
//! The transaction decides (`verify.rs`), and a request refused there has waited for all writes before it. Most
//! conflicts show in the calendars in memory. The precheck refuses those at once; all other requests go on.

use constat_availability::{ExpertCalendar, feasible, pick_team, who_can};
use constat_core::{AppError, CommandContext};
use constat_domain::refusal::BookingRefusal;
use constat_store::Connection;
use constat_store::queries::{appointments, holds};
use jiff::Timestamp;

use crate::booking::attempt::BookingAttempt;
use crate::offer::participants::OfferParticipants;
use crate::offer::parties::may_still_book;
use crate::offer::token::Offer;
use crate::scheduler::Scheduler;
use crate::travel::roads::with_travel;

/// Refuses an attempt when the calendars in memory have no expert for its time.
///
/// Passes what the transaction must answer: a session that is used, is over or holds its time, what
/// `has_other_refusal` names, and what cannot be read.
///
/// # Errors
/// [`BookingRefusal::SlotTaken`], which the transaction would answer at this instant too.
pub(crate) fn precheck(
    scheduler: &Scheduler,
    context: &CommandContext,
    booking: &BookingAttempt,
    has_other_refusal: impl FnOnce(&mut Connection, &BookingAttempt) -> Result<bool, AppError>,
) -> Result<(), BookingRefusal> {
    if context.dry_run || seems_free(scheduler, booking) {
        return Ok(());
    }
    match is_taken(scheduler, context, booking, has_other_refusal) {
        Ok(true) => Err(BookingRefusal::SlotTaken),
        Ok(false) | Err(_) => Ok(()),
    }
}

fn is_taken(
    scheduler: &Scheduler,
    context: &CommandContext,
    booking: &BookingAttempt,
    has_other_refusal: impl FnOnce(&mut Connection, &BookingAttempt) -> Result<bool, AppError>,
) -> Result<bool, AppError> {
    if booking.require_live_session(context.at).is_err() {
        return Ok(false);
    }
    // The calendars first, then the database: what the calendars contain has committed, so that a session that took
    // the time itself is recognised.
    if is_free(scheduler, &booking.offer, &booking.participants, context.at)? {
        return Ok(false);
    }
    scheduler.core.store.read(|connection| {
        let session = booking.session.id;
        let is_used = appointments::of_session(connection, session)?.is_some();
        let is_idle = !is_used && holds::of_session(connection, session)?.is_empty();
        Ok(is_idle && !has_other_refusal(connection, booking)?)
    })
}

/// Whether the cached calendars have a free expert of each firm. Runs before every booking: it reads nothing from the
/// database and rebuilds nothing.
fn seems_free(scheduler: &Scheduler, booking: &BookingAttempt) -> bool {
    // Only the transaction puts a team together.
    if booking.offer.criteria.is_for_a_team() {
        return true;
    }
    let (from, to) = booking.busy_span();
    booking.participants.iter().all(|participants| {
        // The transaction loads calendars that are not in memory.
        let Some(calendars) = scheduler.calendars.cached(&participants.tenant) else { return true };
        let taken = scheduler.calendars.taken_since(&participants.tenant, from, to);
        with_travel!(&*scheduler.travel, travel => {
            let is_free = |calendar: &ExpertCalendar| {
                !taken.contains(&calendar.expert().id)
                    && feasible(calendar, &participants.requirement, from, to, travel).is_ok()
            };
            participants.experts.iter().filter_map(|expert| calendars.get(*expert)).any(is_free)
                || calendars.calendars().any(is_free)
        })
    })
}

/// Whether each firm of an offer has an expert, or a team, that is free, by the calendars as of now.
pub(crate) fn is_free(
    scheduler: &Scheduler,
    offer: &Offer,
    participants: &[OfferParticipants],
    now: Timestamp,
) -> Result<bool, AppError> {
    let (from, to) = (offer.busy_from, offer.busy_to);
    for OfferParticipants { tenant, requirement, .. } in participants {
        let calendars = scheduler.calendars.of(tenant, now)?;
        if !scheduler.core.store.read(|connection| may_still_book(connection, offer, tenant))? {
            return Ok(false);
        }
        let free = with_travel!(&*scheduler.travel, travel => who_can(&calendars, requirement, from, to, travel));
        let is_enough = if offer.criteria.is_for_a_team() {
            pick_team(&calendars, requirement, &free).is_some()
        } else {
            !free.is_empty()
        };
        if !is_enough {
            return Ok(false);
        }
    }
    Ok(true)
}
