//! What the dossier contract tells of a claim, read and completed through the claims contract.

use constat_domain::claim::{Claim, Dossier};
use constat_domain::codes::Codes;
use constat_domain::event_kinds::EventKind;
use constat_store::queries::claims;

use crate::claim::events;
use crate::claim::find::claim_to_change;
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Completes a draft's loss, risk, stakes, damages and the like. What `change` does not tell stays.
pub fn edit_dossier(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    change: &Dossier,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let mut claim = claim_to_change(tx, context, id, if_match)?;
    claim.edit_dossier(Codes::embedded(), change, context.at)?;
    claims::update(tx, &claim)?;
    events::record(tx, context, EventKind::ClaimDraftEdited, &claim)?;
    Ok(claim)
}
