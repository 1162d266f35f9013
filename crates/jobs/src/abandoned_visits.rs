//! Cancels the visits of abandoned claims at the partners, with retries.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use constat_claims::ClaimService;
use constat_claims::claim_appointments::{
    abandoned_since, abandoned_with_visits, cancel_abandoned_visits, event_positions,
};
use constat_core::AppError;
use constat_domain::ids::DeclarationId;
use constat_domain::tenancy::TenantId;
use jiff::{SignedDuration, Timestamp};

/// Time between two checks for new events.
const POLL: Duration = Duration::from_secs(5);

/// Minutes between attempts; the last value repeats.
const WAITS: [i64; 4] = [1, 5, 30, 60];

/// A claim whose visits are to be cancelled.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    tenant: TenantId,
    failures: usize,
    due: Timestamp,
}

/// Cancels visits of abandoned claims. Pending work is in memory and read from the database at start. Two nodes
/// that cancel the same visit use the same idempotency key, so the partner cancels it once.
pub struct AbandonedVisits {
    service: Arc<ClaimService>,
    /// Position of the last event seen of each tenant; `None` before the first check.
    seen: Option<BTreeMap<TenantId, i64>>,
    waiting: BTreeMap<DeclarationId, Waiting>,
}

impl AbandonedVisits {
    /// A job for these services.
    pub fn new(service: Arc<ClaimService>) -> Self {
        Self { service, seen: None, waiting: BTreeMap::new() }
    }

    /// Runs once and returns the number of claims that still wait for a partner.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn look(&mut self) -> Result<usize, AppError> {
        let now = self.service.core.clock.now();
        let heard = event_positions(&self.service)?;
        let found = match &self.seen {
            None => abandoned_with_visits(&self.service)?,
            Some(seen) => abandoned_since(&self.service, seen, &heard)?,
        };
        self.seen = Some(heard);
        for (tenant, claim) in found {
            self.waiting.insert(claim, Waiting { tenant, failures: 0, due: now });
        }
        let due: Vec<_> = self.waiting.iter().filter(|(_, one)| one.due <= now).map(|(id, one)| (*id, *one)).collect();
        for (claim, one) in due {
            match cancel_abandoned_visits(&self.service, one.tenant, claim).await {
                Ok(()) => {
                    self.waiting.remove(&claim);
                }
                Err(error) => {
                    tracing::warn!(%claim, %error, "the visits of an abandoned claim are not cancelled yet");
                    let minutes = WAITS.get(one.failures).or(WAITS.last()).copied().unwrap_or(60);
                    let due = now.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(now);
                    self.waiting.insert(claim, Waiting { failures: one.failures + 1, due, ..one });
                }
            }
        }
        Ok(self.waiting.len())
    }

    /// Runs until the task is dropped.
    pub async fn run(mut self) {
        let mut polls = tokio::time::interval(POLL);
        polls.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            polls.tick().await;
            if let Err(error) = self.look().await {
                tracing::error!(%error, "visits of abandoned claims were not cancelled: the database failed");
            }
        }
    }
}
