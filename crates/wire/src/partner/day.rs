//! An expert's day: the visits in order, the drives between them, and how it could be driven better.

use constat_domain::FieldError;
use constat_domain::ids::ExpertId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AppointmentType, Expert, Timeslot};
use crate::common::{Checker, Instant, Position, PostalAddress};

/// Years that are read: anything else is a slip of the pen, as for instants.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;

/// Reads a date of a path or a query.
///
/// # Errors
/// Under the parameter's name, when it is not one.
pub fn read_date(name: &str, text: &str) -> Result<Date, FieldError> {
    let expected = || FieldError::new(name, "expected a date of the years 1900 to 2199, such as 2026-11-24");
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date: Option<Date> = text.parse().ok().filter(|date: &Date| is_plain && YEARS.contains(&date.year()));
    date.ok_or_else(expected)
}

/// An instant, and the civil time of the plan's zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moment {
    /// The instant.
    pub at: Instant,
    /// The same on the expert's clock.
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"), example = &"2026-11-24T09:00:00")]
    pub local: String,
}

impl Moment {
    /// An instant in a zone, to the second.
    pub fn new(at: Timestamp, zone: &TimeZone) -> Self {
        let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        Self { at: at.into(), local: zone.to_datetime(at).to_string() }
    }
}

/// From one instant to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MomentRange {
    /// First instant.
    pub start: Moment,
    /// First instant after it.
    pub end: Moment,
}

/// A visit with its planned time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedVisit {
    /// The appointment.
    pub appointment_id: String,
    /// The case number it was booked under.
    pub case_number: String,
    /// How the parties meet.
    #[serde(rename = "type")]
    pub kind: AppointmentType,
    /// The time agreed with the insured.
    pub promised: Timeslot,
    /// The start of the visit, as early as possible.
    pub start: Moment,
    /// When it is over.
    pub end: Moment,
    /// The earliest arrival within the agreed time; `start`.
    pub earliest_arrival: Moment,
    /// The latest arrival that keeps this visit and all later ones on time.
    pub latest_arrival: Moment,
    /// Minutes of delay on the way here, after the earliest possible departures, before this visit or a later
    /// one is late. Negative: it is late already. Absent without a preceding visit or drive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack_minutes: Option<i64>,
    /// Where, for a visit on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<PostalAddress>,
    /// Where, for a visit on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// One end of a drive: `base`, or an appointment's id.
pub const BASE: &str = "base";

/// A drive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedLeg {
    /// `base`, or the appointment that was before.
    pub from: String,
    /// `base`, or the appointment that is next.
    pub to: String,
    /// When to leave: the base just in time, a visit as soon as it is over.
    pub departure: Moment,
    /// The latest departure that keeps every visit on time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave_by: Option<Moment>,
    /// When one arrives.
    pub arrival: Moment,
    /// Minutes of driving, including parking and access; rounded.
    pub minutes: i64,
}

/// Something that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayWarning {
    /// `outside_hours`, `absent`, `late`, `no_road`, `home_late` or `over_cap`.
    #[schemars(example = &"late")]
    pub code: String,
    /// Which appointment, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment_id: Option<String>,
    /// By how many minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<i64>,
}

/// One expert's day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayPlan {
    /// Whose day.
    pub expert: Expert,
    /// The date on the expert's calendar.
    #[schemars(extend("format" = "date"), example = &"2026-11-24")]
    pub date: String,
    /// The zone of all civil times here: an IANA name.
    #[schemars(example = &"Europe/Paris")]
    pub zone: String,
    /// Where the day starts and ends.
    pub base: Position,
    /// Working hours less absences.
    pub working_hours: Vec<MomentRange>,
    /// Absences, as far as they lie within the day.
    pub absences: Vec<MomentRange>,
    /// The visits, in order.
    pub visits: Vec<PlannedVisit>,
    /// The drives, in order.
    pub legs: Vec<PlannedLeg>,
    /// Minutes at the wheel, all in all; rounded.
    pub driving_minutes: i64,
    /// True when everything can be kept.
    pub drivable: bool,
    /// What cannot.
    pub warnings: Vec<DayWarning>,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DayAnswer {
    /// 0.
    pub value: i32,
    /// `OK`.
    pub description: String,
    /// The day.
    pub data: DayPlan,
}

impl DayAnswer {
    /// The day with the status `OK`.
    pub fn ok(data: DayPlan) -> Self {
        Self { value: 0, description: "OK".to_owned(), data }
    }
}

/// Several experts' days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TeamDayAnswer {
    /// 0.
    pub value: i32,
    /// `OK`.
    pub description: String,
    /// The days.
    pub data: Vec<DayPlan>,
}

