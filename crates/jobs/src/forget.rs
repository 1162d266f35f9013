//! Forgets what has served its time: wakes every hour.

use std::sync::Arc;
use std::time::Duration;

use constat_app::webhooks::forget_delivered;
use constat_app::{App, AppError, forget_answers, forget_holds, forget_links};

/// Between two looks.
const POLL: Duration = Duration::from_hours(1);

/// Keeps the log of webhooks' deliveries, the answers for repeated requests, the sign-in links and the holds
/// from growing for ever. Works until the task is dropped.
pub async fn forget_what_is_old(app: Arc<App>) {
    let mut hours = tokio::time::interval(POLL);
    hours.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        hours.tick().await;
        tell("deliveries", forget_delivered(&app).await);
        tell("answers", forget_answers(&app).await);
        tell("links", forget_links(&app).await);
        tell("holds", forget_holds(&app).await);
    }
}

fn tell(what: &str, removed: Result<usize, AppError>) {
    match removed {
        Ok(0) => {}
        Ok(removed) => tracing::info!(what, removed, "what has served its time was removed"),
        Err(error) => tracing::error!(what, %error, "what is old was not removed; trying again in an hour"),
    }
}
