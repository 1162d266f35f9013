//! Is an offered slot still free?

use constat_availability::{pick_team, who_can};
use constat_domain::appointment::Slot;
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::holds;
use jiff::Timestamp;

use crate::Scheduler;
use crate::booking::hold::is_live;
use crate::offer::participants::{Named, Side, named_by};
use crate::offer::parties::may_still_book;
use crate::offer::token::Offer;
use crate::travel::look_up::look_up_drives;
use crate::travel::with_travel;
use constat_core::AppError;

/// Checks one slot again, as a booking would: whoever can take it. The drives that it rests on are learned
/// first. [`BookingRefusal::UnknownSlot`] when it is expired, has begun or is no longer free, as the contract
/// has it.
pub async fn recheck_slot(scheduler: &Scheduler, caller: &Caller, token: &str) -> Result<Slot, AppError> {
    let offer = Offer::open(&scheduler.core.sealer, caller, token)?;
    look_up_drives(scheduler, &offer).await;
    let now = scheduler.core.clock.now();
    if now >= offer.expires_at || offer.slot.start < now {
        return Err(BookingRefusal::UnknownSlot.into());
    }
    let kept = scheduler.core.store.read(|connection| holds::of_session(connection, offer.session))?;
    if kept.iter().any(|hold| is_live(hold, &offer, now)) {
        return Ok(offer.slot);
    }
    if can_be_kept(scheduler, &offer, now)? { Ok(offer.slot) } else { Err(BookingRefusal::UnknownSlot.into()) }
}

/// Whether somebody, of each firm that is part of it, can keep an offered time, as the calendars are now.
pub(crate) fn can_be_kept(scheduler: &Scheduler, offer: &Offer, now: Timestamp) -> Result<bool, AppError> {
    let (from, to) = (offer.busy_from, offer.busy_to);
    for Named { side: Side { tenant, calendars, requirement }, .. } in
        named_by(scheduler, offer, |tenant| scheduler.calendars.of(tenant, now))?
    {
        if !scheduler.core.store.read(|connection| may_still_book(connection, offer, &tenant))? {
            return Ok(false);
        }
        let able = with_travel!(&*scheduler.travel, travel => who_can(&calendars, &requirement, from, to, travel));
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
