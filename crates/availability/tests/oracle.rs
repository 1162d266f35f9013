//! The engine against a brute-force oracle that looks at every minute and knows no tricks.
//!
//! Worlds are small and nasty: clock changes, midnight, hours of several ranges, absences that
//! overlap each other and appointments, appointments that touch, drives that were never possible,
//! roads that are longer one way than the other.

#![expect(clippy::unwrap_used, reason = "a world that cannot be built fails the test")]

#[expect(dead_code, reason = "rules.rs uses the rest")]
mod world;

use std::collections::BTreeSet;

use constat_availability::{Busy, Requirement, Travel, feasible, search, who_can};
use constat_domain::expert::{Absence, HourRange, WeeklyHours};
use constat_domain::geo::Position;
use constat_domain::ids::{AbsenceId, AppointmentId};
use constat_domain::service::{Granularity, ServiceKind};
use jiff::{Timestamp, civil, tz::TimeZone};
use proptest::prelude::*;
use world::World;

const PLACES: usize = 4;
const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

/// Seconds between places that are numbered by their latitude.
#[derive(Debug, Clone)]
struct Roads([[u32; PLACES]; PLACES]);

fn place(number: usize) -> Position {
    Position { lat: [0.0, 1.0, 2.0, 3.0][number], lon: 0.0 }
}

impl Travel for Roads {
    fn seconds(&self, from: Position, to: Position) -> u32 {
        let number = |at: Position| (0..PLACES).find(|known| place(*known) == at).unwrap();
        self.0[number(from)][number(to)]
    }
}

#[derive(Debug, Clone)]
struct Case {
    first_day: civil::Date,
    zone: &'static str,
    place_zone: &'static str,
    hours: Vec<(u16, u16)>,
    other_hours: Vec<(u16, u16)>,
    /// Minutes after the first midnight, and lengths.
    absences: Vec<(i64, i64)>,
    /// Minutes since the one before, length, place or remote.
    visits: Vec<(i64, i64, Option<usize>)>,
    roads: Roads,
    site: Option<usize>,
    duration: u32,
    buffer: u16,
    commute: u16,
    notice: u32,
    cap: Option<u8>,
    weekly_cap: Option<u16>,
    holiday: Option<i8>,
    /// When people may be called, as minutes of the place's day.
    calls: (u16, u16),
    moved: Option<usize>,
    from: i64,
    length: i64,
}

fn ranges(cuts: Vec<u16>) -> Vec<(u16, u16)> {
    // 02:30 is left out: on the Sunday in October it comes twice, and only its first time counts.
    let cuts: BTreeSet<u16> = cuts.into_iter().map(|cut| if cut == 5 { 4 } else { cut }).collect();
    let cuts: Vec<u16> = cuts.into_iter().collect();
    cuts.chunks_exact(2).map(|pair| (pair[0] * 30, pair[1] * 30)).collect()
}

fn hours_strategy() -> impl Strategy<Value = Vec<(u16, u16)>> {
    prop_oneof![
        Just(vec![(540, 720), (840, 1080)]),
        Just(vec![(0, 1440)]),
        Just(vec![(480, 720), (720, 1140)]),
        proptest::collection::vec(0_u16..=48, 2..7).prop_map(ranges),
    ]
}

