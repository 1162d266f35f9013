//! What happened: a claim's timeline, and the feed of all events.

use constat_domain::FieldError;
use constat_domain::ids::EventId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Checker, Instant, True, every_field_present};

/// Entries of an answer when the query does not say.
const USUAL_LIMIT: i64 = 100;
/// Maximum number of entries of an answer.
const MAX_LIMIT: i64 = 500;

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// The platform itself: a key of this API that it holds.
    Handler,
    /// An integrator with a key of this API.
    Integrator,
    /// A firm that visits, or the insurer, through the dossier API.
    Partner,
    /// The insured, through a link.
    Insured,
    /// The server itself, or its operator.
    System,
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// Which kind of actor.
    pub kind: ActorKind,
}

/// Something that happened to a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = every_field_present)]
pub struct TimelineEntry {
    /// The event.
    #[schemars(example = &"evt_06E3ZQK8X5V2M0TQ9R7H4B1CDS")]
    pub id: String,
    /// What happened: a stable name.
    #[serde(rename = "type")]
    #[schemars(example = &"v2.claim.document.uploaded")]
    pub kind: String,
    /// What happened, in French.
    #[schemars(example = &"Document reçu")]
    pub label: String,
    /// When.
    pub at: Instant,
    /// Who did it.
    pub actor: Actor,
    /// Ids, codes and instants that belong to it; never personal data. Null once erased.
    pub data: serde_json::Value,
}

/// Something that happened to one of the claims.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct FeedEvent {
    /// The event: the cursor to go on after it.
    #[schemars(example = &"evt_06E3ZQK8X5V2M0TQ9R7H4B1CDS")]
    pub id: String,
    /// What happened: a stable name.
    #[serde(rename = "type")]
    #[schemars(example = &"v2.claim.created")]
    pub kind: String,
    /// What happened, in French.
    #[schemars(example = &"Sinistre déclaré")]
    pub label: String,
    /// When.
    pub at: Instant,
    /// Who did it.
    pub actor: Actor,
    /// The claim, by its pre-declaration's id.
    #[schemars(example = &"dcl_06E3ZQK8X5V2M0TQ9R7H4B1CDS")]
    pub claim: String,
    /// Ids, codes and instants that belong to it; never personal data. Null once erased.
    pub data: serde_json::Value,
}

/// A part of the feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedAnswer {
    /// Always `true`.
    pub success: True,
    /// The events in the order in which they were committed.
    pub data: Vec<FeedEvent>,
    /// Give it as `after` to go on; null while nothing has happened at all.
    pub cursor: Option<String>,
    /// More events are there already.
    pub has_more: bool,
}

/// The query of `GET /claims/{id}/timeline`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct TimelineQuery {
    /// Maximum number of entries to answer; 100 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<i64>,
    /// How many to pass over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub offset: Option<i64>,
}

impl TimelineQuery {
    /// Limit and offset, or everything wrong with the query.
    pub fn into_domain(self) -> Result<(u32, u32), Vec<FieldError>> {
        let mut checker = Checker::new();
        let page = checker.page(self.limit, self.offset, USUAL_LIMIT, MAX_LIMIT);
        checker.finish(page)
    }
}

/// The query of `GET /events`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct EventsQuery {
    /// The `cursor` of the answer before, or any event's id; from the first event when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"evt_06E3ZQK8X5V2M0TQ9R7H4B1CDS")]
    pub after: Option<String>,
    /// Most events to answer; 100 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<i64>,
}

impl EventsQuery {
    /// Cursor and limit, or everything wrong with the query.
    pub fn into_domain(self) -> Result<(Option<EventId>, u32), Vec<FieldError>> {
        let mut checker = Checker::new();
        let limit = self.limit.unwrap_or(USUAL_LIMIT);
        checker.integer("limit", limit, 1, MAX_LIMIT);
        let after = self.after.filter(|after| !after.is_empty()).and_then(|after| {
            let id = after.parse::<EventId>();
            id.map_err(|error| checker.fail("after", error.to_string())).ok()
        });
        checker.finish(u32::try_from(limit).ok().map(|limit| (after, limit)))
    }
}
