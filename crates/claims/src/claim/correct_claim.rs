//! Correcting the facts of a claim after it was handed in.

use constat_domain::claim::{Claim, Correction};
use constat_domain::codes::Codes;
use constat_domain::event_kinds::EventKind;
use constat_store::queries::claims;
use serde_json::{Value, json};

use crate::claim::cover::cover_of;
use crate::claim::events;
use crate::claim::find::claim_to_handle;
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Corrects place, insured or facts of the loss: for the handler. The event names the fields that changed, and
/// not what they say. A correction that changes nothing leaves the claim in its version, without an event.
pub fn correct_claim(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    correction: &Correction,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let mut claim = claim_to_handle(tx, context, id, if_match)?;
    let was_ready = claim.can_submit(context.rules());
    let fields = claim.correct(Codes::embedded(), correction, context.at)?;
    if fields.is_empty() {
        return Ok(claim);
    }
    claims::update(tx, &claim)?;
    let mut more = cover_of(&claim);
    if let Value::Object(more) = &mut more {
        more.insert("fields".to_owned(), json!(fields));
    }
    events::record_with(tx, context, EventKind::ClaimCorrected, &claim, more)?;
    if claim.can_submit(context.rules()) && !was_ready {
        events::record(tx, context, EventKind::ClaimDraftReady, &claim)?;
    }
    Ok(claim)
}
