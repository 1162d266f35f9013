//! What a handler decides about a document.

use constat_domain::claim::Claim;
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::DocumentId;
use constat_domain::refusal::ClaimRefusal;
use constat_store::queries::claims;

use crate::claim::events;
use crate::claim::find::claim_to_handle;
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Review {
    /// It is good, and stays.
    Accept,
    /// It is not, for this reason, which the insured reads; it may come again.
    Reject(String),
}

/// Accepts or rejects a document that waits for it. Handlers only.
pub fn review_document(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    document: &str,
    review: &Review,
    if_match: Option<&[i64]>,
) -> Result<(Claim, DocumentId), AppError> {
    let mut claim = claim_to_handle(tx, context, id, if_match)?;
    let was_ready = claim.can_submit(context.catalogue());
    let document: DocumentId = document.parse().map_err(|_invalid| ClaimRefusal::DocumentNotFound)?;
    let kind = match review {
        Review::Accept => {
            claim.accept_document(document, context.at)?;
            EventKind::ClaimDocumentAccepted
        }
        Review::Reject(reason) => {
            claim.reject_document(document, reason, context.at)?;
            EventKind::ClaimDocumentRefused
        }
    };
    claim.touch(context.at);
    claims::update(tx, &claim)?;
    events::record_of_document(tx, context, kind, &claim, document)?;
    if claim.can_submit(context.catalogue()) && !was_ready {
        events::record(tx, context, EventKind::ClaimDraftReady, &claim)?;
    }
    Ok((claim, document))
}
