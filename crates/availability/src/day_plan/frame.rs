//! One expert's day without visits: hours, absences, base, and the limits that the days around it set.

use constat_domain::FieldError;
use constat_domain::expert::{Absence, Duty, Expert};
use constat_domain::geo::Position;
use jiff::civil::Date;

use crate::calendar::REACH_SECONDS;
use crate::day_plan::visit::Visit;
use crate::settings::Settings;
use crate::span::{Span, absent_within, subtract};
use crate::travel::Travel;
use crate::zone;

/// Every place of a proposal, and the drives between them.
#[derive(Debug)]
pub(super) struct Roads {
    places: Vec<Position>,
    seconds: Vec<i64>,
}

impl Roads {
    /// The drives between all of these places; each is looked up once.
    pub(super) fn between<T: Travel + ?Sized>(positions: impl Iterator<Item = Position>, travel: &T) -> Self {
        let mut places: Vec<Position> = Vec::new();
        for position in positions {
            if !places.contains(&position) {
                places.push(position);
            }
        }
        let seconds =
            places.iter().flat_map(|from| places.iter().map(|to| i64::from(travel.seconds(*from, *to)))).collect();
        Self { places, seconds }
    }

    /// The number of a place; all that are asked for were given.
    pub(super) fn number(&self, position: Position) -> usize {
        self.places.iter().position(|known| *known == position).unwrap_or(0)
    }

    pub(super) fn position(&self, place: usize) -> Position {
        self.places[place]
    }

    pub(super) fn seconds(&self, from: usize, to: usize) -> i64 {
        self.seconds[from * self.places.len() + to]
    }
}

/// A visit as a tour takes it. Instants are seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    /// Earliest agreed start.
    pub(super) earliest: i64,
    /// Latest agreed start.
    pub(super) latest: i64,
    /// Seconds that the visit takes.
    pub(super) lasting: i64,
    /// Where; `None` for a remote one.
    pub(super) place: Option<usize>,
    /// On-call hours count too.
    pub(super) on_call: bool,
}

impl Stop {
    pub(super) fn of(visit: &Visit, roads: &Roads) -> Self {
        let promise = visit.agreed_time();
        Self {
            earliest: promise.earliest,
            latest: promise.latest,
            lasting: promise.lasting,
            place: visit.site.map(|site| roads.number(site)),
            on_call: visit.on_call,
        }
    }
}

/// A visit of another day that is the origin or the destination of a drive.
#[derive(Debug, Clone, Copy)]
struct Neighbour {
    place: usize,
    at: i64,
}

/// One expert's day.
#[derive(Debug)]
pub(super) struct Frame {
    /// From one local midnight to the next.
    pub(super) day: Span,
    /// Working time less absences: ordinary, and with on-call hours.
    free: [Vec<Span>; 2],
    /// Absences that touch the day or the drives around it.
    pub(super) away: Vec<Span>,
    /// Absences without an agreed visit in them. The others concern only those visits and raise a warning.
    closed_to_drives: Vec<Span>,
    pub(super) base: usize,
    /// The drive from the base may begin then, a buffer earlier than it may in truth.
    pub(super) leave: i64,
    /// The drive back must be over then, a buffer later than in truth.
    pub(super) home_by: i64,
    pub(super) buffer: i64,
    pub(super) buffer_before: i64,
    pub(super) buffer_after: i64,
    before: Option<Neighbour>,
    after: Option<Neighbour>,
}

/// So far away that no sum leads there.
const NEVER: i64 = i64::MAX / 4;