fn case_strategy() -> impl Strategy<Value = Case> {
    let days = [civil::date(2026, 3, 27), civil::date(2026, 10, 23), civil::date(2026, 6, 10)];
    let zones = prop_oneof![3 => Just("Europe/Paris"), 1 => Just("Indian/Reunion"), 1 => Just("America/Cayenne")];
    let calendar = (
        proptest::sample::select(days.to_vec()),
        zones.clone(),
        zones,
        hours_strategy(),
        hours_strategy(),
        proptest::collection::vec((0_i64..96, 1_i64..60).prop_map(|(at, long)| (at * 60, long * 30)), 0..3),
        proptest::collection::vec((0_i64..600, 5_i64..120, proptest::option::weighted(0.6, 0..PLACES)), 0..12),
    );
    let ask = (
        proptest::array::uniform4(proptest::array::uniform4(0_u32..7000)),
        proptest::option::weighted(0.6, 0..PLACES),
        prop_oneof![Just(30_u32), Just(60), Just(45), Just(240)],
        prop_oneof![Just(0_u16), Just(10), Just(25)],
        prop_oneof![Just(0_u16), Just(60), Just(90)],
        0_u32..600,
        (proptest::option::weighted(0.3, 1_u8..4), proptest::option::weighted(0.3, 1_u16..8)),
        (
            proptest::option::weighted(0.3, 24_i8..31),
            proptest::sample::select(vec![(480, 1200), (0, 1440), (540, 1020), (1200, 1440), (240, 330)]),
        ),
        proptest::option::weighted(0.2, 0_usize..12),
        (0_i64..2000, 60_i64..4000),
    );
    (calendar, ask).prop_map(|(calendar, ask)| {
        let (first_day, zone, place_zone, hours, other_hours, absences, visits) = calendar;
        let (
            mut roads,
            site,
            duration,
            buffer,
            commute,
            notice,
            (cap, weekly_cap),
            (holiday, calls),
            moved,
            (from, length),
        ) = ask;
        for (number, row) in roads.iter_mut().enumerate() {
            row[number] = 0;
        }
        let roads = Roads(roads);
        Case {
            first_day,
            zone,
            place_zone,
            hours,
            other_hours,
            absences,
            visits,
            roads,
            site,
            duration,
            buffer,
            commute,
            notice,
            cap,
            weekly_cap,
            holiday,
            calls,
            moved,
            from,
            length,
        }
    })
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap()
}

impl Case {
    fn zero(&self) -> i64 {
        let midnight = self.first_day.to_datetime(civil::Time::midnight());
        TimeZone::get("UTC").unwrap().to_timestamp(midnight).unwrap().as_second()
    }

    fn world(&self) -> World {
        let mut world = World::new();
        let zero = self.zero();
        let hours = |list: &[(u16, u16)]| -> Vec<HourRange> {
            list.iter().map(|(start, end)| HourRange::new(*start, *end).unwrap()).collect()
        };
        world.expert.base = place(0);
        self.zone.clone_into(&mut world.expert.zone);
        world.expert.week = WeeklyHours::every_day(&hours(&self.hours));
        world.expert.week.sunday = hours(&self.other_hours);
        world.expert.week.thursday = hours(&self.other_hours);
        world.expert.buffer_after_minutes = Some(self.buffer);
        world.expert.daily_cap = self.cap;
        world.expert.weekly_cap = self.weekly_cap;
        world.settings.notice_minutes = self.notice;
        world.settings.commute_minutes = self.commute;
        world.settings.remote_hours = HourRange::new(self.calls.0, self.calls.1).unwrap();
        world.now = second(zero - 3600);
        for (number, (at, long)) in (0_u8..).zip(&self.absences) {
            let start = zero + at * MINUTE;
            world.absences.push(Absence {
                id: AbsenceId::new(Timestamp::UNIX_EPOCH, &[number; 10]),
                expert: world.expert.id,
                start: second(start),
                end: second(start + long * MINUTE),
                reason: None,
            });
        }
        let mut cursor = zero - 6 * 3600;
        for (number, (pause, long, at)) in (0_u8..).zip(&self.visits) {
            // A third of the pauses is none at all.
            let start = cursor + if pause % 3 == 0 { 0 } else { pause * MINUTE };
            cursor = start + long * MINUTE;
            world.busy.push(Busy {
                start: second(start),
                end: second(cursor),
                position: at.map(place),
                appointment: Some(AppointmentId::new(Timestamp::UNIX_EPOCH, &[number; 10])),
            });
        }
        let kind = if self.site.is_some() { ServiceKind::OnSite } else { ServiceKind::Video };
        world.settings.durations.by_kind.insert(kind, self.duration);
        world.request.kind = kind;
        world.place.position = self.site.map(place);
        self.place_zone.clone_into(&mut world.place.zone);
        world.request.from = second(zero + self.from * MINUTE);
        world.request.to = second(zero + (self.from + self.length) * MINUTE);
        world.request.reschedules =
            self.moved.and_then(|number| world.busy.get(number)).and_then(|entry| entry.appointment);
        world
    }

