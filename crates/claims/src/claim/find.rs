//! The one place where a claim is found for a caller of the claims API. Every lookup of a
//! claim by its id goes through here; [`Caller::may_see`] is the rule.

use constat_domain::claim::{Claim, Contract};
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::claims::{self, ClaimVersion};
use constat_store::{Connection, StoreError, Tx};

use constat_core::{AppError, CommandContext, require_version};

/// Newest claims of a contract's user that are looked at to find one that the integrator declared.
const MAX_LOOKED_AT: i64 = 200;

/// Whether the caller has declared a claim on this contract for its policyholder ([`Contract::is_held_by`]).
pub(crate) fn knows_policyholder(
    connection: &mut Connection,
    caller: &Caller,
    contract: &Contract,
) -> Result<bool, StoreError> {
    let page = (MAX_LOOKED_AT, 0);
    let own = claims::list_of_tenant(connection, &caller.tenant, &contract.user_id, caller.sees_only(), &[], page)?;
    Ok(own.rows.iter().any(|claim| claim.contract.id == contract.id && contract.is_held_by(&claim.insured)))
}

/// The claim with this pre-declaration id or internal claim id. Another's is not found.
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

/// Which claim an id stands for, without reading it. Another's is not found.
pub(crate) fn find_version(connection: &mut Connection, caller: &Caller, id: &str) -> Result<ClaimVersion, AppError> {
    let found = claims::version_of_tenant_by_either_id(connection, &caller.tenant, id)?;
    let seen = found.filter(|of_claim| caller.may_see(caller.tenant, of_claim.declared_by));
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
