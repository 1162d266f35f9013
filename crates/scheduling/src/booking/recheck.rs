//! Checks whether an offered slot is still free.

use constat_availability::{pick_team, who_can};
use constat_core::AppError;
use constat_domain::appointment::Slot;
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::holds;
use jiff::Timestamp;

use crate::offer::participants::{OfferParticipants, participants_of};
use crate::offer::parties::may_still_book;
use crate::offer::token::Offer;
use crate::scheduler::Scheduler;
use crate::travel::look_up_drives::look_up_drives;
use crate::travel::roads::with_travel;

impl Scheduler {
    /// Checks one slot as a booking would: any expert may take it. Looks up the drive times first.
    ///
    /// # Errors
    /// [`BookingRefusal::UnknownSlot`] when it is expired, has begun or is no longer free, as the contract says.
    pub async fn recheck(&self, caller: &Caller, slot_id: &str) -> Result<Slot, AppError> {
        let offer = Offer::open(&self.core.sealer, caller, slot_id)?;
        let participants = participants_of(&offer, &self.core.settings.availability)?;
        look_up_drives(self, &offer, &participants).await;
        let now = self.core.clock.now();
        if now >= offer.expires_at || offer.slot.start < now {
            return Err(BookingRefusal::UnknownSlot.into());
        }
        let held = self.core.store.read(|connection| holds::of_session(connection, offer.session))?;
        if held.iter().any(|hold| offer.is_held_by(hold, now)) || is_free(self, &offer, &participants, now)? {
            Ok(offer.slot)
        } else {
            Err(BookingRefusal::UnknownSlot.into())
        }
    }
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
