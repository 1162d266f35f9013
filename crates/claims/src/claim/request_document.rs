//! A handler asks the insured for a document.

use constat_domain::claim::{Claim, NewRequest};
use constat_domain::event_kinds::EventKind;
use constat_store::queries::claims;
use serde_json::json;

use crate::claim::events;
use crate::claim::find::claim_to_handle;
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Asks for a document: it is among the claim's entries from now on.
pub fn request_document(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    new: &NewRequest,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let mut claim = claim_to_handle(tx, context, id, if_match)?;
    let before = claim.status();
    let kind = claim.request_document(context.catalogue(), new, context.at)?;
    claims::update(tx, &claim)?;
    let what = json!({ "documentType": kind, "category": new.category.as_str() });
    events::record_with(tx, context, EventKind::ClaimDocumentRequested, &claim, what)?;
    events::record_status(tx, context, before, &claim)?;
    Ok(claim)
}
