//! Giving a claim up.

use constat_domain::claim::Claim;
use constat_store::queries::claims;

use crate::claim::events;
use crate::claim::find::claim_to_change;
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Archives a draft, abandons a submitted claim. Nothing is erased.
pub fn cancel_claim(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    reason: Option<&str>,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let claim = claim_to_change(tx, context, id, if_match)?;
    give_up(tx, context, claim, reason)
}

/// The same for a claim that was found already.
pub(crate) fn give_up(
    tx: &mut Tx,
    context: &CommandContext,
    mut claim: Claim,
    reason: Option<&str>,
) -> Result<Claim, AppError> {
    let before = claim.status();
    claim.give_up(reason.map(str::to_owned), context.at)?;
    claims::update(tx, &claim)?;
    events::record_status(tx, context, before, &claim)?;
    Ok(claim)
}
