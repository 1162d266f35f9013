//! Starting and stopping catastrophe mode.

use constat_core::{AppError, Tx};
use constat_domain::Refusal;
use constat_domain::catastrophe::Catastrophe;
use constat_domain::event_kinds::EventKind;
use constat_domain::tenancy::{Mode, OrganisationKind, TenantId};
use constat_store::queries::{catastrophes, organisations};
use serde_json::json;

use crate::Actor;

/// Declares a catastrophe. Every node applies it within five seconds.
///
/// # Errors
/// The fields that are wrong, and [`constat_store::StoreError::Conflict`] when the name was used before.
pub fn start_catastrophe(tx: &mut Tx, actor: &Actor, catastrophe: &Catastrophe) -> Result<(), AppError> {
    Refusal::unless_empty(catastrophe.check())?;
    catastrophes::insert(tx, catastrophe)?;
    record(tx, actor, catastrophe, EventKind::CatastropheStarted)
}

/// Ends a catastrophe; `None` when there is none of this name. One that was over stays as it was.
///
/// # Errors
/// When the database fails.
pub fn stop_catastrophe(tx: &mut Tx, actor: &Actor, name: &str) -> Result<Option<Catastrophe>, AppError> {
    let Some(mut known) = catastrophes::by_name(tx, name)? else { return Ok(None) };
    if known.ended_at.is_none() {
        known.ended_at = Some(actor.at().max(known.started_at));
        catastrophes::update(tx, &known)?;
        record(tx, actor, &known, EventKind::CatastropheStopped)?;
    }
    Ok(Some(known))
}

/// A catastrophe belongs to no organisation. The event is in the data of every partner firm, live and test, because
/// it withholds a share of their calendars.
fn record(tx: &mut Tx, actor: &Actor, catastrophe: &Catastrophe, kind: EventKind) -> Result<(), AppError> {
    let data = json!({
        "departments": catastrophe.departments,
        "postcodes": catastrophe.postcodes,
        "natures": catastrophe.natures,
    });
    for firm in organisations::all(tx)?.iter().filter(|one| one.kind == OrganisationKind::Partner) {
        for mode in [Mode::Test, Mode::Live] {
            actor.record(tx, TenantId { org: firm.id, mode }, &catastrophe.name, kind, data.clone())?;
        }
    }
    Ok(())
}
