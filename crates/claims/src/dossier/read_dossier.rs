//! Pulling a claim file, or one of its documents.

use constat_domain::claim::Claim;
use constat_domain::ids::DocumentId;
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;

use crate::ClaimService;
use crate::claim::download::{Copy, Reading};
use crate::dossier::access::claim_for;
use constat_core::AppError;

/// The claim, by any of its identifiers, when the caller may see it.
pub fn read_dossier(service: &ClaimService, caller: &Caller, id: &str) -> Result<Claim, AppError> {
    service.core.store.read(|connection| claim_for(connection, caller, id))
}

/// A document of such a claim. One that a newer upload replaced can still be read by its id.
pub fn read_dossier_document(
    service: &ClaimService,
    caller: &Caller,
    id: &str,
    file: &str,
) -> Result<Reading, AppError> {
    let claim = read_dossier(service, caller, id)?;
    let wanted: DocumentId = file.parse().map_err(|_invalid| ClaimRefusal::DocumentNotFound)?;
    let document = claim.document(wanted).cloned().ok_or(ClaimRefusal::DocumentNotFound)?;
    Ok(Reading { claim, document, copy: Copy::for_caller(caller), reader: caller.key })
}
