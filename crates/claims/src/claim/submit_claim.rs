//! Handing a draft in.

use constat_domain::claim::Claim;
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::ClaimId;
use constat_store::queries::claims;

use crate::claim::cover::cover_of;
use crate::claim::events;
use crate::claim::find::claim_to_change;
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Submits a draft whose mandatory documents are all there.
pub fn submit_claim(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let mut claim = claim_to_change(tx, context, id, if_match)?;
    claim.submit(context.rules(), ClaimId::new(context.at, &context.entropy()), context.at)?;
    claims::update(tx, &claim)?;
    events::record_with(tx, context, EventKind::ClaimCreated, &claim, cover_of(&claim))?;
    Ok(claim)
}
