//! Opening a declaration for an insurer: creates or finds user, contract and claim, and a sign-in
//! link for the insured.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use constat_domain::Refusal;
use constat_domain::claim::{Claim, Contract};
use constat_domain::codes::Codes;
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::{DeclarationId, uuid_v7};
use constat_domain::prefilled_declaration::{Prime, PrimedLoss};
use constat_domain::refusal::ClaimRefusal;
use constat_domain::service::Insurer;
use constat_store::queries::sign_in_links::{self, SignInLink};
use constat_store::queries::{claims, contracts};
use jiff::SignedDuration;
use serde_json::json;

use crate::claim::cover::cover_of;
use crate::claim::events;
use crate::dossier::access::Standing;
use constat_core::{AppError, CommandContext, hash_secret};
use constat_store::Tx;

/// How long an unused sign-in link is valid: a week gives the insured time to find the documents, and a new link
/// can be requested at any time.
pub const LINK_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What was opened, and what had been there before.
#[derive(Debug, Clone, PartialEq)]
pub struct Primed {
    /// The claim.
    pub claim: Claim,
    /// It was there before.
    pub claim_existed: bool,
    /// The user was there before.
    pub user_existed: bool,
    /// The contract was there before.
    pub contract_existed: bool,
    /// The secret of the sign-in link. Only its hash is kept.
    pub secret: String,
}

/// Creates what is missing of user, contract and claim, and a new link to the claim. The insurer's
/// claim number decides whether the claim exists: asking twice makes one claim and two links.
pub fn prime_claim(tx: &mut Tx, context: &CommandContext, prime: &Prime) -> Result<Primed, AppError> {
    let insurer = match Standing::of(tx, &context.caller)? {
        Standing::Insurer { acam_code, name } => Some(Insurer { acam_code, name }),
        Standing::Platform => None,
        Standing::Partner => return Err(ClaimRefusal::NoPermission.into()),
    };
    let opened = match existing(tx, context, prime, insurer.as_ref())? {
        Some(claim) => Opened { claim, claim_existed: true, user_existed: true, contract_existed: true },
        None => open(tx, context, prime, insurer)?,
    };
    let secret = new_link(tx, context, &opened.claim)?;
    let Opened { claim, claim_existed, user_existed, contract_existed } = opened;
    Ok(Primed { claim, claim_existed, user_existed, contract_existed, secret })
}

struct Opened {
    claim: Claim,
    claim_existed: bool,
    user_existed: bool,
    contract_existed: bool,
}

/// The claim that the caller's organisation declared under this number before, here or through the claims API.
/// A claim that anyone else declared under the same number, an integrator or another insurer, is neither
/// adopted nor in the way.
fn existing(
    tx: &mut Tx,
    context: &CommandContext,
    prime: &Prime,
    insurer: Option<&Insurer>,
) -> Result<Option<Claim>, AppError> {
    let same = |claim: &Claim| insurer.is_none_or(|insurer| insurer.acam_code == claim.contract.insurer.acam_code);
    let declarer = context.caller.holder;
    let mut found = claims::list_of_tenant_by_reference_of(tx, context.tenant(), declarer, &prime.claim_number)?;
    found.retain(same);
    let on_contract = found.iter().position(|claim| claim.contract.number == prime.contract_number);
    match on_contract {
        Some(position) => Ok(Some(found.swap_remove(position))),
        None if found.is_empty() => Ok(None),
        None => Err(Refusal::field("claim.number", "already names a claim on another contract").into()),
    }
}

fn open(tx: &mut Tx, context: &CommandContext, prime: &Prime, insurer: Option<Insurer>) -> Result<Opened, AppError> {
    let (catalogue, codes) = (context.catalogue(), Codes::embedded());
    let same =
        |contract: &Contract| insurer.as_ref().is_none_or(|insurer| insurer.acam_code == contract.insurer.acam_code);
    let known = contracts::list_of_tenant_by_number(tx, context.tenant(), &prime.contract_number)?;
    let known = known.into_iter().find(same);
    let loss = prime.loss(catalogue, known.as_ref(), context.at).map_err(Refusal::Invalid)?;
    let contract_existed = known.is_some();
    let (contract, user_existed) = match &known {
        Some(contract) => (contract.clone(), true),
        None => new_contract(tx, context, prime, insurer, &loss, codes)?,
    };
    let id = DeclarationId::new(context.at, &context.entropy());
    let mut claim = prime.new_claim(*context.tenant(), id, &contract, &loss, codes, context.at);
    claim.set_declarer(context.caller.holder);
    if let Err(ClaimRefusal::OutsideCover(fault)) = claim.may_be_outside_cover(context.outside_cover()) {
        return Err(Refusal::field("claim.date", fault).into());
    }
    claims::insert(tx, &claim)?;
    events::record_with(tx, context, EventKind::ClaimDraftCreated, &claim, cover_of(&claim))?;
    Ok(Opened { claim, claim_existed: false, user_existed, contract_existed })
}

fn new_contract(
    tx: &mut Tx,
    context: &CommandContext,
    prime: &Prime,
    insurer: Option<Insurer>,
    loss: &PrimedLoss<'_>,
    codes: &Codes,
) -> Result<(Contract, bool), AppError> {
    let insurer = insurer.ok_or_else(|| {
        Refusal::field("contract.number", "no such contract; only its insurer's key can open a new one")
    })?;
    let email = prime.insured.email.as_deref().unwrap_or_default();
    let user = contracts::user_of_tenant_and_insurer_by_email(tx, context.tenant(), &insurer.acam_code, email)?;
    let user_existed = user.is_some();
    // The registry's ids are free texts; ours are UUIDs, which meet no other.
    let fresh = || uuid_v7(context.at, &context.entropy()).to_string();
    let contract = prime.new_contract(fresh(), user.unwrap_or_else(fresh), insurer, loss, codes);
    contracts::upsert_of_tenant(tx, context.tenant(), &contract)?;
    context.record(tx, &contract.id, EventKind::ContractCreated, json!({ "id": contract.id }))?;
    Ok((contract, user_existed))
}

fn new_link(tx: &mut Tx, context: &CommandContext, claim: &Claim) -> Result<String, AppError> {
    let mut random = [0; 32];
    context.fill(&mut random);
    let secret = URL_SAFE_NO_PAD.encode(random);
    let expires_at = context.at.checked_add(LINK_LIFE).unwrap_or(context.at);
    let link = SignInLink {
        tenant: *context.tenant(),
        declaration: claim.declaration_id,
        key: context.caller.key,
        expires_at,
        used_at: None,
    };
    sign_in_links::insert(tx, &hash_secret(&secret), &link)?;
    context.record(tx, claim.declaration_id, EventKind::SignInLinkCreated, json!({ "expiresAt": expires_at }))?;
    Ok(secret)
}
