//! A handler moves a claim to another status.

use constat_domain::claim::{Claim, Decision};
use constat_store::queries::claims;

use crate::claim::events;
use crate::claim::find::claim_to_handle;
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Takes a claim up, has it wait, closes, rejects, abandons or reopens it.
pub fn change_status(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    decision: &Decision,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let mut claim = claim_to_handle(tx, context, id, if_match)?;
    let before = claim.status();
    claim.decide(decision, context.at)?;
    claims::update(tx, &claim)?;
    events::record_status(tx, context, before, &claim)?;
    Ok(claim)
}
