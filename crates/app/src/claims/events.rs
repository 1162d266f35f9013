//! What is told of a claim. Events hold ids and codes only; a reader loads the claim for the rest.

use constat_domain::claim::Claim;
use constat_domain::ids::DocumentId;
use serde_json::json;

use crate::{Act, AppError, Tx};

pub(super) const DRAFT_CREATED: &str = "v2.claim.draft.created";
pub(super) const DRAFT_READY: &str = "v2.claim.draft.ready";
pub(super) const DRAFT_ARCHIVED: &str = "v2.claim.draft.archived";
pub(super) const SUBMITTED: &str = "v2.claim.created";
pub(super) const ABANDONED: &str = "v2.claim.abandoned";
/// The contract has no event for an edited draft; the audit trail needs one all the same.
pub(super) const DRAFT_EDITED: &str = "claim.draft.edited";
const DOCUMENT_UPLOADED: &str = "v2.claim.document.uploaded";
pub(super) const DOCUMENT_ACCEPTED: &str = "v2.claim.document.accepted";
pub(super) const DOCUMENT_REFUSED: &str = "v2.claim.document.refused";

/// Appends an event about the claim as it is now.
pub(super) fn record(tx: &mut Tx, act: &Act, kind: &str, claim: &Claim) -> Result<(), AppError> {
    let data = json!({
        "id": claim.declaration_id,
        "claimId": claim.claim_id,
        "status": claim.status,
        "version": claim.version,
    });
    Ok(act.record(tx, claim.declaration_id, kind, data)?)
}

/// Appends the event of one uploaded document.
pub(super) fn record_upload(tx: &mut Tx, act: &Act, claim: &Claim, document: DocumentId) -> Result<(), AppError> {
    record_of_document(tx, act, DOCUMENT_UPLOADED, claim, document)
}

/// Appends an event about one of the claim's documents.
pub(super) fn record_of_document(
    tx: &mut Tx,
    act: &Act,
    kind: &str,
    claim: &Claim,
    document: DocumentId,
) -> Result<(), AppError> {
    let duplicate_of = claim.document(document).and_then(|document| document.duplicate_of);
    let mut data = json!({
        "id": claim.declaration_id,
        "claimId": claim.claim_id,
        "status": claim.status,
        "version": claim.version,
        "documentId": document,
    });
    if let (Some(duplicate), Some(data)) = (duplicate_of, data.as_object_mut()) {
        data.insert("duplicateOf".to_owned(), json!({ "id": duplicate.declaration, "documentId": duplicate.document }));
    }
    Ok(act.record(tx, claim.declaration_id, kind, data)?)
}
