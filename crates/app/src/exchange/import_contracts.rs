//! The contract registry, filled and read over HTTP.

use constat_domain::claim::{Claim, Contract};
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::contracts;
use serde_json::{Value, json};

use crate::claims::cover::CoverRenewal;
use crate::{Act, App, AppError, Tx};

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportedContracts {
    /// Contracts whose id was new.
    pub created: u64,
    /// Contracts whose id was known.
    pub replaced: u64,
}

/// Saves all of them: for the handler, whose registry it is. The claims on a contract follow its dates.
pub fn import_contracts(tx: &mut Tx, act: &Act, ready: &[Contract]) -> Result<ImportedContracts, AppError> {
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
        contracts::upsert_of_tenant(tx, act.tenant(), contract)?;
        renewal.renew(tx, contract, &record)?;
    }
    let data = json!({ "count": ready.len(), "created": done.created, "replaced": done.replaced });
    act.record(tx, act.tenant().org, "contracts.imported", data)?;
    Ok(done)
}

/// The contract with this id.
pub fn read_contract(app: &App, caller: &Caller, id: &str) -> Result<Contract, AppError> {
    // No id has a NUL, and PostgreSQL would take the question itself for a fault.
    if id.contains('\0') {
        return Err(ClaimRefusal::ContractNotFound.into());
    }
    let found = app.store.read(|connection| contracts::of_tenant_by_id(connection, &caller.tenant, id))?;
    found.ok_or_else(|| ClaimRefusal::ContractNotFound.into())
}
