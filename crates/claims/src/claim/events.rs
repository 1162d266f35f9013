//! The events of a claim. They hold ids and codes only; a reader loads the claim for the rest.

use constat_domain::claim::{Claim, ClaimStatus};
use constat_domain::ids::DocumentId;
use serde_json::{Value, json};

use constat_core::{AppError, CommandContext};
use constat_store::Tx;

pub(crate) const DRAFT_CREATED: &str = "v2.claim.draft.created";
pub(super) const DRAFT_READY: &str = "v2.claim.draft.ready";
const DRAFT_ARCHIVED: &str = "v2.claim.draft.archived";
pub(super) const SUBMITTED: &str = "v2.claim.created";
const STATUS_UPDATED: &str = "v2.claim.status.updated";
const CLOSED: &str = "v2.claim.closed";
const REOPENED: &str = "v2.claim.reopened";
const REFUSED: &str = "v2.claim.refused";
const ABANDONED: &str = "v2.claim.abandoned";
/// The contract has no event for an edited draft; the audit trail needs one all the same.
pub(super) const DRAFT_EDITED: &str = "claim.draft.edited";
/// The contract has none either for what a handler corrects, nor for a cover that changed with its contract.
pub(super) const CORRECTED: &str = "claim.corrected";
pub(super) const COVER_UPDATED: &str = "claim.cover.updated";
/// The contract has no events for what handlers write. The first is in timeline and feed, the second in
/// the timeline that handlers read.
pub(super) const NOTE_UPDATED: &str = "claim.note.updated";
pub(super) const INTERNAL_NOTE_ADDED: &str = "claim.internal_note.added";
/// A handler fetched an original that holds more than the cleaned copy. In the timeline that handlers read.
pub(super) const ORIGINAL_READ: &str = "claim.document.original_read";
pub(super) const SETTLEMENT_CREATED: &str = "v2.claim.settlement.created";
pub(super) const SETTLEMENT_PAID: &str = "v2.claim.settlement.paid";
pub(super) const SETTLEMENT_RETURNED: &str = "v2.claim.settlement.returned";
/// The contract has no event for a settlement that is withdrawn before it was paid.
pub(super) const SETTLEMENT_CANCELLED: &str = "claim.settlement.cancelled";
pub(super) const DOCUMENT_REQUESTED: &str = "v2.claim.document.requested";
const DOCUMENT_UPLOADED: &str = "v2.claim.document.uploaded";
pub(super) const DOCUMENT_ACCEPTED: &str = "v2.claim.document.accepted";
pub(crate) const DOCUMENT_REFUSED: &str = "v2.claim.document.refused";

/// Appends an event about the claim as it is now.
pub(crate) fn record(tx: &mut Tx, context: &CommandContext, kind: &str, claim: &Claim) -> Result<(), AppError> {
    record_with(tx, context, kind, claim, json!({}))
}

/// Appends an event about the claim as it is now, with more to tell: ids and codes.
pub(crate) fn record_with(
    tx: &mut Tx,
    context: &CommandContext,
    kind: &str,
    claim: &Claim,
    more: Value,
) -> Result<(), AppError> {
    Ok(context.record(tx, claim.declaration_id, kind, about(claim, more))?)
}

/// What every event about a claim says of it, with more to tell: ids and codes.
pub(crate) fn about(claim: &Claim, more: Value) -> Value {
    let mut data = json!({
        "id": claim.declaration_id,
        "claimId": claim.claim_id,
        "status": claim.status,
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
    if before == claim.status {
        return Ok(());
    }
    if before != ClaimStatus::Draft {
        record_with(tx, context, STATUS_UPDATED, claim, json!({ "from": before }))?;
    }
    let kind = match (before, claim.status) {
        (ClaimStatus::Closed, ClaimStatus::InProgress) => REOPENED,
        (_, ClaimStatus::Closed) => CLOSED,
        (_, ClaimStatus::Rejected) => REFUSED,
        (_, ClaimStatus::Abandoned) => ABANDONED,
        (_, ClaimStatus::Archived) => DRAFT_ARCHIVED,
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
    record_of_document(tx, context, DOCUMENT_UPLOADED, claim, document)
}

/// Appends an event about one of the claim's documents.
pub(super) fn record_of_document(
    tx: &mut Tx,
    context: &CommandContext,
    kind: &str,
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
