//! The one place where a claim is found for a caller of the claims API. Whoever asks for a claim by its id
//! asks here; [`Caller::may_see`] is the rule.

use constat_domain::claim::Claim;
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::claims::{self, Stamp};
use constat_store::{Connection, Tx};

use constat_core::{AppError, CommandContext, require_version};

/// The claim with this pre-declaration id or internal claim id. Somebody else's is not found.
pub(crate) fn find(connection: &mut Connection, caller: &Caller, id: &str) -> Result<Claim, AppError> {
    let found = claims::of_tenant_by_either_id(connection, &caller.tenant, id)?;
    found.filter(|claim| claim.is_seen_by(caller)).ok_or_else(|| ClaimRefusal::ClaimNotFound.into())
}

/// The same for what only the platform itself may ask: an integrator is refused that of the claims that are
/// there for it, and hears of no others.
pub(crate) fn find_to_handle(connection: &mut Connection, caller: &Caller, id: &str) -> Result<Claim, AppError> {
    let claim = find(connection, caller, id)?;
    caller.require_handler()?;
    Ok(claim)
}

/// Which claim an id stands for, without reading it. Somebody else's is not found.
pub(crate) fn find_stamp(connection: &mut Connection, caller: &Caller, id: &str) -> Result<Stamp, AppError> {
    let found = claims::stamp_of_tenant_by_either_id(connection, &caller.tenant, id)?;
    let seen = found.filter(|stamp| caller.may_see(caller.tenant, stamp.declared_by));
    seen.ok_or_else(|| ClaimRefusal::ClaimNotFound.into())
}

/// The claim that a command is about, by either id. `if_match` holds the versions that the caller
/// will accept it in, when it said so.
pub(crate) fn claim_to_change(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let claim = find(tx, &context.caller, id)?;
    require_version(claim.version, if_match)?;
    Ok(claim)
}

/// The claim that a command of the platform itself is about.
pub(crate) fn claim_to_handle(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let claim = find_to_handle(tx, &context.caller, id)?;
    require_version(claim.version, if_match)?;
    Ok(claim)
}
