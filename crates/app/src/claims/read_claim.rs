//! Reading a claim, or one of its documents.

use constat_domain::claim::{Claim, Document};
use constat_domain::ids::{DeclarationId, DocumentId};
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::claims;

use crate::{App, AppError};

/// The claim with this pre-declaration id or internal claim id. Somebody else's is not found.
pub fn read_claim(app: &App, caller: &Caller, id: &str) -> Result<Claim, AppError> {
    let found = app.store.read(|connection| claims::of_tenant_by_either_id(connection, &caller.tenant, id))?;
    found.ok_or_else(|| ClaimRefusal::ClaimNotFound.into())
}

/// Which claim an id stands for, at which version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimStamp {
    /// The claim.
    pub declaration: DeclarationId,
    /// Its version now.
    pub version: i64,
}

/// Tells the present version of the claim with this pre-declaration id or internal claim id, without
/// reading it. Somebody else's is not found.
pub fn claim_stamp(app: &App, caller: &Caller, id: &str) -> Result<ClaimStamp, AppError> {
    let found = app.store.read(|connection| claims::stamp_of_tenant_by_either_id(connection, &caller.tenant, id))?;
    let (declaration, version) = found.ok_or(ClaimRefusal::ClaimNotFound)?;
    Ok(ClaimStamp { declaration, version })
}

/// A document of a claim, with the claim.
pub fn read_document(app: &App, caller: &Caller, claim: &str, document: &str) -> Result<(Claim, Document), AppError> {
    let claim = read_claim(app, caller, claim)?;
    let id: Option<DocumentId> = document.parse().ok();
    let document = id.and_then(|id| claim.document(id)).cloned().ok_or(ClaimRefusal::DocumentNotFound)?;
    Ok((claim, document))
}
