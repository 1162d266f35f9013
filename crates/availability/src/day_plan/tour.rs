//! Timing of one tour: the visits of a day in a given order, each as early as possible, and the latest
//! start of each that keeps all visits on time.
//!
//! A drive between two places is uninterrupted. Where remote visits lie between the places, the drive
//! comes before one of them or after the last. Each remote visit therefore has two times, with the drive
//! already done and with the drive still to do; the better one is chosen at the next place.

use crate::day_plan::frame::{Frame, Roads, Stop};

/// How a stop is reached, in one of two ways.
#[derive(Debug, Clone, Copy)]
struct State {
    /// Seconds of lateness so far.
    late: i64,
    /// When the expert can be there, without regard to the agreed time.
    ready: i64,
    start: i64,
    end: i64,
    /// The drive was made directly before this stop.
    drove: bool,
}

impl State {
    fn better(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => {
                Some(if (other.late, other.ready) < (one.late, one.ready) { other } else { one })
            }
            (one, other) => one.or(other),
        }
    }
}

/// Both ways to be at a stop: with the drive to the next place still to make, and with it made.
#[derive(Debug, Clone, Copy, Default)]
struct Ways {
    undriven: Option<State>,
    driven: Option<State>,
}

/// A tour, walked through.
#[derive(Debug)]
pub(super) struct Tour<'a> {
    frame: &'a Frame,
    roads: &'a Roads,
    stops: &'a [Stop],
    /// For each stop, and for the way home: from where, to where, and the seconds between.
    legs: Vec<(usize, usize, i64)>,
    ways: Vec<Ways>,
    /// Seconds of lateness in total, including the return to the base.
    pub(super) late: i64,
    /// Seconds by which the latest return is missed.
    pub(super) home_late: i64,
    home_driven: bool,
    travels: bool,
}

/// A stop with its time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timed {
    pub(super) start: i64,
    pub(super) latest: i64,
    /// When the person could be there; `None` when nothing comes before.
    pub(super) ready: Option<i64>,
    /// Seconds after the latest agreed start.
    pub(super) late: i64,
    driven: bool,
}

/// A drive of the tour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drive {
    /// The stop it leads to; the number of stops for the way home.
    pub(super) towards: usize,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) seconds: i64,
    pub(super) departure: i64,
    /// The latest departure that keeps every visit on time.
    pub(super) leave_by: Option<i64>,
}

impl<'a> Tour<'a> {
    pub(super) fn walk(frame: &'a Frame, roads: &'a Roads, stops: &'a [Stop]) -> Self {
        let legs = legs(frame.base, roads, stops);
        let travels = stops.iter().any(|stop| stop.place.is_some());
        let mut tour = Self {
            frame,
            roads,
            stops,
            legs,
            ways: Vec::with_capacity(stops.len()),
            late: 0,
            home_late: 0,
            home_driven: !travels,
            travels,
        };
        tour.forward();
        tour
    }

    /// Where the day begins.
    fn origin(&self) -> Ways {
        let at = |end| Some(State { late: 0, ready: end, start: end, end, drove: false });
        if self.travels {
            Ways { undriven: at(self.frame.leave), driven: None }
        } else {
            Ways { undriven: None, driven: at(i64::MIN / 4) }
        }
    }

    fn forward(&mut self) {
        let frame = self.frame;
        let mut before = self.origin();
        let mut been_somewhere = false;
        for (index, stop) in self.stops.iter().enumerate() {
            let needed = self.legs[index].2 + frame.buffer;
            let on = |way: Option<State>| way.map(|way| (way.late, way.end + frame.buffer, false));
            let drive = before.undriven.map(|way| (way.late, frame.drive_end(way.end, needed), true));
            let first = stop.place.filter(|_| !been_somewhere);
            let since_yesterday = first.map_or(i64::MIN, |place| frame.reachable_from(place, self.roads));
            let arrive = |way: Option<(i64, i64, bool)>| {
                way.map(|(late, ready, drove)| begin(frame, stop, late, ready.max(since_yesterday), drove))
            };
            let driven = State::better(arrive(on(before.driven)), arrive(drive));
            before = if stop.place.is_some() {
                been_somewhere = true;
                Ways { undriven: driven, driven: None }
            } else {
                Ways { undriven: arrive(on(before.undriven)), driven }
            };
            self.ways.push(before);
        }
        self.go_home(before);
    }

