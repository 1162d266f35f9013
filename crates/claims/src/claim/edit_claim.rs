//! Changing a draft.

use constat_domain::claim::{Claim, ClaimEdit};
use constat_domain::event_kinds::EventKind;
use constat_store::queries::claims;

use crate::claim::events;
use crate::claim::find::claim_to_change;
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Changes the description, parts of the place or the answers of a draft.
pub fn edit_claim(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    edit: &ClaimEdit,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let mut claim = claim_to_change(tx, context, id, if_match)?;
    let catalogue = context.catalogue();
    let was_ready = claim.can_submit(context.rules());
    claim.edit(catalogue, edit, context.at)?;
    claims::update(tx, &claim)?;
    events::record(tx, context, EventKind::ClaimDraftEdited, &claim)?;
    if claim.can_submit(context.rules()) && !was_ready {
        events::record(tx, context, EventKind::ClaimDraftReady, &claim)?;
    }
    Ok(claim)
}
