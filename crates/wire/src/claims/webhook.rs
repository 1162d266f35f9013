//! Webhooks: registering them, and the log of what was sent.

use constat_domain::FieldError;
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::{EventId, WebhookDeliveryId};
use constat_domain::webhook::{self, DeliveryStatus as DomainDeliveryStatus, WebhookStatus as DomainStatus};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Claim, FeedEvent};
use crate::common::{Checker, Instant, every_field_present, wire_enum};

/// An example.
const EVENTS: [&str; 1] = ["v2.claim.created"];

/// Longest address.
const MAX_URL_CHARS: usize = 2_000;
/// Longest description.
const MAX_DESCRIPTION_CHARS: usize = 200;
/// Longest overlap of two secrets: a week.
const MAX_OVERLAP_HOURS: i64 = 168;
/// Rows of a page when the query does not say.
const USUAL_LIMIT: i64 = 20;
/// Maximum number of rows of a page.
const MAX_LIMIT: i64 = 100;

wire_enum! {
    /// Whether a webhook is served.
    WebhookStatus = DomainStatus {
        /// Events are sent.
        Active = "active",
        /// Paused by its owner. What happens meanwhile is sent when it is resumed.
        Paused = "paused",
        /// Paused by the server, because nothing got through for three days or the receiver answered
        /// 410. What happens meanwhile is sent when it is resumed.
        Failing = "failing",
    }
}

wire_enum! {
    /// Where a delivery stands.
    WebhookDeliveryStatus = DomainDeliveryStatus {
        /// To be sent, perhaps again.
        Pending = "pending",
        /// The receiver took it.
        Delivered = "delivered",
        /// Given up after three days, or at once when the claim is there no more; kept, and sent again when asked for.
        Failed = "failed",
    }
}

/// What its owner may make of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WantedStatus {
    /// Send events, those that happened meanwhile first.
    Active,
    /// Send nothing for now.
    Paused,
}

/// Registers a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct CreateWebhook {
    /// Where to send: `https`, on the public Internet.
    #[schemars(length(min = 1, max = 2000), example = &"https://receiver.example/events")]
    pub url: String,
    /// The kinds of events to send; all `v2.` kinds, ours too, when left out or empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = EVENTS)]
    pub events: Vec<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub description: Option<String>,
    /// Send what happened after this event too (a cursor of `GET /events`); only what happens from now
    /// on when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Changes a webhook. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PatchWebhook {
    /// Where to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2000))]
    pub url: Option<String>,
    /// The kinds of events to send; all `v2.` kinds, ours too, when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub description: Option<String>,
    /// Pause or resume it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<WantedStatus>,
}

fn check_events(checker: &mut Checker, events: &[String]) {
    checker.each("events", events, |kind, inner| {
        if !EventKind::for_webhooks().any(|known| known.name() == kind) {
            let known: Vec<&str> = EventKind::for_webhooks().map(EventKind::name).collect();
            inner.fail("", format!("expected one of {}", known.join(", ")));
        }
    });
    if events.len() > EventKind::for_webhooks().count() {
        checker.fail("events", "names a kind more than once");
    }
}

impl CreateWebhook {
    /// The event to start after, or everything wrong with the request.
    pub fn check(&self) -> Result<Option<EventId>, Vec<FieldError>> {
        let mut checker = Checker::new();
        checker.text("url", &self.url, 1, MAX_URL_CHARS);
        checker.optional_text("description", self.description.as_ref(), 0, MAX_DESCRIPTION_CHARS);
        check_events(&mut checker, &self.events);
        let after = self.after.as_ref().and_then(|after| {
            let id = after.parse::<EventId>();
            id.map_err(|error| checker.fail("after", error.to_string())).ok()
        });
        checker.finish(Some(after))
    }
}

