//! Statutory deadlines of a claim, the milestones that they count from, and the worklist.

use std::borrow::Cow;

use constat_domain::FieldError;
use constat_domain::claim::MilestoneKind as DomainKind;
use constat_domain::deadlines::{self, DeadlineState as DomainState};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::ClaimStatus;
use crate::common::{Checker, Instant, every_field_present, wire_enum};

/// Claims of a page when the query does not say.
const USUAL_LIMIT: i64 = 20;
/// Maximum number of claims of a page.
const MAX_LIMIT: i64 = 100;
/// Seconds ahead that the worklist looks when the query does not say: a week.
const USUAL_SPAN: i64 = 7 * 86_400;

wire_enum! {
    /// Where a deadline stands.
    DeadlineState = DomainState {
        /// The event that it counts from has not happened, or is not recorded.
        Waiting = "waiting",
        /// It counts.
        Running = "running",
        /// It was done in time.
        Met = "met",
        /// It is over, and was not done or too late.
        Missed = "missed",
        /// The claim ended before it did: it no longer counts.
        Stopped = "stopped",
    }
}

/// One statutory deadline of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct Deadline {
    /// The rule: a stable id.
    #[schemars(example = &"natural_catastrophe_order_expertise")]
    pub rule: String,
    /// What must be done, in French.
    #[schemars(example = &"Catastrophe naturelle : ordonner l'expertise")]
    pub label: String,
    /// Where it is written.
    #[schemars(example = &"Code des assurances, L125-2")]
    pub article: String,
    /// Where it stands.
    pub state: DeadlineState,
    /// The day it counts from, which does not count itself; null while that is not known.
    #[schemars(extend("format" = "date"), example = &"2026-10-30")]
    pub starts_on: Option<String>,
    /// Its last day at the place of the loss: always a working day there. Null while it waits.
    #[schemars(extend("format" = "date"), example = &"2026-11-30")]
    pub due_on: Option<String>,
    /// The instant at which it is over: the end of that day there.
    pub due_at: Option<Instant>,
    /// The day it was done, in time or not; null when it was not.
    #[schemars(extend("format" = "date"), example = &"2026-11-25")]
    pub met_on: Option<String>,
}

impl From<&deadlines::Deadline<'_>> for Deadline {
    fn from(deadline: &deadlines::Deadline<'_>) -> Self {
        let day = |day: Option<Date>| day.map(|day| day.to_string());
        Self {
            rule: deadline.rule.id.clone(),
            label: deadline.rule.label.clone(),
            article: deadline.rule.article.clone(),
            state: deadline.state.into(),
            starts_on: day(deadline.starts_on),
            due_on: day(deadline.due_on),
            due_at: deadline.due_at.map(Into::into),
            met_on: day(deadline.met_on),
        }
    }
}

/// What happened on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MilestoneKind(pub DomainKind);

impl JsonSchema for MilestoneKind {
    fn schema_name() -> Cow<'static, str> {
        "MilestoneKind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = DomainKind::ALL.iter().map(|kind| kind.as_str()).collect();
        json_schema!({
            "type": "string",
            "description": "What happened: a fact that deadlines count from, or that meets them.",
            "enum": names,
        })
    }
}

/// A dated fact about a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Milestone {
    /// What happened.
    pub kind: MilestoneKind,
    /// The day, at the place of the loss. Not in the future, but for visits that are planned.
    #[schemars(extend("format" = "date"), length(min = 10, max = 10), example = &"2026-10-30")]
    pub date: String,
}

impl Milestone {
    /// Reads it, or lists everything wrong with it.
    pub fn into_domain(self) -> Result<(DomainKind, Date), Vec<FieldError>> {
        let mut checker = Checker::new();
        // ISO 8601 knows other ways to write a day; this is the one that is documented.
        let day = if self.date.len() == 10 { self.date.parse::<Date>().ok() } else { None };
        if day.is_none() {
            checker.fail("date", "expected a day such as 2026-10-30");
        }
        checker.finish(day.map(|day| (self.kind.0, day)))
    }
}

/// A claim's deadlines, and the milestones that were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = every_field_present)]
pub struct ClaimDeadlines {
    /// The pre-declaration's id.
    pub id: String,
    /// Its deadlines.
    pub deadlines: Vec<Deadline>,
    /// The milestones that handlers told.
    pub milestones: Vec<Milestone>,
}

impl ClaimDeadlines {
    /// What a claim shows of its deadlines.
    pub fn new(claim: &constat_domain::claim::Claim, all: &[deadlines::Deadline<'_>]) -> Self {
        let milestones = claim.milestones.iter();
        Self {
            id: claim.declaration_id.to_string(),
            deadlines: all.iter().map(Into::into).collect(),
            milestones: milestones
                .map(|(kind, day)| Milestone { kind: MilestoneKind(*kind), date: day.to_string() })
                .collect(),
        }
    }
}

/// A claim on the worklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct DueClaim {
    /// The pre-declaration's id.
    pub id: String,
    /// The internal claim's id, or null until it is submitted.
    pub claim_id: Option<String>,
    /// Where the claim stands.
    pub status: ClaimStatus,
    /// Those of its deadlines that were asked for, the first to end first.
    pub deadlines: Vec<Deadline>,
}

/// Which deadlines the worklist is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WantedDeadlines {
    /// Those that count.
    #[default]
    Running,
    /// Those that are over and were not made good since.
    Missed,
}

/// The query of `GET /deadlines`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct DeadlinesQuery {
    /// Which deadlines; those that run when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<WantedDeadlines>,
    /// Those that end before this instant; a week from now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Instant>,
    /// Maximum number of claims to answer; 20 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// How many to pass over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub offset: Option<i64>,
}

/// A query that was found good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadlinesFilter {
    /// Which deadlines.
    pub state: WantedDeadlines,
    /// Those that end before this instant.
    pub before: Timestamp,
    /// Maximum number of claims, 1 to 100.
    pub limit: u32,
    /// Claims to pass over.
    pub offset: u32,
}

impl DeadlinesQuery {
    /// Reads the query, or lists everything wrong with it.
    pub fn into_domain(self, now: Timestamp) -> Result<DeadlinesFilter, Vec<FieldError>> {
        let mut checker = Checker::new();
        let page = checker.page(self.limit, self.offset, USUAL_LIMIT, MAX_LIMIT);
        let week = || now.checked_add(jiff::SignedDuration::from_secs(USUAL_SPAN)).unwrap_or(now);
        let before = self.before.map_or_else(week, Into::into);
        let state = self.state.unwrap_or_default();
        checker.finish(page.map(|(limit, offset)| DeadlinesFilter { state, before, limit, offset }))
    }
}
