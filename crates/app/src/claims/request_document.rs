//! A handler asks the insured for a document.

use constat_domain::catalogue::Category;
use constat_domain::claim::{Claim, RequestedDocument};
use constat_store::queries::claims;
use serde_json::json;

use super::{claim_to_change, events};
use crate::{Act, AppError, Tx};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRequested {
    /// Which document.
    pub document: RequestedDocument,
    /// How much it is wanted.
    pub category: Category,
    /// What the insured should know of it.
    pub comment: Option<String>,
    /// Whether the claim then waits for it.
    pub wait: bool,
}

/// Asks for a document: it is among the claim's entries from now on.
pub fn request_document(
    tx: &mut Tx,
    act: &Act,
    id: &str,
    wanted: &DocumentRequested,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    act.require_handler()?;
    let mut claim = claim_to_change(tx, act, id, if_match)?;
    let before = claim.status;
    let DocumentRequested { document, category, comment, wait } = wanted;
    let kind = claim.request_document(act.catalogue(), document, *category, comment.clone(), *wait, act.at)?;
    claims::update(tx, &claim)?;
    let what = json!({ "documentType": kind, "category": category.as_str() });
    events::record_with(tx, act, events::DOCUMENT_REQUESTED, &claim, what)?;
    events::record_status(tx, act, before, &claim)?;
    Ok(claim)
}
