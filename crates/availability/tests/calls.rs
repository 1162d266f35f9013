//! Remote visits take place when the person may be called: in the place's own hours, and on none of its
//! holidays.

#![expect(clippy::unwrap_used, reason = "a world that cannot be built fails the test")]

#[expect(dead_code, reason = "rules.rs uses the rest")]
mod world;

use constat_availability::{Reason, ReasonCode, Requirement};
use constat_domain::expert::WeeklyHours;
use constat_domain::holidays::Holidays;
use constat_domain::service::ServiceKind;
use jiff::{SignedDuration, tz::TimeZone};
use proptest::prelude::*;
use world::{World, at, hours};

/// A remote request for a person in a département, searched over two weeks from an instant.
fn called(department: &str, zone: &str, now: &str) -> World {
    let mut world = World::by_video();
    world.place.position = None;
    world.place.department = Some(department.to_owned());
    zone.clone_into(&mut world.place.zone);
    world.now = at(now);
    world.request.from = world.now;
    world.request.to = world.now + SignedDuration::from_hours(14 * 24);
    world.request.limit = 200;
    world
}

fn requirement(world: &World) -> Requirement {
    let holiday = |department: &str, date| Holidays::embedded().is_holiday(date, department);
    Requirement::derive(&world.request, &world.place, &world.settings, &holiday, world.now).unwrap()
}

fn outcome(world: &World) -> constat_availability::Outcome {
    let travel = constat_availability::Estimator::default();
    constat_availability::search(&world.index(), &requirement(world), &travel)
}

/// The hours of the place's clock at which the offers start, each once.
fn starts_there(world: &World) -> Vec<(i8, i8)> {
    let zone = TimeZone::get(&world.place.zone).unwrap();
    let offers = outcome(world).offers;
    let mut starts: Vec<(i8, i8)> = offers
        .iter()
        .map(|offer| zone.to_datetime(offer.slot.start))
        .map(|civil| (civil.hour(), civil.minute()))
        .collect();
    starts.sort_unstable();
    starts.dedup();
    starts
}

#[test]
fn calls_lie_in_the_hours_of_the_place_overseas() {
    // The expert works in Paris, 09:00-12:00 and 14:00-17:00 in winter.
    for (department, zone, first, last) in [
        ("971", "America/Guadeloupe", (9, 0), (11, 30)), // 09:00 to 12:00 there is 14:00 to 17:00 in Paris
        ("972", "America/Martinique", (9, 0), (11, 30)),
        ("973", "America/Cayenne", (10, 0), (12, 30)),
        ("974", "Indian/Reunion", (12, 0), (19, 30)),
        ("976", "Indian/Mayotte", (11, 0), (18, 30)),
        ("975", "America/Miquelon", (10, 0), (12, 30)),
        ("988", "Pacific/Noumea", (19, 0), (19, 30)),
        ("75", "Europe/Paris", (9, 0), (16, 30)),
    ] {
        for kind in [ServiceKind::Video, ServiceKind::Remote, ServiceKind::AtDistance] {
            let mut world = called(department, zone, "2026-01-05T00:00:00Z");
            world.request.kind = kind;
            let starts = starts_there(&world);
            assert_eq!(
                (starts.first(), starts.last()),
                (Some(&first), Some(&last)),
                "{department} {kind:?} {starts:?}"
            );
        }
    }
}

#[test]
fn without_common_hours_the_reason_says_so() {
    // 09:00 to 17:00 in Paris is 22:00 to 06:00 in Tahiti.
    let world = called("987", "Pacific/Tahiti", "2026-01-05T00:00:00Z");
    let found = outcome(&world);
    assert_eq!(found.offers, []);
    assert_eq!(found.reasons, [Reason { code: ReasonCode::RemoteHours, count: 1 }]);
    // 06:00 to 08:00 in Paris is 19:00 to 21:00 in Tahiti the day before; 19:00 to 21:00 is 08:00 to 10:00.
    let mut early = called("987", "Pacific/Tahiti", "2026-01-05T00:00:00Z");
    early.expert.week = WeeklyHours::weekdays(&hours(&["06:00-08:00"]));
    assert_eq!(starts_there(&early), [(19, 0), (19, 30)]);
    early.expert.week = WeeklyHours::weekdays(&hours(&["19:00-21:00"]));
    assert_eq!(starts_there(&early), [(8, 0), (8, 30), (9, 0), (9, 30)]);
}

#[test]
fn the_hours_are_the_operators() {
    let mut world = called("971", "America/Guadeloupe", "2026-01-05T00:00:00Z");
    world.settings.remote_hours = "10:00-11:00".parse().unwrap();
    assert_eq!(starts_there(&world), [(10, 0), (10, 30)]);
    world.settings.remote_hours = "00:00-24:00".parse().unwrap();
    assert!(starts_there(&world).contains(&(4, 0)));
}

#[test]
fn a_visit_on_site_keeps_no_call_hours() {
    let mut world = World::new();
    world.expert.week = WeeklyHours::weekdays(&hours(&["20:00-23:00"]));
    assert!(!world.search().offers.is_empty());
    let mut remote = World::by_video();
    remote.expert.week = WeeklyHours::weekdays(&hours(&["20:00-23:00"]));
    assert_eq!(remote.search().reasons, [Reason { code: ReasonCode::RemoteHours, count: 1 }]);
}

