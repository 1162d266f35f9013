//! The contract registry, filled and read over HTTP.

use constat_domain::claim::{Claim, Contract};
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::{claims, contracts};
use serde_json::{Value, json};

use super::contracts::with_stored;
use crate::claims::cover::CoverRenewal;
use crate::claims::knows_policyholder;
use crate::{Act, App, AppError, Tx};

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportedContracts {
    /// Contracts whose id was new.
    pub created: u64,
    /// Contracts whose id was known.
    pub replaced: u64,
}

/// Saves all of them: for the handler, whose registry it is. Those of a table keep what has no column there. The
/// claims on a contract follow its dates.
pub fn import_contracts(
    tx: &mut Tx,
    act: &Act,
    ready: &[Contract],
    is_table: bool,
) -> Result<ImportedContracts, AppError> {
    act.require_handler()?;
    let mut done = ImportedContracts::default();
    let renewal = CoverRenewal::of(tx, act.tenant(), act.at)?;
    let record = |tx: &mut Tx, claim: &Claim, kind: &str, data: Value| act.record(tx, claim.declaration_id, kind, data);
    for contract in ready {
        if contracts::exists_in_tenant(tx, act.tenant(), &contract.id)? {
            done.replaced += 1;
        } else {
            done.created += 1;
        }
        let contract = &if is_table { with_stored(tx, act.tenant(), contract)? } else { contract.clone() };
        contracts::upsert_of_tenant(tx, act.tenant(), contract)?;
        renewal.renew(tx, contract, &record)?;
    }
    let data = json!({ "count": ready.len(), "created": done.created, "replaced": done.replaced });
    act.record(tx, act.tenant().org, "contracts.imported", data)?;
    Ok(done)
}

/// The contract with this id: for the platform, whose registry it is, and for an integrator that has declared a
/// claim on it for its policyholder ([`Contract::is_held_by`]). For anyone else it is as if it did not exist.
pub fn read_contract(app: &App, caller: &Caller, id: &str) -> Result<Contract, AppError> {
    // No id has a NUL, and PostgreSQL would refuse the query.
    if id.contains('\0') {
        return Err(ClaimRefusal::ContractNotFound.into());
    }
    let found = app.store.read(|connection| {
        let Some(holder) = caller.sees_only() else {
            return Ok::<_, AppError>(contracts::of_tenant_by_id(connection, &caller.tenant, id)?);
        };
        // One query, the same whether or not there is such a contract: a refusal takes as long for both.
        if !claims::is_declared_on_contract(connection, &caller.tenant, holder, id)? {
            return Ok(None);
        }
        let Some(found) = contracts::of_tenant_by_id(connection, &caller.tenant, id)? else { return Ok(None) };
        Ok(knows_policyholder(connection, caller, &found)?.then_some(found))
    })?;
    found.ok_or_else(|| ClaimRefusal::ContractNotFound.into())
}
