//! Sending on request: a test message, or a resend.

use constat_domain::event_kinds::EventKind;
use constat_domain::ids::{EventId, WebhookDeliveryId};
use constat_domain::refusal::ClaimRefusal;
use constat_domain::webhook::{Delivery, DeliveryStatus};
use constat_store::queries::events::{self, Event};
use constat_store::queries::webhook_deliveries::{self, Again};
use constat_store::queries::webhooks;
use serde_json::json;

use crate::webhooks::webhook_to_change;
use constat_core::{AppError, CommandContext};
use constat_store::Tx;

/// Queues a trial message. It goes out like any other, signed, and is in the log. It waits for no other
/// delivery, an earlier trial that failed included: its subject is its own event.
pub fn ping_webhook(tx: &mut Tx, context: &CommandContext, id: &str) -> Result<Delivery, AppError> {
    let webhook = webhook_to_change(tx, context, id, None)?;
    webhooks::hold(tx, webhook.id)?;
    let event = Event {
        id: EventId::new(context.at, &context.entropy()),
        tenant: *context.tenant(),
        subject: webhook.id.to_string(),
        kind: EventKind::WebhookPing.into(),
        at: context.at,
        actor: context.caller.key.to_string(),
        data: json!({ "id": webhook.id }),
    };
    events::append(tx, &event)?;
    let delivery = Delivery {
        id: WebhookDeliveryId::new(context.at, &context.entropy()),
        webhook: webhook.id,
        event: event.id,
        subject: event.id.to_string(),
        kind: event.kind.name().to_owned(),
        status: DeliveryStatus::Pending,
        attempts: 0,
        first_attempt_at: None,
        due_at: context.at,
        created_at: context.at,
        done_at: None,
    };
    webhook_deliveries::insert(tx, &delivery)?;
    Ok(delivery)
}

/// Queues deliveries again, in any state; each keeps its message id. Returns their number.
pub fn replay_deliveries(tx: &mut Tx, context: &CommandContext, id: &str, which: &Again) -> Result<usize, AppError> {
    let webhook = webhook_to_change(tx, context, id, None)?;
    webhooks::hold(tx, webhook.id)?;
    let count = webhook_deliveries::replay(tx, webhook.id, context.caller.sees_only(), which, context.at)?;
    if count == 0 && matches!(which, Again::One(_)) {
        return Err(ClaimRefusal::DeliveryNotFound.into());
    }
    context.record(tx, webhook.id, EventKind::WebhookReplayed, json!({ "id": webhook.id, "count": count }))?;
    Ok(count)
}
