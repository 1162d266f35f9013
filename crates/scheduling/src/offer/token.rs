//! Sessions and offers: what a search promises, sealed into tokens and stored nowhere.

use constat_domain::appointment::Slot;
use constat_domain::ids::{ExpertId, OrgId, SessionId};
use constat_domain::refusal::BookingRefusal;
use constat_domain::service::ServiceRequest;
use constat_domain::tenancy::{Caller, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::offer::criteria::Criteria;
use constat_core::{AppError, Seal, Sealer};

/// A search session: the content of `sessionID`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its identifier: a session books once.
    pub id: SessionId,
    /// The firm that was asked.
    pub tenant: TenantId,
    /// Who asked.
    pub holder: OrgId,
    /// When.
    pub asked_at: Timestamp,
    /// The instant from which nothing of it can be booked.
    pub expires_at: Timestamp,
    /// What was asked for, its place located.
    pub request: ServiceRequest,
}

/// An offered slot: the content of `Timeslot.id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// The session it belongs to.
    pub session: SessionId,
    /// The firm that offers it.
    pub tenant: TenantId,
    /// To whom.
    pub holder: OrgId,
    /// When the search was.
    pub asked_at: Timestamp,
    /// The instant from which it cannot be booked.
    pub expires_at: Timestamp,
    /// Who would come, unless somebody takes that person's time first.
    pub expert: ExpertId,
    /// Who else would be there, when several must.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Participant>,
    /// What is promised.
    pub slot: Slot,
    /// What it takes of the expert's day: from.
    pub busy_from: Timestamp,
    /// What it takes of the expert's day: to.
    pub busy_to: Timestamp,
    /// What the visit asks of whoever takes it.
    pub criteria: Criteria,
}

/// Somebody who must be there besides the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Participant {
    /// The person's firm: the one that offers the slot, or another party's.
    pub tenant: TenantId,
    /// Who would come.
    pub expert: ExpertId,
    /// ACAM code of the insurer that another firm's expert comes for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurer: Option<String>,
}

/// An offer and the session it was made in, both opened.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenedOffer {
    /// The session.
    pub session: Session,
    /// The offer.
    pub offer: Offer,
}

impl Session {
    /// Opens a `sessionID`. [`BookingRefusal::UnknownSlot`] when it was not made here for this
    /// caller. Says nothing of its expiry.
    pub(crate) fn open(sealer: &Sealer, caller: &Caller, token: &str) -> Result<Self, AppError> {
        sealer
            .open::<Self>(Seal::Session, token)
            .filter(|session| session.tenant == caller.tenant && session.holder == caller.holder)
            .ok_or_else(|| BookingRefusal::UnknownSlot.into())
    }
}

impl Offer {
    /// Opens a slot's id; as [`Session::open`].
    pub(crate) fn open(sealer: &Sealer, caller: &Caller, token: &str) -> Result<Self, AppError> {
        sealer
            .open::<Self>(Seal::Slot, token)
            .filter(|offer| offer.tenant == caller.tenant && offer.holder == caller.holder)
            .ok_or_else(|| BookingRefusal::UnknownSlot.into())
    }
}

impl OpenedOffer {
    /// Refuses a session that is over at `now`: its last instant is the one before `expires_at`.
    pub(crate) fn unexpired(&self, now: Timestamp) -> Result<(), BookingRefusal> {
        if now < self.session.expires_at { Ok(()) } else { Err(BookingRefusal::SessionExpired) }
    }
}

/// Opens a session and one of its slots. A slot of another session is unknown to this one.
pub fn open_offer(sealer: &Sealer, caller: &Caller, session_id: &str, slot_id: &str) -> Result<OpenedOffer, AppError> {
    let session = Session::open(sealer, caller, session_id)?;
    let offer = Offer::open(sealer, caller, slot_id)?;
    if offer.session == session.id {
        Ok(OpenedOffer { session, offer })
    } else {
        Err(BookingRefusal::UnknownSlot.into())
    }
}
