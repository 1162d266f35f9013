//! Holds: offered times that are kept for a caller who is about to book.
//!
//! A search reserves nothing. A caller whose user has picked a slot and still fills in a form takes a hold: the time
//! is offered to no other caller until the session ends. The booking consumes the hold. One that is not used ends by
//! the server's clock.
//!
//! Holds cost nothing, so that they are bounded: one platform holds a number of times at one firm, and a share of the
//! firm's free time on each day. All keys of a platform count together.

use constat_availability::HeldTime;
use constat_domain::Refusal;
use constat_domain::appointment::Slot;
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::TenantId;
use constat_store::queries::appointments;
use constat_store::queries::holds::{self, HoldRow};
use constat_store::{Connection, StoreError, Tx};
use jiff::Timestamp;

use crate::Scheduler;
use crate::booking::allocate::{Assigned, assign};
use crate::booking::book::differences;
use crate::calendars::firm::Change;
use crate::calendars::{HELD, RELEASED, held};
use crate::offer::open_offers::OpenOfferRegistry;
use crate::offer::participants::{Named, named_by};
use crate::offer::token::{Offer, OpenedOffer, Participant, Session};
use constat_core::{AppError, CommandContext};

/// When one who keeps too many times is told to come back, in seconds: some will be booked or over by then.
const RETRY_SECONDS: u64 = 30;

/// Holds on one day that every platform may have, however little free time the firm has: enough for a user who
/// compares two times, and for two users at once.
const MIN_HOLDS_OF_A_DAY: usize = 2;

/// Which time to keep.
#[derive(Debug, Clone)]
pub struct HoldSlot {
    /// The session and its slot, opened.
    pub opened: OpenedOffer,
    /// The slot as the caller repeats it.
    pub slot: Slot,
}

impl HoldSlot {
    /// Whether [`hold_slot`] refuses it for another reason than its time.
    pub(crate) fn is_refused_otherwise(
        &self,
        connection: &mut Connection,
        scheduler: &Scheduler,
        context: &CommandContext,
    ) -> Result<bool, AppError> {
        let OpenedOffer { session, offer } = &self.opened;
        Ok(!differences(&self.slot, &offer.slot).is_empty() || has_max_holds(connection, context, scheduler, session)?)
    }
}

/// A time that is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// Its id, and that of the appointment once it is booked.
    pub id: AppointmentId,
    /// The instant from which it is nobody's: the end of the session.
    pub expires_at: Timestamp,
    /// What is kept.
    pub slot: Slot,
}

/// Keeps the offered time, everybody's of a joint one, until the session ends. A session keeps one time:
/// another one in its place lets the first go, unless the other is taken; then the first stays.
///
/// # Errors
/// [`BookingRefusal::SlotTaken`], [`BookingRefusal::SessionExpired`], and [`BookingRefusal::SessionUsed`]
/// once the session has booked; [`AppError::TooManyHolds`] and [`AppError::HoldShareExceeded`] when the platform holds
/// as many, or as much of that day, as one may.
pub fn hold_slot(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    command: &HoldSlot,
) -> Result<Held, AppError> {
    let OpenedOffer { session, offer } = &command.opened;
    Refusal::unless_empty(differences(&command.slot, &offer.slot))?;
    if appointments::of_session(tx, session.id)?.is_some() {
        return Err(BookingRefusal::SessionUsed.into());
    }
    command.opened.unexpired(context.at)?;
    holds::forget_expired_of_tenant(tx, context.tenant(), context.at)?;
    let kept = holds::of_session(tx, session.id)?;
    unless_too_many(tx, context, scheduler, session)?;
    let Assigned { people, guards } = assign(tx, scheduler, offer, &kept, context.at)?;
    release(tx, context, scheduler, &kept)?;
    let position = if session.request.kind.is_on_site() { offer.criteria.position } else { None };
    // In the order of the people: the first is told, and it is what the booking finds first.
    let mut ids: Vec<_> = people.iter().map(|_| AppointmentId::new(context.at, &context.entropy())).collect();
    ids.sort_unstable();
    let id = *ids.first().ok_or(BookingRefusal::SlotTaken)?;
    for (person, id) in people.into_iter().zip(ids) {
        let hold = HoldRow {
            id,
            tenant: person.tenant,
            expert: person.expert,
            session: session.id,
            holder: session.holder,
            start: offer.busy_from,
            end: offer.busy_to,
            position,
            expires_at: session.expires_at,
        };
        holds::insert(tx, &hold)?;
        context.record_in(tx, hold.tenant, hold.id, HELD, event_data(hold.expert))?;
        let takes = Some((hold.expert, held(&hold)));
        let change = Change { appointment: hold.id, left: None, takes, until: Some(hold.expires_at) };
        scheduler.calendars.follow(tx, hold.tenant, change);
    }
    guards.advance(tx)?;
    unless_too_much(tx, context, scheduler, &command.opened)?;
    // The session has chosen, and its time is in the calendar.
    OpenOfferRegistry::close_after(tx, scheduler, offer);
    Ok(Held { id, expires_at: session.expires_at, slot: offer.slot })
}

