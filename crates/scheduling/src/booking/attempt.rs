//! One attempt to take an offered time: the opened session and offer with their participants. A hold, a booking and a
//! reschedule each build it once.

use constat_core::{AppError, Core};
use constat_domain::FieldError;
use constat_domain::appointment::Slot;
use constat_domain::ids::ExpertId;
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::{Caller, TenantId};
use constat_store::queries::holds::HoldRow;
use jiff::Timestamp;

use crate::offer::participants::{OfferParticipants, participants_of};
use crate::offer::token::{Offer, Session, open_offer};

/// A slot as a caller repeats it, with the sealed tokens that the search gave.
#[derive(Debug, Clone)]
pub struct RequestedSlot {
    /// The sealed session.
    pub session_id: String,
    /// The sealed slot.
    pub slot_id: String,
    /// Start, end and kind: must be those of the sealed slot.
    pub slot: Slot,
}

/// An attempt to take an offered time.
pub(crate) struct BookingAttempt {
    pub(crate) session: Session,
    pub(crate) offer: Offer,
    /// Never empty: the firm that makes the offer first.
    pub(crate) participants: Vec<OfferParticipants>,
}

impl BookingAttempt {
    /// Opens the session and the slot, and resolves the participants.
    ///
    /// # Errors
    /// [`BookingRefusal::UnknownSlot`] when a token was not sealed here for this caller, or the slot is of another
    /// session.
    pub(crate) fn open(core: &Core, caller: &Caller, requested: &RequestedSlot) -> Result<Self, AppError> {
        let (session, offer) = open_offer(&core.sealer, caller, &requested.session_id, &requested.slot_id)?;
        let participants = participants_of(&offer, &core.settings.availability)?;
        Ok(Self { session, offer, participants })
    }

    /// The busy time of the visit in an expert's day: start and end.
    pub(crate) const fn busy_span(&self) -> (Timestamp, Timestamp) {
        (self.offer.busy_from, self.offer.busy_to)
    }

    /// Refuses a session that is over at `now`: its last instant is the one before `expires_at`.
    pub(crate) fn require_live_session(&self, now: Timestamp) -> Result<(), BookingRefusal> {
        if now < self.session.expires_at { Ok(()) } else { Err(BookingRefusal::SessionExpired) }
    }

    /// The fields in which the repeated slot differs from the offered one.
    pub(crate) fn differences(&self, repeated: &Slot) -> Vec<FieldError> {
        let offered = &self.offer.slot;
        let differs = [
            ("timeslot.type", repeated.kind != offered.kind),
            ("timeslot.startTime", repeated.start != offered.start),
            ("timeslot.endTime", repeated.end != offered.end),
            ("timeslot.duration", repeated.duration_minutes != offered.duration_minutes),
        ];
        let differing = differs.into_iter().filter(|(_, differs)| *differs);
        differing.map(|(field, _)| FieldError::new(field, "is not what was offered under this id")).collect()
    }

    /// The experts of one firm to try first: those that the session's holds reserve, else those that the offer names.
    /// A hold may have reserved another expert than the one named.
    pub(crate) fn preferred_experts(
        &self,
        participants: &OfferParticipants,
        held: &[HoldRow],
        now: Timestamp,
    ) -> Vec<ExpertId> {
        let of_firm = |tenant: &TenantId| -> Vec<ExpertId> {
            let live = held.iter().filter(|hold| hold.tenant == *tenant && self.offer.is_held_by(hold, now));
            live.map(|hold| hold.expert).collect()
        };
        let reserved = of_firm(&participants.tenant);
        if reserved.is_empty() { participants.experts.clone() } else { reserved }
    }
}
