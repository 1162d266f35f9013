//! Time reserved during a catastrophe: only urgent requests from the affected area get it.

#![expect(clippy::unwrap_used, reason = "a test fails loudly, in its helpers too")]

use crate::world::{World, at, expert, hours};
use constat_availability::{Estimator, Requirement, search};
use constat_domain::ids::ExpertId;
use constat_domain::service::ServiceKind;
use jiff::Timestamp;
use proptest::prelude::*;

const HOUR: i64 = 3600;

/// A window of three days, with every start offered.
fn world(number: u8, remote: bool, long_hours: bool, busy: &[(i64, i64)]) -> World {
    let mut world = World::new();
    world.expert = expert(1);
    world.expert.id = ExpertId::new(Timestamp::UNIX_EPOCH, &[number; 10]);
    if remote {
        world.request.kind = ServiceKind::Video;
    }
    if long_hours {
        world.expert.week = constat_domain::expert::WeeklyHours::weekdays(&hours(&["07:30-20:00"]));
    }
    (world.request.from, world.request.to) = (at("2026-03-02T00:00:00Z"), at("2026-03-05T00:00:00Z"));
    world.request.limit = 30;
    let first = world.request.from.as_second();
    let known = world.place.position.unwrap();
    world.busy = busy.iter().map(|(from, long)| world.site_seconds(first + from, first + from + long, known)).collect();
    world
}

fn withheld(world: &World, percent: u8) -> (Requirement, Vec<(i64, i64)>) {
    let mut requirement = world.requirement();
    requirement.withheld_percent = percent;
    let index = world.index();
    let kept = requirement.withheld(index.get(world.expert.id).unwrap());
    (requirement, kept.into_iter().map(|(from, to)| (from.as_second(), to.as_second())).collect())
}

fn is_kept(kept: &[(i64, i64)], from: i64, to: i64) -> bool {
    kept.iter().any(|span| span.0 < to && from < span.1)
}

fn can_be_booked(world: &World, requirement: &Requirement, start: i64) -> bool {
    let end = start + i64::from(requirement.duration_minutes) * 60;
    let instant = |second| Timestamp::from_second(second).unwrap();
    world.judge_with(requirement, instant(start), instant(end), &Estimator::default()).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A visit can be booked by who can wait exactly when it can be booked by the urgent and lies outside of
    /// what is kept; a commit, which resolves other days than the search, says the same.
    #[test]
    fn who_can_wait_gets_all_but_what_is_kept(
        number in 0..2_u8, remote: bool, long_hours: bool, percent in 1..=90_u8,
        busy in proptest::collection::vec((0..72 * HOUR, HOUR / 2..2 * HOUR), 0..6),
    ) {
        let world = world(number, remote, long_hours, &busy);
        let (requirement, kept) = withheld(&world, percent);
        let urgent = world.requirement();
        let minutes = i64::from(requirement.duration_minutes);
        for start in (world.request.from.as_second()..world.request.to.as_second()).step_by(1800) {
            let expected = can_be_booked(&world, &urgent, start) && !is_kept(&kept, start, start + minutes * 60);
            prop_assert_eq!(can_be_booked(&world, &requirement, start), expected, "at {}", start);
        }
    }

    /// What is offered to who can wait is never kept, and can be booked; the urgent are offered kept time
    /// wherever it is free.
    #[test]
    fn nothing_kept_is_offered_but_to_the_urgent(
        number in 0..2_u8, remote: bool, long_hours: bool, percent in 1..=90_u8,
        busy in proptest::collection::vec((0..72 * HOUR, HOUR / 2..2 * HOUR), 0..6),
    ) {
        let mut world = world(number, remote, long_hours, &busy);
        // One day, so that every start is among the offers.
        world.request.to = at("2026-03-02T23:00:00Z");
        let (requirement, kept) = withheld(&world, percent);
        let offers = search(&world.index(), &requirement, &Estimator::default()).offers;
        for offer in &offers {
            let (from, to) = (offer.busy_from.as_second(), offer.busy_to.as_second());
            prop_assert!(!is_kept(&kept, from, to));
            prop_assert!(can_be_booked(&world, &requirement, from));
        }
        let everything = world.starts();
        let free = everything.iter().filter(|start| can_be_booked(&world, &requirement, start.as_second())).count();
        prop_assert_eq!(offers.len(), free);
    }

    /// The share is what was asked for, to the second, on each working day.
    #[test]
    fn the_share_is_as_declared(number in 0..2_u8, percent in 1..=90_u8) {
        let world = world(number, true, true, &[]);
        let (_, kept) = withheld(&world, percent);
        // 07:30 to 20:00 in Paris.
        let days = [2, 3, 4].map(|day| at(&format!("2026-03-0{day}T06:30:00Z")).as_second());
        for start in days {
            let (start, end) = (start, start + 12 * HOUR + HOUR / 2);
            let of_day: i64 = kept.iter().map(|span| (span.1.min(end) - span.0.max(start)).max(0)).sum();
            prop_assert_eq!(of_day, ((end - start) * i64::from(percent) + 99) / 100);
        }
    }
}

#[test]
fn the_urgent_are_offered_what_is_kept_and_others_the_rest() {
    let mut world = world(0, true, true, &[]);
    world.request.to = at("2026-03-02T23:00:00Z");
    let (requirement, kept) = withheld(&world, 40);
    let starts = |requirement: &Requirement| {
        let offers = search(&world.index(), requirement, &Estimator::default()).offers;
        offers.iter().filter(|offer| is_kept(&kept, offer.busy_from.as_second(), offer.busy_to.as_second())).count()
    };
    assert_eq!(starts(&requirement), 0);
    assert!(starts(&world.requirement()) >= 9, "{}", starts(&world.requirement()));
}