/// Refuses when the platform holds as many times at the firm as one may, besides that of this session.
fn unless_too_many(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    session: &Session,
) -> Result<(), AppError> {
    holds::lock_count(tx, context.tenant(), session.holder)?;
    if has_max_holds(tx, context, scheduler, session)? {
        let most = scheduler.core.settings.requests.most_holds;
        return Err(AppError::TooManyHolds { most, retry_after: RETRY_SECONDS });
    }
    Ok(())
}

/// Whether the platform holds as many times at the firm as one may, besides that of this session.
fn has_max_holds(
    connection: &mut Connection,
    context: &CommandContext,
    scheduler: &Scheduler,
    session: &Session,
) -> Result<bool, AppError> {
    let most = scheduler.core.settings.requests.most_holds;
    if most == 0 {
        return Ok(false);
    }
    let held = holds::live_of_holder(connection, context.tenant(), session.holder, context.at)?;
    let of_others = held.iter().filter(|hold| hold.session != session.id).count();
    Ok(of_others >= usize::try_from(most).unwrap_or(usize::MAX))
}

/// Refuses when, with the hold that was just written, the platform holds more than its share of a firm's free time on
/// that day: of each firm whose time is held. A firm holds its own time without bound.
fn unless_too_much(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    opened: &OpenedOffer,
) -> Result<(), AppError> {
    let percent = scheduler.core.settings.requests.hold_share_percent;
    let OpenedOffer { session, offer } = opened;
    if percent == 0 {
        return Ok(());
    }
    for Named { side, .. } in
        named_by(scheduler, offer, |tenant| scheduler.calendars.people_of(tx, tenant, context.at))?
    {
        if side.tenant.org == session.holder {
            continue;
        }
        if side.tenant != *context.tenant() {
            holds::lock_count(tx, &side.tenant, session.holder)?;
        }
        let held = holds::live_of_holder(tx, &side.tenant, session.holder, context.at)?;
        let held: Vec<HeldTime> = held.iter().map(held_time).collect();
        let share = side.calendars.day_share(&side.requirement, offer.busy_from, &held);
        let may_hold = share.free_seconds.saturating_mul(i64::from(percent)) / 100;
        if share.holds > MIN_HOLDS_OF_A_DAY && share.held_seconds > may_hold {
            return Err(AppError::HoldShareExceeded { percent, retry_after: RETRY_SECONDS });
        }
    }
    Ok(())
}

fn held_time(hold: &HoldRow) -> HeldTime {
    let HoldRow { id: appointment, expert, session, start, end, .. } = *hold;
    HeldTime { expert, appointment, session, start, end }
}

/// Lets go of a time before its end, and of everybody else's that was taken with it.
///
/// # Errors
/// [`BookingRefusal::AppointmentNotFound`] when there is no such hold of the caller's, or it is over.
pub fn release_hold(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    id: AppointmentId,
) -> Result<(), AppError> {
    let known = holds::by_id(tx, id)?
        .filter(|hold| {
            hold.holder == context.caller.holder && hold.tenant == *context.tenant() && hold.expires_at > context.at
        })
        .ok_or(BookingRefusal::AppointmentNotFound)?;
    let kept = holds::of_session(tx, known.session)?;
    Ok(release(tx, context, scheduler, &kept)?)
}

/// Lets go of all that a session keeps: it is booked, or given up.
pub(crate) fn release(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    kept: &[HoldRow],
) -> Result<(), StoreError> {
    for hold in kept {
        holds::delete(tx, hold.id)?;
        if hold.expires_at > context.at {
            context.record_in(tx, hold.tenant, hold.id, RELEASED, event_data(hold.expert))?;
        }
        let change = Change { appointment: hold.id, left: Some(hold.expert), takes: None, until: None };
        scheduler.calendars.follow(tx, hold.tenant, change);
    }
    Ok(())
}

/// The id of the appointment that a session keeps a firm's time for; of a team's, the one that was told.
pub(crate) fn id_kept(kept: &[HoldRow], tenant: &TenantId) -> Option<AppointmentId> {
    kept.iter().find(|hold| hold.tenant == *tenant).map(|hold| hold.id)
}

/// The offer with the people whose time its session keeps for it: late binding may have found others than
/// those it names.
pub(crate) fn with_kept(offer: &Offer, kept: &[HoldRow], now: Timestamp) -> Offer {
    let is_for_it = |hold: &&HoldRow| is_live(hold, offer, now);
    let mut kept: Vec<&HoldRow> = kept.iter().filter(is_for_it).collect();
    let Some(own) = kept.iter().position(|hold| hold.tenant == offer.tenant) else { return offer.clone() };
    let own = kept.remove(own);
    let insurer = |hold: &&HoldRow| {
        let party = offer.others.iter().find(|party| party.tenant == hold.tenant);
        party.and_then(|party| party.insurer.clone())
    };
    let others = kept
        .iter()
        .map(|hold| Participant { tenant: hold.tenant, expert: hold.expert, insurer: insurer(hold) })
        .collect();
    Offer { expert: own.expert, others, ..offer.clone() }
}

/// Whether a hold keeps the time of an offer, and still does at `now`.
pub(crate) fn is_live(hold: &HoldRow, offer: &Offer, now: Timestamp) -> bool {
    hold.session == offer.session && hold.expires_at > now && (hold.start, hold.end) == (offer.busy_from, offer.busy_to)
}

fn event_data(expert: ExpertId) -> serde_json::Value {
    serde_json::json!({ "expert": expert })
}