    fn requirement(&self, world: &World) -> Requirement {
        let holiday = |_: &str, date: civil::Date| Some(date.day()) == self.holiday;
        let mut requirement =
            Requirement::derive(&world.request, &world.place, &world.settings, &holiday, world.now).unwrap();
        requirement.limit = usize::MAX;
        requirement
    }
}

/// Sees every minute.
struct Oracle<'a> {
    case: &'a Case,
    world: &'a World,
    zone: TimeZone,
    place_zone: TimeZone,
    busy: Vec<Busy>,
    /// First minute of the tables below.
    origin: i64,
    works: Vec<bool>,
    absent: Vec<bool>,
    taken: Vec<bool>,
}

impl<'a> Oracle<'a> {
    fn new(case: &'a Case, world: &'a World) -> Self {
        let zone = TimeZone::get(case.zone).unwrap();
        let busy: Vec<Busy> = world
            .busy
            .iter()
            .filter(|entry| world.request.reschedules.is_none() || entry.appointment != world.request.reschedules)
            .copied()
            .collect();
        let origin = case.zero() - 3 * DAY;
        let minutes = (0..11 * DAY / MINUTE).map(|minute| origin + minute * MINUTE);
        let works = |at: i64| {
            let civil = zone.to_datetime(second(at));
            let of_day = u16::try_from(i32::from(civil.hour()) * 60 + i32::from(civil.minute())).unwrap();
            let hours = world.expert.week.on(civil.date().weekday());
            hours.iter().any(|range| range.start_minute() <= of_day && of_day < range.end_minute())
        };
        let absent = |at: i64| world.absences.iter().any(|row| row.start <= second(at) && second(at) < row.end);
        let taken = |at: i64| busy.iter().any(|row| row.start <= second(at) && second(at) < row.end);
        Self {
            case,
            world,
            place_zone: TimeZone::get(case.place_zone).unwrap(),
            origin,
            works: minutes.clone().map(works).collect(),
            absent: minutes.clone().map(absent).collect(),
            taken: minutes.map(taken).collect(),
            zone,
            busy,
        }
    }

    fn slot(&self, at: i64) -> usize {
        usize::try_from((at - self.origin) / MINUTE).unwrap()
    }

    fn date(&self, at: i64) -> civil::Date {
        self.zone.to_datetime(second(at)).date()
    }

    /// Longest stretch, in seconds, without appointment, absence or the visit itself.
    fn longest(&self, from: i64, to: i64, visit: (i64, i64)) -> i64 {
        let (mut run, mut longest, mut at) = (0, 0, from);
        while at < to {
            let slot = self.slot(at);
            let stands = self.taken[slot] || self.absent[slot] || (visit.0 <= at && at < visit.1);
            run = if stands { 0 } else { run + MINUTE };
            longest = longest.max(run);
            at += MINUTE;
        }
        longest
    }

    fn possible(&self, start: i64, seconds: i64) -> bool {
        let (world, end) = (self.world, start + seconds);
        let notice = i64::from(world.settings.notice_minutes) * MINUTE;
        let now = world.now.as_second();
        if start < world.request.from.as_second()
            || start < now + notice
            || end > world.request.to.as_second()
            || end > now + i64::from(world.settings.horizon_days) * DAY
        {
            return false;
        }
        let today = self.date(start);
        let minutes = || (start..end).step_by(60);
        if minutes().any(|at| {
            let slot = self.slot(at);
            !self.works[slot] || self.absent[slot] || self.taken[slot] || self.date(at) != today
        }) {
            return false;
        }
        if minutes().any(|at| Some(self.place_zone.to_datetime(second(at)).day()) == self.case.holiday) {
            return false;
        }
        let minute_there = |at: i64| {
            let there = self.place_zone.to_datetime(second(at));
            u16::try_from(i32::from(there.hour()) * 60 + i32::from(there.minute())).unwrap()
        };
        let (opens, closes) = self.case.calls;
        if self.case.site.is_none() && minutes().any(|at| !(opens..closes).contains(&minute_there(at))) {
            return false;
        }
        let that_day = self.busy.iter().filter(|row| self.date(row.start.as_second()) == today).count();
        if world.expert.daily_cap.is_some_and(|cap| that_day >= usize::from(cap)) {
            return false;
        }
        let monday = |date: civil::Date| {
            date.saturating_sub(jiff::Span::new().days(i64::from(date.weekday().to_monday_zero_offset())))
        };
        let same_week = |row: &&Busy| monday(self.date(row.start.as_second())) == monday(today);
        let that_week = self.busy.iter().filter(same_week).count();
        if world.expert.weekly_cap.is_some_and(|cap| that_week >= usize::from(cap)) {
            return false;
        }
        let buffer = i64::from(self.case.buffer) * MINUTE;
        let close = |row: &Busy| row.end.as_second() + buffer > start && row.start.as_second() - buffer < end;
        if self.busy.iter().any(close) {
            return false;
        }
        self.drives(today, (start, end), buffer)
    }

