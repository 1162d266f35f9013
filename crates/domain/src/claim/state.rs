//! The state of a claim: its status with the facts that the status rests on.
//!
//! A [`ClaimState`] cannot contradict itself. It is stored flat, beside the other fields of a claim, as a
//! [`StoredState`]; one that contradicts itself is refused when it is read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::status::{ClaimStatus, NextStatus};
use crate::ids::ClaimId;
use crate::refusal::FieldError;

/// The state of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredState", into = "StoredState")]
pub enum ClaimState {
    /// A pre-declaration that may still be edited.
    Draft,
    /// A pre-declaration that was given up.
    Archived(GivenUp),
    /// A claim that was submitted.
    Submitted(Submission),
}

/// When and why a claim was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// When.
    pub at: Timestamp,
    /// Why, if a reason was given.
    pub reason: Option<String>,
}

/// What has become of a submitted claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The id of the internal claim.
    pub claim_id: ClaimId,
    /// When the claim was submitted.
    pub at: Timestamp,
    /// How far it is.
    pub stage: Stage,
    /// When it was last closed before it was reopened.
    pub closed_before: Option<Timestamp>,
    /// When it was last reopened.
    pub reopened_at: Option<Timestamp>,
}

/// How far a submitted claim is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// No handler has taken it up.
    Received,
    /// A handler works on it.
    InProgress,
    /// The handler waits for the insured.
    PendingInfo,
    /// Settled.
    Closed {
        /// When.
        at: Timestamp,
    },
    /// Refused.
    Rejected {
        /// When; unknown for claims of another system.
        at: Option<Timestamp>,
    },
    /// Given up.
    Abandoned(GivenUp),
}

impl ClaimState {
    /// A claim that has just been submitted.
    pub const fn submitted(claim_id: ClaimId, at: Timestamp) -> Self {
        Self::Submitted(Submission { claim_id, at, stage: Stage::Received, closed_before: None, reopened_at: None })
    }

    /// The status.
    pub const fn status(&self) -> ClaimStatus {
        match self {
            Self::Draft => ClaimStatus::Draft,
            Self::Archived(_) => ClaimStatus::Archived,
            Self::Submitted(submission) => match submission.stage {
                Stage::Received => ClaimStatus::Submitted,
                Stage::InProgress => ClaimStatus::InProgress,
                Stage::PendingInfo => ClaimStatus::PendingInfo,
                Stage::Closed { .. } => ClaimStatus::Closed,
                Stage::Rejected { .. } => ClaimStatus::Rejected,
                Stage::Abandoned(_) => ClaimStatus::Abandoned,
            },
        }
    }

    /// The submission, unless it is a draft or an archived one.
    pub const fn submission(&self) -> Option<&Submission> {
        if let Self::Submitted(submission) = self { Some(submission) } else { None }
    }

    /// When and why it was archived or abandoned.
    pub const fn given_up(&self) -> Option<&GivenUp> {
        match self {
            Self::Archived(given_up) | Self::Submitted(Submission { stage: Stage::Abandoned(given_up), .. }) => {
                Some(given_up)
            }
            _ => None,
        }
    }

    /// When it was last closed, also when it was reopened since.
    pub fn closed_at(&self) -> Option<Timestamp> {
        let submission = self.submission()?;
        if let Stage::Closed { at } = submission.stage { Some(at) } else { submission.closed_before }
    }

    /// When it was rejected.
    pub fn rejected_at(&self) -> Option<Timestamp> {
        if let Stage::Rejected { at } = self.submission()?.stage { at } else { None }
    }

    /// Archives a draft, or abandons a submitted claim.
    pub(super) fn give_up(&mut self, given_up: GivenUp) {
        match self {
            Self::Draft | Self::Archived(_) => *self = Self::Archived(given_up),
            Self::Submitted(submission) => submission.stage = Stage::Abandoned(given_up),
        }
    }

    /// Removes the reason for which it was given up.
    pub(super) fn erase_reason(&mut self) {
        if let Self::Archived(given_up) | Self::Submitted(Submission { stage: Stage::Abandoned(given_up), .. }) = self {
            given_up.reason = None;
        }
    }

