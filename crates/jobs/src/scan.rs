//! Has documents seen that were held while the virus scanner was away.

use std::sync::Arc;
use std::time::Duration;

use constat_claims::ClaimService;

/// Tries every `scanner.retry_seconds`. Works until the task is dropped.
pub async fn scan_held_documents(service: Arc<ClaimService>) {
    let mut rounds = tokio::time::interval(Duration::from_secs(service.core.settings.scanner.retry_seconds));
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        match service.scan_held().await {
            Ok(0) => {}
            Ok(seen) => tracing::info!(seen, "documents that were held have been scanned"),
            Err(error) => tracing::error!(%error, "held documents could not be scanned; trying again later"),
        }
    }
}
