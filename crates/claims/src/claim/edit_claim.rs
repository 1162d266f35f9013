//! Changing a draft.

use constat_domain::claim::{Claim, ClaimEdit};
use constat_store::queries::claims;

use crate::claim::events;
use crate::claim::find::claim_to_change;
use constat_core::{Act, AppError};
use constat_store::Tx;

/// Changes the description, parts of the place or the answers of a draft.
pub fn edit_claim(
    tx: &mut Tx,
    act: &Act,
    id: &str,
    edit: &ClaimEdit,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let mut claim = claim_to_change(tx, act, id, if_match)?;
    let catalogue = act.catalogue();
    let was_ready = claim.can_submit(act.rules());
    claim.edit(catalogue, edit, act.at)?;
    claims::update(tx, &claim)?;
    events::record(tx, act, events::DRAFT_EDITED, &claim)?;
    if claim.can_submit(act.rules()) && !was_ready {
        events::record(tx, act, events::DRAFT_READY, &claim)?;
    }
    Ok(claim)
}
