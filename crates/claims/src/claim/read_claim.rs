//! Reading a claim, or one of its documents.

use constat_domain::claim::{Claim, Document};
use constat_domain::ids::DocumentId;
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::claims::ClaimVersion;

use crate::ClaimService;
use crate::claim::find::{find, find_version};
use constat_core::AppError;

/// The claim with this pre-declaration id or internal claim id. Another's is not found.
pub fn read_claim(service: &ClaimService, caller: &Caller, id: &str) -> Result<Claim, AppError> {
    service.core.store.read(|connection| find(connection, caller, id))
}

/// Tells the present version of the claim with this pre-declaration id or internal claim id, without
/// reading it. Another's is not found.
pub fn claim_version(service: &ClaimService, caller: &Caller, id: &str) -> Result<ClaimVersion, AppError> {
    service.core.store.read(|connection| find_version(connection, caller, id))
}

/// A document of a claim, with the claim.
pub fn read_document(
    service: &ClaimService,
    caller: &Caller,
    claim: &str,
    document: &str,
) -> Result<(Claim, Document), AppError> {
    let claim = read_claim(service, caller, claim)?;
    let id: Option<DocumentId> = document.parse().ok();
    let document = id.and_then(|id| claim.document(id)).cloned().ok_or(ClaimRefusal::DocumentNotFound)?;
    Ok((claim, document))
}
