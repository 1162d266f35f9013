//! Sends webhooks: looks at new events, leases what is due, sends it, writes down what became of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use constat_claims::ClaimService;
use constat_claims::webhooks::{
    Message, SendFailure, WebhookRequest, Work, fan_out, fan_out_work, lease, lease_trials, message_of, record_attempt,
    trials_due, work_due,
};
use constat_core::AppError;
use constat_domain::ids::WebhookId;
use constat_domain::webhook::{Attempt, Delivery, Webhook};
use futures_util::future::join_all;
use tokio::task::JoinSet;

use crate::signature;

/// Shortest time between two looks at the database after new events.
const NUDGE_DEBOUNCE: Duration = Duration::from_millis(20);

/// How long a worker whose database failed keeps its webhook waiting.
const FAILURE_BACKOFF: Duration = Duration::from_secs(1);

/// What a worker sends, and for which webhook. One of each kind works for a webhook at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Worker {
    /// All that is due.
    All(WebhookId),
    /// Trials alone, beside a worker that waits for a slow receiver.
    Trials(WebhookId),
}

/// Writes a message as the contract does.
pub type Render = fn(&Message) -> Result<String, AppError>;

/// Sends webhooks. Several may run at once, in one process or many.
#[derive(Clone)]
pub struct Deliverer {
    service: Arc<ClaimService>,
    render: Render,
    /// Tells this node's leases from another's.
    name: String,
}

impl Deliverer {
    /// A deliverer of the application's webhooks.
    pub fn new(service: Arc<ClaimService>, render: Render) -> Self {
        let mut random = [0; 8];
        service.core.secure_random.fill(&mut random);
        let name = format!("{:016x}", u64::from_le_bytes(random));
        Self { service, render, name }
    }

    /// Sends until nothing is due any more, and gives how many attempts were made. What failed is due
    /// later, so this ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drain(&self) -> Result<usize, AppError> {
        let mut attempts = 0;
        loop {
            self.look_at_events().await?;
            let due = work_due(&self.service)?;
            let done = join_all(due.into_iter().map(|webhook| self.work_on(webhook))).await;
            let done: usize = done.into_iter().sum::<Result<usize, AppError>>()?;
            if done == 0 {
                return Ok(attempts);
            }
            attempts += done;
        }
    }

    /// Works until the task is dropped: whenever this process commits an event, and every few seconds
    /// for what others committed and what has come due.
    pub async fn run(self) {
        let mut nudges = self.service.core.store.events_appended();
        let mut polls = tokio::time::interval(Duration::from_secs(self.service.core.settings.webhooks.poll_seconds));
        polls.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut busy = HashSet::new();
        let mut workers = JoinSet::new();
        loop {
            tokio::select! {
                _ = polls.tick() => {}
                _ = nudges.changed() => tokio::time::sleep(NUDGE_DEBOUNCE).await,
                Some(finished) = workers.join_next(), if !workers.is_empty() => {
                    if let Ok(worker) = finished {
                        busy.remove(&worker);
                        // It has sent all trials that there are; other deliveries are the other worker's.
                        if matches!(worker, Worker::Trials(_)) {
                            continue;
                        }
                    }
                }
            }
            if let Err(error) = self.start_workers(&mut busy, &mut workers).await {
                tracing::error!(%error, "webhooks wait: the database failed");
            }
        }
    }

    /// Gives each webhook that has something due a worker, so that a slow receiver delays no other webhook. A
    /// trial of one whose worker still waits for its receiver goes out beside it.
    async fn start_workers(&self, busy: &mut HashSet<Worker>, workers: &mut JoinSet<Worker>) -> Result<(), AppError> {
        self.look_at_events().await?;
        let due = work_due(&self.service)?.into_iter().map(Worker::All).filter(|worker| busy.insert(*worker));
        let due: Vec<Worker> = due.collect();
        let is_waiting = |webhook: &WebhookId| !due.contains(&Worker::All(*webhook));
        let trials: Vec<WebhookId> = if busy.len() > due.len() { trials_due(&self.service)? } else { Vec::new() };
        let trials = trials.into_iter().filter(is_waiting).map(Worker::Trials).filter(|worker| busy.insert(*worker));
        let trials: Vec<Worker> = trials.collect();
        for worker in due.into_iter().chain(trials) {
            let deliverer = self.clone();
            workers.spawn(async move {
                let worked = match worker {
                    Worker::All(webhook) => deliverer.work_on(webhook).await,
                    Worker::Trials(webhook) => deliverer.try_out(webhook).await,
                };
                if let Err(error) = worked {
                    tracing::error!(?worker, %error, "a webhook waits: the database failed");
                    tokio::time::sleep(FAILURE_BACKOFF).await;
                }
                worker
            });
        }
        Ok(())
    }

    /// Turns new events into deliveries.
    async fn look_at_events(&self) -> Result<(), AppError> {
        for webhook in fan_out_work(&self.service)? {
            loop {
                match fan_out(&self.service, webhook).await {
                    Ok(0) => break,
                    Ok(_more) => {}
                    // Another node was faster: it has done the work.
                    Err(AppError::Store(error)) if error.is_conflict() => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Sends what a webhook has due, some at a time, until nothing is.
    async fn work_on(&self, webhook: WebhookId) -> Result<usize, AppError> {
        let mut attempts = 0;
        while let Some(work) = lease(&self.service, webhook, self.name.clone()).await? {
            attempts += self.send(work).await?;
        }
        Ok(attempts)
    }

    /// Sends the trials of a webhook.
    async fn try_out(&self, webhook: WebhookId) -> Result<usize, AppError> {
        let mut attempts = 0;
        while let Some(work) = lease_trials(&self.service, webhook, self.name.clone()).await? {
            attempts += self.send(work).await?;
        }
        Ok(attempts)
    }

    /// Sends what was leased, all at once; gives how many deliveries it was.
    async fn send(&self, Work { webhook, deliveries }: Work) -> Result<usize, AppError> {
        let count = deliveries.len();
        let sent = join_all(deliveries.into_iter().map(|delivery| self.deliver(&webhook, delivery))).await;
        sent.into_iter().collect::<Result<(), AppError>>()?;
        Ok(count)
    }

    async fn deliver(&self, webhook: &Webhook, delivery: Delivery) -> Result<(), AppError> {
        let at = self.service.core.clock.now();
        let begun = Instant::now();
        let (status, error) = match message_of(&self.service, webhook, &delivery)? {
            None => (None, Some("claim_gone")),
            Some(message) => {
                let body = (self.render)(&message)?;
                let id = delivery.event.to_string();
                let secrets = webhook.terms.live_secrets(at).map(|secret| secret.secret.as_str());
                let signature = signature(secrets, &id, at, &body);
                let headers = vec![
                    ("webhook-id", id),
                    ("webhook-timestamp", at.as_second().to_string()),
                    ("webhook-signature", signature),
                ];
                let request = WebhookRequest { url: webhook.terms.url.clone(), headers, body };
                match self.service.webhooks.post(request).await {
                    Ok(status) => (Some(status), None),
                    Err(failure) => (None, Some(failure.as_str())),
                }
            }
        };
        // How long a refused name took would tell whether it exists inside this network.
        let is_refused = error == Some(SendFailure::AddressRefused.as_str());
        let took = if is_refused { Duration::ZERO } else { begun.elapsed() };
        let duration_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
        let attempt =
            Attempt { number: delivery.attempts + 1, at, duration_ms, status, error: error.map(str::to_owned) };
        record_attempt(&self.service, self.name.clone(), delivery, attempt).await
    }
}
