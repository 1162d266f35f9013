//! Money that moves for a claim: decided on, paid, come back, withdrawn.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Claim;
use super::bounds::{MAX_SETTLEMENTS, room_for_one};
use crate::clock::lies_ahead;
use crate::ids::SettlementId;
use crate::money::Money;
use crate::refusal::{ClaimRefusal, Refusal};

/// What a settlement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SettlementKind {
    /// Paid to the insured.
    Refund,
    /// Paid by the insured.
    Charge,
    /// A settlement that was withdrawn.
    Cancel,
    /// A payment that came back.
    Returned,
}

/// A payment for a claim, made or planned. One row per payment: a withdrawn or returned payment has a kind of
/// its own, because the contract's row cannot reference another. A sum of a claim's refunds thus never includes
/// money that did not stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Its identifier.
    pub id: SettlementId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: SettlementKind,
    /// How much.
    pub amount: Money,
    /// When it was paid; `None` while it is under way.
    pub payment_at: Option<Timestamp>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// What it was before it was withdrawn or came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<SettlementKind>,
    /// When it was withdrawn or came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_at: Option<Timestamp>,
}

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

impl Settlement {
    /// Whether it was decided on and neither paid nor withdrawn.
    pub fn is_active(&self) -> bool {
        self.payment_at.is_none() && matches!(self.kind, SettlementKind::Refund | SettlementKind::Charge)
    }

    /// Refuses unless it waits to be paid.
    fn may_be_paid(&self) -> Result<(), ClaimRefusal> {
        if self.is_active() { Ok(()) } else { Err(ClaimRefusal::SettlementLocked) }
    }

    /// Refuses unless it was paid, and stayed so until now.
    fn may_return(&self) -> Result<(), ClaimRefusal> {
        let paid = matches!(self.kind, SettlementKind::Refund | SettlementKind::Charge) && self.payment_at.is_some();
        if paid { Ok(()) } else { Err(ClaimRefusal::SettlementLocked) }
    }

    /// Makes it one that counts no more.
    fn undo(&mut self, kind: SettlementKind, at: Timestamp) {
        self.was = Some(self.kind);
        self.kind = kind;
        self.undone_at = Some(at);
    }
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
        if !self.status.is_open() {
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
        let submitted = self.submitted_at;
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
        super::actions::one_of(self.settlements.iter().map(may), ClaimRefusal::SettlementNotFound)
    }

    fn settlement_to_change(&mut self, id: SettlementId) -> Result<&mut Settlement, ClaimRefusal> {
        let found = self.settlements.iter_mut().find(|settlement| settlement.id == id);
        found.ok_or(ClaimRefusal::SettlementNotFound)
    }
}
