//! The events of a claim. They hold ids and codes only; a reader loads the claim for the rest.

use constat_domain::claim::{Claim, ClaimStatus};
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::DocumentId;
use serde_json::{Value, json};

use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Appends an event about the claim as it is now.
pub(crate) fn record(tx: &mut Tx, context: &CommandContext, kind: EventKind, claim: &Claim) -> Result<(), AppError> {
    record_with(tx, context, kind, claim, json!({}))
}

/// Appends an event about the claim as it is now, with more to tell: ids and codes.
pub(crate) fn record_with(
    tx: &mut Tx,
    context: &CommandContext,
    kind: EventKind,
    claim: &Claim,
    more: Value,
) -> Result<(), AppError> {
    Ok(context.record(tx, claim.declaration_id, kind, about(claim, more))?)
}

/// What every event about a claim says of it, with more to tell: ids and codes.
pub(crate) fn about(claim: &Claim, more: Value) -> Value {
    let mut data = json!({
        "id": claim.declaration_id,
        "claimId": claim.claim_id(),
        "status": claim.status(),
        "version": claim.version,
    });
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    data
}

/// Appends the events of a change of status, if there was one: after the submission always that it
/// changed, and then what happened, where the contract has a name for it.
pub(super) fn record_status(
    tx: &mut Tx,
    context: &CommandContext,
    before: ClaimStatus,
    claim: &Claim,
) -> Result<(), AppError> {
    if before == claim.status() {
        return Ok(());
    }
    if before != ClaimStatus::Draft {
        record_with(tx, context, EventKind::ClaimStatusUpdated, claim, json!({ "from": before }))?;
    }
    let kind = match (before, claim.status()) {
        (ClaimStatus::Closed, ClaimStatus::InProgress) => EventKind::ClaimReopened,
        (_, ClaimStatus::Closed) => EventKind::ClaimClosed,
        (_, ClaimStatus::Rejected) => EventKind::ClaimRefused,
        (_, ClaimStatus::Abandoned) => EventKind::ClaimAbandoned,
        (_, ClaimStatus::Archived) => EventKind::ClaimDraftArchived,
        (_, ClaimStatus::Draft | ClaimStatus::Submitted | ClaimStatus::InProgress | ClaimStatus::PendingInfo) => {
            return Ok(());
        }
    };
    record(tx, context, kind, claim)
}

/// Appends the event of one uploaded document.
pub(super) fn record_upload(
    tx: &mut Tx,
    context: &CommandContext,
    claim: &Claim,
    document: DocumentId,
) -> Result<(), AppError> {
    record_of_document(tx, context, EventKind::ClaimDocumentUploaded, claim, document)
}

/// Appends an event about one of the claim's documents.
pub(super) fn record_of_document(
    tx: &mut Tx,
    context: &CommandContext,
    kind: EventKind,
    claim: &Claim,
    document: DocumentId,
) -> Result<(), AppError> {
    // The integrator that declared the claim reads its events; the platform finds the rest on the document.
    let duplicate_of = claim.document(document).and_then(|document| document.duplicate_of);
    let duplicate_of = duplicate_of.filter(|other| other.is_own || claim.declared_by.is_none());
    let mut more = json!({ "documentId": document });
    if let (Some(duplicate), Some(more)) = (duplicate_of, more.as_object_mut()) {
        more.insert("duplicateOf".to_owned(), json!({ "id": duplicate.declaration, "documentId": duplicate.document }));
    }
    record_with(tx, context, kind, claim, more)
}
