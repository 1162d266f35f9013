//! Is an offered slot still free?

use constat_availability::who_can;
use constat_domain::Refusal;
use constat_domain::appointment::Slot;
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::Caller;

use super::Offer;
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
    let settings = &app.settings.availability;
    let requirement = offer
        .criteria
        .requirement(offer.busy_from, offer.busy_to, offer.asked_at, settings)
        .map_err(Refusal::Invalid)?;
    let calendars = app.calendars.of(&caller.tenant, now)?;
    let able = with_travel!(&*app.travel, travel => {
        who_can(&calendars, &requirement, offer.busy_from, offer.busy_to, travel)
    });
    if able.is_empty() { Err(BookingRefusal::UnknownSlot.into()) } else { Ok(offer.slot) }
}
