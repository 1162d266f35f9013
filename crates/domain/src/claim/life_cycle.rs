//! How a claim moves from one status to the next, and what may be changed on the way.

use jiff::Timestamp;

use super::{Claim, ClaimStatus, Location, SettlementKind};
use crate::catalogue::{Catalogue, Category};
use crate::ids::ClaimId;
use crate::refusal::ClaimRefusal;

impl Claim {
    /// Marks a change made at `at`: one more version.
    pub fn touch(&mut self, at: Timestamp) {
        self.version += 1;
        self.updated_at = at;
    }

    /// Changes the description or the place. Only a draft may be edited.
    pub fn edit(&mut self, description: Option<String>, location: Location, at: Timestamp) -> Result<(), ClaimRefusal> {
        if self.status != ClaimStatus::Draft {
            return Err(ClaimRefusal::NotEditable);
        }
        if let Some(description) = description {
            self.description = description;
        }
        self.location = location;
        self.touch(at);
        Ok(())
    }

    /// Whether it is a draft with every mandatory document uploaded and none of them refused.
    pub fn can_submit(&self, catalogue: &Catalogue) -> bool {
        self.status == ClaimStatus::Draft && self.missing_documents(catalogue).is_empty()
    }

    /// The French labels of the mandatory documents that have not come, or must come again.
    pub fn missing_documents(&self, catalogue: &Catalogue) -> Vec<String> {
        self.entries(catalogue)
            .into_iter()
            .filter(|entry| entry.rule.category == Category::Mandatory && !entry.is_filled())
            .map(|entry| entry.rule.label.clone())
            .collect()
    }

    /// Hands a draft in; it becomes the internal claim `id`.
    pub fn submit(&mut self, catalogue: &Catalogue, id: ClaimId, at: Timestamp) -> Result<(), ClaimRefusal> {
        if self.status != ClaimStatus::Draft {
            return Err(ClaimRefusal::NotSubmittable);
        }
        let missing = self.missing_documents(catalogue);
        if !missing.is_empty() {
            return Err(ClaimRefusal::DocumentsIncomplete { missing });
        }
        self.status = ClaimStatus::Submitted;
        self.claim_id = Some(id);
        self.submitted_at = Some(at);
        self.touch(at);
        Ok(())
    }

    /// Gives the claim up: a draft is archived, a submitted claim or one that waits for the insured
    /// is abandoned. In any other status, or while money is on its way, it cannot be.
    pub fn give_up(&mut self, reason: Option<String>, at: Timestamp) -> Result<(), ClaimRefusal> {
        let next = match self.status {
            ClaimStatus::Draft => ClaimStatus::Archived,
            ClaimStatus::Submitted | ClaimStatus::PendingInfo => ClaimStatus::Abandoned,
            ClaimStatus::InProgress
            | ClaimStatus::Closed
            | ClaimStatus::Rejected
            | ClaimStatus::Abandoned
            | ClaimStatus::Archived => return Err(ClaimRefusal::StatusLocked),
        };
        if self.has_active_payment() {
            return Err(ClaimRefusal::ActivePaymentBlocking);
        }
        self.status = next;
        self.abandoned_at = Some(at);
        self.abandon_reason = reason;
        self.touch(at);
        Ok(())
    }

    /// Whether money was decided on and has not been paid yet.
    pub fn has_active_payment(&self) -> bool {
        self.settlements.iter().any(|settlement| {
            settlement.payment_at.is_none()
                && matches!(settlement.kind, SettlementKind::Refund | SettlementKind::Charge)
        })
    }
}