impl PatchWebhook {
    /// Everything wrong with the request.
    pub fn check(&self) -> Vec<FieldError> {
        let mut checker = Checker::new();
        checker.optional_text("url", self.url.as_ref(), 1, MAX_URL_CHARS);
        checker.optional_text("description", self.description.as_ref(), 0, MAX_DESCRIPTION_CHARS);
        check_events(&mut checker, self.events.as_deref().unwrap_or_default());
        checker.into_errors()
    }
}

/// A secret that signs, without what is secret of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct LiveSecret {
    /// When it was made.
    pub created_at: Instant,
    /// When it stops signing; null for the present one.
    pub expires_at: Option<Instant>,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct Webhook {
    /// Its identifier.
    #[schemars(example = &"whk_06E3ZQK8X5V2M0TQ9R7H4B1CDS")]
    pub id: String,
    /// Where it is sent.
    pub url: String,
    /// The kinds of events that are sent; all of the contract's when empty.
    pub events: Vec<String>,
    /// What it is for, or null.
    pub description: Option<String>,
    /// Whether it is served.
    pub status: WebhookStatus,
    /// The secrets that sign now, the newest first. Each message has a signature of each.
    pub secrets: Vec<LiveSecret>,
    /// The new secret: told once, when it is made; null ever after.
    #[schemars(example = &"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: Option<String>,
    /// Deliveries that are still to be sent.
    pub pending: u64,
    /// Attempts in a row that failed.
    pub failures: u64,
    /// When something got through last, or null.
    pub last_success_at: Option<Instant>,
    /// When it was registered.
    pub created_at: Instant,
}

impl Webhook {
    /// A webhook as returned at an instant; `pending` is the number of messages still to be sent.
    pub fn new(hook: &webhook::Webhook, pending: i64, now: Timestamp) -> Self {
        let secret = |secret: &webhook::SigningSecret| LiveSecret {
            created_at: secret.created_at.into(),
            expires_at: secret.expires_at.map(Into::into),
        };
        Self {
            id: hook.id.to_string(),
            url: hook.terms.url.clone(),
            events: hook.terms.events.clone(),
            description: hook.terms.description.clone(),
            status: hook.status.into(),
            secrets: hook.terms.live_secrets(now).map(secret).collect(),
            secret: None,
            pending: pending.unsigned_abs(),
            failures: hook.failures.unsigned_abs(),
            last_success_at: hook.last_success_at.map(Into::into),
            created_at: hook.created_at.into(),
        }
    }
}

/// A webhook that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeletedWebhook {
    /// Its identifier.
    pub id: String,
}

/// Makes a new secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotateSecret {
    /// Hours that the present secret goes on signing beside the new one; 24 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 168))]
    pub overlap_hours: Option<i64>,
}

impl RotateSecret {
    /// The hours, or what is wrong.
    pub fn into_domain(self) -> Result<u32, Vec<FieldError>> {
        let mut checker = Checker::new();
        let hours = self.overlap_hours.unwrap_or(24);
        checker.integer("overlapHours", hours, 0, MAX_OVERLAP_HOURS);
        checker.finish(u32::try_from(hours).ok())
    }
}

/// Sends again: one delivery, or all that were made in a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplayDeliveries {
    /// One delivery. Without it, `from` and `to` say which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<String>,
    /// Those made from this instant on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Instant>,
    /// Those made before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Instant>,
    /// Of those, the ones that stand so; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<WebhookDeliveryStatus>,
}

/// Which deliveries to send again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// One.
    One(WebhookDeliveryId),
    /// All of a span of time.
    Span {
        /// From this instant on.
        from: Timestamp,
        /// Before this instant.
        to: Timestamp,
        /// Those that stand so.
        status: Option<webhook::DeliveryStatus>,
    },
}

