//! An insurer gives a claim up.

use constat_domain::claim::{Claim, ClaimStatus};
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;

use super::access::{Standing, claim_for};
use crate::{Act, App, AppError, Tx, claims};

/// Refuses a key that is no insurer's. Said before any claim is looked for, so that it tells nothing
/// of what exists.
pub fn require_insurer(app: &App, caller: &Caller) -> Result<(), AppError> {
    match app.store.read(|connection| Standing::of(connection, caller))? {
        Standing::Insurer { .. } => Ok(()),
        Standing::Platform | Standing::Partner => Err(ClaimRefusal::NoPermission.into()),
    }
}

/// Archives a draft, abandons a submitted claim, erases nothing. A claim that was given up already
/// stays as it is.
pub fn cancel_dossier(tx: &mut Tx, act: &Act, id: &str) -> Result<Claim, AppError> {
    let claim = claim_for(tx, &act.caller, id)?;
    if matches!(claim.status, ClaimStatus::Archived | ClaimStatus::Abandoned) {
        return Ok(claim);
    }
    claims::give_up(tx, act, claim, None)
}
