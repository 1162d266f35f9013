//! The insured's sign-in link: can be viewed any number of times and used once.

use constat_domain::event_kinds::EventKind;
use std::sync::Arc;

use constat_domain::catalogue::{Catalogue, Category};
use constat_domain::claim::Claim;
use constat_domain::ids::EventId;
use constat_store::queries::events::{self, Event};
use constat_store::queries::sign_in_links::{self, SignInLink};
use constat_store::queries::{api_keys, claims};
use constat_store::{Connection, StoreError, Tx};
use jiff::Timestamp;
use serde_json::json;

use crate::ClaimService;
use constat_core::{AppError, Catalogues, hash_secret};

/// Where a link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// It may be used.
    Ready,
    /// It was used.
    Used,
    /// Its time is over, or the key that it was made with was revoked.
    Expired,
    /// There is no such link.
    Unknown,
}

/// What the insured sees of the declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedIn {
    /// The declaration.
    pub claim: Claim,
    /// The documents that are still to come.
    pub expected: Vec<ExpectedDocument>,
}

/// A document that is still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedDocument {
    /// Its name, in French.
    pub label: String,
    /// The declaration cannot be handed in without it.
    pub mandatory: bool,
}

/// Looks at a link without using it up: scanners of mail follow links, and must not spend them.
pub fn look_at_link(service: &ClaimService, secret: &str) -> Result<LinkState, AppError> {
    let (hash, now) = (hash_secret(secret), service.core.clock.now());
    service.core.store.read(|connection| {
        let link = sign_in_links::by_hash(connection, &hash)?;
        Ok(state(connection, link.as_ref(), now)?)
    })
}

/// Uses a link up; of several who try, one gets in. The others learn why not.
pub async fn use_link(service: &ClaimService, secret: &str) -> Result<Result<SignedIn, LinkState>, AppError> {
    let (hash, at) = (hash_secret(secret), service.core.clock.now());
    let event_id = EventId::new(at, &service.core.secure_random.entropy());
    let catalogues = Arc::clone(&service.core.catalogues);
    service.core.store.write(move |tx| consume(tx, &catalogues, &hash, at, event_id)).await
}

fn consume(
    tx: &mut Tx,
    catalogues: &Catalogues,
    hash: &str,
    at: Timestamp,
    event_id: EventId,
) -> Result<Result<SignedIn, LinkState>, AppError> {
    let link = sign_in_links::by_hash(tx, hash)?;
    let link = match (state(tx, link.as_ref(), at)?, link) {
        (LinkState::Ready, Some(link)) => link,
        (other, _) => return Ok(Err(other)),
    };
    if !sign_in_links::consume(tx, hash, at)? {
        return Ok(Err(LinkState::Used));
    }
    let claim = claim_of(tx, &link)?;
    let event = Event {
        id: event_id,
        tenant: link.tenant,
        subject: link.declaration.to_string(),
        kind: EventKind::SignInLinkUsed.into(),
        at,
        actor: "insured".to_owned(),
        data: json!({ "id": link.declaration }),
    };
    events::append(tx, &event)?;
    let expected = expected_documents(catalogues.of(&link.tenant), &claim);
    Ok(Ok(SignedIn { claim, expected }))
}

fn claim_of(connection: &mut Connection, link: &SignInLink) -> Result<Claim, StoreError> {
    claims::of_tenant_by_either_id(connection, &link.tenant, &link.declaration.to_string())?
        .ok_or_else(|| StoreError::Corrupt("a sign-in link without its declaration".to_owned()))
}

fn state(connection: &mut Connection, link: Option<&SignInLink>, now: Timestamp) -> Result<LinkState, StoreError> {
    let Some(link) = link else { return Ok(LinkState::Unknown) };
    if link.used_at.is_some() {
        return Ok(LinkState::Used);
    }
    if now >= link.expires_at {
        return Ok(LinkState::Expired);
    }
    // Read from the database, not from the keys in memory: a revoked key's links end at once.
    let is_revoked = api_keys::by_id(connection, link.key)?.is_none_or(|key| key.revoked_at.is_some());
    Ok(if is_revoked { LinkState::Expired } else { LinkState::Ready })
}

/// What the catalogue asks for and has not come, or was refused.
fn expected_documents(catalogue: &Catalogue, claim: &Claim) -> Vec<ExpectedDocument> {
    claim
        .entries(catalogue)
        .into_iter()
        .filter(|entry| entry.rule.category != Category::Optional && !entry.is_filled())
        .map(|entry| ExpectedDocument {
            label: entry.rule.label.clone(),
            mandatory: entry.rule.category == Category::Mandatory,
        })
        .collect()
}
