//! An insurer gives a claim up.

use constat_domain::claim::{Claim, ClaimStatus};
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;

use crate::ClaimService;
use crate::claim;
use crate::dossier::access::{Standing, claim_for};
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Refuses a key that is no insurer's. Said before any claim is looked for, so that it tells nothing
/// of what exists.
pub fn require_insurer(service: &ClaimService, caller: &Caller) -> Result<(), AppError> {
    match service.core.store.read(|connection| Standing::of(connection, caller))? {
        Standing::Insurer { .. } => Ok(()),
        Standing::Platform | Standing::Partner => Err(ClaimRefusal::NoPermission.into()),
    }
}

/// Archives a draft, abandons a submitted claim, erases nothing. A claim that was given up already
/// stays as it is.
pub fn cancel_dossier(tx: &mut Tx, context: &CommandContext, id: &str) -> Result<Claim, AppError> {
    let claim = claim_for(tx, &context.caller, id)?;
    if matches!(claim.status(), ClaimStatus::Archived | ClaimStatus::Abandoned) {
        return Ok(claim);
    }
    claim::give_up(tx, context, claim, None)
}
