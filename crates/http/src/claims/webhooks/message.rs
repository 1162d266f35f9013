//! What a receiver gets, as the contract writes it.

use constat_claims::webhooks::{Message, Subject};
use constat_core::AppError;
use constat_domain::claim::{Asker, Rules};
use constat_domain::event_kinds::EventKind;
use constat_wire::claims::{WebhookBody, WebhookData};

use super::super::{event, view};

/// The body of a message: `{event_type, data, event}`. `allowedActions` is what an integrator may do, also in the
/// messages of the platform's own webhooks.
pub fn webhook_body(message: &Message) -> Result<String, AppError> {
    let data = match &message.subject {
        Subject::Claim(claim) => {
            let deadlines = message.deadlines.of_claim(claim, message.at);
            let rules = Rules { catalogue: &message.catalogue, outside_cover: message.outside_cover };
            let mut shown = view::claim(rules, &deadlines, claim, Asker::Integrator);
            if message.asker == Asker::Handler {
                shown.product = (&claim.product).into();
                shown.cover = Some(claim.cover().into());
            }
            WebhookData::Claim(Box::new(shown))
        }
        Subject::Ping(webhook_id) => WebhookData::Ping { webhook_id: webhook_id.clone() },
    };
    let event = event::of_claim(message.event.clone());
    let event_type = if matches!(data, WebhookData::Ping { .. }) {
        EventKind::WebhookPing.name().to_owned()
    } else {
        event.kind.clone()
    };
    let body = WebhookBody { event_type, data, event };
    serde_json::to_string(&body).map_err(|error| AppError::Fault(format!("cannot render a message: {error}")))
}
