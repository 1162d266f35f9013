//! From events to deliveries, and what becomes of them: the transactions of the deliverer.

use constat_domain::event_kinds::EventKind;
use std::collections::HashMap;
use std::sync::Arc;

use constat_domain::ids::{EventId, WebhookDeliveryId, WebhookId};
use constat_domain::tenancy::Caller;
use constat_domain::webhook::{Attempt, Delivery, DeliveryStatus, GIVE_UP_AFTER, Webhook, WebhookStatus, retry_delay};
use constat_store::queries::events::{self, Event};
use constat_store::queries::webhook_deliveries::{self, Due, Outcome};
use constat_store::queries::{claims, webhooks};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::ClaimService;
use crate::webhooks::caller_of;
use constat_core::{AppError, SecureRandom};
use constat_store::Tx;

/// Events looked at in one transaction.
const BATCH: i64 = 500;

/// How long a node keeps what it is about to send: longer than any attempt may take.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// After this many failures in a row a receiver counts as down; its first success makes all waiting messages due
/// at once.
const DOWN_AFTER: i64 = 3;

/// The webhooks that have events to be looked at.
pub fn fan_out_work(service: &ClaimService) -> Result<Vec<WebhookId>, AppError> {
    Ok(service.core.store.read(webhooks::behind)?)
}

/// Looks at the next events of a webhook's tenant: adds a delivery for each that it wants, and moves
/// its cursor. Gives how many events were looked at: none when nothing is left to do, or when its key
/// was revoked.
pub async fn fan_out(service: &ClaimService, webhook: WebhookId) -> Result<usize, AppError> {
    let (at, secure_random) = (service.core.clock.now(), Arc::clone(&service.core.secure_random));
    service.core.store.write(move |tx| fan_out_in(tx, webhook, at, secure_random.as_ref())).await
}

fn fan_out_in(tx: &mut Tx, id: WebhookId, at: Timestamp, secure_random: &dyn SecureRandom) -> Result<usize, AppError> {
    webhooks::hold(tx, id)?;
    let Some(webhook) = webhooks::by_id(tx, id)?.filter(|known| known.status == WebhookStatus::Active) else {
        return Ok(0);
    };
    let Some(caller) = caller_or_stop(tx, &webhook)? else { return Ok(0) };
    let fresh = events::of_tenant_after(tx, &webhook.tenant, webhook.cursor, BATCH)?;
    let Some((last, _)) = fresh.last() else { return Ok(0) };
    let mut seen = SeenClaims::by(caller);
    for (_position, event) in fresh.iter().filter(|(_, event)| webhook.terms.wants(event.kind.name())) {
        if !seen.has(tx, &event.subject)? {
            continue;
        }
        let delivery = Delivery {
            id: WebhookDeliveryId::new(at, &secure_random.entropy()),
            webhook: webhook.id,
            event: event.id,
            subject: event.subject.clone(),
            kind: event.kind.name().to_owned(),
            status: DeliveryStatus::Pending,
            attempts: 0,
            first_attempt_at: None,
            due_at: at,
            created_at: at,
            done_at: None,
        };
        webhook_deliveries::insert(tx, &delivery)?;
    }
    webhooks::move_cursor(tx, &webhook, *last)?;
    Ok(fresh.len())
}

/// The caller of a webhook. A webhook with a revoked key is stopped, so that the former holder gets nothing more.
fn caller_or_stop(tx: &mut Tx, webhook: &Webhook) -> Result<Option<Caller>, AppError> {
    let caller = caller_of(tx, webhook)?;
    if caller.is_none() {
        webhooks::stop(tx, webhook.id)?;
    }
    Ok(caller)
}

/// Which of the claims that events are about are there for a caller. Each claim is asked for once.
struct SeenClaims {
    caller: Caller,
    known: HashMap<String, bool>,
}

impl SeenClaims {
    fn by(caller: Caller) -> Self {
        Self { caller, known: HashMap::new() }
    }

    fn has(&mut self, tx: &mut Tx, subject: &str) -> Result<bool, AppError> {
        if self.caller.owns_the_data() {
            return Ok(true);
        }
        if let Some(known) = self.known.get(subject) {
            return Ok(*known);
        }
        let tenant = self.caller.tenant;
        let declarer = claims::declarer_of_tenant(tx, &tenant, subject)?;
        let seen = declarer.is_some_and(|declarer| self.caller.may_see(tenant, declarer));
        self.known.insert(subject.to_owned(), seen);
        Ok(seen)
    }
}

/// The webhooks that have something to send now.
pub fn work_due(service: &ClaimService) -> Result<Vec<WebhookId>, AppError> {
    let now = service.core.clock.now();
    Ok(service.core.store.read(|connection| webhook_deliveries::webhooks_with_due(connection, now, Due::All))?)
}

