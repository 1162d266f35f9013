//! Registering, changing and removing webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use constat_domain::Refusal;
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::{EventId, WebhookId};
use constat_domain::webhook::{SigningSecret, Webhook, WebhookStatus, WebhookTerms};
use constat_store::queries::{events, webhook_deliveries, webhooks};
use jiff::SignedDuration;
use serde_json::json;

use crate::webhooks::webhook_to_change;
use constat_core::WebhookSettings;
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Longest time that an old secret may go on signing beside the new one: a week.
pub const OVERLAP_LIMIT_HOURS: u32 = 168;

/// A webhook to register. Its address was judged already.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where to send.
    pub url: String,
    /// The kinds of events; all when empty.
    pub events: Vec<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Start after this event; from now on when `None`.
    pub after: Option<EventId>,
}

/// What to change. `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// Where to send; judged already.
    pub url: Option<String>,
    /// The kinds of events; all when empty.
    pub events: Option<Vec<String>>,
    /// What it is for.
    pub description: Option<String>,
    /// `true` pauses, `false` resumes.
    pub paused: Option<bool>,
}

fn new_secret(context: &CommandContext) -> String {
    let mut random = [0; 32];
    context.fill(&mut random);
    format!("whsec_{}", STANDARD.encode(random))
}

/// Registers a webhook of the caller's key.
pub fn create_webhook(
    tx: &mut Tx,
    context: &CommandContext,
    settings: &WebhookSettings,
    new: &NewWebhook,
) -> Result<Webhook, AppError> {
    let known = webhooks::list_of_tenant_and_key(tx, context.tenant(), context.caller.key)?;
    if known.len() >= usize::from(settings.most_per_key) {
        let message = format!("this key has {} webhooks already, as many as it may", known.len());
        return Err(Refusal::field("", message).into());
    }
    let id = WebhookId::new(context.at, &context.entropy());
    context.record(tx, id, EventKind::WebhookCreated, json!({ "id": id, "events": new.events }))?;
    let cursor = match new.after {
        Some(event) => {
            let known = events::of_tenant_by_id(tx, context.tenant(), event)?;
            known.ok_or_else(|| Refusal::field("after", "no such event"))?.0
        }
        None => events::last_position_of_tenant(tx, context.tenant())?,
    };
    let secret = SigningSecret { secret: new_secret(context), created_at: context.at, expires_at: None };
    let webhook = Webhook {
        id,
        tenant: *context.tenant(),
        key: context.caller.key,
        status: WebhookStatus::Active,
        cursor,
        failures: 0,
        last_success_at: None,
        created_at: context.at,
        version: 1,
        terms: WebhookTerms {
            url: new.url.clone(),
            events: new.events.clone(),
            description: new.description.clone(),
            secrets: vec![secret],
        },
    };
    webhooks::insert(tx, &webhook)?;
    Ok(webhook)
}

/// Changes a webhook. One that is resumed, by its owner or after the server stopped it, gets all that
/// happened meanwhile, and three days for each delivery.
pub fn edit_webhook(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    if_match: Option<&[i64]>,
    change: &WebhookChange,
) -> Result<Webhook, AppError> {
    let mut webhook = webhook_to_change(tx, context, id, if_match)?;
    if let Some(url) = &change.url {
        webhook.terms.url.clone_from(url);
    }
    if let Some(events) = &change.events {
        webhook.terms.events.clone_from(events);
    }
    if change.description.is_some() {
        webhook.terms.description.clone_from(&change.description);
    }
    let kind = match change.paused {
        Some(true) => {
            webhook.status = WebhookStatus::Paused;
            EventKind::WebhookPaused
        }
        Some(false) if webhook.status != WebhookStatus::Active => {
            webhook.status = WebhookStatus::Active;
            webhook.failures = 0;
            webhook_deliveries::resume(tx, webhook.id, context.at)?;
            EventKind::WebhookResumed
        }
        _ => EventKind::WebhookEdited,
    };
    webhook.version += 1;
    webhooks::update(tx, &webhook)?;
    context.record(tx, webhook.id, kind, json!({ "id": webhook.id, "events": webhook.terms.events }))?;
    Ok(webhook)
}

/// Removes a webhook with its deliveries and their log.
pub fn delete_webhook(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    if_match: Option<&[i64]>,
) -> Result<Webhook, AppError> {
    let webhook = webhook_to_change(tx, context, id, if_match)?;
    webhooks::delete(tx, &webhook)?;
    context.record(tx, webhook.id, EventKind::WebhookDeleted, json!({ "id": webhook.id }))?;
    Ok(webhook)
}

/// Makes a new secret; the present one signs beside it for `overlap_hours` more.
pub fn rotate_secret(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    if_match: Option<&[i64]>,
    overlap_hours: u32,
) -> Result<Webhook, AppError> {
    let mut webhook = webhook_to_change(tx, context, id, if_match)?;
    let until = context.at.checked_add(SignedDuration::from_hours(overlap_hours.into())).unwrap_or(context.at);
    webhook.terms.rotate(new_secret(context), context.at, until);
    webhook.version += 1;
    webhooks::update(tx, &webhook)?;
    context.record(tx, webhook.id, EventKind::WebhookSecretRotated, json!({ "id": webhook.id, "until": until }))?;
    Ok(webhook)
}
