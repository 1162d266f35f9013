//! Deletes data past its retention period, every hour.

use std::sync::Arc;
use std::time::Duration;

use constat_claims::ClaimService;
use constat_claims::webhooks::delete_delivered;
use constat_core::{AppError, delete_ended_links, delete_expired_holds, delete_old_answers};

/// Time between two runs.
const POLL: Duration = Duration::from_hours(1);

/// Deletes old webhook deliveries, stored answers, ended sign-in links and expired holds. Runs until the task is
/// dropped.
pub async fn run_retention(service: Arc<ClaimService>) {
    let mut hours = tokio::time::interval(POLL);
    hours.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        hours.tick().await;
        log("deliveries", delete_delivered(&service).await);
        log("answers", delete_old_answers(&service.core).await);
        log("links", delete_ended_links(&service.core).await);
        log("holds", delete_expired_holds(&service.core).await);
    }
}

fn log(what: &str, removed: Result<usize, AppError>) {
    match removed {
        Ok(0) => {}
        Ok(removed) => tracing::info!(what, removed, "expired data was deleted"),
        Err(error) => tracing::error!(what, %error, "expired data was not deleted; trying again in an hour"),
    }
}
