//! Settlements of a claim: decided on, paid, returned, withdrawn.

use jiff::Timestamp;

use super::bounds::{MAX_SETTLEMENTS, room_for_one};
use super::record::Claim;
use super::settlement::{Settlement, SettlementKind};
use crate::clock::lies_ahead;
use crate::ids::SettlementId;
use crate::money::Money;
use crate::refusal::{ClaimRefusal, Refusal, one_of};

/// A payment that was decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSettlement {
    /// Its identifier.
    pub id: SettlementId,
    /// Whether it goes to the insured or comes from them.
    pub kind: SettlementKind,
    /// How much; above nothing.
    pub amount: Money,
}

impl Claim {
    /// Whether money was decided on and has not been paid yet.
    pub fn has_active_payment(&self) -> bool {
        self.settlements.iter().any(Settlement::is_active)
    }

    /// A settlement by its identifier.
    pub fn settlement(&self, id: SettlementId) -> Option<&Settlement> {
        self.settlements.iter().find(|settlement| settlement.id == id)
    }

    /// Refuses unless money may be decided on: once submitted, until decided or given up.
    pub(super) fn may_settle(&self) -> Result<(), ClaimRefusal> {
        if !self.status().is_open() {
            return Err(ClaimRefusal::StatusLocked);
        }
        room_for_one("settlements", self.settlements.len(), MAX_SETTLEMENTS)
    }

    /// Decides on a payment. A claim ends only once it was paid or withdrawn.
    pub fn settle(&mut self, new: &NewSettlement, at: Timestamp) -> Result<(), Refusal> {
        self.may_settle()?;
        if !matches!(new.kind, SettlementKind::Refund | SettlementKind::Charge) {
            return Err(Refusal::field("type", "expected refund or charge"));
        }
        if new.amount.minor <= 0 {
            return Err(Refusal::field("amount", "expected an amount above 0"));
        }
        self.settlements.push(Settlement {
            id: new.id,
            kind: new.kind,
            amount: new.amount,
            payment_at: None,
            created_at: at,
            was: None,
            undone_at: None,
        });
        self.touch(at);
        Ok(())
    }

    /// It was paid, at `paid_at`: not before the claim was submitted, not in the future. What happens
    /// to money that was decided on is a fact, whatever the claim's status is by then; the same holds
    /// for its return and its withdrawal.
    pub fn settlement_paid(&mut self, id: SettlementId, paid_at: Timestamp, at: Timestamp) -> Result<(), Refusal> {
        let submitted = self.submitted_at();
        let settlement = self.settlement_to_change(id)?;
        settlement.may_be_paid()?;
        if lies_ahead(paid_at, at) {
            return Err(Refusal::field("paymentAt", "lies in the future"));
        }
        if submitted.is_some_and(|submitted| paid_at < submitted) {
            return Err(Refusal::field("paymentAt", "lies before the claim was submitted"));
        }
        settlement.payment_at = Some(paid_at);
        self.touch(at);
        Ok(())
    }

    /// What was paid came back. Banks tell days later, often after the claim was closed: it is taken in
    /// every status, and leaves it as it is.
    pub fn settlement_returned(&mut self, id: SettlementId, at: Timestamp) -> Result<(), ClaimRefusal> {
        let settlement = self.settlement_to_change(id)?;
        settlement.may_return()?;
        settlement.undo(SettlementKind::Returned, at);
        self.touch(at);
        Ok(())
    }

    /// Withdraws a planned payment.
    pub fn cancel_settlement(&mut self, id: SettlementId, at: Timestamp) -> Result<(), ClaimRefusal> {
        let settlement = self.settlement_to_change(id)?;
        settlement.may_be_paid()?;
        settlement.undo(SettlementKind::Cancel, at);
        self.touch(at);
        Ok(())
    }

    /// Refuses unless some settlement could be paid or withdrawn.
    pub(super) fn may_pay_one(&self) -> Result<(), ClaimRefusal> {
        self.some_settlement(Settlement::may_be_paid)
    }

    /// Refuses unless some settlement could come back.
    pub(super) fn may_return_one(&self) -> Result<(), ClaimRefusal> {
        self.some_settlement(Settlement::may_return)
    }

    fn some_settlement(&self, may: impl Fn(&Settlement) -> Result<(), ClaimRefusal>) -> Result<(), ClaimRefusal> {
        one_of(self.settlements.iter().map(may), ClaimRefusal::SettlementNotFound)
    }

    fn settlement_to_change(&mut self, id: SettlementId) -> Result<&mut Settlement, ClaimRefusal> {
        let found = self.settlements.iter_mut().find(|settlement| settlement.id == id);
        found.ok_or(ClaimRefusal::SettlementNotFound)
    }
}
