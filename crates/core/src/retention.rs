//! Deletes data after its retention period: stored answers for repeated requests, ended sign-in links (both may
//! hold personal data or give access to it), and expired holds.

use constat_store::queries::{holds, idempotency, recent_declarations, sign_in_links};
use jiff::{SignedDuration, Timestamp};

use crate::core::Core;
use crate::error::AppError;

/// Answers removed in one transaction: some milliseconds of the writer's time.
const BATCH: i64 = 500;

/// For how long a link that has ended still says so, rather than being unknown: a day.
const ENDED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How long a recent declaration is recorded: longer than the maximum of `requests.repeat_seconds`.
const NOTED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// Deletes answers older than `requests.keep_answers_days` and returns their number. The same request with the same
/// key is a new one afterwards. Several nodes may run it at once.
///
/// # Errors
/// When the database fails.
pub async fn delete_old_answers(core: &Core) -> Result<usize, AppError> {
    let now = core.clock.now();
    // Attempts whose server crashed, one hour after their end.
    if let Ok(before) = now.checked_sub(SignedDuration::from_hours(1)) {
        core.store.write(move |tx| Ok::<_, AppError>(idempotency::forget_open_before(tx, before)?)).await?;
    }
    let days = core.settings.requests.keep_answers_days;
    if days == 0 {
        return Ok(0);
    }
    let Some(before) = days_before(now, days) else { return Ok(0) };
    let mut removed = 0;
    loop {
        let some =
            core.store.write(move |tx| Ok::<_, AppError>(idempotency::forget_before(tx, before, BATCH)?)).await?;
        removed += some;
        if some == 0 {
            return Ok(removed);
        }
    }
}

/// The instant `days` times 24 hours before another; `None` if out of range.
pub fn days_before(at: Timestamp, days: u16) -> Option<Timestamp> {
    at.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).ok()
}

/// Deletes the expired holds of all firms and returns their number. A firm's next hold deletes expired ones too,
/// but may be long in coming.
///
/// # Errors
/// When the database fails.
pub async fn delete_expired_holds(core: &Core) -> Result<usize, AppError> {
    let now = core.clock.now();
    core.store.write(move |tx| Ok(holds::forget_expired(tx, now)?)).await
}

/// Deletes sign-in links that ended a day ago, and records of recent declarations older than an hour. Returns the
/// number of links.
///
/// # Errors
/// When the database fails.
pub async fn delete_ended_links(core: &Core) -> Result<usize, AppError> {
    let now = core.clock.now();
    let (Ok(ended), Ok(noted)) = (now.checked_sub(ENDED_FOR), now.checked_sub(NOTED_FOR)) else { return Ok(0) };
    core.store
        .write(move |tx| {
            recent_declarations::forget_before(tx, noted)?;
            Ok(sign_in_links::forget_before(tx, ended)?)
        })
        .await
}
