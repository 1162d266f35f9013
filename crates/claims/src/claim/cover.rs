//! Claims follow the dates of their contract: the registry may learn of a contract, or of its end, after a
//! loss was declared on it.

use constat_domain::claim::{Claim, Contract};
use constat_domain::event_kinds::EventKind;
use constat_domain::tenancy::TenantId;
use constat_store::queries::claims;
use constat_store::{StoreError, Tx};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::claim::events::about;

/// What an event tells of a claim's cover: codes and dates. Nothing when the integrator that declared the claim may
/// not read the contract: it reads the events too, and the platform finds the cover on the claim.
pub(crate) fn cover_of(claim: &Claim) -> Value {
    if claim.is_contract_withheld {
        return json!({});
    }
    let cover = claim.cover();
    json!({ "cover": {
        "state": cover.state,
        "reason": cover.reason,
        "effectiveFrom": cover.effective_from,
        "effectiveTo": cover.effective_to,
        "lossOn": cover.loss_on,
    } })
}

/// Appends an event about a claim: its kind and what it tells.
type RecordOfClaim<'a> = dyn Fn(&mut Tx, &Claim, EventKind, Value) -> Result<(), StoreError> + 'a;

/// Lays the dates of saved contracts on the claims of one tenant.
pub(crate) struct CoverRenewal {
    tenant: TenantId,
    at: Timestamp,
    /// Whether there may be claims to look for at all.
    has_claims: bool,
}

impl CoverRenewal {
    /// Prepares a renewal for the contracts of one transaction.
    pub(crate) fn of(tx: &mut Tx, tenant: &TenantId, at: Timestamp) -> Result<Self, StoreError> {
        let has_claims = claims::exist_in_tenant(tx, tenant)?;
        Ok(Self { tenant: *tenant, at, has_claims })
    }

    /// Takes over a saved contract's dates in the claims on it, and has an event recorded for each claim that
    /// changes.
    pub(crate) fn renew(&self, tx: &mut Tx, contract: &Contract, record: &RecordOfClaim<'_>) -> Result<(), StoreError> {
        if !self.has_claims {
            return Ok(());
        }
        for mut claim in claims::list_of_tenant_by_contract(tx, &self.tenant, &contract.id)? {
            if claim.renew_cover(contract, self.at) {
                claims::update(tx, &claim)?;
                record(tx, &claim, EventKind::ClaimCoverUpdated, about(&claim, cover_of(&claim)))?;
            }
        }
        Ok(())
    }
}
