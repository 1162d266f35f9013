//! Dated facts that handlers tell of a claim.

use constat_domain::claim::{Claim, MilestoneKind};
use constat_domain::deadlines::Place;
use constat_domain::event_kinds::EventKind;
use constat_domain::refusal::ClaimRefusal;
use constat_store::queries::claims;
use jiff::civil::Date;
use serde_json::json;

use crate::claim::events;
use crate::claim::find::claim_to_handle;
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Keeps the day of a milestone, or corrects it. For handlers; in any status, since a complaint may
/// come after the end.
pub fn record_milestone(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    kind: MilestoneKind,
    day: Date,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let mut claim = claim_to_handle(tx, context, id, if_match)?;
    let today = Place::of(&claim.location).day_of(context.at);
    claim.record_milestone(kind, day, today)?;
    save(tx, context, &mut claim, EventKind::ClaimMilestoneRecorded, kind, day)?;
    Ok(claim)
}

/// Removes a milestone that was recorded by mistake.
pub fn remove_milestone(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    kind: MilestoneKind,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let mut claim = claim_to_handle(tx, context, id, if_match)?;
    let day = claim.remove_milestone(kind).ok_or(ClaimRefusal::MilestoneNotFound)?;
    save(tx, context, &mut claim, EventKind::ClaimMilestoneRemoved, kind, day)?;
    Ok(claim)
}

fn save(
    tx: &mut Tx,
    context: &CommandContext,
    claim: &mut Claim,
    event: EventKind,
    kind: MilestoneKind,
    day: Date,
) -> Result<(), AppError> {
    claim.touch(context.at);
    claims::update(tx, claim)?;
    events::record_with(tx, context, event, claim, json!({ "milestone": kind, "date": day }))
}
