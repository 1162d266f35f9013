//! Money that moves for a claim: decided on, paid, come back, withdrawn, read.

use constat_domain::Money;
use constat_domain::claim::{Claim, NewSettlement, Settlement, SettlementKind};
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::SettlementId;
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::claims;
use jiff::Timestamp;
use serde_json::json;

use crate::ClaimService;
use crate::claim::find::claim_to_handle;
use crate::claim::{events, read_claim};
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// What became of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettlementChange {
    /// It was paid, then; now when not said.
    Paid(Option<Timestamp>),
    /// What was paid came back.
    Returned,
    /// It is withdrawn before it was paid.
    Cancelled,
}

/// Decides on a payment.
pub fn create_settlement(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    (kind, amount): (SettlementKind, Money),
    if_match: Option<&[i64]>,
) -> Result<(Claim, SettlementId), AppError> {
    let mut claim = claim_to_handle(tx, context, id, if_match)?;
    let new = NewSettlement { id: SettlementId::new(context.at, &context.entropy()), kind, amount };
    claim.settle(&new, context.at)?;
    keep(tx, context, EventKind::ClaimSettlementCreated, &claim, new.id)?;
    Ok((claim, new.id))
}

/// Notes what became of a settlement.
pub fn change_settlement(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    settlement: &str,
    change: SettlementChange,
    if_match: Option<&[i64]>,
) -> Result<(Claim, SettlementId), AppError> {
    let mut claim = claim_to_handle(tx, context, id, if_match)?;
    let settlement: SettlementId = settlement.parse().map_err(|_invalid| ClaimRefusal::SettlementNotFound)?;
    let kind = match change {
        SettlementChange::Paid(at) => {
            claim.settlement_paid(settlement, at.unwrap_or(context.at), context.at)?;
            EventKind::ClaimSettlementPaid
        }
        SettlementChange::Returned => {
            claim.settlement_returned(settlement, context.at)?;
            EventKind::ClaimSettlementReturned
        }
        SettlementChange::Cancelled => {
            claim.cancel_settlement(settlement, context.at)?;
            EventKind::ClaimSettlementCancelled
        }
    };
    keep(tx, context, kind, &claim, settlement)?;
    Ok((claim, settlement))
}

fn keep(
    tx: &mut Tx,
    context: &CommandContext,
    event: EventKind,
    claim: &Claim,
    id: SettlementId,
) -> Result<(), AppError> {
    claims::update(tx, claim)?;
    events::record_with(tx, context, event, claim, json!({ "settlementId": id }))
}

/// A settlement of a claim, with the claim.
pub fn read_settlement(
    service: &ClaimService,
    caller: &Caller,
    claim: &str,
    settlement: &str,
) -> Result<(Claim, Settlement), AppError> {
    let claim = read_claim(service, caller, claim)?;
    let id: Option<SettlementId> = settlement.parse().ok();
    let found = id.and_then(|id| claim.settlement(id)).cloned().ok_or(ClaimRefusal::SettlementNotFound)?;
    Ok((claim, found))
}
