//! Absences of an expert, as the firm saves them.

use constat_domain::FieldError;
use constat_domain::appointment::Appointment;
use constat_domain::expert;
use constat_domain::ids::AbsenceId;
use jiff::{Timestamp, ToSpan as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Checker, Instant};

/// Longest span of a list of absences, in days.
const MAX_SPAN_DAYS: i64 = 1_100;

/// Adds an absence, or replaces the one with the same reference.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveAbsence {
    /// The firm's own reference. Without one, the absence is known by its times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// A date, a local time of the expert's zone (`2026-12-24T09:00`), or an instant with its offset.
    #[schemars(example = &"2026-12-24")]
    pub start: String,
    /// The same; a date is included.
    #[schemars(example = &"2026-12-31")]
    pub end: String,
    /// The reason, for the firm: never answered, never logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The absence recurs, and `start` and `end` are its first occurrence: a rule of RFC 5545 that ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"FREQ=WEEKLY;BYDAY=MO;UNTIL=20270630")]
    pub rrule: Option<String>,
    /// Dates on which no occurrence begins after all; only with `rrule`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exdates: Vec<String>,
}

/// Selects absences by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct AbsenceQuery {
    /// Those that end after this instant; now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Instant>,
    /// Those that start before this instant; a year after `from` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Instant>,
}

impl AbsenceQuery {
    /// The span of time, or what is wrong with it.
    ///
    /// # Errors
    /// `to`, when it is not after `from` or more than 1,100 days after it.
    pub fn into_domain(self, now: Timestamp) -> Result<(Timestamp, Timestamp), Vec<FieldError>> {
        let mut checker = Checker::new();
        let from = self.from.map_or(now, |from| from.0);
        let hours = |days: i64| (days * 24).hours();
        let to = self.to.map_or_else(|| from.saturating_add(hours(366)).unwrap_or(from), |to| to.0);
        let last = from.saturating_add(hours(MAX_SPAN_DAYS)).unwrap_or(from);
        if to <= from || to > last {
            checker.fail("to", format!("must be after from, by {MAX_SPAN_DAYS} days at most"));
        }
        checker.finish(Some((from, to)))
    }
}

/// One occurrence of an absence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Absence {
    /// Identifies the occurrence.
    #[schemars(example = &"abs_06E3ZQK8X5V2M0TQ9R7H4B1CDS")]
    pub id: String,
    /// The absence that it belongs to: the same for all occurrences of a rule.
    pub absence_id: String,
    /// First instant.
    pub start: Instant,
    /// First instant after it.
    pub end: Instant,
}

impl Absence {
    /// An occurrence as answered.
    pub fn new(absence_id: AbsenceId, row: &expert::Absence) -> Self {
        Self {
            id: row.id.to_string(),
            absence_id: absence_id.to_string(),
            start: row.start.into(),
            end: row.end.into(),
        }
    }
}

/// A booked visit that lies in an absence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VisitWithin {
    /// The appointment.
    #[serde(rename = "appointmentID")]
    pub appointment_id: String,
    /// When it starts.
    pub start: Instant,
    /// IANA zone of the place.
    pub zone: String,
    /// The insurer's reference of the claim.
    pub insurer_claim_id: String,
    /// The firm's number of the case.
    pub case_number: String,
}

impl VisitWithin {
    /// A visit as answered.
    pub fn new(visit: &Appointment) -> Self {
        Self {
            appointment_id: visit.id.to_string(),
            start: visit.slot.start.into(),
            zone: visit.zone.clone(),
            insurer_claim_id: visit.request.insurer_claim_id.clone(),
            case_number: visit.case_number.clone(),
        }
    }
}

/// An absence that was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SavedAbsence {
    /// Identifies the absence with all its occurrences.
    pub absence_id: String,
    /// Its occurrences; one, unless it recurs.
    pub occurrences: Vec<Absence>,
    /// Booked visits that lie in it and are not over. They were not moved: reschedule or cancel them.
    pub visits: Vec<VisitWithin>,
}
