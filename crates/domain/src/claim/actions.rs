//! What may be done with a claim next, and why the rest may not: asked of the very functions that the
//! verbs ask first, so that the two cannot differ.

use super::{Claim, NextStatus, Rules};
use crate::refusal::ClaimRefusal;
use crate::tenancy::Caller;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asker {
    /// The platform itself: it decides.
    Handler,
    /// An integrator: it declares and follows.
    Integrator,
}

impl From<&Caller> for Asker {
    fn from(caller: &Caller) -> Self {
        if caller.owns_the_data() { Self::Handler } else { Self::Integrator }
    }
}

/// Something that can be done with a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Change the draft.
    Edit,
    /// Upload some document.
    UploadDocument,
    /// Hand the draft in.
    Submit,
    /// Give it up.
    Cancel,
    /// A handler moves it to another status.
    Move(NextStatus),
    /// Change what the insured reads.
    SetNote,
    /// Write a note among handlers.
    AddInternalNote,
    /// Correct place, insured or facts of the loss, also after the submission.
    Correct,
    /// Ask for a document.
    RequestDocument,
    /// Accept one of the documents.
    AcceptDocument,
    /// Reject one of the documents.
    RejectDocument,
    /// Decide on a payment.
    CreateSettlement,
    /// Note that a payment was made.
    PaySettlement,
    /// Note that a payment came back.
    ReturnSettlement,
    /// Withdraw a payment.
    CancelSettlement,
}

impl Action {
    /// Every action, in output order.
    pub const ALL: [Self; 19] = [
        Self::Edit,
        Self::UploadDocument,
        Self::Submit,
        Self::Cancel,
        Self::Move(NextStatus::InProgress),
        Self::Move(NextStatus::PendingInfo),
        Self::Move(NextStatus::Closed),
        Self::Move(NextStatus::Rejected),
        Self::Move(NextStatus::Abandoned),
        Self::SetNote,
        Self::AddInternalNote,
        Self::Correct,
        Self::RequestDocument,
        Self::AcceptDocument,
        Self::RejectDocument,
        Self::CreateSettlement,
        Self::PaySettlement,
        Self::ReturnSettlement,
        Self::CancelSettlement,
    ];

    /// Whether it should not be done on a loss outside the cover without a look at that.
    pub const fn minds_cover(self) -> bool {
        matches!(self, Self::Submit | Self::CreateSettlement | Self::PaySettlement)
    }

    /// Whether only the platform itself may do it.
    pub const fn is_for_handlers(self) -> bool {
        !matches!(self, Self::Edit | Self::UploadDocument | Self::Submit | Self::Cancel)
    }
}

impl Claim {
    /// Refuses what the asker may not do with the claim now. Where the action is about one of several
    /// documents or settlements, it is allowed when one of them can be meant.
    pub fn may<'r>(&self, rules: impl Into<Rules<'r>>, action: Action, asker: Asker) -> Result<(), ClaimRefusal> {
        let rules = rules.into();
        if action.is_for_handlers() && asker == Asker::Integrator {
            return Err(ClaimRefusal::NoPermission);
        }
        match action {
            Action::Edit => self.may_edit(),
            Action::UploadDocument => self.may_upload_one(rules.catalogue),
            Action::Submit => self.may_submit(rules).map(|_next| ()),
            Action::Cancel => self.may_give_up(),
            Action::Move(to) => self.may_become(to),
            Action::SetNote => Ok(()),
            Action::AddInternalNote => self.may_add_note(),
            Action::Correct => self.may_correct(),
            Action::RequestDocument => self.may_request(),
            Action::AcceptDocument => self.may_accept_one(),
            Action::RejectDocument => self.may_reject_one(),
            Action::CreateSettlement => self.may_settle(),
            Action::PaySettlement | Action::CancelSettlement => self.may_pay_one(),
            Action::ReturnSettlement => self.may_return_one(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_not_moved_outside_the_cover_without_a_look_at_it() {
        assert!(Action::CreateSettlement.minds_cover() && !Action::Cancel.minds_cover());
    }
}
