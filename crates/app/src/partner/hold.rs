//! Keeping an offered time for whoever is about to book it.
//!
//! A search promises nothing but to try. Somebody who has picked a slot and still fills in a form takes a
//! hold: from then on the time is theirs until the session ends, and nobody else is offered it. The
//! booking consumes it; a hold that is not used ends by itself, by the server's clock, without anybody
//! doing anything.

use constat_domain::Refusal;
use constat_domain::appointment::Slot;
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::TenantId;
use constat_store::queries::appointments;
use constat_store::queries::holds::{self, HoldRow};
use constat_store::{StoreError, Tx};
use jiff::Timestamp;

use super::assign::{Assigned, assign};
use super::book::differences;
use super::calendars::{Change, HELD, RELEASED, held};
use super::{Offer, Participant, Promised, Promises, Session};
use crate::{Act, App, AppError};

/// When one who keeps too many times is told to come back, in seconds: some will be booked or over by then.
const RETRY_SECONDS: u64 = 30;

/// Which time to keep.
#[derive(Debug, Clone)]
pub struct HoldSlot {
    /// The session and its slot, opened.
    pub promised: Promised,
    /// The slot as the caller repeats it.
    pub slot: Slot,
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
/// once the session has booked; [`AppError::TooManyHolds`] when the platform keeps as many as one may.
pub fn hold_slot(tx: &mut Tx, act: &Act, app: &App, command: &HoldSlot) -> Result<Held, AppError> {
    let Promised { session, offer } = &command.promised;
    Refusal::unless_empty(differences(&command.slot, &offer.slot))?;
    if appointments::of_session(tx, session.id)?.is_some() {
        return Err(BookingRefusal::SessionUsed.into());
    }
    command.promised.unexpired(act.at)?;
    holds::forget_expired_of_tenant(tx, act.tenant(), act.at)?;
    let kept = holds::of_session(tx, session.id)?;
    unless_too_many(tx, act, app, session)?;
    let Assigned { people, guards } = assign(tx, app, offer, &kept, act.at)?;
    release(tx, act, app, &kept)?;
    let position = if session.request.kind.is_on_site() { offer.criteria.position } else { None };
    // In the order of the people: the first is told, and it is what the booking finds first.
    let mut ids: Vec<_> = people.iter().map(|_| AppointmentId::new(act.at, &act.entropy())).collect();
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
        act.record_in(tx, hold.tenant, hold.id, HELD, event_data(hold.expert))?;
        let takes = Some((hold.expert, held(&hold)));
        let change = Change { appointment: hold.id, left: None, takes, until: Some(hold.expires_at) };
        app.calendars.follow(tx, hold.tenant, change);
    }
    guards.advance(tx)?;
    // The session has chosen, and its time is in the calendar.
    Promises::close_after(tx, app, offer);
    Ok(Held { id, expires_at: session.expires_at, slot: offer.slot })
}

/// Whether the platform may keep one more time at the firm asked, besides those of other sessions.
fn unless_too_many(tx: &mut Tx, act: &Act, app: &App, session: &Session) -> Result<(), AppError> {
    let most = app.settings.requests.most_holds;
    let mut kept = || holds::count_of_others(tx, act.tenant(), session.holder, session.id, act.at);
    if most > 0 && kept()? >= i64::from(most) {
        return Err(AppError::TooManyHolds { most, retry_after: RETRY_SECONDS });
    }
    Ok(())
}

/// Lets go of a time before its end, and of everybody else's that was taken with it.
///
/// # Errors
/// [`BookingRefusal::AppointmentNotFound`] when there is no such hold of the caller's, or it is over.
pub fn release_hold(tx: &mut Tx, act: &Act, app: &App, id: AppointmentId) -> Result<(), AppError> {
    let known = holds::by_id(tx, id)?
        .filter(|hold| hold.holder == act.caller.holder && hold.tenant == *act.tenant() && hold.expires_at > act.at)
        .ok_or(BookingRefusal::AppointmentNotFound)?;
    let kept = holds::of_session(tx, known.session)?;
    Ok(release(tx, act, app, &kept)?)
}

/// Lets go of all that a session keeps: it is booked, or given up.
pub(super) fn release(tx: &mut Tx, act: &Act, app: &App, kept: &[HoldRow]) -> Result<(), StoreError> {
    for hold in kept {
        holds::delete(tx, hold.id)?;
        if hold.expires_at > act.at {
            act.record_in(tx, hold.tenant, hold.id, RELEASED, event_data(hold.expert))?;
        }
        let change = Change { appointment: hold.id, left: Some(hold.expert), takes: None, until: None };
        app.calendars.follow(tx, hold.tenant, change);
    }
    Ok(())
}

/// The id of the appointment that a session keeps a firm's time for; of a team's, the one that was told.
pub(super) fn id_kept(kept: &[HoldRow], tenant: &TenantId) -> Option<AppointmentId> {
    kept.iter().find(|hold| hold.tenant == *tenant).map(|hold| hold.id)
}

/// The offer with the people whose time its session keeps for it: late binding may have found others than
/// those it names.
pub(super) fn with_kept(offer: &Offer, kept: &[HoldRow], now: Timestamp) -> Offer {
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
pub(super) fn is_live(hold: &HoldRow, offer: &Offer, now: Timestamp) -> bool {
    hold.session == offer.session && hold.expires_at > now && (hold.start, hold.end) == (offer.busy_from, offer.busy_to)
}

fn event_data(expert: ExpertId) -> serde_json::Value {
    serde_json::json!({ "expert": expert })
}
