//! Giving a claim up.

use constat_domain::claim::Claim;
use constat_store::queries::claims;

use super::{claim_to_change, events};
use crate::{Act, AppError, Tx};

/// Archives a draft, abandons a submitted claim. Nothing is erased.
pub fn cancel_claim(
    tx: &mut Tx,
    act: &Act,
    id: &str,
    reason: Option<&str>,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let mut claim = claim_to_change(tx, act, id, if_match)?;
    let before = claim.status;
    claim.give_up(reason.map(str::to_owned), act.at)?;
    claims::update(tx, &claim)?;
    events::record_status(tx, act, before, &claim)?;
    Ok(claim)
}
