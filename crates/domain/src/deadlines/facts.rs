//! What a claim tells of itself that a term may count from, or that may meet it.

use serde::Deserialize;

use super::count::{Moment, Place};
use crate::claim::{Claim, MilestoneKind, SettlementKind};

/// A fact that a rule may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum Fact {
    /// The loss happened.
    Loss,
    /// It was declared.
    Declaration,
    /// The declaration was handed in, complete.
    Submission,
    /// The mission was ordered, at the latest by the first booking.
    Mission,
    /// A refund was paid.
    Paid,
    /// A milestone that a handler told.
    Milestone(MilestoneKind),
}

impl TryFrom<String> for Fact {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Ok(match name.as_str() {
            "loss" => Self::Loss,
            "declaration" => Self::Declaration,
            "submission" => Self::Submission,
            "mission" => Self::Mission,
            "paid" => Self::Paid,
            _ => Self::Milestone(MilestoneKind::named(&name).ok_or_else(|| format!("no fact is called {name}"))?),
        })
    }
}

impl Fact {
    /// When it happened, each time that it did.
    pub(super) fn moments(self, claim: &Claim, place: &Place) -> Vec<Moment> {
        let instant = match self {
            Self::Loss => Some(claim.claim_at),
            Self::Declaration => Some(claim.declaration_at),
            Self::Submission => claim.submitted_at(),
            Self::Mission => claim.dossier.mission.and_then(super::super::ids::MissionId::made_at),
            Self::Paid => {
                let refunds = claim.settlements.iter().filter(|one| one.kind == SettlementKind::Refund);
                return refunds.filter_map(|one| one.payment_at).map(|at| place.at(at)).collect();
            }
            Self::Milestone(kind) => {
                return claim.milestones.get(&kind).and_then(|day| place.on(*day)).into_iter().collect();
            }
        };
        instant.map(|at| place.at(at)).into_iter().collect()
    }

    /// When it happened first.
    pub(super) fn first(self, claim: &Claim, place: &Place) -> Option<Moment> {
        self.moments(claim, place).into_iter().min()
    }
}