/// The webhooks that have a trial to be sent now.
pub fn trials_due(service: &ClaimService) -> Result<Vec<WebhookId>, AppError> {
    let now = service.core.clock.now();
    Ok(service.core.store.read(|connection| webhook_deliveries::webhooks_with_due(connection, now, Due::Trials))?)
}

/// What one node is to send for one webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The webhook.
    pub webhook: Webhook,
    /// What: one delivery of each subject at most, the oldest.
    pub deliveries: Vec<Delivery>,
}

/// Leases what a webhook has to send now to the node `by`. What is not finished within a minute (the
/// node died) may be leased by another. Nothing goes out for a key that was revoked.
pub async fn lease(service: &ClaimService, webhook: WebhookId, by: String) -> Result<Option<Work>, AppError> {
    lease_some(service, webhook, by, Due::All).await
}

/// As [`lease`], of trials alone: for a webhook whose other deliveries wait for a slow receiver.
pub async fn lease_trials(service: &ClaimService, webhook: WebhookId, by: String) -> Result<Option<Work>, AppError> {
    lease_some(service, webhook, by, Due::Trials).await
}

async fn lease_some(
    service: &ClaimService,
    webhook: WebhookId,
    by: String,
    which: Due,
) -> Result<Option<Work>, AppError> {
    let (now, limit) = (service.core.clock.now(), i64::from(service.core.settings.webhooks.parallel));
    service
        .core
        .store
        .write(move |tx| {
            let Some(known) = webhooks::by_id(tx, webhook)? else { return Ok(None) };
            if caller_or_stop(tx, &known)?.is_none() {
                return Ok(None);
            }
            let until = now.checked_add(LEASE).unwrap_or(now);
            let deliveries = webhook_deliveries::lease_due(tx, webhook, &by, (now, until), (which, limit))?;
            Ok((!deliveries.is_empty()).then_some(Work { webhook: known, deliveries }))
        })
        .await
}

/// Writes down what became of an attempt, and decides what comes next: done, again later, given up,
/// or the whole webhook stopped because nothing gets through.
pub async fn record_attempt(
    service: &ClaimService,
    by: String,
    delivery: Delivery,
    attempt: Attempt,
) -> Result<(), AppError> {
    let (now, secure_random) = (service.core.clock.now(), Arc::clone(&service.core.secure_random));
    service.core.store.write(move |tx| record_in(tx, &by, &delivery, &attempt, now, secure_random.as_ref())).await
}

fn record_in(
    tx: &mut Tx,
    by: &str,
    delivery: &Delivery,
    attempt: &Attempt,
    now: Timestamp,
    secure_random: &dyn SecureRandom,
) -> Result<(), AppError> {
    webhooks::hold(tx, delivery.webhook)?;
    let Some(webhook) = webhooks::by_id(tx, delivery.webhook)? else { return Ok(()) };
    let first_attempt_at = delivery.first_attempt_at.unwrap_or(attempt.at);
    let succeeded = attempt.status.is_some_and(|status| (200..300).contains(&status));
    let mut outcome = Outcome { status: DeliveryStatus::Pending, first_attempt_at, due_at: now, done_at: None };
    let mut stop = false;
    if succeeded {
        (outcome.status, outcome.done_at) = (DeliveryStatus::Delivered, Some(now));
    } else {
        let mut random = [0; 2];
        secure_random.fill(&mut random);
        let delay = retry_delay(delivery.attempts + 1, u16::from_le_bytes(random));
        outcome.due_at = now.checked_add(delay).unwrap_or(now);
        let over = now.duration_since(first_attempt_at) >= GIVE_UP_AFTER;
        // While other messages get through it is this one that the receiver cannot take.
        let others_pass = webhook.last_success_at.is_some_and(|at| at > first_attempt_at);
        let is_gone = attempt.status == Some(410);
        if attempt.error.as_deref() == Some("claim_gone") || (over && others_pass) {
            (outcome.status, outcome.done_at) = (DeliveryStatus::Failed, Some(now));
        } else {
            stop = over || is_gone;
        }
    }
    if !webhook_deliveries::finish(tx, delivery.id, by, attempt, &outcome)? {
        return Ok(());
    }
    if succeeded {
        webhooks::note_success(tx, webhook.id, now)?;
        if webhook.failures >= DOWN_AFTER {
            webhook_deliveries::retry_now(tx, webhook.id, now)?;
        }
    } else {
        webhooks::note_failure(tx, webhook.id)?;
    }
    if stop && webhooks::stop(tx, webhook.id)? {
        tracing::warn!(webhook = %webhook.id, "a webhook was stopped: nothing gets through");
        let (id, data) = (EventId::new(now, &secure_random.entropy()), json!({ "id": webhook.id }));
        events::append(tx, &Event::by_system(id, webhook.tenant, webhook.id, EventKind::WebhookFailing, now, data))?;
    }
    Ok(())
}