impl TeamDayAnswer {
    /// The days with the status `OK`.
    pub fn ok(data: Vec<DayPlan>) -> Self {
        Self { value: 0, description: "OK".to_owned(), data }
    }
}

/// How a day is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DayFormat {
    /// The plan.
    Json,
    /// A `GeoJSON` `FeatureCollection` (RFC 7946) to draw on a map.
    Geojson,
}

/// The query of one expert's day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DayQuery {
    /// How to write it; without it `Accept` decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<DayFormat>,
}

/// The query of a team's day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TeamDayQuery {
    /// How to write it; without it `Accept` decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<DayFormat>,
    /// Expert ids, separated by commas. Default: every expert with an appointment that day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4000))]
    pub experts: Option<String>,
}

impl TeamDayQuery {
    /// Reads whose days are wanted, or says what is wrong with the list.
    pub fn experts(&self) -> Result<Option<Vec<ExpertId>>, Vec<FieldError>> {
        let Some(text) = self.experts.as_deref().filter(|text| !text.trim().is_empty()) else { return Ok(None) };
        let mut checker = Checker::new();
        checker.text("experts", text, 1, 4000);
        let ids: Result<Vec<ExpertId>, _> = text.split(',').map(|id| id.trim().parse()).collect();
        if ids.is_err() {
            checker.fail("experts", "expected experts' ids with commas between them");
        }
        checker.finish(ids.ok().map(Some))
    }
}

/// Whose days are to be looked at together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProposalRequest {
    /// The experts' ids; visits may change hands between them.
    #[schemars(length(min = 1, max = 10))]
    pub experts: Vec<String>,
}

impl ProposalRequest {
    /// Reads the list, or names what is wrong with it.
    pub fn into_domain(self) -> Result<Vec<ExpertId>, Vec<FieldError>> {
        let mut checker = Checker::new();
        if !(1..=10).contains(&self.experts.len()) {
            checker.fail("experts", "expected 1 to 10 experts");
            return Err(checker.into_errors());
        }
        let mut ids = Vec::new();
        for (index, id) in self.experts.iter().enumerate() {
            match id.parse() {
                Ok(id) => ids.push(id),
                Err(_not_an_id) => checker.fail(&format!("experts[{index}]"), "expected an expert's id"),
            }
        }
        checker.finish(Some(ids))
    }
}

/// What would change for one visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposedChange {
    /// Which.
    pub appointment_id: String,
    /// Who has it now.
    pub from_expert: Expert,
    /// Who would take it.
    pub to_expert: Expert,
    /// When it would begin as things are, on the clock of who has it.
    pub start_before: Moment,
    /// When it would begin, on the clock of who would take it.
    pub start_after: Moment,
}

/// Result of the search for a better order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProposalOutcome {
    /// There is a better order: see `changes`. Nothing was changed.
    Improved,
    /// No order with every visit on time saves a minute.
    NothingToSave,
    /// A day is late as it is, and no order was found that is on time: see the `warnings` of `days`.
    NotDrivable,
}

/// A better order, proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// The date.
    #[schemars(extend("format" = "date"), example = &"2026-11-24")]
    pub date: String,
    /// The result.
    pub outcome: ProposalOutcome,
    /// Minutes of driving of all experts before the change; rounded.
    pub minutes_before: i64,
    /// Minutes of driving of all experts after the change; rounded.
    pub minutes_after: i64,
    /// The difference. Negative when more driving is needed to keep a late day on time.
    pub minutes_saved: i64,
    /// What would change.
    pub changes: Vec<ProposedChange>,
    /// The days as proposed; as they are when nothing is.
    pub days: Vec<DayPlan>,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProposalAnswer {
    /// 0.
    pub value: i32,
    /// `OK`.
    pub description: String,
    /// The proposal.
    pub data: Proposal,
}

impl ProposalAnswer {
    /// The proposal with the status `OK`.
    pub fn ok(data: Proposal) -> Self {
        Self { value: 0, description: "OK".to_owned(), data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_slips_are_named() {
        assert_eq!(read_date("date", "2026-11-24").unwrap().to_string(), "2026-11-24");
        for bad in
            ["2026-11-31", "24/11/2026", "tomorrow", "", "20261124", "2026-11-24T10:00", "-002026-11-24", "3026-01-01"]
        {
            assert_eq!(read_date("date", bad).unwrap_err().field, "date", "{bad}");
        }
    }

    #[test]
    fn a_moment_is_told_on_both_clocks() {
        let moment = Moment::new("2026-10-25T01:30:00.5Z".parse().unwrap(), &TimeZone::get("Europe/Paris").unwrap());
        let json = serde_json::to_string(&moment).unwrap();
        assert_eq!(json, r#"{"at":"2026-10-25T01:30:00Z","local":"2026-10-25T02:30:00"}"#);
    }
}
