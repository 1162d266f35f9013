//! Declaring a loss.

use constat_domain::claim::{Claim, ClaimStatus, Contract, Declaration, DeclaredWith};
use constat_domain::codes::Codes;
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::DeclarationId;
use constat_domain::refusal::{ClaimRefusal, Refusal};
use constat_store::queries::{claims, contracts, recent_declarations};
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

use crate::claim::cover::cover_of;
use crate::claim::events;
use crate::claim::find::{find, knows_policyholder};
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// What tells that a declaration without an `Idempotency-Key` was sent twice, as by a double click.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentTwice {
    /// SHA-256 of the caller's key and the body, lower-case hex.
    digest: String,
    /// For how long the same declaration is taken for the first one.
    within: SignedDuration,
}

impl SentTwice {
    /// Of a body that came with the caller's key.
    pub fn new(context: &CommandContext, body: &[u8], within: SignedDuration) -> Self {
        let mut digest = Sha256::new();
        digest.update(context.caller.key.to_string());
        digest.update([0]);
        digest.update(body);
        Self { digest: format!("{:x}", digest.finalize()), within }
    }
}

/// A draft, and whether the same declaration had made it before.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// The draft.
    pub claim: Claim,
    /// It was there: the same declaration came a moment before.
    pub is_repeat: bool,
}

/// Creates a draft. The contract and the insured thing are taken from the registry as they are now. A loss outside
/// the cover is refused where the platform refuses that.
///
/// With `twice` the same declaration from the same key gives the draft that it made a moment before, as long as
/// that is still a draft.
pub fn create_claim(
    tx: &mut Tx,
    context: &CommandContext,
    declaration: &Declaration,
    twice: Option<&SentTwice>,
) -> Result<Declared, AppError> {
    declaration.check_time(context.at)?;
    let id = DeclarationId::new(context.at, &context.entropy());
    if let Some(first) = draft_of_before(tx, context, id, twice)? {
        return Ok(Declared { claim: first, is_repeat: true });
    }
    let contract = contract_of(tx, context, declaration)?;
    let catalogue = context.catalogue();
    let mut claim = declaration.clone().into_draft(DeclaredWith {
        tenant: *context.tenant(),
        contract: &contract,
        catalogue,
        codes: Codes::embedded(),
        id,
        at: context.at,
    })?;
    claim.set_declarer(context.caller.holder);
    let is_given = context.caller.owns_the_data()
        || contract.is_held_by(&claim.insured)
        || knows_policyholder(tx, &context.caller, &contract)?;
    if !is_given {
        claim.withhold_contract(declaration.dossier.risk.is_some());
    }
    if let Err(ClaimRefusal::OutsideCover(fault)) = claim.may_be_outside_cover(context.outside_cover()) {
        return Err(Refusal::field("claimAt", fault).into());
    }
    claims::insert(tx, &claim)?;
    events::record_with(tx, context, EventKind::ClaimDraftCreated, &claim, cover_of(&claim))?;
    if claim.can_submit(context.rules()) {
        events::record(tx, context, EventKind::ClaimDraftReady, &claim)?;
    }
    Ok(Declared { claim, is_repeat: false })
}

/// The draft that the same declaration made a moment before. Notes the present one otherwise.
fn draft_of_before(
    tx: &mut Tx,
    context: &CommandContext,
    id: DeclarationId,
    twice: Option<&SentTwice>,
) -> Result<Option<Claim>, AppError> {
    let Some(SentTwice { digest, within }) = twice else { return Ok(None) };
    let since = context.at.saturating_sub(*within).unwrap_or(context.at);
    let Some(first) = recent_declarations::note(tx, digest, id, context.at, since)? else { return Ok(None) };
    match find(tx, &context.caller, &first.to_string()) {
        Ok(claim) if claim.status() == ClaimStatus::Draft => Ok(Some(claim)),
        _ => {
            recent_declarations::replace(tx, digest, id, context.at)?;
            Ok(None)
        }
    }
}

/// The contract that the declaration names.
///
/// The platform hears what is wrong: the user, the contract or the product. An integrator hears the same of
/// whatever is wrong, unless it has declared on the contract before: which users, contracts and products exist is
/// not told to those who try ids.
fn contract_of(tx: &mut Tx, context: &CommandContext, declaration: &Declaration) -> Result<Contract, AppError> {
    let tenant = context.tenant();
    let contract = contracts::of_tenant_by_id(tx, tenant, &declaration.contract_id)?;
    let Some(holder) = context.caller.sees_only() else {
        if !contracts::user_exists_in_tenant(tx, tenant, &declaration.user_id)? {
            return Err(ClaimRefusal::UserNotAuthorised.into());
        }
        return contract.ok_or_else(|| ClaimRefusal::ContractNotFound.into());
    };
    let own = claims::list_of_tenant(tx, tenant, &declaration.user_id, Some(holder), &[], (200, 0))?;
    let has_product = |id: &str, contract: &Contract| contract.products.iter().any(|product| product.id == id);
    let is_open = |contract: &Contract| {
        contract.user_id == declaration.user_id
            && (has_product(&declaration.contract_product_id, contract)
                || own.rows.iter().any(|claim| claim.contract.id == contract.id))
    };
    contract.filter(is_open).ok_or_else(|| ClaimRefusal::ContractNotFound.into())
}
