//! Plans a day: the visits in order, the drives between them, and what cannot be kept.

use constat_domain::FieldError;
use constat_domain::expert::{Absence, Expert};
use constat_domain::geo::Position;
use constat_domain::ids::{AppointmentId, ExpertId};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::day_plan::frame::{Frame, Roads, Stop};
use crate::day_plan::tour::{Drive, Timed, Tour};
use crate::day_plan::visit::Visit;
use crate::settings::Settings;
use crate::span::Span;
use crate::travel::{MAX_DRIVE_SECONDS, Travel};
use crate::zone;

/// Lateness above which the visit cannot be reached at all: about four years, more than any delay on a road.
const NO_ROAD_SECONDS: i64 = MAX_DRIVE_SECONDS as i64 / 2;

/// From one instant to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// First instant.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
}

impl From<Span> for Range {
    fn from(span: Span) -> Self {
        Self { start: zone::timestamp(span.start), end: zone::timestamp(span.end) }
    }
}

/// A visit with its planned time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlannedVisit {
    /// The appointment.
    pub visit: Visit,
    /// As early as it can be kept.
    pub start: Timestamp,
    /// When it is over.
    pub end: Timestamp,
    /// The latest start that keeps this visit and all later ones on time. Equals `start` for an exact time.
    pub latest_start: Timestamp,
    /// Minutes of delay on the way here, after the earliest possible departures, before this visit or a
    /// later one is late. Negative: it is late already. `None` without a preceding visit or drive.
    pub slack_minutes: Option<i64>,
}

/// One end of a drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegEnd {
    /// The base.
    Base,
    /// A visit on site.
    Visit(AppointmentId),
}

/// A drive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlannedLeg {
    /// From what.
    pub from: LegEnd,
    /// Where that is.
    pub from_position: Position,
    /// To what.
    pub to: LegEnd,
    /// Where that is.
    pub to_position: Position,
    /// When to leave: the base just in time for the first visit, a visit as soon as it is over.
    pub departure: Timestamp,
    /// The latest departure that keeps every visit on time; `None` on a day without working hours.
    pub leave_by: Option<Timestamp>,
    /// When one arrives.
    pub arrival: Timestamp,
    /// Seconds of driving, including parking and access.
    pub seconds: i64,
}

impl PlannedLeg {
    /// False when no road and no configured crossing leads there: then the times of this drive mean nothing.
    pub fn has_road(&self) -> bool {
        self.seconds < i64::from(MAX_DRIVE_SECONDS)
    }
}

/// What cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WarningCode {
    /// The visit lies outside working hours, whenever it starts.
    OutsideHours,
    /// The visit lies within an absence.
    Absent,
    /// The visit cannot be reached in time.
    Late,
    /// No road leads to the visit from the place before it, or back to the base: they lie on different islands.
    NoRoad,
    /// The base is reached later than the allowance, or too late for the next day's first visit.
    HomeLate,
    /// More visits than the daily cap.
    OverCap,
}

impl WarningCode {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OutsideHours => "outside_hours",
            Self::Absent => "absent",
            Self::Late => "late",
            Self::NoRoad => "no_road",
            Self::HomeLate => "home_late",
            Self::OverCap => "over_cap",
        }
    }
}

/// Something in a day that cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warning {
    /// What.
    pub code: WarningCode,
    /// Which appointment, when it is one.
    pub appointment: Option<AppointmentId>,
    /// By how many minutes, rounded up, when it is late.
    pub minutes: Option<i64>,
}

/// One expert's day.
#[derive(Debug, Clone, PartialEq)]
pub struct DayPlan {
    /// Whose.
    pub expert: ExpertId,
    /// The local date.
    pub date: Date,
    /// The IANA zone of the expert's hours: the date is this zone's.
    pub zone: String,
    /// Where the day starts and ends.
    pub base: Position,
    /// Working time less absences; on-call hours when a visit of the day is for a catastrophe.
    pub working: Vec<Range>,
    /// Absences, as far as they lie within the day.
    pub away: Vec<Range>,
    /// The visits, in order.
    pub visits: Vec<PlannedVisit>,
    /// The drives, in order.
    pub legs: Vec<PlannedLeg>,
    /// Seconds at the wheel.
    pub driving_seconds: i64,
    /// What cannot be kept. Empty: the day is drivable.
    pub warnings: Vec<Warning>,
}

/// Plans one expert's day: the visits in the order of their agreed times, each as early as possible.
///
/// `absences` and `visits` are the expert's own. Those of the day before and after limit the first and
/// the last drive.
///
/// # Errors
/// When the record's zone is unknown.
pub fn plan_day<T: Travel + ?Sized>(
    expert: &Expert,
    absences: &[Absence],
    visits: &[Visit],
    date: Date,
    settings: &Settings,
    travel: &T,
) -> Result<DayPlan, FieldError> {
    let sites = visits.iter().filter_map(|visit| visit.site);
    let roads = Roads::between(sites.chain([expert.base]), travel);
    let frame = Frame::new(expert, absences, visits, date, settings, &roads)?;
    let order = in_order(&frame, &roads, visits);
    Ok(timeline(expert, date, &frame, &roads, &order))
}

