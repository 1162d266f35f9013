//! Reading webhooks and their delivery log.

use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;
use constat_domain::webhook::{Attempt, Delivery, DeliveryStatus, Webhook};
use constat_store::Connection;
use constat_store::queries::{webhook_deliveries, webhooks};
use sha2::{Digest as _, Sha256};

use crate::ClaimService;
use constat_core::AppError;

fn of_caller(connection: &mut Connection, caller: &Caller, id: &str) -> Result<Webhook, AppError> {
    let id = id.parse().map_err(|_unknown| ClaimRefusal::WebhookNotFound)?;
    let found = webhooks::of_tenant_and_key_by_id(connection, &caller.tenant, caller.key, id)?;
    found.ok_or_else(|| ClaimRefusal::WebhookNotFound.into())
}

/// The key's webhooks, oldest first, each with how many deliveries it has still to get.
pub fn list_webhooks(service: &ClaimService, caller: &Caller) -> Result<Vec<(Webhook, i64)>, AppError> {
    service.core.store.read(|connection| {
        let all = webhooks::list_of_tenant_and_key(connection, &caller.tenant, caller.key)?;
        all.into_iter()
            .map(|webhook| {
                let pending = webhook_deliveries::count_pending(connection, webhook.id)?;
                Ok((webhook, pending))
            })
            .collect()
    })
}

/// One of the key's webhooks, with how many deliveries it has still to get.
pub fn read_webhook(service: &ClaimService, caller: &Caller, id: &str) -> Result<(Webhook, i64), AppError> {
    service.core.store.read(|connection| {
        let webhook = of_caller(connection, caller, id)?;
        let pending = webhook_deliveries::count_pending(connection, webhook.id)?;
        Ok((webhook, pending))
    })
}

/// How many deliveries a webhook has still to get, as a command sees it.
pub fn pending_of(connection: &mut Connection, webhook: &Webhook) -> Result<i64, AppError> {
    Ok(webhook_deliveries::count_pending(connection, webhook.id)?)
}

/// One page of the delivery log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryPage {
    /// The deliveries of the page, newest first, each with its tries.
    pub deliveries: Vec<(Delivery, Vec<Attempt>)>,
    /// How many there are on all pages.
    pub total: u64,
}

/// One page of a webhook's deliveries, newest first.
pub fn list_deliveries(
    service: &ClaimService,
    caller: &Caller,
    id: &str,
    status: Option<DeliveryStatus>,
    limit: u32,
    offset: u32,
) -> Result<DeliveryPage, AppError> {
    service.core.store.read(|connection| {
        let webhook = of_caller(connection, caller, id)?;
        let (theirs, part) = (caller.sees_only(), (limit.into(), offset.into()));
        let page = webhook_deliveries::page_of_webhook(connection, webhook.id, theirs, status, part)?;
        Ok(DeliveryPage { deliveries: page.rows, total: page.total.unsigned_abs() })
    })
}

/// Names a secret without telling it: SHA-256, lower-case hex.
pub fn secret_digest(secret: &str) -> String {
    Sha256::digest(secret).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The secret of one of the key's webhooks with this digest, while it signs; `None` once it does not, or when the
/// webhook is gone.
pub fn secret_of(service: &ClaimService, caller: &Caller, id: &str, digest: &str) -> Result<Option<String>, AppError> {
    let Ok(id) = id.parse() else { return Ok(None) };
    let known = service
        .core
        .store
        .read(|connection| webhooks::of_tenant_and_key_by_id(connection, &caller.tenant, caller.key, id))?;
    let now = service.core.clock.now();
    Ok(known.and_then(|webhook| {
        let mut live = webhook.terms.live_secrets(now);
        live.find(|secret| secret_digest(&secret.secret) == digest).map(|secret| secret.secret.clone())
    }))
}
