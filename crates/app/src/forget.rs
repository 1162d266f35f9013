//! What is forgotten with time: answers that were kept for repeats of a request, and links that have ended.
//! Both hold, or lead to, personal data, and serve nobody any more.

use constat_store::queries::{idempotency, sign_in_links};
use jiff::SignedDuration;

use crate::{App, AppError};

/// Answers removed in one transaction: some milliseconds of the writer's time.
const BATCH: i64 = 500;

/// For how long a link that has ended still says so, rather than being unknown: a day.
const ENDED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Removes the answers kept longer than `requests.keep_answers_days`: from then on the same request under
/// the same key is a new one. Gives how many. Several nodes may do it at once.
///
/// # Errors
/// When the database fails.
pub async fn forget_answers(app: &App) -> Result<usize, AppError> {
    let days = app.settings.requests.keep_answers_days;
    if days == 0 {
        return Ok(0);
    }
    let kept_for = SignedDuration::from_hours(24 * i64::from(days));
    let Ok(before) = app.clock.now().checked_sub(kept_for) else { return Ok(0) };
    let mut removed = 0;
    loop {
        let some = app.store.write(move |tx| Ok::<_, AppError>(idempotency::forget_before(tx, before, BATCH)?)).await?;
        removed += some;
        if some == 0 {
            return Ok(removed);
        }
    }
}

/// Removes sign-in links that ended a day ago. Gives how many.
///
/// # Errors
/// When the database fails.
pub async fn forget_links(app: &App) -> Result<usize, AppError> {
    let Ok(before) = app.clock.now().checked_sub(ENDED_FOR) else { return Ok(0) };
    app.store.write(move |tx| Ok(sign_in_links::forget_before(tx, before)?)).await
}
