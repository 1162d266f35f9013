//! What handlers write: to the insured, and among themselves.

use constat_domain::claim::{Claim, InternalNote};
use constat_domain::event_kinds::EventKind;
use constat_domain::tenancy::Caller;
use constat_store::queries::claims;

use crate::ClaimService;
use crate::claim::events;
use crate::claim::find::{claim_to_handle, find_to_handle};
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Changes the note that the insured reads; `None` takes it away.
pub fn set_note(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    note: Option<&str>,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let mut claim = claim_to_handle(tx, context, id, if_match)?;
    claim.set_note(note.map(str::to_owned), context.at);
    claims::update(tx, &claim)?;
    events::record(tx, context, EventKind::ClaimNoteUpdated, &claim)?;
    Ok(claim)
}

/// Adds a note among handlers. It is never changed, and only handlers read it.
pub fn add_internal_note(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    text: &str,
    if_match: Option<&[i64]>,
) -> Result<(Claim, InternalNote), AppError> {
    let mut claim = claim_to_handle(tx, context, id, if_match)?;
    let note = InternalNote { text: text.to_owned(), at: context.at, by: context.caller.key };
    claim.add_internal_note(note.clone())?;
    claims::update(tx, &claim)?;
    events::record(tx, context, EventKind::ClaimInternalNoteAdded, &claim)?;
    Ok((claim, note))
}

/// The notes among handlers, oldest first, with the claim's version.
pub fn internal_notes(service: &ClaimService, caller: &Caller, id: &str) -> Result<(i64, Vec<InternalNote>), AppError> {
    let claim = service.core.store.read(|connection| find_to_handle(connection, caller, id))?;
    Ok((claim.version, claim.internal_notes))
}