    fn drives(&self, today: civil::Date, visit: (i64, i64), buffer: i64) -> bool {
        let (start, end) = visit;
        let commute = i64::from(self.case.commute) * MINUTE;
        let free = |slot: usize| self.works[slot] && !self.absent[slot];
        let on_duty: Vec<i64> = (start - 26 * 3600..start + 26 * 3600)
            .step_by(60)
            .filter(|at| self.date(*at) == today && free(self.slot(*at)))
            .collect();
        let (duty_start, duty_end) = (on_duty[0], on_duty[on_duty.len() - 1] + MINUTE);
        let base = place(0);
        let leaves = (base, duty_start - commute - buffer);
        let back = (base, duty_end + commute + buffer);

        let at_places = || self.busy.iter().filter_map(|row| Some((row, row.position?)));
        let before = at_places().rfind(|(row, _)| row.end.as_second() <= start);
        let before = before.map(|(row, at)| (at, row.end.as_second()));
        let after = at_places().find(|(row, _)| row.start.as_second() >= end);
        let after = after.map(|(row, at)| (at, row.start.as_second()));
        let came_today = before.is_some_and(|(_, ended)| ended > duty_start);
        let goes_today = after.is_some_and(|(_, begins)| begins < duty_end);

        let fits = |from: (Position, i64), to: (Position, i64)| {
            self.longest(from.1, to.1, visit) >= i64::from(self.case.roads.seconds(from.0, to.0)) + buffer
        };
        if let Some(site) = self.world.place.position.filter(|_| self.case.site.is_some()) {
            before.is_none_or(|from| start >= from.1 + DAY || fits(from, (site, start)))
                && (came_today || fits(leaves, (site, start)))
                && after.is_none_or(|to| end <= to.1 - DAY || fits((site, end), to))
                && (goes_today || fits((site, end), back))
        } else {
            let through = match (before, after) {
                (Some(from), Some(to)) => to.1 - from.1 >= DAY || fits(from, to),
                _ => true,
            };
            through
                && (came_today || !goes_today || after.is_none_or(|to| fits(leaves, to)))
                && (goes_today || !came_today || before.is_none_or(|from| fits(from, back)))
        }
    }

    /// Every start of the half-hour grid.
    fn starts(&self, seconds: i64) -> Vec<i64> {
        let (from, to) = (self.world.request.from.as_second(), self.world.request.to.as_second());
        let grid = from - from.rem_euclid(1800)..to;
        grid.step_by(1800).filter(|start| self.possible(*start, seconds)).collect()
    }
}

