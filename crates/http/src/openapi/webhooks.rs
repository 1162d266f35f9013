//! What receivers of webhooks get: the document's `webhooks`, one for each kind of event.

use constat_domain::event_kinds::EventKind;
use constat_wire::claims::{FeedEvent, WebhookBody};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::complete::{object, object_of, schema_of};

/// What the events say, in the document's language. Their names are the contract's.
const MEANINGS: &[(EventKind, &str)] = &[
    (EventKind::ClaimDraftCreated, "A loss was declared, as a draft"),
    (EventKind::ClaimDraftReady, "A draft has all that it needs to be submitted"),
    (EventKind::ClaimDraftArchived, "A draft was given up"),
    (EventKind::ClaimCreated, "A claim was submitted"),
    (EventKind::ClaimClosed, "A claim was closed"),
    (EventKind::ClaimReopened, "A closed claim was reopened"),
    (EventKind::ClaimAbandoned, "A submitted claim was given up"),
    (EventKind::ClaimRefused, "A claim was refused"),
    (EventKind::ClaimStatusUpdated, "A submitted claim's status changed"),
    (EventKind::ClaimDocumentUploaded, "A document was uploaded"),
    (EventKind::ClaimDocumentAccepted, "A document was accepted"),
    (EventKind::ClaimDocumentRefused, "A document was refused"),
    (EventKind::ClaimDocumentRequested, "A document is asked for"),
    (EventKind::ClaimSettlementCreated, "A payment was decided on"),
    (EventKind::ClaimSettlementPaid, "A payment was made"),
    (EventKind::ClaimSettlementReturned, "A payment came back"),
    (EventKind::ClaimDeadlineApproaching, "A statutory deadline is near"),
    (EventKind::ClaimDeadlineMet, "A statutory deadline was met"),
    (EventKind::ClaimDeadlineMissed, "A statutory deadline is over"),
    (EventKind::ClaimAppointmentBooked, "An appointment was booked"),
    (EventKind::ClaimAppointmentRescheduled, "An appointment was moved"),
    (EventKind::ClaimAppointmentModified, "Who is met at an appointment, or its notes, changed"),
    (EventKind::ClaimAppointmentCancelled, "An appointment was cancelled"),
    (EventKind::ClaimAppointmentDone, "An appointment took place"),
    (EventKind::WebhookPing, "A trial, when it is asked for"),
];

const DESCRIPTION: &str = "`data` is the whole claim as it is when the message is sent; `event` says what happened, as \
    `GET /events` tells it. Sent in order for each claim, and again until it is taken: the same `webhook-id` may come \
    twice.";
const PING_DESCRIPTION: &str = "Sent by `POST /webhooks/{id}/ping`. Nothing happened.";

/// Writes the messages into the claims contract's document.
pub(super) fn describe(document: &mut Value) {
    let body = reference_to::<WebhookBody>(document);
    let event = reference_to::<FeedEvent>(document);
    let claim = json!({ "$ref": "#/components/schemas/Claim" });
    let trial = json!({
        "type": "object",
        "properties": { "webhookId": { "type": "string", "description": "The webhook that is tried." } },
        "required": ["webhookId"],
    });
    let mut webhooks = Map::new();
    for kind in EventKind::for_webhooks().chain([EventKind::WebhookPing]) {
        let name = kind.name();
        let (data, description) =
            if kind == EventKind::WebhookPing { (&trial, PING_DESCRIPTION) } else { (&claim, DESCRIPTION) };
        let schema = json!({
            "type": "object",
            "allOf": [body],
            "properties": {
                "event_type": { "const": name, "description": "What happened." },
                "data": data,
                "event": event,
            },
            "required": ["event_type", "data", "event"],
        });
        webhooks.insert(name.to_owned(), json!({ "post": message(kind, description, &schema) }));
    }
    object_of(document).insert("webhooks".to_owned(), webhooks.into());
}

/// The request that a receiver gets.
fn message(kind: EventKind, description: &str, schema: &Value) -> Value {
    let header = |name: &str, description: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": description, "schema": { "type": "string" },
        })
    };
    json!({
        "operationId": operation_id(kind.name()),
        "summary": meaning(kind),
        "description": description,
        "tags": ["messages"],
        "security": [],
        "parameters": [
            header("webhook-id", "Names the message; the same whenever it is sent again."),
            header("webhook-timestamp", "When it is sent, in seconds since 1970. Refuse old ones."),
            header(
                "webhook-signature",
                "After the Standard Webhooks specification: `v1,` and the base64 of the HMAC-SHA256 of \
                 `<webhook-id>.<webhook-timestamp>.<body>`. While two secrets live, two of them with a space between: \
                 one must be right.",
            ),
        ],
        "requestBody": { "required": true, "content": { "application/json": { "schema": schema } } },
        "responses": {
            "2XX": { "description": "Taken." },
            "410": { "description": "The receiver is gone: the webhook becomes `failing`." },
            "default": { "description": "Not taken: it is sent again, after 1, 5 and 30 minutes, then hours." },
        },
    })
}

fn meaning(kind: EventKind) -> &'static str {
    MEANINGS.iter().find(|(known, _)| *known == kind).map_or(kind.name(), |(_, meaning)| meaning)
}

/// `v2.claim.draft.created` becomes `onClaimDraftCreated`.
fn operation_id(name: &str) -> String {
    let words = name.split('.').skip(1);
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    std::iter::once("on".to_owned()).chain(words.map(capital)).collect()
}

/// A type's schema by reference; its definitions become the document's.
fn reference_to<T: JsonSchema>(document: &mut Value) -> Value {
    let (reference, definitions) = schema_of::<T>();
    let known = object(object(object_of(document), "components"), "schemas");
    for (name, definition) in definitions {
        known.entry(name).or_insert(definition);
    }
    reference
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_of_the_contract_is_described_in_words_and_no_other() {
        let kinds: Vec<EventKind> = EventKind::for_webhooks().chain([EventKind::WebhookPing]).collect();
        assert_eq!(MEANINGS.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), kinds);
        assert_eq!(operation_id("v2.claim.draft.created"), "onClaimDraftCreated");
    }
}
