//! The contract registry, filled and read over HTTP.

use constat_domain::claim::{Claim, Contract};
use constat_domain::event_kinds::EventKind;
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::{claims, contracts};
use serde_json::{Value, json};

use crate::ClaimService;
use crate::claim::cover::CoverRenewal;
use crate::claim::find::knows_policyholder;
use crate::import_export::contracts::with_stored;
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

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
    context: &CommandContext,
    ready: &[Contract],
    is_table: bool,
) -> Result<ImportedContracts, AppError> {
    context.require_handler()?;
    let mut done = ImportedContracts::default();
    let renewal = CoverRenewal::of(tx, context.tenant(), context.at)?;
    let record =
        |tx: &mut Tx, claim: &Claim, kind: EventKind, data: Value| context.record(tx, claim.declaration_id, kind, data);
    for contract in ready {
        if contracts::exists_in_tenant(tx, context.tenant(), &contract.id)? {
            done.replaced += 1;
        } else {
            done.created += 1;
        }
        let contract = &if is_table { with_stored(tx, context.tenant(), contract)? } else { contract.clone() };
        contracts::upsert_of_tenant(tx, context.tenant(), contract)?;
        renewal.renew(tx, contract, &record)?;
    }
    let data = json!({ "count": ready.len(), "created": done.created, "replaced": done.replaced });
    context.record(tx, context.tenant().org, EventKind::ContractsImported, data)?;
    Ok(done)
}

/// The contract with this id: for the platform, whose registry it is, and for an integrator that has declared a
/// claim on it for its policyholder ([`Contract::is_held_by`]). For anyone else it is as if it did not exist.
pub fn read_contract(service: &ClaimService, caller: &Caller, id: &str) -> Result<Contract, AppError> {
    // No id has a NUL, and PostgreSQL would refuse the query.
    if id.contains('\0') {
        return Err(ClaimRefusal::ContractNotFound.into());
    }
    let found = service.core.store.read(|connection| {
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