#[test]
fn no_call_lies_on_a_holiday_of_the_place() {
    // 22 May is the end of slavery in Martinique, 20 December in Réunion, 27 May in Guadeloupe.
    for (department, zone, day) in [
        ("972", "America/Martinique", "2026-05-22"),
        ("971", "America/Guadeloupe", "2026-05-27"),
        ("974", "Indian/Reunion", "2027-12-20"),
    ] {
        let mut world = called(department, zone, &format!("{day}T00:00:00Z"));
        // An expert who works on holidays: the person called has one all the same.
        world.expert.holidays_off = false;
        world.expert.week = WeeklyHours::every_day(&hours(&["00:00-24:00"]));
        world.request.to = world.now + SignedDuration::from_hours(48);
        let zone = TimeZone::get(zone).unwrap();
        let offers = outcome(&world).offers;
        assert!(!offers.is_empty());
        for offer in offers {
            assert_ne!(zone.to_datetime(offer.slot.start).date().to_string(), day);
        }
        world.request.from =
            format!("{day}T11:00:00").parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone).unwrap().timestamp();
        world.request.to = world.request.from + SignedDuration::from_hours(6);
        assert_eq!(outcome(&world).reasons, [Reason { code: ReasonCode::PublicHoliday, count: 1 }], "{department}");
    }
}

#[test]
fn a_window_that_holds_no_visit_says_why() {
    let code = |world: &World| outcome(world).reasons.first().map(|reason| reason.code);
    let window = |from: i64, to: i64| {
        let mut world = World::new();
        world.request.from = world.now + SignedDuration::from_mins(from);
        world.request.to = world.now + SignedDuration::from_mins(to);
        world
    };
    assert_eq!(code(&window(-600, -60)), Some(ReasonCode::WindowPast));
    assert_eq!(code(&window(-600, 0)), Some(ReasonCode::WindowPast));
    assert_eq!(code(&window(-600, 59)), Some(ReasonCode::WindowTooShort), "what is left of it");
    assert_eq!(code(&window(1260, 1310)), Some(ReasonCode::WindowTooShort));
    assert_eq!(code(&window(0, 60)), Some(ReasonCode::NotWorking), "a Sunday");
    assert_eq!(code(&window(91 * 1440, 99 * 1440)), Some(ReasonCode::BeyondHorizon));
    assert_eq!(code(&window(90 * 1440 - 30, 99 * 1440)), Some(ReasonCode::BeyondHorizon));
    // Monday 09:00 to 10:00 in Paris holds exactly one visit.
    let monday = window(20 * 60, 21 * 60);
    assert_eq!(outcome(&monday).offers.len(), 1);
    // An expert who does not do such visits at all is still counted so.
    let mut unskilled = window(-600, -60);
    unskilled.expert.skills.kinds.clear();
    assert_eq!(code(&unskilled), Some(ReasonCode::Kind));
}

/// Zones with their départements, and the days around both clock changes and an ordinary one.
fn case() -> impl Strategy<Value = ((&'static str, &'static str), &'static str, &'static str, (u16, u16))> {
    let places = vec![
        ("971", "America/Guadeloupe"),
        ("973", "America/Cayenne"),
        ("974", "Indian/Reunion"),
        ("975", "America/Miquelon"),
        ("987", "Pacific/Tahiti"),
        ("988", "Pacific/Noumea"),
        ("986", "Pacific/Wallis"),
        ("75", "Europe/Paris"),
    ];
    let experts = vec!["Europe/Paris", "Indian/Reunion", "America/Miquelon", "Pacific/Noumea"];
    let days = vec!["2026-03-27T10:00:00Z", "2026-10-23T10:00:00Z", "2026-03-06T00:00:00Z", "2026-06-10T12:00:00Z"];
    let calls = (0_u16..44, 4_u16..48).prop_map(|(from, long)| (from * 30, ((from + long) * 30).min(1440)));
    (proptest::sample::select(places), proptest::sample::select(experts), proptest::sample::select(days), calls)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn every_call_lies_in_the_hours_of_both((department, zone) in case().prop_map(|case| case.0), (_, expert_zone, now, calls) in case()) {
        let mut world = called(department, zone, now);
        expert_zone.clone_into(&mut world.expert.zone);
        world.expert.week = WeeklyHours::every_day(&hours(&["07:00-19:00"]));
        world.settings.remote_hours = constat_domain::expert::HourRange::new(calls.0, calls.1).unwrap();
        let there = TimeZone::get(zone).unwrap();
        let here = TimeZone::get(expert_zone).unwrap();
        let minute = |civil: jiff::civil::DateTime| u16::try_from(i32::from(civil.hour()) * 60 + i32::from(civil.minute())).unwrap();
        for offer in outcome(&world).offers {
            for at in [offer.busy_from, offer.busy_to - SignedDuration::from_secs(60)] {
                let (called, caller) = (there.to_datetime(at), here.to_datetime(at));
                prop_assert!((calls.0..calls.1).contains(&minute(called)), "{called}");
                prop_assert!((420..1140).contains(&minute(caller)), "{caller}");
                prop_assert!(!Holidays::embedded().is_holiday(called.date(), department), "{called}");
            }
            let judged = world.judge_with(&requirement(&world), offer.busy_from, offer.busy_to, &constat_availability::Estimator::default());
            prop_assert_eq!(judged, Ok(()));
        }
    }
}
