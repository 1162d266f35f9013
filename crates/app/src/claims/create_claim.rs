//! Declaring a loss.

use constat_domain::claim::{Claim, Declaration, DeclaredWith};
use constat_domain::codes::Codes;
use constat_domain::ids::DeclarationId;
use constat_domain::refusal::{ClaimRefusal, Refusal};
use constat_store::queries::{claims, contracts};

use super::cover::cover_of;
use super::events;
use crate::{Act, AppError, Tx};

/// Creates a draft. The contract and the insured thing are taken from the registry as they are now. A loss
/// outside the cover is refused where the platform refuses that.
pub fn create_claim(tx: &mut Tx, act: &Act, declaration: &Declaration) -> Result<Claim, AppError> {
    declaration.check_time(act.at)?;
    let tenant = act.tenant();
    if !contracts::user_exists_in_tenant(tx, tenant, &declaration.user_id)? {
        return Err(ClaimRefusal::UserNotAuthorised.into());
    }
    let contract =
        contracts::of_tenant_by_id(tx, tenant, &declaration.contract_id)?.ok_or(ClaimRefusal::ContractNotFound)?;
    let catalogue = act.catalogue();
    let mut claim = declaration.clone().into_draft(DeclaredWith {
        tenant: *tenant,
        contract: &contract,
        catalogue,
        codes: Codes::embedded(),
        id: DeclarationId::new(act.at, &act.entropy()),
        at: act.at,
    })?;
    claim.set_declarer(act.caller.holder);
    if let Err(ClaimRefusal::OutsideCover(fault)) = claim.may_be_outside_cover(act.outside_cover()) {
        return Err(Refusal::field("claimAt", fault).into());
    }
    claims::insert(tx, &claim)?;
    events::record_with(tx, act, events::DRAFT_CREATED, &claim, cover_of(&claim))?;
    if claim.can_submit(act.rules()) {
        events::record(tx, act, events::DRAFT_READY, &claim)?;
    }
    Ok(claim)
}
