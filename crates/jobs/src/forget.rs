//! Forgets what was delivered long ago: wakes every hour.

use std::sync::Arc;
use std::time::Duration;

use constat_app::App;
use constat_app::webhooks::forget_delivered;

/// Between two looks.
const POLL: Duration = Duration::from_hours(1);

/// Keeps the log of webhooks' deliveries from growing for ever. Works until the task is dropped.
pub async fn forget_old_deliveries(app: Arc<App>) {
    let mut hours = tokio::time::interval(POLL);
    hours.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        hours.tick().await;
        match forget_delivered(&app).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "deliveries of long ago were removed from the log"),
            Err(error) => tracing::error!(%error, "old deliveries were not removed; trying again in an hour"),
        }
    }
}
