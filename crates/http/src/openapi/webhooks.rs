//! What receivers of webhooks get: the document's `webhooks`, one for each kind of event.

use constat_domain::event_kinds::{PING, for_webhooks};
use constat_wire::claims::{FeedEvent, WebhookBody};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::complete::{object, object_of, schema_of};

/// What the events say, in the document's language. Their names are the contract's.
const MEANINGS: &[(&str, &str)] = &[
    ("v2.claim.draft.created", "A loss was declared, as a draft"),
    ("v2.claim.draft.ready", "A draft has all that it needs to be submitted"),
    ("v2.claim.draft.archived", "A draft was given up"),
    ("v2.claim.created", "A claim was submitted"),
    ("v2.claim.closed", "A claim was closed"),
    ("v2.claim.reopened", "A closed claim was reopened"),
    ("v2.claim.abandoned", "A submitted claim was given up"),
    ("v2.claim.refused", "A claim was refused"),
    ("v2.claim.status.updated", "A submitted claim's status changed"),
    ("v2.claim.document.uploaded", "A document was uploaded"),
    ("v2.claim.document.accepted", "A document was accepted"),
    ("v2.claim.document.refused", "A document was refused"),
    ("v2.claim.document.requested", "A document is asked for"),
    ("v2.claim.settlement.created", "A payment was decided on"),
    ("v2.claim.settlement.paid", "A payment was made"),
    ("v2.claim.settlement.returned", "A payment came back"),
    ("v2.claim.deadline.approaching", "A statutory deadline is near"),
    ("v2.claim.deadline.met", "A statutory deadline was met"),
    ("v2.claim.deadline.missed", "A statutory deadline is over"),
    ("v2.appointment.booked", "An appointment was booked"),
    ("v2.appointment.rescheduled", "An appointment was moved"),
    ("v2.appointment.modified", "Who is met at an appointment, or its notes, changed"),
    ("v2.appointment.cancelled", "An appointment was cancelled"),
    ("v2.appointment.done", "An appointment took place"),
    (PING, "A trial, when it is asked for"),
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
    for name in for_webhooks().chain([PING]) {
        let (data, description) = if name == PING { (&trial, PING_DESCRIPTION) } else { (&claim, DESCRIPTION) };
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
        webhooks.insert(name.to_owned(), json!({ "post": message(name, description, &schema) }));
    }
    object_of(document).insert("webhooks".to_owned(), webhooks.into());
}

/// The request that a receiver gets.
fn message(name: &str, description: &str, schema: &Value) -> Value {
    let header = |name: &str, description: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": description, "schema": { "type": "string" },
        })
    };
    json!({
        "operationId": operation_id(name),
        "summary": meaning(name),
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

fn meaning(name: &str) -> &str {
    MEANINGS.iter().find(|(known, _)| *known == name).map_or(name, |(_, meaning)| meaning)
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
        let names: Vec<&str> = for_webhooks().chain([PING]).collect();
        assert_eq!(MEANINGS.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names);
        assert_eq!(operation_id("v2.claim.draft.created"), "onClaimDraftCreated");
    }
}
