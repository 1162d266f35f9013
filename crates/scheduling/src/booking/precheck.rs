//! Telling a booking that its time is gone before it stands in line to be written.
//!
//! The judge of a booking works inside the transaction that writes it (`commit`), and whoever is refused
//! there has waited for all writes before it. Most conflicts are known without: the calendars in memory
//! say that nobody can keep the time. Then the caller hears so at once. Whoever may still find somebody
//! goes on to the judge, which alone gives a time away.

use constat_availability::{ExpertCalendar, feasible};
use constat_domain::refusal::BookingRefusal;
use constat_store::queries::{appointments, holds};

use crate::Scheduler;
use crate::booking::book::{BookAppointment, faults};
use crate::offer::participants::{Named, Side, named_by};
use crate::offer::recheck::can_be_kept;
use crate::offer::token::{Offer, OpenedOffer};
use crate::travel::with_travel;
use constat_core::{AppError, CommandContext};

/// Refuses a booking whose time no expert can keep any more, as far as the calendars of this moment say.
/// Passes what the booking itself must answer: a session that is used, is over or holds its time, a
/// slot that is not what was offered; and what cannot be known, since the booking will find it out.
///
/// Give the refusal with [`Scheduler::refuse`]: an earlier attempt of the request may have taken the time.
///
/// # Errors
/// [`BookingRefusal::SlotTaken`], which the booking would have said at this moment too.
pub fn precheck(
    scheduler: &Scheduler,
    context: &CommandContext,
    command: &BookAppointment,
) -> Result<(), BookingRefusal> {
    let offer = &command.opened.offer;
    if context.dry_run || somebody_seems_free(scheduler, offer) {
        return Ok(());
    }
    match is_taken(scheduler, context, command) {
        Ok(true) => Err(BookingRefusal::SlotTaken),
        Ok(false) | Err(_) => Ok(()),
    }
}

fn is_taken(scheduler: &Scheduler, context: &CommandContext, command: &BookAppointment) -> Result<bool, AppError> {
    let OpenedOffer { session, offer } = &command.opened;
    if !faults(command).is_empty() || command.opened.unexpired(context.at).is_err() {
        return Ok(false);
    }
    // In this order: what the calendars know is in the database, so that a session whose own booking or
    // hold took the time is seen to have done so.
    if can_be_kept(scheduler, offer, context.at)? {
        return Ok(false);
    }
    scheduler.core.store.read(|connection| {
        let used = appointments::of_session(connection, session.id)?.is_some();
        Ok::<_, AppError>(!used && holds::of_session(connection, session.id)?.is_empty())
    })
}

/// Whether the calendars as they were laid last have somebody for each part of an offer: asks nobody and lays
/// nothing, for this is looked at before every booking.
fn somebody_seems_free(scheduler: &Scheduler, offer: &Offer) -> bool {
    // A team is put together by the judge.
    if offer.criteria.is_for_a_team() {
        return true;
    }
    let (from, to) = (offer.busy_from, offer.busy_to);
    // Whatever is wrong with the offer, the booking itself will say.
    let Ok(sides) = named_by(scheduler, offer, |tenant| scheduler.calendars.laid(tenant)) else { return true };
    sides.iter().all(|Named { side: Side { tenant, calendars, requirement }, people }| {
        let taken = scheduler.calendars.taken_since(tenant, from, to);
        with_travel!(&*scheduler.travel, travel => {
            let is_free = |calendar: &ExpertCalendar| {
                !taken.contains(&calendar.expert().id) && feasible(calendar, requirement, from, to, travel).is_ok()
            };
            people.iter().filter_map(|expert| calendars.get(*expert)).any(is_free) || calendars.calendars().any(is_free)
        })
    })
}
