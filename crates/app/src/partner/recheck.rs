//! Is an offered slot still free?

use constat_availability::{pick_team, who_can};
use constat_domain::appointment::Slot;
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::holds;
use jiff::Timestamp;

use super::Offer;
use super::hold::is_live;
use super::parties::may_still_book;
use super::roads::look_up_drives;
use super::sides::{Named, Side, named_by};
use crate::roads::with_travel;
use crate::{App, AppError};

/// Checks one slot again, as a booking would: whoever can take it. The drives that it rests on are learned
/// first. [`BookingRefusal::UnknownSlot`] when it is expired, has begun or is no longer free, as the contract
/// has it.
pub async fn recheck_slot(app: &App, caller: &Caller, token: &str) -> Result<Slot, AppError> {
    let offer = Offer::open(&app.sealer, caller, token)?;
    look_up_drives(app, &offer).await;
    let now = app.clock.now();
    if now >= offer.expires_at || offer.slot.start < now {
        return Err(BookingRefusal::UnknownSlot.into());
    }
    let kept = app.store.read(|connection| holds::of_session(connection, offer.session))?;
    if kept.iter().any(|hold| is_live(hold, &offer, now)) {
        return Ok(offer.slot);
    }
    if can_be_kept(app, &offer, now)? { Ok(offer.slot) } else { Err(BookingRefusal::UnknownSlot.into()) }
}

/// Whether somebody, of each firm that is part of it, can keep an offered time, as the calendars are now.
pub(super) fn can_be_kept(app: &App, offer: &Offer, now: Timestamp) -> Result<bool, AppError> {
    let (from, to) = (offer.busy_from, offer.busy_to);
    for Named { side: Side { tenant, calendars, requirement }, .. } in
        named_by(app, offer, |tenant| app.calendars.of(tenant, now))?
    {
        if !app.store.read(|connection| may_still_book(connection, offer, &tenant))? {
            return Ok(false);
        }
        let able = with_travel!(&*app.travel, travel => who_can(&calendars, &requirement, from, to, travel));
        let is_kept = if offer.criteria.is_for_a_team() {
            pick_team(&calendars, &requirement, &able).is_some()
        } else {
            !able.is_empty()
        };
        if !is_kept {
            return Ok(false);
        }
    }
    Ok(true)
}