    /// Moves a submitted claim on. The instant at which it was closed stays when it is reopened. Does nothing to a
    /// draft.
    pub(super) fn enter(&mut self, next: NextStatus, reason: Option<String>, at: Timestamp) {
        let Self::Submitted(submission) = self else { return };
        if let Stage::Closed { at: closed } = submission.stage {
            submission.closed_before = Some(closed);
            submission.reopened_at = Some(at);
        }
        submission.stage = match next {
            NextStatus::InProgress => Stage::InProgress,
            NextStatus::PendingInfo => Stage::PendingInfo,
            NextStatus::Closed => Stage::Closed { at },
            NextStatus::Rejected => Stage::Rejected { at: Some(at) },
            NextStatus::Abandoned => Stage::Abandoned(GivenUp { at, reason }),
        };
    }
}

/// The state as stored, exported and imported: a status, and the fields that may go with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredState {
    /// The internal claim's id, given when the claim is submitted.
    pub claim_id: Option<ClaimId>,
    /// The status.
    pub status: ClaimStatus,
    /// When it was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When it was last closed.
    pub closed_at: Option<Timestamp>,
    /// When it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_at: Option<Timestamp>,
    /// When it was last reopened.
    pub reopened_at: Option<Timestamp>,
    /// When it was abandoned or archived.
    pub abandoned_at: Option<Timestamp>,
    /// Why it was abandoned or archived.
    pub abandon_reason: Option<String>,
}

impl StoredState {
    /// The names of its fields.
    pub const FIELDS: [&str; 8] = [
        "claim_id",
        "status",
        "submitted_at",
        "closed_at",
        "rejected_at",
        "reopened_at",
        "abandoned_at",
        "abandon_reason",
    ];

    /// The fields that are missing for the status or contradict it.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let status = self.status.as_str();
        let mut wants = |field: &str, is_there: bool, wanted: bool| {
            if is_there != wanted {
                let must = if wanted { "must be there" } else { "must be left out" };
                faults.push(FieldError::new(field, format!("{must}: the claim is {status}")));
            }
        };
        let is_early = matches!(self.status, ClaimStatus::Draft | ClaimStatus::Archived);
        wants("claim_id", self.claim_id.is_some(), !is_early);
        wants("submitted_at", self.submitted_at.is_some(), !is_early);
        if self.status == ClaimStatus::Closed || is_early {
            wants("closed_at", self.closed_at.is_some(), !is_early);
        }
        if is_early {
            wants("reopened_at", self.reopened_at.is_some(), false);
        }
        if self.status != ClaimStatus::Rejected {
            wants("rejected_at", self.rejected_at.is_some(), false);
        }
        let is_given_up = matches!(self.status, ClaimStatus::Abandoned | ClaimStatus::Archived);
        wants("abandoned_at", self.abandoned_at.is_some(), is_given_up);
        if !is_given_up {
            wants("abandon_reason", self.abandon_reason.is_some(), false);
        }
        faults
    }
}

/// A stored state that contradicts itself.
#[derive(Debug, thiserror::Error)]
#[error("{field}: {message}")]
pub struct ContradictoryState {
    field: String,
    message: String,
}

impl TryFrom<StoredState> for ClaimState {
    type Error = ContradictoryState;

    fn try_from(stored: StoredState) -> Result<Self, ContradictoryState> {
        if let Some(FieldError { field, message }) = stored.faults().into_iter().next() {
            return Err(ContradictoryState { field, message });
        }
        let missing = |field: &str| ContradictoryState { field: field.to_owned(), message: "is missing".to_owned() };
        let given_up = |at: Option<Timestamp>, reason| {
            Ok::<_, ContradictoryState>(GivenUp { at: at.ok_or_else(|| missing("abandoned_at"))?, reason })
        };
        let stage = match stored.status {
            ClaimStatus::Draft => return Ok(Self::Draft),
            ClaimStatus::Archived => return Ok(Self::Archived(given_up(stored.abandoned_at, stored.abandon_reason)?)),
            ClaimStatus::Submitted => Stage::Received,
            ClaimStatus::InProgress => Stage::InProgress,
            ClaimStatus::PendingInfo => Stage::PendingInfo,
            ClaimStatus::Closed => Stage::Closed { at: stored.closed_at.ok_or_else(|| missing("closed_at"))? },
            ClaimStatus::Rejected => Stage::Rejected { at: stored.rejected_at },
            ClaimStatus::Abandoned => Stage::Abandoned(given_up(stored.abandoned_at, stored.abandon_reason)?),
        };
        let is_closed = stored.status == ClaimStatus::Closed;
        Ok(Self::Submitted(Submission {
            claim_id: stored.claim_id.ok_or_else(|| missing("claim_id"))?,
            at: stored.submitted_at.ok_or_else(|| missing("submitted_at"))?,
            stage,
            closed_before: stored.closed_at.filter(|_| !is_closed),
            reopened_at: stored.reopened_at,
        }))
    }
}

