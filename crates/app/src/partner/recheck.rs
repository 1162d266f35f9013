//! Is an offered slot still free?

use constat_availability::{pick_team, who_can};
use constat_domain::appointment::Slot;
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::Caller;

use super::Offer;
use super::assign::sides_of;
use super::parties::may_book;
use crate::roads::with_travel;
use crate::{App, AppError};

/// Checks one slot again, as a booking would: whoever can take it.
/// [`BookingRefusal::UnknownSlot`] when it is expired or no longer free, as the contract has it.
pub(super) fn recheck_slot(app: &App, caller: &Caller, token: &str) -> Result<Slot, AppError> {
    let offer = Offer::open(&app.sealer, caller, token)?;
    let now = app.clock.now();
    if now >= offer.expires_at {
        return Err(BookingRefusal::UnknownSlot.into());
    }
    let (from, to) = (offer.busy_from, offer.busy_to);
    for side in sides_of(app, &offer, now)? {
        let is_ours = side.tenant == offer.tenant;
        if !is_ours && !app.store.read(|connection| may_book(connection, offer.holder, &side.tenant))? {
            return Err(BookingRefusal::UnknownSlot.into());
        }
        let able = with_travel!(&*app.travel, travel => {
            who_can(&side.calendars, &side.requirement, from, to, travel)
        });
        let is_kept = if offer.criteria.is_for_a_team() {
            pick_team(&side.calendars, &side.requirement, &able).is_some()
        } else {
            !able.is_empty()
        };
        if !is_kept {
            return Err(BookingRefusal::UnknownSlot.into());
        }
    }
    Ok(offer.slot)
}
