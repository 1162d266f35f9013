//! Forgets what has served its time: wakes every hour.

use std::sync::Arc;
use std::time::Duration;

use constat_claims::ClaimService;
use constat_claims::webhooks::delete_delivered;
use constat_core::{AppError, delete_ended_links, delete_expired_holds, delete_old_answers};

/// Between two looks.
const POLL: Duration = Duration::from_hours(1);

/// Keeps the log of webhooks' deliveries, the answers for repeated requests, the sign-in links and the holds
/// from growing for ever. Works until the task is dropped.
pub async fn run_retention(service: Arc<ClaimService>) {
    let mut hours = tokio::time::interval(POLL);
    hours.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        hours.tick().await;
        tell("deliveries", delete_delivered(&service).await);
        tell("answers", delete_old_answers(&service.core).await);
        tell("links", delete_ended_links(&service.core).await);
        tell("holds", delete_expired_holds(&service.core).await);
    }
}

fn tell(what: &str, removed: Result<usize, AppError>) {
    match removed {
        Ok(0) => {}
        Ok(removed) => tracing::info!(what, removed, "what has served its time was removed"),
        Err(error) => tracing::error!(what, %error, "what is old was not removed; trying again in an hour"),
    }
}