impl Frame {
    /// Resolves a date. `visits` are the person's own, of that date and of those around it.
    ///
    /// # Errors
    /// When the record's zone is unknown.
    pub(super) fn new(
        expert: &Expert,
        absences: &[Absence],
        visits: &[Visit],
        date: Date,
        settings: &Settings,
        roads: &Roads,
    ) -> Result<Self, FieldError> {
        let zone = expert.time_zone()?;
        let day = zone::day_of(&zone, date);
        let around = Span { start: day.start - REACH_SECONDS, end: day.end + REACH_SECONDS };
        let away = absent_within(around, absences);
        let free = [Duty::Ordinary, Duty::OnCall].map(|duty| {
            let (mut hours, mut free) = (Vec::new(), Vec::new());
            zone::resolve_hours(&expert.hours_on(date, duty), &zone, date, day, &mut hours);
            for range in hours {
                subtract(range, &away, &mut free);
            }
            free
        });
        let today: Vec<Stop> =
            visits.iter().filter(|visit| visit.is_within(day)).map(|visit| Stop::of(visit, roads)).collect();
        let hours = &free[usize::from(today.iter().any(|stop| stop.on_call))];
        // A visit agreed outside the hours counts as working time that day, and so do the drives around it.
        let outside = today.iter().filter(|stop| fit(&free[usize::from(stop.on_call)], stop, stop.earliest).is_none());
        let outside = outside.map(|stop| Span { start: stop.earliest, end: stop.latest + stop.lasting });
        let duty = hours
            .iter()
            .copied()
            .chain(outside)
            .reduce(|hull, span| Span { start: hull.start.min(span.start), end: hull.end.max(span.end) });
        let commute = i64::from(settings.commute_minutes) * 60;
        let buffer = settings.buffer_seconds(expert);
        let buffer_before = i64::from(expert.buffer_before_minutes.unwrap_or(0)) * 60;
        let site = |visit: &Visit| visit.site.map(|site| roads.number(site));
        let before = visits
            .iter()
            .filter(|visit| visit.agreed_time().earliest < day.start)
            .filter_map(|visit| Some(Neighbour { place: site(visit)?, at: visit.agreed_time().end() }))
            .max_by_key(|neighbour| neighbour.at);
        let after = visits
            .iter()
            .filter(|visit| visit.agreed_time().earliest >= day.end)
            .filter_map(|visit| Some(Neighbour { place: site(visit)?, at: visit.agreed_time().earliest }))
            .min_by_key(|neighbour| neighbour.at);
        let closed_to_drives = away.iter().copied().filter(|span| !today.iter().any(|stop| covers(*span, stop)));
        Ok(Self {
            day,
            closed_to_drives: closed_to_drives.collect(),
            free,
            away,
            base: roads.number(expert.base),
            leave: duty.map_or(-NEVER, |duty| duty.start - commute - buffer),
            home_by: duty.map_or(NEVER, |duty| duty.end + commute + buffer),
            buffer,
            buffer_before,
            buffer_after: buffer - buffer_before,
            before,
            after,
        })
    }

    /// Working time without absences. Includes on-call hours when `on_call` is set.
    pub(super) fn free(&self, on_call: bool) -> &[Span] {
        &self.free[usize::from(on_call)]
    }

    /// The first agreed start from an instant on that lies within working time.
    pub(super) fn fit(&self, stop: &Stop, from: i64) -> Option<i64> {
        fit(self.free(stop.on_call), stop, from)
    }

    /// The last agreed start up to an instant that lies within working time.
    pub(super) fn last_fit(&self, stop: &Stop, until: i64) -> Option<i64> {
        let until = until.min(stop.latest);
        let starts =
            self.free(stop.on_call).iter().rev().map(|range| (range.start, until.min(range.end - stop.lasting)));
        starts.filter(|(first, last)| first <= last).map(|(_, last)| last).find(|at| *at >= stop.earliest)
    }

    /// The earliest end of one uninterrupted drive of `needed` seconds after an instant, outside absences.
    pub(super) fn drive_end(&self, since: i64, needed: i64) -> i64 {
        let mut start = since;
        for away in &self.closed_to_drives {
            if away.end > start && start + needed > away.start {
                start = away.end;
            }
        }
        start + needed
    }

    /// The latest start of one uninterrupted drive of `needed` seconds that ends by an instant.
    pub(super) fn drive_start(&self, until: i64, needed: i64) -> i64 {
        let mut end = until;
        for away in self.closed_to_drives.iter().rev() {
            if away.start < end && end - needed < away.end {
                end = away.start;
            }
        }
        end - needed
    }

    /// The earliest arrival at a place after the last visit of the day before.
    pub(super) fn reachable_from(&self, place: usize, roads: &Roads) -> i64 {
        self.before.map_or(-NEVER, |before| {
            let ready = self.drive_end(before.at, roads.seconds(before.place, place) + self.buffer);
            ready.min(before.at + REACH_SECONDS)
        })
    }

    /// The latest departure from a place that reaches the first visit of the day after.
    pub(super) fn must_leave(&self, place: usize, roads: &Roads) -> i64 {
        self.after.map_or(NEVER, |after| {
            let leave = self.drive_start(after.at, roads.seconds(place, after.place) + self.buffer);
            leave.max(after.at - REACH_SECONDS)
        })
    }
}

fn fit(free: &[Span], stop: &Stop, from: i64) -> Option<i64> {
    let from = from.max(stop.earliest);
    let starts = free.iter().map(|range| (from.max(range.start), range.end));
    starts.filter(|(start, end)| start + stop.lasting <= *end).map(|(start, _)| start).find(|at| *at <= stop.latest)
}

/// True when every agreed start of a visit overlaps an absence.
fn covers(away: Span, stop: &Stop) -> bool {
    away.start < stop.earliest + stop.lasting && stop.latest < away.end
}
