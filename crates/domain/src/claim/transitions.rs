//! The status machine of a claim: all transitions in one table, used by every command and every list of
//! allowed actions.
//!
//! The contract writes it as `draft -> submitted -> in_progress <-> pending_info -> closed | rejected |
//! abandoned; draft -> archived; submitted, pending_info -> abandoned; closed -> in_progress`. It is
//! interpreted as follows:
//!
//! - `in_progress <-> pending_info` is one stage: a handler works on the claim. It may be closed or rejected
//!   from either status.
//! - Only a claim in that stage can be decided: a submitted claim is neither closed nor rejected before a
//!   handler takes it up.
//! - A claim can be abandoned from `submitted` and `pending_info` only. While a handler works on it
//!   (`in_progress`), the handler requests information first, or decides.
//! - `rejected`, `abandoned` and `archived` are final; `closed` may be reopened.

use super::ClaimStatus;

/// What moves a claim from one status to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The insured hands the draft in.
    Submit,
    /// The insured or the handler gives it up.
    GiveUp,
    /// A handler takes it up, or goes on with it.
    Work,
    /// The handler waits for the insured.
    Wait,
    /// It is settled.
    Close,
    /// It is refused.
    Reject,
    /// A closed claim is taken up again.
    Reopen,
}

/// One arrow of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Transition {
    /// Where it starts.
    pub from: ClaimStatus,
    /// Where it leads.
    pub to: ClaimStatus,
    /// What does it.
    pub step: Step,
}

const fn arrow(from: ClaimStatus, step: Step, to: ClaimStatus) -> Transition {
    Transition { from, to, step }
}

/// Every arrow. A claim moves along these and in no other way. Source: claims API v2, "Life cycle", as
/// read above.
pub const TRANSITIONS: [Transition; 12] = {
    use ClaimStatus::{Abandoned, Archived, Closed, Draft, InProgress, PendingInfo, Rejected, Submitted};
    [
        arrow(Draft, Step::Submit, Submitted),
        arrow(Draft, Step::GiveUp, Archived),
        arrow(Submitted, Step::Work, InProgress),
        arrow(Submitted, Step::GiveUp, Abandoned),
        arrow(InProgress, Step::Wait, PendingInfo),
        arrow(InProgress, Step::Close, Closed),
        arrow(InProgress, Step::Reject, Rejected),
        arrow(PendingInfo, Step::Work, InProgress),
        arrow(PendingInfo, Step::Close, Closed),
        arrow(PendingInfo, Step::Reject, Rejected),
        arrow(PendingInfo, Step::GiveUp, Abandoned),
        arrow(Closed, Step::Reopen, InProgress),
    ]
};

impl ClaimStatus {
    /// Every status, in the order of a claim's life.
    pub const ALL: [Self; 8] = [
        Self::Draft,
        Self::Submitted,
        Self::InProgress,
        Self::PendingInfo,
        Self::Closed,
        Self::Rejected,
        Self::Abandoned,
        Self::Archived,
    ];

    /// Where a step leads from here; `None` when it cannot be taken here.
    pub fn after(self, step: Step) -> Option<Self> {
        TRANSITIONS.iter().find(|arrow| arrow.from == self && arrow.step == step).map(|arrow| arrow.to)
    }

    /// The step that leads from here to there; `None` when none does.
    pub fn step_to(self, to: Self) -> Option<Step> {
        TRANSITIONS.iter().find(|arrow| arrow.from == self && arrow.to == to).map(|arrow| arrow.step)
    }

    /// Whether handlers have it before them: submitted, and not decided or given up.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Submitted | Self::InProgress | Self::PendingInfo)
    }

    /// Whether nothing more is to be done here: decided or given up. A closed claim may be reopened.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Closed | Self::Rejected | Self::Abandoned | Self::Archived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_contracts() {
        use ClaimStatus as S;
        let next = |from: S| -> Vec<S> { S::ALL.into_iter().filter(|to| from.step_to(*to).is_some()).collect() };
        assert_eq!(next(S::Draft), [S::Submitted, S::Archived]);
        assert_eq!(next(S::Submitted), [S::InProgress, S::Abandoned]);
        assert_eq!(next(S::InProgress), [S::PendingInfo, S::Closed, S::Rejected]);
        assert_eq!(next(S::PendingInfo), [S::InProgress, S::Closed, S::Rejected, S::Abandoned]);
        assert_eq!(next(S::Closed), [S::InProgress]);
        for last in [S::Rejected, S::Abandoned, S::Archived] {
            assert!(next(last).is_empty(), "{last:?} is final");
        }
    }

    #[test]
    fn an_arrow_is_told_by_its_ends_and_by_its_step() {
        for arrow in TRANSITIONS {
            assert_eq!(arrow.from.step_to(arrow.to), Some(arrow.step));
            assert_eq!(arrow.from.after(arrow.step), Some(arrow.to));
        }
        for status in ClaimStatus::ALL {
            assert_eq!(status.step_to(status), None);
            assert_eq!(
                i32::from(status.is_open()) + i32::from(status.is_end()) + i32::from(status == ClaimStatus::Draft),
                1
            );
        }
    }
}
