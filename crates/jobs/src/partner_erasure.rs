//! Sends erasures to partner firms on other servers.

use std::sync::Arc;
use std::time::Duration;

use constat_claims::ClaimService;
use constat_claims::claim_appointments::request_partner_erasures;

/// Time between two checks for due erasures.
const POLL: Duration = Duration::from_secs(30);

/// Runs until the task is dropped. Several nodes may run it: the request is idempotent.
pub async fn run_partner_erasures(service: Arc<ClaimService>) {
    let mut polls = tokio::time::interval(POLL);
    polls.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        polls.tick().await;
        if let Err(error) = request_partner_erasures(&service).await {
            tracing::error!(%error, "erasures were not sent to partners: the database failed");
        }
    }
}