    fn go_home(&mut self, last: Ways) {
        if !self.travels {
            self.late = last.driven.map_or(0, |way| way.late);
            return;
        }
        let needed = self.legs[self.stops.len()].2 + self.frame.buffer;
        let by_now = last.driven.map(|way| (way.late, 0));
        let then = last.undriven.map(|way| {
            let home = self.frame.drive_end(way.end, needed);
            (way.late, (home - self.frame.home_by).max(0))
        });
        let sum = |(late, home): (i64, i64)| late + home;
        self.home_driven = by_now.is_some_and(|now| then.is_none_or(|then| sum(now) <= sum(then)));
        let (late, home_late) = if self.home_driven { by_now } else { then }.unwrap_or((0, 0));
        let for_tomorrow = self.late_for_tomorrow();
        self.home_late = home_late.max(for_tomorrow);
        self.late = late + self.home_late;
    }

    /// Seconds by which the last place is left too late for the next day's first one.
    fn late_for_tomorrow(&self) -> i64 {
        let last = self.stops.iter().zip(&self.ways).rev().find_map(|(stop, ways)| Some((stop.place?, ways.undriven?)));
        last.map_or(0, |(place, way)| (way.end - self.frame.must_leave(place, self.roads)).max(0))
    }

    /// Which way each stop is reached, from the way home back to the first one.
    fn chosen(&self) -> Vec<State> {
        let mut driven = self.home_driven;
        let mut chosen = Vec::with_capacity(self.stops.len());
        for (stop, ways) in self.stops.iter().zip(&self.ways).rev() {
            let way = if stop.place.is_none() && driven { ways.driven } else { ways.undriven };
            let Some(way) = way.or(ways.driven) else { break };
            // A place is arrived at by a drive that is made; before it, as the way says.
            driven = if stop.place.is_some() || driven { !way.drove } else { false };
            chosen.push(way);
        }
        chosen.reverse();
        chosen
    }

    /// The stops with their times.
    pub(super) fn times(&self) -> Vec<Timed> {
        let chosen = self.chosen();
        let driven: Vec<bool> = self.driven_at(&chosen);
        let latest = self.latest(&driven);
        let mut broken = 0;
        chosen
            .iter()
            .zip(self.stops)
            .zip(latest.iter().zip(driven))
            .map(|((way, stop), (latest, driven))| {
                let late = way.late - broken;
                broken = way.late;
                let known = way.ready > i64::MIN / 8;
                Timed {
                    start: way.start,
                    latest: (*latest).clamp(way.start, stop.latest.max(way.start)),
                    ready: known.then_some(way.ready),
                    late,
                    driven,
                }
            })
            .collect()
    }

    /// For each stop: whether the drive of its stretch is made before it.
    fn driven_at(&self, chosen: &[State]) -> Vec<bool> {
        let mut made = !self.travels;
        let mut all = Vec::with_capacity(chosen.len());
        for (way, stop) in chosen.iter().zip(self.stops) {
            made |= way.drove;
            all.push(made);
            if stop.place.is_some() {
                made = false;
            }
        }
        all
    }

    /// How late each stop may begin, when all that follows is to be kept.
    fn latest(&self, driven: &[bool]) -> Vec<i64> {
        let frame = self.frame;
        let count = self.stops.len();
        let mut latest = vec![0; count];
        // The limit on the next stop's start, and whether the drive to it is made before the one at hand.
        let mut next: Option<i64> = None;
        for index in (0..count).rev() {
            let stop = &self.stops[index];
            let drives_after = driven.get(index + 1).copied().unwrap_or(self.home_driven || !self.travels);
            let still_to_drive = stop.place.is_some() || !driven[index];
            let home = !self.home_driven && self.travels;
            let needed = self.legs[index + 1].2 + frame.buffer;
            let end = match next {
                Some(start) if still_to_drive && drives_after => frame.drive_start(start, needed),
                Some(start) => start - frame.buffer,
                None if still_to_drive && home => frame.drive_start(frame.home_by, needed),
                None => i64::MAX / 4,
            };
            let last_place = stop.place.filter(|_| self.stops[index + 1..].iter().all(|later| later.place.is_none()));
            let end = last_place.map_or(end, |place| end.min(frame.must_leave(place, self.roads)));
            let until = end - stop.lasting;
            latest[index] = frame.last_fit(stop, until).unwrap_or_else(|| until.clamp(stop.earliest, stop.latest));
            next = Some(latest[index]);
        }
        latest
    }