impl ReplayDeliveries {
    /// Reads the request, or lists everything wrong with it.
    pub fn into_domain(self) -> Result<Replay, Vec<FieldError>> {
        let mut checker = Checker::new();
        let replay = match (self.delivery_id, self.from, self.to) {
            (Some(id), None, None) => {
                let id = id.parse();
                id.map(Replay::One).map_err(|error| checker.fail("deliveryId", format!("{error}"))).ok()
            }
            (None, Some(from), Some(to)) if from < to => {
                Some(Replay::Span { from: from.0, to: to.0, status: self.status.map(Into::into) })
            }
            (None, Some(_), Some(_)) => {
                checker.fail("to", "must be after from");
                None
            }
            _ => {
                checker.fail("deliveryId", "expected deliveryId alone, or both from and to");
                None
            }
        };
        checker.finish(replay)
    }
}

/// How many deliveries are sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Replayed {
    /// How many.
    pub count: u64,
}

/// One try of a delivery. What was sent and answered is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct WebhookAttempt {
    /// Which try, from 1.
    pub number: u64,
    /// When.
    pub at: Instant,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Status of the receiver's answer, or null.
    pub status: Option<u16>,
    /// Why there was no answer, or null: `timeout`, `unreachable`, `certificate`, `address_refused`, `claim_gone`.
    pub error: Option<String>,
}

/// One event for one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct WebhookDelivery {
    /// Its identifier.
    #[schemars(example = &"dlv_06E3ZQK8X5V2M0TQ9R7H4B1CDS")]
    pub id: String,
    /// The event: the `webhook-id` of every message of this delivery.
    pub event_id: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// The claim by its pre-declaration's id; the webhook itself for a trial.
    pub subject: String,
    /// Where it stands.
    pub status: WebhookDeliveryStatus,
    /// When it is sent next; null once it is done.
    pub due_at: Option<Instant>,
    /// When it was made.
    pub created_at: Instant,
    /// When the receiver took it or it was given up, or null.
    pub done_at: Option<Instant>,
    /// The tries, oldest first.
    pub attempts: Vec<WebhookAttempt>,
}

impl WebhookDelivery {
    /// A delivery with its log.
    pub fn new(delivery: &webhook::Delivery, attempts: &[webhook::Attempt]) -> Self {
        let attempt = |attempt: &webhook::Attempt| WebhookAttempt {
            number: attempt.number.unsigned_abs(),
            at: attempt.at.into(),
            duration_ms: attempt.duration_ms.unsigned_abs(),
            status: attempt.status,
            error: attempt.error.clone(),
        };
        let is_pending = delivery.status == webhook::DeliveryStatus::Pending;
        let is_trial = delivery.kind == EventKind::WebhookPing.name();
        Self {
            id: delivery.id.to_string(),
            event_id: delivery.event.to_string(),
            kind: delivery.kind.clone(),
            subject: if is_trial { delivery.webhook.to_string() } else { delivery.subject.clone() },
            status: delivery.status.into(),
            due_at: is_pending.then(|| delivery.due_at.into()),
            created_at: delivery.created_at.into(),
            done_at: delivery.done_at.map(Into::into),
            attempts: attempts.iter().map(attempt).collect(),
        }
    }
}

/// The query of `GET /webhooks/{id}/deliveries`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct DeliveriesQuery {
    /// Those that stand so; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<WebhookDeliveryStatus>,
    /// Most deliveries to answer; 20 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// How many to pass over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub offset: Option<i64>,
}

impl DeliveriesQuery {
    /// Limit and offset, or everything wrong with the query.
    pub fn page(self) -> Result<(u32, u32), Vec<FieldError>> {
        let mut checker = Checker::new();
        let page = checker.page(self.limit, self.offset, USUAL_LIMIT, MAX_LIMIT);
        checker.finish(page)
    }
}

/// What a message is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum WebhookData {
    /// The claim, whole, as it is when the message is sent.
    Claim(Box<Claim>),
    /// A trial.
    Ping {
        /// The webhook that is tried.
        #[serde(rename = "webhookId")]
        webhook_id: String,
    },
}

/// What a receiver gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookBody {
    /// What happened.
    #[schemars(example = &"v2.claim.created")]
    pub event_type: String,
    /// The claim.
    pub data: WebhookData,
    /// The event, as `GET /events` tells it.
    pub event: FeedEvent,
}
