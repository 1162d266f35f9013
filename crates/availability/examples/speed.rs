//! How fast is a search? `cargo run --release -p constat-availability --example speed`
//!
//! Synthetic experts around Paris (seeded, the same each run), visits on most days, travel by the
//! estimator, everybody eligible. Prints p50 and p99 of single-threaded searches.

#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measuring program: it may stop, and prints rounded figures"
)]

use std::time::Instant;

use constat_availability::{
    Busy, CalendarIndex, Estimator, Expert, PlaceFacts, Requirement, Settings, Skills, WeeklyHours, search,
};
use constat_domain::geo::Position;
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::service::{CustomerType, Granularity, ServiceKind, ServiceRequest};
use jiff::Timestamp;

/// A small congruential generator: the same world each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn bytes(&mut self) -> [u8; 10] {
        std::array::from_fn(|_| u8::try_from(self.below(256)).unwrap())
    }

    fn place(&mut self) -> Position {
        let degrees = |thousandths: u64| thousandths as f64 / 1000.0;
        Position::new(48.5 + degrees(self.below(700)), 1.9 + degrees(self.below(900))).unwrap()
    }
}

const MONDAY: i64 = 1_772_409_600; // 2026-03-02T00:00:00Z

fn world(experts: u64, days: i64, visits: u64, dice: &mut Dice) -> CalendarIndex {
    let now = Timestamp::from_second(MONDAY).unwrap();
    let mut index = CalendarIndex::new(now, u16::try_from(days).unwrap() + 1);
    let hours = ["09:00-12:30".parse().unwrap(), "13:30-18:00".parse().unwrap()];
    for number in 0..experts {
        let id = ExpertId::new(now, &dice.bytes());
        let expert = Expert {
            skills: Skills { kinds: ServiceKind::ALL.to_vec(), ..Skills::default() },
            week: WeeklyHours::weekdays(&hours),
            ..Expert::new(id, format!("Expert {number:03}"), dice.place(), "Europe/Paris")
        };
        let busy = (0..visits)
            .map(|_| {
                let day = i64::try_from(dice.below(u64::try_from(days).unwrap())).unwrap();
                let slot = i64::try_from(dice.below(9)).unwrap();
                let start = MONDAY + day * 86_400 + 8 * 3600 + slot * 3600;
                Busy {
                    start: Timestamp::from_second(start).unwrap(),
                    end: Timestamp::from_second(start + 2700).unwrap(),
                    position: Some(dice.place()),
                    appointment: Some(AppointmentId::new(now, &dice.bytes())),
                }
            })
            .collect();
        index.put(expert, &[], busy).unwrap();
    }
    index
}

fn request(days: i64) -> ServiceRequest {
    ServiceRequest {
        kind: ServiceKind::OnSite,
        kind_label: None,
        claim: None,
        from: Timestamp::from_second(MONDAY).unwrap(),
        to: Timestamp::from_second(MONDAY + days * 86_400).unwrap(),
        limit: 10,
        place: None,
        dwelling: None,
        customer: CustomerType::Individual,
        insurer_claim_id: "speed".to_owned(),
        mission_type: None,
        damages: Vec::new(),
        language: None,
        granularity: Granularity::Hour,
        process: None,
        reschedules: None,
    }
}

fn main() {
    let (settings, travel, mut dice) = (Settings::default(), Estimator::default(), Dice(7));
    for (experts, days, visits) in [(200, 14, 28), (1_000, 30, 60)] {
        let built = Instant::now();
        let mut index = world(experts, days, visits, &mut dice);
        let built = built.elapsed();
        let now = Timestamp::from_second(MONDAY).unwrap();
        let request = request(days);
        let mut micros = Vec::new();
        let mut offers = 0;
        for _ in 0..2_000 {
            let place = PlaceFacts {
                position: Some(dice.place()),
                department: Some("75".to_owned()),
                zone: "Europe/Paris".to_owned(),
            };
            let begun = Instant::now();
            let ask = Requirement::derive(&request, &place, &settings, &|_, _| false, now).unwrap();
            let outcome = search(&index, &ask, &settings, &travel);
            micros.push(begun.elapsed().as_nanos() as f64 / 1000.0);
            offers += outcome.offers.len();
        }
        micros.sort_unstable_by(f64::total_cmp);
        let at = |share: usize| micros[micros.len() * share / 100];
        let id = index.calendars().next().unwrap().expert().id;
        let entry = index.get(id).unwrap().busy()[0];
        let begun = Instant::now();
        for _ in 0..1_000 {
            index.insert_busy(id, entry);
        }
        let update = begun.elapsed().as_nanos() as f64 / 1e6;
        let expert_days = experts as f64 * days as f64;
        println!(
            "{experts} experts x {days} days x {visits} visits: p50 {:.0} us, p99 {:.0} us, {:.0} ns per expert-day, \
             {:.1} offers; update {update:.1} us; built in {:.0} ms",
            at(50),
            at(99),
            at(50) * 1000.0 / expert_days,
            offers as f64 / 2_000.0,
            built.as_secs_f64() * 1000.0,
        );
    }
}
