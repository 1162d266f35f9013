//! The status of a claim.

use serde::{Deserialize, Serialize};

/// Status of a claim.
///
/// Which follows which: [`TRANSITIONS`](super::TRANSITIONS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimStatus {
    /// A pre-declaration that may still be edited.
    Draft,
    /// Handed in.
    Submitted,
    /// A handler works on it.
    InProgress,
    /// The handler waits for the insured.
    PendingInfo,
    /// Settled.
    Closed,
    /// Refused.
    Rejected,
    /// Given up after it was submitted.
    Abandoned,
    /// Given up as a draft.
    Archived,
}

impl ClaimStatus {
    /// The name on the wire and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::InProgress => "in_progress",
            Self::PendingInfo => "pending_info",
            Self::Closed => "closed",
            Self::Rejected => "rejected",
            Self::Abandoned => "abandoned",
            Self::Archived => "archived",
        }
    }
}

/// Where a handler may move a claim: every status that is neither the draft's nor its submission's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NextStatus {
    /// Taken up, gone on with, or reopened.
    InProgress,
    /// Waits for the insured.
    PendingInfo,
    /// Settled.
    Closed,
    /// Refused.
    Rejected,
    /// Given up.
    Abandoned,
}

impl From<NextStatus> for ClaimStatus {
    fn from(next: NextStatus) -> Self {
        match next {
            NextStatus::InProgress => Self::InProgress,
            NextStatus::PendingInfo => Self::PendingInfo,
            NextStatus::Closed => Self::Closed,
            NextStatus::Rejected => Self::Rejected,
            NextStatus::Abandoned => Self::Abandoned,
        }
    }
}
