//! Links that fetch a document's bytes without a key, for one hour.

use constat_domain::claim::{Claim, Document};
use constat_domain::ids::{DeclarationId, DocumentId, KeyId};
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::{Api, Caller, TenantId};
use constat_store::queries::{api_keys, claims};
use constat_store::{Connection, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ClaimService;
use crate::dossier::access::may_pull;
use constat_core::{AppError, Seal};

/// How long a link works. Source: claims API v2, `downloadUrl`; dossier API, `Attachment.href`.
pub const LINK_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// A link and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadLink {
    /// Absolute; any holder of it may fetch the bytes.
    pub url: String,
    /// When it stops working, by this server's clock.
    pub expires_at: Timestamp,
}

/// What a link's token seals.
#[derive(Serialize, Deserialize)]
struct Ticket {
    #[serde(rename = "t")]
    tenant: TenantId,
    #[serde(rename = "c")]
    declaration: DeclarationId,
    #[serde(rename = "d")]
    document: DocumentId,
    /// The key that it was made for.
    #[serde(rename = "k")]
    key: KeyId,
    /// UTC microseconds.
    #[serde(rename = "e")]
    expires: i64,
    /// Whether the original is meant.
    #[serde(rename = "o", default)]
    original: bool,
}

/// Which bytes of a document a reader gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copy {
    /// Those that were uploaded.
    Original,
    /// Without what the file says beside the picture, such as when and where it was taken.
    Clean,
}

impl Copy {
    /// The one rule for who may read originals: the platform's own keys, in every contract. Integrators, insurers
    /// and experts get cleaned copies.
    pub fn for_caller(caller: &Caller) -> Self {
        if caller.owns_the_data() { Self::Original } else { Self::Clean }
    }
}

/// A document's bytes on their way to a reader.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The claim.
    pub claim: Claim,
    /// Its document.
    pub document: Document,
    /// Which bytes.
    pub copy: Copy,
    /// The key that reads, or that the link was made for.
    pub reader: KeyId,
}

/// Signs a link to one of the claim's documents, to the copy that the caller may read.
pub fn sign_download(
    service: &ClaimService,
    claim: &Claim,
    document: &Document,
    caller: &Caller,
) -> Result<DownloadLink, AppError> {
    let now = service.core.clock.now();
    let expires_at = now.checked_add(LINK_LIFE).unwrap_or(now);
    let ticket = Ticket {
        tenant: claim.tenant,
        declaration: claim.declaration_id,
        document: document.id,
        key: caller.key,
        expires: expires_at.as_microsecond(),
        original: Copy::for_caller(caller) == Copy::Original,
    };
    let token = service.core.sealer.seal(Seal::Download, &ticket)?;
    Ok(DownloadLink { url: format!("{}/v2/files/{token}", service.core.settings.public_url), expires_at })
}

/// The URL alone.
pub fn signed_download_url(
    service: &ClaimService,
    claim: &Claim,
    document: &Document,
    caller: &Caller,
) -> Result<String, AppError> {
    Ok(sign_download(service, claim, document, caller)?.url)
}

/// What a link's token opens. A token finds no document when it was not made here, when its hour is over, and when
/// the key that it was made for was revoked or may not read the claim any more.
pub fn open_download(service: &ClaimService, token: &str) -> Result<Reading, AppError> {
    let ticket: Ticket = service.core.sealer.open(Seal::Download, token).ok_or(ClaimRefusal::DocumentNotFound)?;
    if service.core.clock.now().as_microsecond() >= ticket.expires {
        return Err(ClaimRefusal::DocumentNotFound.into());
    }
    let id = ticket.declaration.to_string();
    let claim = service.core.store.read(|connection| {
        let claim = claims::of_tenant_by_either_id(connection, &ticket.tenant, &id)?;
        match claim {
            Some(claim) if is_open_to(connection, ticket.key, &claim)? => Ok::<_, AppError>(Some(claim)),
            _ => Ok(None),
        }
    })?;
    let claim = claim.ok_or(ClaimRefusal::DocumentNotFound)?;
    let document = claim.document(ticket.document).cloned().ok_or(ClaimRefusal::DocumentNotFound)?;
    let copy = if ticket.original { Copy::Original } else { Copy::Clean };
    Ok(Reading { claim, document, copy, reader: ticket.key })
}

/// Whether the key of a link still works and still reads the claim.
fn is_open_to(connection: &mut Connection, key: KeyId, claim: &Claim) -> Result<bool, StoreError> {
    let Some(key) = api_keys::by_id(connection, key)?.filter(|key| key.revoked_at.is_none()) else {
        return Ok(false);
    };
    let caller = key.caller();
    match caller.api {
        Api::Claims => Ok(claim.is_seen_by(&caller)),
        Api::Dossier => may_pull(connection, &caller, claim),
        Api::Partner => Ok(false),
    }
}
