//! Days as the wire has them.

use std::collections::HashMap;

use constat_core::Answer;
use constat_domain::appointment::MeetingKind;
use constat_domain::ids::ExpertId;
use constat_scheduling::{ExpertDay, ProposedDays};
use constat_scheduling::{LegEnd, Range};
use constat_wire::partner::{
    BASE, DayFormat, DayPlan, DayWarning, Expert, FeatureCollection, Moment, MomentRange, PlannedLeg, PlannedVisit,
    Proposal, ProposalOutcome, ProposedChange, Timeslot,
};
use http::HeaderMap;
use jiff::tz::TimeZone;

use crate::answer::first_accepted;
use crate::{Problem, Reply};

/// The media type of RFC 7946.
pub(super) const GEOJSON: &str = "application/geo+json";

/// True when the caller wants a map: the query decides, else the first media type of `Accept` that
/// is ours.
pub(super) fn wants_geojson(headers: &HeaderMap, format: Option<DayFormat>) -> bool {
    if let Some(format) = format {
        return format == DayFormat::Geojson;
    }
    first_accepted(headers, &["application/json", GEOJSON, "application/*", "*/*"]) == Some(GEOJSON)
}

pub(super) fn geo_reply(features: &FeatureCollection) -> Result<Reply, Problem> {
    let answer = Answer::json(200, features)?;
    Ok(Reply(Answer { content_type: GEOJSON.to_owned(), ..answer }))
}

/// Half a minute and more counts as one.
fn minutes(seconds: i64) -> i64 {
    (seconds + 30).div_euclid(60)
}

fn zone_of(day: &ExpertDay) -> TimeZone {
    // A plan is made of records with a known zone only.
    TimeZone::get(&day.plan.zone).unwrap_or(TimeZone::UTC)
}

fn expert_of(day: &ExpertDay) -> Expert {
    Expert { id: day.plan.expert.to_string(), display_name: day.display_name.clone() }
}

fn end(end: LegEnd) -> String {
    match end {
        LegEnd::Base => BASE.to_owned(),
        LegEnd::Visit(id) => id.to_string(),
    }
}

/// A day as the wire has it.
pub(super) fn written(day: &ExpertDay) -> DayPlan {
    let zone = zone_of(day);
    let moment = |at| Moment::new(at, &zone);
    let range = |range: &Range| MomentRange { start: moment(range.start), end: moment(range.end) };
    let plan = &day.plan;
    let visits = plan.visits.iter().filter_map(|planned| {
        let appointment = day.appointments.get(&planned.visit.appointment)?;
        let on_site = appointment.request.kind.is_on_site();
        Some(PlannedVisit {
            appointment_id: appointment.id.to_string(),
            case_number: appointment.case_number.clone(),
            kind: MeetingKind::from(appointment.request.kind).into(),
            promised: Timeslot::new(&appointment.slot, appointment.id.to_string()),
            start: moment(planned.start),
            end: moment(planned.end),
            earliest_arrival: moment(planned.start),
            latest_arrival: moment(planned.latest_start),
            slack_minutes: planned.slack_minutes,
            address: on_site.then(|| (&appointment.place.address).into()),
            position: planned.visit.site.map(Into::into),
        })
    });
    let legs = plan.legs.iter().filter(|leg| leg.has_road()).map(|leg| PlannedLeg {
        from: end(leg.from),
        to: end(leg.to),
        departure: moment(leg.departure),
        leave_by: leg.leave_by.map(moment),
        arrival: moment(leg.arrival),
        minutes: minutes(leg.seconds),
    });
    let warnings = plan.warnings.iter().map(|warning| DayWarning {
        code: warning.code.as_str().to_owned(),
        appointment_id: warning.appointment.map(|id| id.to_string()),
        minutes: warning.minutes,
    });
    DayPlan {
        expert: expert_of(day),
        date: plan.date.to_string(),
        zone: plan.zone.clone(),
        base: plan.base.into(),
        working_hours: plan.working.iter().map(range).collect(),
        absences: plan.away.iter().map(range).collect(),
        visits: visits.collect(),
        legs: legs.collect(),
        driving_minutes: minutes(plan.driving_seconds),
        drivable: plan.warnings.is_empty(),
        warnings: warnings.collect(),
    }
}

/// A proposal as the wire has it.
pub(super) fn proposed(found: &ProposedDays) -> Proposal {
    let people: HashMap<ExpertId, (Expert, TimeZone)> =
        found.days.iter().map(|day| (day.plan.expert, (expert_of(day), zone_of(day)))).collect();
    let changes = found.changes.iter().filter_map(|change| {
        let (from_expert, from_zone) = people.get(&change.from_expert)?;
        let (to_expert, to_zone) = people.get(&change.to_expert)?;
        Some(ProposedChange {
            appointment_id: change.appointment.to_string(),
            from_expert: from_expert.clone(),
            to_expert: to_expert.clone(),
            start_before: Moment::new(change.start_before, from_zone),
            start_after: Moment::new(change.start_after, to_zone),
        })
    });
    let (minutes_before, minutes_after) = (minutes(found.seconds_before), minutes(found.seconds_after));
    let outcome = if !found.changes.is_empty() {
        ProposalOutcome::Improved
    } else if found.days.iter().all(|day| day.plan.warnings.is_empty()) {
        ProposalOutcome::NothingToSave
    } else {
        ProposalOutcome::NotDrivable
    };
    Proposal {
        date: found.date.to_string(),
        outcome,
        minutes_before,
        minutes_after,
        minutes_saved: minutes_before - minutes_after,
        changes: changes.collect(),
        days: found.days.iter().map(written).collect(),
    }
}
