//! Refuses a hold, a booking or a reschedule before its transaction, when the calendars in memory rule it out.
//!
//! The check that decides runs inside the transaction (`verify.rs`), and a request that is refused there has waited
//! for all writes before it. Most conflicts are known without: no expert in the calendars in memory can take the
//! time. A request that may still find an expert goes on to the transaction.

use constat_availability::{ExpertCalendar, feasible};
use constat_domain::refusal::BookingRefusal;
use constat_store::Connection;
use constat_store::queries::{appointments, holds};

use crate::Scheduler;
use crate::booking::book::{BookAppointment, faults};
use crate::booking::hold::HoldSlot;
use crate::booking::reschedule::MoveAppointment;
use crate::offer::participants::{Named, Side, named_by};
use crate::offer::recheck::can_be_kept;
use crate::offer::token::{Offer, OpenedOffer};
use crate::travel::with_travel;
use constat_core::{AppError, CommandContext};

/// A request that takes an offered time.
#[derive(Debug, Clone, Copy)]
pub enum TakesTime<'a> {
    /// A booking.
    Book(&'a BookAppointment),
    /// A hold.
    Hold(&'a HoldSlot),
    /// A reschedule.
    Reschedule(&'a MoveAppointment),
}

impl TakesTime<'_> {
    const fn opened(&self) -> &OpenedOffer {
        match self {
            Self::Book(command) => &command.opened,
            Self::Hold(command) => &command.opened,
            Self::Reschedule(command) => &command.opened,
        }
    }

    /// Whether the transaction refuses the request for another reason than its time: that refusal goes first.
    fn is_refused_otherwise(
        &self,
        connection: &mut Connection,
        scheduler: &Scheduler,
        context: &CommandContext,
    ) -> Result<bool, AppError> {
        Ok(match self {
            Self::Book(command) => !faults(command).is_empty(),
            Self::Hold(command) => command.is_refused_otherwise(connection, scheduler, context)?,
            Self::Reschedule(command) => command.is_refused_otherwise(connection, context),
        })
    }
}

/// Refuses a request whose time no expert can take any more, according to the calendars in memory. Passes what the
/// transaction itself answers: a session that is used, is over or holds its time, a slot that is not what was
/// offered, another refusal; and what cannot be known.
///
/// Give the refusal with [`Core::earlier_answer`](constat_core::Core::earlier_answer): an earlier attempt of the
/// request may have taken the time.
///
/// # Errors
/// [`BookingRefusal::SlotTaken`], which the transaction would have said at this moment too.
pub fn precheck(scheduler: &Scheduler, context: &CommandContext, request: TakesTime<'_>) -> Result<(), BookingRefusal> {
    if context.dry_run || somebody_seems_free(scheduler, &request.opened().offer) {
        return Ok(());
    }
    match is_taken(scheduler, context, request) {
        Ok(true) => Err(BookingRefusal::SlotTaken),
        Ok(false) | Err(_) => Ok(()),
    }
}

fn is_taken(scheduler: &Scheduler, context: &CommandContext, request: TakesTime<'_>) -> Result<bool, AppError> {
    let opened = request.opened();
    if opened.unexpired(context.at).is_err() {
        return Ok(false);
    }
    // In this order: what the calendars know is in the database, so that a session whose own booking or
    // hold took the time is seen to have done so.
    if can_be_kept(scheduler, &opened.offer, context.at)? {
        return Ok(false);
    }
    scheduler.core.store.read(|connection| {
        let session = opened.session.id;
        let is_its_own = appointments::of_session(connection, session)?.is_some()
            || !holds::of_session(connection, session)?.is_empty();
        Ok(!is_its_own && !request.is_refused_otherwise(connection, scheduler, context)?)
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
