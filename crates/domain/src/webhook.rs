//! Webhooks: whom to tell of events, how often to try, which addresses may be reached.

mod address;
mod retry;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event_kinds::EventKind;
use crate::ids::{EventId, KeyId, WebhookDeliveryId, WebhookId};
use crate::tenancy::TenantId;

pub use address::{is_public, may_be_public_name};
pub use retry::{GIVE_UP_AFTER, retry_delay};

/// Whether a webhook is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookStatus {
    /// Events are sent.
    Active,
    /// Its owner paused it. What happens meanwhile is sent when it is resumed.
    Paused,
    /// The server paused it: nothing got through for three days, or it said that it is gone.
    Failing,
}

impl WebhookStatus {
    /// The name that is stored and written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Failing => "failing",
        }
    }
}

impl std::str::FromStr for WebhookStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "active" => Ok(Self::Active),
            "paused" => Ok(Self::Paused),
            "failing" => Ok(Self::Failing),
            _ => Err("expected active, paused or failing".to_owned()),
        }
    }
}

/// A secret that signs what is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningSecret {
    /// `whsec_` and the base64 of 32 random bytes.
    pub secret: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops signing, once another has taken its place.
    pub expires_at: Option<Timestamp>,
}

impl std::fmt::Debug for SigningSecret {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningSecret").field("created_at", &self.created_at).finish_non_exhaustive()
    }
}

/// What its owner says of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookTerms {
    /// Where to send.
    pub url: String,
    /// The kinds of events to send; all `v2.` kinds, ours too, when empty.
    pub events: Vec<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The newest first; two at most.
    pub secrets: Vec<SigningSecret>,
}

impl WebhookTerms {
    /// Whether events of this kind are sent.
    pub fn wants(&self, kind: &str) -> bool {
        if self.events.is_empty() {
            EventKind::for_webhooks().any(|known| known.name() == kind)
        } else {
            self.events.iter().any(|wanted| wanted == kind)
        }
    }

    /// The secrets that sign now.
    pub fn live_secrets(&self, now: Timestamp) -> impl Iterator<Item = &SigningSecret> {
        self.secrets.iter().filter(move |secret| secret.expires_at.is_none_or(|until| now < until))
    }

    /// Puts a new secret first. The one before signs on until `until`; an older one stops now.
    pub fn rotate(&mut self, fresh: String, now: Timestamp, until: Timestamp) {
        self.secrets.truncate(1);
        if let Some(old) = self.secrets.first_mut() {
            old.expires_at = Some(until);
        }
        self.secrets.insert(0, SigningSecret { secret: fresh, created_at: now, expires_at: None });
    }
}

/// A receiver of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its identifier.
    pub id: WebhookId,
    /// Whose events.
    pub tenant: TenantId,
    /// The key that it belongs to.
    pub key: KeyId,
    /// Whether it is served.
    pub status: WebhookStatus,
    /// Position of the last event that was looked at for it.
    pub cursor: i64,
    /// Attempts in a row that failed.
    pub failures: i64,
    /// When something got through last.
    pub last_success_at: Option<Timestamp>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Grows by one with each change of its owner's.
    pub version: i64,
    /// What its owner says.
    pub terms: WebhookTerms,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// To be sent, perhaps again.
    Pending,
    /// The receiver took it.
    Delivered,
    /// Given up after three days, or at once when the claim no longer exists. Stored until it is resent on request.
    Failed,
}

impl DeliveryStatus {
    /// The name that is stored and written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for DeliveryStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "pending" => Ok(Self::Pending),
            "delivered" => Ok(Self::Delivered),
            "failed" => Ok(Self::Failed),
            _ => Err("expected pending, delivered or failed".to_owned()),
        }
    }
}

/// One event for one webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its identifier.
    pub id: WebhookDeliveryId,
    /// For whom.
    pub webhook: WebhookId,
    /// The event: what the receiver knows the message by.
    pub event: EventId,
    /// What the event is about; for a trial its own event, as it belongs to no claim. Deliveries of one subject
    /// go out one after the other.
    pub subject: String,
    /// What happened.
    pub kind: String,
    /// Its status.
    pub status: DeliveryStatus,
    /// How often it was sent.
    pub attempts: i64,
    /// When it was sent first, since it was made, replayed or resumed.
    pub first_attempt_at: Option<Timestamp>,
    /// When it is to be sent next.
    pub due_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the receiver took it, or it was given up.
    pub done_at: Option<Timestamp>,
}

/// One try of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which try, from 1.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// Status of the answer, when there was one.
    pub status: Option<u16>,
    /// Why there was none: `timeout`, `unreachable`, `certificate`, `address_refused`, `claim_gone`.
    pub error: Option<String>,
}