    /// The drives, in order.
    pub(super) fn drives(&self, times: &[Timed]) -> Vec<Drive> {
        let mut drives = Vec::new();
        if !self.travels {
            return drives;
        }
        let count = self.stops.len();
        let mut made = false;
        for before in 0..=count {
            if !made && times.get(before).is_none_or(|time| time.driven) {
                let towards = (before..count).find(|index| self.stops[*index].place.is_some()).unwrap_or(count);
                drives.push(self.drive(times, before, towards));
                made = true;
            }
            made &= self.stops.get(before).is_none_or(|stop| stop.place.is_none());
        }
        drives.retain(|drive| drive.from != drive.to);
        drives
    }

    fn drive(&self, times: &[Timed], before: usize, towards: usize) -> Drive {
        let frame = self.frame;
        let (from, to, seconds) = self.legs[before];
        let ended = before.checked_sub(1).map(|index| times[index].start + self.stops[index].lasting);
        let limit = times.get(before).map_or(frame.home_by, |next| next.latest);
        let leave_by =
            (limit < i64::MAX / 8).then(|| frame.drive_start(limit, seconds + frame.buffer) + frame.buffer_after);
        // One leaves the base no earlier than need be, and a visit as soon as it is over.
        let departure = match (ended, times.get(before)) {
            (None, Some(next)) => frame.drive_start(next.start, seconds + frame.buffer) + frame.buffer_after,
            (ended, _) => {
                let since = ended.unwrap_or(frame.leave);
                frame.drive_end(since, seconds + frame.buffer) - seconds - frame.buffer_before
            }
        };
        Drive { towards, from, to, seconds, departure, leave_by }
    }
}

/// Begins the visit as early as possible. A late visit counts as begun at its last agreed instant, and its
/// lateness is recorded in seconds.
fn begin(frame: &Frame, stop: &Stop, late: i64, ready: i64, drove: bool) -> State {
    let (start, more) = match frame.fit(stop, ready) {
        Some(start) => (start, 0),
        None => match frame.last_fit(stop, i64::MAX / 4) {
            // Later than the last agreed start within working time.
            Some(last) => (last, (ready - last).max(0)),
            // Outside working time at any start: the agreed time still holds.
            None => (ready.clamp(stop.earliest, stop.latest), (ready - stop.latest).max(0)),
        },
    };
    State { late: late + more, ready, start, end: start + stop.lasting, drove }
}

/// Seconds at the wheel from the base, by every place in order, and back.
pub(super) fn driving(base: usize, roads: &Roads, stops: &[Stop]) -> i64 {
    let mut at = base;
    let mut sum = 0;
    for place in stops.iter().filter_map(|stop| stop.place).chain([base]) {
        sum += roads.seconds(at, place);
        at = place;
    }
    sum
}

/// For each stop (and for the way home) the drive of its stretch: from the last place before it to
/// the first place from it on.
fn legs(base: usize, roads: &Roads, stops: &[Stop]) -> Vec<(usize, usize, i64)> {
    let mut targets = vec![base; stops.len() + 1];
    for index in (0..stops.len()).rev() {
        targets[index] = stops[index].place.unwrap_or(targets[index + 1]);
    }
    let mut at = base;
    let mut legs = Vec::with_capacity(targets.len());
    for (index, target) in targets.into_iter().enumerate() {
        legs.push((at, target, roads.seconds(at, target)));
        at = stops.get(index).and_then(|stop| stop.place).unwrap_or(at);
    }
    legs
}