/// A hundred worlds for each property, or as many as `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if asked { default } else { ProptestConfig { cases: 100, ..default } }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_engine_offers_exactly_what_the_oracle_finds(case in case_strategy()) {
        let world = case.world();
        let requirement = case.requirement(&world);
        let index = world.index_with(&case.roads);
        let outcome = search(&index, &requirement, &case.roads);
        let mut starts: Vec<i64> = outcome.offers.iter().map(|offer| offer.slot.start.as_second()).collect();
        starts.sort_unstable();
        prop_assert_eq!(&starts, &Oracle::new(&case, &world).starts(i64::from(case.duration) * MINUTE));
        prop_assert_eq!(starts.is_empty(), !outcome.reasons.is_empty(), "either an offer or a reason");

        // Each offer passes the commit's judgement, on the rows around it.
        for offer in &outcome.offers {
            let judged = world.judge_with(&requirement, offer.busy_from, offer.busy_to, &case.roads);
            prop_assert_eq!(judged, Ok(()));
            let able = who_can(&index, &requirement, offer.busy_from, offer.busy_to, &case.roads);
            prop_assert_eq!(able, vec![offer.expert]);
        }
    }

    #[test]
    fn any_minute_is_judged_as_the_oracle_judges_it(
        case in case_strategy(),
        asked in proptest::collection::vec((0_i64..6000, 5_i64..200), 40),
    ) {
        let world = case.world();
        let requirement = case.requirement(&world);
        let index = world.index_with(&case.roads);
        let calendar = index.get(world.expert.id).unwrap();
        let oracle = Oracle::new(&case, &world);
        for (after, minutes) in asked {
            let start = case.zero() + after * MINUTE;
            let end = start + minutes * MINUTE;
            let judged = feasible(calendar, &requirement, second(start), second(end), &case.roads);
            prop_assert_eq!(judged.is_ok(), oracle.possible(start, end - start), "{} {:?}", second(start), judged);
        }
    }

    #[test]
    fn every_half_day_that_has_room_gets_one_window(case in case_strategy(), by_day in any::<bool>()) {
        let mut world = case.world();
        world.request.granularity = if by_day { Granularity::Day } else { Granularity::HalfDay };
        let requirement = case.requirement(&world);
        let outcome = search(&world.index_with(&case.roads), &requirement, &case.roads);
        let oracle = Oracle::new(&case, &world);
        let bucket = |start: i64| {
            let civil = oracle.place_zone.to_datetime(second(start));
            (civil.date(), !by_day && civil.hour() >= 13)
        };
        let occupied = i64::from(case.duration.max(120)) * MINUTE;
        let room: BTreeSet<_> = oracle.starts(occupied).into_iter().map(bucket).collect();
        let offered: Vec<i64> = outcome.offers.iter().map(|offer| offer.slot.start.as_second()).collect();
        prop_assert!(offered.iter().all(|start| oracle.possible(*start, occupied)));
        let buckets: BTreeSet<_> = offered.iter().copied().map(bucket).collect();
        prop_assert_eq!(buckets.len(), offered.len(), "one for each");
        prop_assert_eq!(buckets, room);
    }

    #[test]
    fn a_firm_offers_whatever_one_of_its_people_can_and_sends_the_cheapest(
        people in proptest::collection::vec(case_strategy(), 2..5),
        limit in 1_usize..40,
    ) {
        // One request, one map, one set of rules; calendars, notice, caps and buffers of each.
        let asked = Case { moved: None, ..people[0].clone() };
        let people: Vec<Case> = people
            .into_iter()
            .map(|person| Case {
                zone: person.zone,
                hours: person.hours,
                other_hours: person.other_hours,
                absences: person.absences,
                visits: person.visits,
                buffer: person.buffer,
                notice: person.notice,
                cap: person.cap,
                weekly_cap: person.weekly_cap,
                ..asked.clone()
            })
            .collect();
        let worlds: Vec<World> = (1..).zip(&people).map(|(number, person)| {
            let mut world = person.world();
            world.expert.id = world::expert(number).id;
            world.expert.notice_minutes = Some(person.notice);
            world
        }).collect();
        let mut index = worlds[0].index_with(&asked.roads);
        for world in &worlds[1..] {
            index.put(world.expert.clone(), &world.absences, world.busy.clone(), &asked.roads).unwrap();
        }
        let mut requirement = asked.requirement(&worlds[0]);
        let possible: BTreeSet<i64> = people
            .iter()
            .zip(&worlds)
            .flat_map(|(person, world)| Oracle::new(person, world).starts(i64::from(asked.duration) * MINUTE))
            .collect();
        let all = search(&index, &requirement, &asked.roads).offers;
        let starts: BTreeSet<i64> = all.iter().map(|offer| offer.slot.start.as_second()).collect();
        prop_assert_eq!(&starts, &possible);
        for offer in &all {
            let able = who_can(&index, &requirement, offer.busy_from, offer.busy_to, &asked.roads);
            prop_assert_eq!(able.first(), Some(&offer.expert));
        }
        // With a limit the same come first: what is left out is left out by rank.
        requirement.limit = limit;
        let few = search(&index, &requirement, &asked.roads).offers;
        prop_assert_eq!(&few[..], &all[..limit.min(all.len())]);
    }
}