/// The visits of a day by earliest start, or by latest start where that makes fewer visits late.
pub(super) fn in_order(frame: &Frame, roads: &Roads, visits: &[Visit]) -> Vec<Visit> {
    let mut by_start: Vec<Visit> = visits.iter().filter(|visit| visit.is_within(frame.day)).copied().collect();
    by_start
        .sort_unstable_by_key(|visit| (visit.agreed_time().earliest, visit.agreed_time().latest, visit.appointment));
    let mut by_latest = by_start.clone();
    by_latest.sort_by_key(|visit| visit.agreed_time().latest);
    let late = |visits: &[Visit]| Tour::walk(frame, roads, &stops_of(visits, roads)).late;
    if by_latest != by_start && late(&by_latest) < late(&by_start) { by_latest } else { by_start }
}

pub(super) fn stops_of(visits: &[Visit], roads: &Roads) -> Vec<Stop> {
    visits.iter().map(|visit| Stop::of(visit, roads)).collect()
}

/// The plan of a day whose order is settled.
pub(super) fn timeline(expert: &Expert, date: Date, frame: &Frame, roads: &Roads, visits: &[Visit]) -> DayPlan {
    let stops = stops_of(visits, roads);
    let tour = Tour::walk(frame, roads, &stops);
    let times = tour.times();
    let planned = visits.iter().zip(&stops).zip(&times).map(|((visit, stop), time)| PlannedVisit {
        visit: *visit,
        start: zone::timestamp(time.start),
        end: zone::timestamp(time.start + stop.lasting),
        latest_start: zone::timestamp(time.latest),
        slack_minutes: time
            .ready
            .map(|ready| time.latest - ready)
            .filter(|slack| *slack > -NO_ROAD_SECONDS)
            .map(|slack| slack.div_euclid(60)),
    });
    let legs = tour.drives(&times);
    let driven = legs.iter().map(|drive| drive.seconds).filter(|seconds| *seconds < i64::from(MAX_DRIVE_SECONDS)).sum();
    let on_call = visits.iter().any(|visit| visit.on_call);
    let day = frame.day;
    let away = frame.away.iter().filter(|away| away.meets(day));
    DayPlan {
        expert: expert.id,
        date,
        zone: expert.zone.clone(),
        base: expert.base,
        working: frame.free(on_call).iter().map(|span| (*span).into()).collect(),
        away: away.map(|away| Span { start: away.start.max(day.start), end: away.end.min(day.end) }.into()).collect(),
        visits: planned.collect(),
        legs: legs.iter().enumerate().map(|(index, drive)| leg(drive, index, &legs, roads, visits)).collect(),
        driving_seconds: driven,
        warnings: warnings(expert, frame, &tour, visits, &stops, &times),
    }
}

fn leg(drive: &Drive, index: usize, drives: &[Drive], roads: &Roads, visits: &[Visit]) -> PlannedLeg {
    let end = |stop: usize| visits.get(stop).map_or(LegEnd::Base, |visit| LegEnd::Visit(visit.appointment));
    let from = index.checked_sub(1).map_or(LegEnd::Base, |previous| end(drives[previous].towards));
    PlannedLeg {
        from,
        from_position: roads.position(drive.from),
        to: end(drive.towards),
        to_position: roads.position(drive.to),
        departure: zone::timestamp(drive.departure),
        leave_by: drive.leave_by.map(zone::timestamp),
        arrival: zone::timestamp(drive.departure + drive.seconds),
        seconds: drive.seconds,
    }
}

fn warnings(
    expert: &Expert,
    frame: &Frame,
    tour: &Tour<'_>,
    visits: &[Visit],
    stops: &[Stop],
    times: &[Timed],
) -> Vec<Warning> {
    let minutes = |seconds: i64| Some(seconds.div_euclid(60) + i64::from(seconds.rem_euclid(60) > 0));
    let mut all = Vec::new();
    for ((visit, stop), time) in visits.iter().zip(stops).zip(times) {
        let mut warn = |code, minutes| all.push(Warning { code, appointment: Some(visit.appointment), minutes });
        if frame.fit(stop, stop.earliest).is_none() {
            let taken = Span { start: time.start, end: time.start + stop.lasting };
            let absent = frame.away.iter().any(|away| away.meets(taken));
            warn(if absent { WarningCode::Absent } else { WarningCode::OutsideHours }, None);
        }
        if time.late > NO_ROAD_SECONDS {
            warn(WarningCode::NoRoad, None);
        } else if time.late > 0 {
            warn(WarningCode::Late, minutes(time.late));
        }
    }
    if tour.home_late > NO_ROAD_SECONDS {
        all.push(Warning { code: WarningCode::NoRoad, appointment: None, minutes: None });
    } else if tour.home_late > 0 {
        all.push(Warning { code: WarningCode::HomeLate, appointment: None, minutes: minutes(tour.home_late) });
    }
    if expert.daily_cap.is_some_and(|cap| visits.len() > usize::from(cap)) {
        all.push(Warning { code: WarningCode::OverCap, appointment: None, minutes: None });
    }
    all
}
