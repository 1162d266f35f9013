//! Starting and stopping catastrophe mode.

use constat_core::AppError;
use constat_domain::catastrophe::Catastrophe;
use constat_store::Tx;
use constat_store::queries::catastrophes;
use jiff::Timestamp;

/// Declares a catastrophe. Every node keeps to it within five seconds.
///
/// # Errors
/// The fields that are wrong, and [`StoreError::Conflict`] when the name was used before.
pub fn start_catastrophe(tx: &mut Tx, catastrophe: &Catastrophe) -> Result<(), AppError> {
    constat_domain::Refusal::unless_empty(catastrophe.check())?;
    Ok(catastrophes::insert(tx, catastrophe)?)
}

/// Ends a catastrophe; `None` when there is none of this name. One that was over stays as it was.
pub fn stop_catastrophe(tx: &mut Tx, name: &str, at: Timestamp) -> Result<Option<Catastrophe>, AppError> {
    let Some(mut known) = catastrophes::by_name(tx, name)? else { return Ok(None) };
    if known.ended_at.is_none() {
        known.ended_at = Some(at.max(known.started_at));
        catastrophes::update(tx, &known)?;
    }
    Ok(Some(known))
}
