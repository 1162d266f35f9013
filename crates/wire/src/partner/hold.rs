//! Keeping a slot while a form is filled in.

use constat_domain::FieldError;
use constat_domain::appointment::Slot;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MAX_SESSION_ID_CHARS, Timeslot};
use crate::common::{Checker, Instant};

/// Keeps one slot of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldRequest {
    /// The slot, as it was offered.
    pub timeslot: Timeslot,
    /// The session it was offered in.
    #[serde(rename = "sessionID")]
    #[schemars(length(min = 1, max = 65536))]
    pub session_id: String,
}

/// A request to keep a slot that was found well-formed.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedHold {
    /// The slot as the caller repeats it; its token alone is trusted.
    pub slot: Slot,
    /// The offer's token: `timeslot.id`.
    pub slot_id: String,
    /// `sessionID`, as given.
    pub session_id: String,
}

impl HoldRequest {
    /// Reads the request, or lists everything wrong with it.
    pub fn into_domain(self) -> Result<CheckedHold, Vec<FieldError>> {
        let mut checker = Checker::new();
        checker.text("sessionID", &self.session_id, 1, MAX_SESSION_ID_CHARS);
        let slot = checker.object("timeslot", |inner| self.timeslot.read(inner));
        checker.finish(Some(CheckedHold { slot, slot_id: self.timeslot.id, session_id: self.session_id }))
    }
}

/// A slot that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldAnswer {
    /// Identifies the hold, and the appointment once it is booked.
    #[serde(rename = "holdID")]
    pub hold_id: String,
    /// The instant at which the hold ends: the end of its session.
    pub expires_at: Instant,
    /// What is kept.
    pub timeslot: Timeslot,
}

/// A slot that is kept no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleasedHold {
    /// Which hold it was.
    #[serde(rename = "holdID")]
    pub hold_id: String,
}
