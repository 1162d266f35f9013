//! Pulling a claim file, or one of its documents.

use constat_domain::claim::{Claim, Document};
use constat_domain::ids::DocumentId;
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;

use super::access::claim_for;
use crate::claims::Copy;
use crate::{App, AppError};

/// The claim, by any of its identifiers, when the caller may see it.
pub fn read_dossier(app: &App, caller: &Caller, id: &str) -> Result<Claim, AppError> {
    app.store.read(|connection| claim_for(connection, caller, id))
}

/// A document of such a claim. One that a newer upload replaced can still be read by its id.
pub fn read_dossier_document(app: &App, caller: &Caller, id: &str, file: &str) -> Result<Document, AppError> {
    let claim = read_dossier(app, caller, id)?;
    let wanted: DocumentId = file.parse().map_err(|_invalid| ClaimRefusal::DocumentNotFound)?;
    claim.document(wanted).cloned().ok_or_else(|| ClaimRefusal::DocumentNotFound.into())
}

/// Which bytes a caller gets: a partner or an insurer learns neither when nor where a photo was taken
/// from its file.
pub fn copy_for(caller: &Caller) -> Copy {
    if caller.owns_the_data() { Copy::Original } else { Copy::Clean }
}
