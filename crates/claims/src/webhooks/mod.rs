//! Webhooks: integrators register URLs that receive events; `constat-jobs` delivers them.
//!
//! The event is committed before any wake-up. The deliverer turns the events after a webhook's cursor into
//! deliveries and moves the cursor in one transaction (`outbox`), leases due deliveries, sends them, and records
//! the result. A crash at any point loses nothing: at worst a message is sent twice, under the same id.
//!
//! A webhook receives what its key may see ([`Caller::may_see`]). This is checked when a delivery is created and
//! again when it is sent.

pub(crate) mod manage;
pub(crate) mod message;
pub(crate) mod outbox;
pub(crate) mod read;
pub(crate) mod retention;
pub(crate) mod send;
pub(crate) mod sender;

pub use constat_store::queries::webhook_deliveries::Again;
pub use manage::{
    NewWebhook, OVERLAP_LIMIT_HOURS, WebhookChange, create_webhook, delete_webhook, edit_webhook, rotate_secret,
};
pub use message::{Message, Subject, message_of};
pub use outbox::{Work, fan_out, fan_out_work, lease, lease_trials, record_attempt, trials_due, work_due};
pub use read::{DeliveryPage, list_deliveries, list_webhooks, pending_of, read_webhook, secret_digest, secret_of};
pub use retention::delete_delivered;
pub use send::{ping_webhook, replay_deliveries};
pub use sender::{NoWebhookSender, SendFailure, WebhookRequest, WebhookSender};

use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;
use constat_domain::webhook::Webhook;
use constat_store::queries::{api_keys, webhooks};
use constat_store::{Connection, StoreError};

use constat_core::{AppError, CommandContext, require_version};
use constat_store::Tx;

/// The caller of a webhook: the current holder of its key; `None` when the key was revoked.
fn caller_of(connection: &mut Connection, webhook: &Webhook) -> Result<Option<Caller>, StoreError> {
    let key = api_keys::by_id(connection, webhook.key)?.filter(|key| key.revoked_at.is_none());
    Ok(key.map(|key| key.caller()))
}

/// A webhook of the caller's key that a command is about.
fn webhook_to_change(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    if_match: Option<&[i64]>,
) -> Result<Webhook, AppError> {
    let id = id.parse().map_err(|_unknown| ClaimRefusal::WebhookNotFound)?;
    let found = webhooks::of_tenant_and_key_by_id(tx, context.tenant(), context.caller.key, id)?;
    let webhook = found.ok_or(ClaimRefusal::WebhookNotFound)?;
    require_version(webhook.version, if_match)?;
    Ok(webhook)
}
