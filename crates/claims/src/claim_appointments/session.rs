//! What was searched, sealed into the platform's own `sessionID`.
//!
//! A partner's session is opaque: it does not tell what was searched. The platform's session says
//! it, sealed together with the partner's, so that a booking has to name only session and slot, and
//! any node can honour what another offered, after a restart too.

use constat_domain::appointment::SESSION_SECONDS;
use constat_domain::claim::Claim;
use constat_domain::geo::Place;
use constat_domain::ids::DeclarationId;
use constat_domain::refusal::BookingRefusal;
use constat_domain::service::ServiceKind;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use constat_core::{AppError, Seal, Sealer};

/// The least that a session opens: twice the contract's 300 s. The partner judges its own session by
/// its own clock, which may differ from ours.
const OPENS_FOR: SignedDuration = SignedDuration::from_secs(2 * SESSION_SECONDS);

/// A search made for a claim: the content of `sessionID`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Session {
    /// The claim, by its pre-declaration.
    pub(super) claim: DeclarationId,
    /// The name of the partner that was asked.
    pub(super) partner: String,
    /// The partner's own session; opaque.
    pub(super) theirs: String,
    /// The kind of intervention.
    pub(super) kind: ServiceKind,
    /// Where.
    pub(super) place: Place,
    /// The instant from which nothing of it is asked of the partner any more.
    pub(super) expires_at: Timestamp,
}

impl Session {
    /// When a session made at `now` ends here, given when the partner says that its own ends.
    pub(super) fn ends(now: Timestamp, theirs: Option<Timestamp>) -> Timestamp {
        let least = now.saturating_add(OPENS_FOR).unwrap_or(now);
        theirs.map_or(least, |theirs| theirs.max(least))
    }

    /// Seals it into a `sessionID`.
    pub(super) fn seal(&self, sealer: &Sealer) -> Result<String, AppError> {
        sealer.seal(Seal::PlatformSession, self)
    }

    /// Opens a `sessionID` of a search for this claim.
    ///
    /// # Errors
    /// [`BookingRefusal::UnknownSlot`] when it was not made here or not for this claim,
    /// [`BookingRefusal::SessionExpired`] when it is over.
    pub(super) fn open(sealer: &Sealer, claim: &Claim, token: &str, now: Timestamp) -> Result<Self, BookingRefusal> {
        let session = sealer.open::<Self>(Seal::PlatformSession, token);
        let session = session.filter(|session| session.claim == claim.declaration_id);
        let session = session.ok_or(BookingRefusal::UnknownSlot)?;
        if now < session.expires_at { Ok(session) } else { Err(BookingRefusal::SessionExpired) }
    }
}
