//! A payment for a claim, made or planned.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::SettlementId;
use crate::money::Money;
use crate::refusal::ClaimRefusal;

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

impl Settlement {
    /// Whether it was decided on and neither paid nor withdrawn.
    pub fn is_active(&self) -> bool {
        self.payment_at.is_none() && matches!(self.kind, SettlementKind::Refund | SettlementKind::Charge)
    }

    /// Refuses unless it waits to be paid.
    pub(super) fn may_be_paid(&self) -> Result<(), ClaimRefusal> {
        if self.is_active() { Ok(()) } else { Err(ClaimRefusal::SettlementLocked) }
    }

    /// Refuses unless it was paid, and stayed so until now.
    pub(super) fn may_return(&self) -> Result<(), ClaimRefusal> {
        let paid = matches!(self.kind, SettlementKind::Refund | SettlementKind::Charge) && self.payment_at.is_some();
        if paid { Ok(()) } else { Err(ClaimRefusal::SettlementLocked) }
    }

    /// Makes it one that counts no more.
    pub(super) fn undo(&mut self, kind: SettlementKind, at: Timestamp) {
        self.was = Some(self.kind);
        self.kind = kind;
        self.undone_at = Some(at);
    }
}
