//! Watches claims' deadlines: wakes, looks at what changed or has come due, raises events.

use std::sync::Arc;
use std::time::Duration;

use constat_claims::ClaimService;
use constat_claims::deadlines::{refresh_rules_version, watch_deadlines};
use constat_core::AppError;

/// Runs the deadline watch. Several may run in one process or many: each notification is sent once.
#[derive(Clone)]
pub struct DeadlineWatch {
    service: Arc<ClaimService>,
}

impl DeadlineWatch {
    /// A watch over the application's claims.
    pub fn new(service: Arc<ClaimService>) -> Self {
        Self { service }
    }

    /// Looks until nothing is due any more, and gives how many looks it took.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drain(&self) -> Result<usize, AppError> {
        refresh_rules_version(&self.service).await?;
        self.look().await
    }

    async fn look(&self) -> Result<usize, AppError> {
        let mut looks = 0;
        loop {
            match watch_deadlines(&self.service).await {
                Ok(0) => return Ok(looks),
                Ok(some) => looks += some,
                // Another node writes the same tenant's events: look again.
                Err(AppError::Store(error)) if error.is_conflict() => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Works until the task is dropped: every few seconds, by the application's clock.
    pub async fn run(self) {
        let mut polls = tokio::time::interval(Duration::from_secs(self.service.core.settings.deadlines.poll_seconds));
        polls.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut minded = false;
        loop {
            polls.tick().await;
            let worked = if minded { self.look().await } else { self.drain().await };
            match worked {
                Ok(_) => minded = true,
                Err(error) => tracing::error!(%error, "deadlines wait: the database failed"),
            }
        }
    }
}
