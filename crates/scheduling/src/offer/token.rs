//! Sessions and offers of a search: sealed into tokens, stored nowhere.

use constat_domain::appointment::Slot;
use constat_domain::ids::{ExpertId, OrgId, SessionId};
use constat_domain::refusal::BookingRefusal;
use constat_domain::service::ServiceRequest;
use constat_domain::tenancy::{Caller, TenantId};
use constat_store::queries::holds::HoldRow;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::offer::criteria::Criteria;
use constat_core::{AppError, Seal, Sealer};

/// A search session: the content of `sessionID`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its identifier: a session books once.
    pub id: SessionId,
    /// The firm that was searched.
    pub tenant: TenantId,
    /// The organisation that searched.
    pub holder: OrgId,
    /// The instant of the search.
    pub asked_at: Timestamp,
    /// The instant from which nothing of it can be booked.
    pub expires_at: Timestamp,
    /// The request, its place located.
    pub request: ServiceRequest,
}

/// An offered slot: the content of `Timeslot.id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// The session it belongs to.
    pub session: SessionId,
    /// The firm that offers it.
    pub tenant: TenantId,
    /// The organisation that searched.
    pub holder: OrgId,
    /// The instant of the search.
    pub asked_at: Timestamp,
    /// The instant from which it cannot be booked.
    pub expires_at: Timestamp,
    /// The expert, unless another booking takes the time first.
    pub expert: ExpertId,
    /// The other experts of a joint appointment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Participant>,
    /// The offered slot.
    pub slot: Slot,
    /// Start of the busy time in the expert's day.
    pub busy_from: Timestamp,
    /// End of the busy time in the expert's day.
    pub busy_to: Timestamp,
    /// The criteria of the search.
    pub criteria: Criteria,
}

/// A further expert of a joint appointment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Participant {
    /// The expert's firm: the one that offers the slot, or another party's.
    pub tenant: TenantId,
    /// The expert.
    pub expert: ExpertId,
    /// ACAM code of the insurer that another firm's expert comes for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurer: Option<String>,
}

impl Session {
    /// Opens a `sessionID`, expired or not.
    ///
    /// # Errors
    /// [`BookingRefusal::UnknownSlot`] when it was not sealed here for this caller.
    pub(crate) fn open(sealer: &Sealer, caller: &Caller, token: &str) -> Result<Self, AppError> {
        sealer
            .open::<Self>(Seal::Session, token)
            .filter(|session| session.tenant == caller.tenant && session.holder == caller.holder)
            .ok_or_else(|| BookingRefusal::UnknownSlot.into())
    }
}

impl Offer {
    /// Opens a slot's id, as [`Session::open`].
    pub(crate) fn open(sealer: &Sealer, caller: &Caller, token: &str) -> Result<Self, AppError> {
        sealer
            .open::<Self>(Seal::Slot, token)
            .filter(|offer| offer.tenant == caller.tenant && offer.holder == caller.holder)
            .ok_or_else(|| BookingRefusal::UnknownSlot.into())
    }

    /// Whether a hold reserves the time of this offer at `now`.
    pub(crate) fn is_held_by(&self, hold: &HoldRow, now: Timestamp) -> bool {
        hold.session == self.session
            && hold.expires_at > now
            && (hold.start, hold.end) == (self.busy_from, self.busy_to)
    }
}

/// Opens a session and one of its slots.
///
/// # Errors
/// [`BookingRefusal::UnknownSlot`] when one was not sealed here for this caller, or the slot is of another session.
pub fn open_offer(
    sealer: &Sealer,
    caller: &Caller,
    session_id: &str,
    slot_id: &str,
) -> Result<(Session, Offer), AppError> {
    let session = Session::open(sealer, caller, session_id)?;
    let offer = Offer::open(sealer, caller, slot_id)?;
    if offer.session == session.id { Ok((session, offer)) } else { Err(BookingRefusal::UnknownSlot.into()) }
}
