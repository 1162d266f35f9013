//! Asks firms on other servers to erase what was erased here.

use std::sync::Arc;
use std::time::Duration;

use constat_claims::ClaimService;
use constat_claims::claim_appointments::request_partner_erasures;

/// Between two looks at what is to be asked for.
const POLL: Duration = Duration::from_secs(30);

/// Works until the task is dropped. Several nodes may do it at once: asking a firm twice is as asking it once.
pub async fn run_partner_erasures(service: Arc<ClaimService>) {
    let mut polls = tokio::time::interval(POLL);
    polls.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        polls.tick().await;
        if let Err(error) = request_partner_erasures(&service).await {
            tracing::error!(%error, "erasures wait to be passed on: the database failed");
        }
    }
}
