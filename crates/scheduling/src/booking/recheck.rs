//! Checks whether an offered slot is still free.

use constat_core::AppError;
use constat_domain::appointment::Slot;
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::holds;

use crate::booking::precheck::is_free;
use crate::offer::participants::participants_of;
use crate::offer::token::Offer;
use crate::scheduler::Scheduler;
use crate::travel::look_up_drives::look_up_drives;

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
