//! The world that is searched, and the floor under it.

use std::sync::Arc;

use constat_availability::{Busy, CalendarIndex, Estimator, Legs, Places, Settings, Spot, Travel};
use constat_domain::expert::{Expert, Skills, Territory, WeeklyHours};
use constat_domain::geo::Position;
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::service::{CustomerType, Granularity, ServiceKind, ServiceRequest};
use jiff::Timestamp;

use crate::Share;

/// A small congruential generator: the same world each run.
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn bytes(&mut self) -> [u8; 10] {
        std::array::from_fn(|_| u8::try_from(self.below(256)).unwrap())
    }

    /// A place around Paris.
    pub fn place(&mut self, _share: Share) -> Position {
        let degrees = |thousandths: u64| thousandths as f64 / 1000.0;
        Position::new(48.5 + degrees(self.below(700)), 1.9 + degrees(self.below(900))).unwrap()
    }
}

const MONDAY: i64 = 1_772_409_600; // 2026-03-02T00:00:00Z

pub fn monday() -> Timestamp {
    Timestamp::from_second(MONDAY).unwrap()
}

/// Visits of each expert.
const VISITS: usize = 60;

/// Visits of 45 minutes start on the hour, nine a day.
const SLOTS: u64 = 9;

pub struct World {
    pub index: CalendarIndex,
    pub floor: Floor,
}

pub fn visit(day: u64, slot: u64, share: Share, dice: &mut Dice) -> Busy {
    let start = MONDAY + i64::try_from(day * 86_400 + 8 * 3600 + slot * 3600).unwrap();
    Busy {
        start: Timestamp::from_second(start).unwrap(),
        end: Timestamp::from_second(start + 2700).unwrap(),
        position: Some(dice.place(share)),
        appointment: Some(AppointmentId::new(monday(), &dice.bytes())),
    }
}

/// Experts around Paris with 60 visits each, at different hours; Monday to Friday, 9:00 to 12:30 and
/// 13:30 to 18:00.
pub fn build(experts: u32, days: u16, share: Share, settings: &Arc<Settings>, dice: &mut Dice) -> World {
    let now = monday();
    let mut index = CalendarIndex::new(now, days + 1, Arc::clone(settings));
    let hours = ["09:00-12:30".parse().unwrap(), "13:30-18:00".parse().unwrap()];
    let travel = Estimator::default();
    let mut floor = Floor::default();
    for number in 0..experts {
        // In order, as a database lists them.
        let id = ExpertId::new(Timestamp::from_millisecond(MONDAY * 1000 + i64::from(number)).unwrap(), &dice.bytes());
        let skilled = share != Share::Twentieth || number % 20 == 0;
        let kinds = if skilled { ServiceKind::ALL.to_vec() } else { vec![ServiceKind::Video] };
        let served = if number % 100 == 0 { "75".to_owned() } else { format!("{:02}", 1 + number % 70) };
        let territory = match share {
            Share::Territory => Territory::Departments(vec![served]),
            _ => Territory::Anywhere,
        };
        let expert = Expert {
            skills: Skills { kinds, ..Skills::default() },
            territory,
            week: WeeklyHours::weekdays(&hours),
            ..Expert::new(id, format!("Expert {number:03}"), dice.place(share), "Europe/Paris")
        };
        let all = u64::from(days) * SLOTS;
        let mut taken: Vec<u64> = Vec::with_capacity(VISITS);
        while taken.len() < VISITS.min(usize::try_from(all).unwrap()) {
            let slot = dice.below(all);
            if !taken.contains(&slot) {
                taken.push(slot);
            }
        }
        taken.sort_unstable();
        let busy: Vec<Busy> = taken.iter().map(|slot| visit(slot / SLOTS, slot % SLOTS, share, dice)).collect();
        if skilled && (share != Share::Territory || number % 100 == 0) {
            floor.enter(expert.base, days, &busy);
        }
        index.put(expert, &[], busy, &travel).unwrap();
    }
    World { index, floor }
}

pub fn request(days: u16, _share: Share) -> ServiceRequest {
    ServiceRequest {
        kind: ServiceKind::OnSite,
        kind_label: None,
        claim: None,
        from: monday(),
        to: Timestamp::from_second(MONDAY + i64::from(days) * 86_400).unwrap(),
        limit: 10,
        place: None,
        dwelling: None,
        language: None,
        customer: CustomerType::Individual,
        insurer_claim_id: "speed".to_owned(),
        mission_type: None,
        damages: Vec::new(),
        granularity: Granularity::Hour,
        process: None,
        reschedules: None,
        parties: Vec::new(),
        all_trades: false,
        urgency: constat_domain::service::Urgency::default(),
    }
}

/// The barest walk over the same free intervals: it subtracts the drives to both neighbours and counts
/// the starts that are left. No eligibility, no caps, no holidays, no ranking.
#[derive(Default)]
pub struct Floor(Vec<Intervals>);

struct Intervals {
    places: Places,
    free: Vec<Interval>,
}

#[derive(Clone, Copy)]
struct Interval {
    start: i32,
    end: i32,
    before: u16,
    after: u16,
}

/// Paris is an hour ahead of UTC in March, as long as it matters here.
const WORKED: [(i32, i32); 2] = [(8 * 3600, 11 * 3600 + 1800), (12 * 3600 + 1800, 17 * 3600)];

impl Floor {
    fn enter(&mut self, base: Position, days: u16, busy: &[Busy]) {
        let mut places = vec![Spot::new(base)];
        let mut free = Vec::new();
        for day in (0..i32::from(days)).filter(|day| day % 7 < 5) {
            let midnight = day * 86_400;
            let second = |at: Timestamp| i32::try_from(at.as_second() - MONDAY).unwrap();
            let today: Vec<(i32, i32, u16)> = busy
                .iter()
                .map(|entry| (second(entry.start), second(entry.end), entry.position.unwrap()))
                .filter(|(start, ..)| *start / 86_400 == day)
                .map(|(start, end, at)| {
                    places.push(Spot::new(at));
                    (start, end, u16::try_from(places.len() - 1).unwrap())
                })
                .collect();
            for (from, to) in WORKED.map(|(from, to)| (midnight + from, midnight + to)) {
                let (mut start, mut before) = (from, 0);
                for (begin, end, place) in &today {
                    let until = to.min(*begin);
                    if until > start {
                        free.push(Interval { start, end: until, before, after: *place });
                    }
                    (start, before) = (start.max(*end), *place);
                }
                if to > start {
                    free.push(Interval { start, end: to, before, after: 0 });
                }
            }
        }
        self.0.push(Intervals { places: Places::new(&places), free });
    }

    pub fn bytes(&self) -> usize {
        let of = |intervals: &Intervals| {
            intervals.free.capacity() * size_of::<Interval>() + intervals.places.len() * (3 * 4 + size_of::<Position>())
        };
        self.0.iter().map(of).sum::<usize>() + self.0.capacity() * size_of::<Intervals>()
    }

    pub fn walk(&self, site: &Spot, travel: &Estimator, legs: &mut Legs) -> i64 {
        const VISIT: i32 = 3600;
        const GRID: i32 = 1800;
        let mut starts = 0;
        for intervals in &self.0 {
            legs.fit(intervals.places.len());
            travel.legs(site, &intervals.places, 1..intervals.places.len(), legs);
            for free in &intervals.free {
                let first = free.start + legs.to_site[usize::from(free.before)];
                let last = free.end - legs.from_site[usize::from(free.after)] - VISIT;
                if first <= last {
                    starts += i64::from(last / GRID - (first - 1) / GRID);
                }
            }
        }
        starts
    }
}