impl From<ClaimState> for StoredState {
    fn from(state: ClaimState) -> Self {
        let submission = state.submission();
        let given_up = state.given_up();
        Self {
            status: state.status(),
            claim_id: submission.map(|submission| submission.claim_id),
            submitted_at: submission.map(|submission| submission.at),
            closed_at: state.closed_at(),
            rejected_at: state.rejected_at(),
            reopened_at: submission.and_then(|submission| submission.reopened_at),
            abandoned_at: given_up.map(|given_up| given_up.at),
            abandon_reason: given_up.and_then(|given_up| given_up.reason.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(status: ClaimStatus) -> StoredState {
        StoredState {
            claim_id: None,
            status,
            submitted_at: None,
            closed_at: None,
            rejected_at: None,
            reopened_at: None,
            abandoned_at: None,
            abandon_reason: None,
        }
    }

    #[test]
    fn each_state_is_read_back_as_it_was_stored() {
        let (first, last) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(60).unwrap());
        let given_up = GivenUp { at: last, reason: Some("found".to_owned()) };
        let mut states = vec![ClaimState::Draft, ClaimState::Archived(given_up.clone())];
        for stage in [
            Stage::Received,
            Stage::InProgress,
            Stage::PendingInfo,
            Stage::Closed { at: last },
            Stage::Rejected { at: None },
            Stage::Rejected { at: Some(last) },
            Stage::Abandoned(given_up),
        ] {
            let claim_id = ClaimId::new(first, &[1; 10]);
            let submission = Submission { claim_id, at: first, stage, closed_before: None, reopened_at: None };
            states.push(ClaimState::Submitted(submission));
        }
        for state in states {
            let json = serde_json::to_string(&state).unwrap();
            assert_eq!(serde_json::from_str::<ClaimState>(&json).unwrap(), state, "{json}");
        }
    }

    #[test]
    fn a_closing_is_remembered_after_the_claim_was_reopened() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut state = ClaimState::submitted(ClaimId::new(at(0), &[1; 10]), at(1));
        for (second, next) in [(2, NextStatus::InProgress), (3, NextStatus::Closed), (4, NextStatus::InProgress)] {
            state.enter(next, None, at(second));
        }
        let stored = StoredState::from(state.clone());
        assert_eq!((stored.status, stored.closed_at), (ClaimStatus::InProgress, Some(at(3))));
        assert_eq!(stored.reopened_at, Some(at(4)));
        assert_eq!(ClaimState::try_from(stored).unwrap(), state);
    }

    #[test]
    fn fields_that_contradict_the_status_are_named() {
        let at = Some(Timestamp::UNIX_EPOCH);
        let fields = |stored: &StoredState| stored.faults().into_iter().map(|fault| fault.field).collect::<Vec<_>>();
        assert_eq!(fields(&StoredState { abandoned_at: at, ..stored(ClaimStatus::Draft) }), ["abandoned_at"]);
        assert_eq!(fields(&stored(ClaimStatus::Closed)), ["claim_id", "submitted_at", "closed_at"]);
        assert_eq!(fields(&stored(ClaimStatus::Archived)), ["abandoned_at"]);
        let early = StoredState { rejected_at: at, reopened_at: at, ..stored(ClaimStatus::Draft) };
        assert_eq!(fields(&early), ["reopened_at", "rejected_at"]);
        assert!(ClaimState::try_from(early).is_err());
    }
}
