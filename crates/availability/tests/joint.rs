//! Joint slots against brute force: every start of the grid, every person, every set of people.

#![expect(clippy::unwrap_used, reason = "a world that cannot be built fails the test")]

#[expect(dead_code, reason = "rules.rs uses the rest")]
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use constat_availability::{
    Busy, CalendarIndex, Estimator, Party, ReasonCode, Requirement, Score, Weights, feasible, pick_team, search,
    search_team, search_together, who_can,
};
use constat_domain::expert::{Expert, Skills, Trade, WeeklyHours};
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::service::ServiceKind;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use world::{World, at, expert, hours, position};

const WANTED: [Trade; 3] = [Trade::Plumbing, Trade::Painting, Trade::Flooring];

/// Half-hours after the window begins, hours, latitude; `None`: remote.
type Visit = (i64, i64, Option<f64>);

#[derive(Debug, Clone)]
struct Person {
    afternoons_only: bool,
    base: f64,
    trades: Vec<Trade>,
    visits: Vec<Visit>,
}

fn people() -> impl Strategy<Value = Vec<Person>> {
    let visit = (0_i64..144, 1_i64..5, proptest::option::weighted(0.7, 48.5..49.2));
    let person = (
        any::<bool>(),
        48.5..49.2,
        proptest::sample::subsequence(WANTED.to_vec(), 0..=3),
        proptest::collection::vec(visit, 0..12),
    );
    let person =
        person.prop_map(|(afternoons_only, base, trades, visits)| Person { afternoons_only, base, trades, visits });
    proptest::collection::vec(person, 0..5)
}

/// Three days, every start of which is offered.
fn world(kind: ServiceKind) -> World {
    let mut world = World::new();
    world.request.kind = kind;
    world.request.from = at("2026-03-02T00:00:00Z");
    world.request.to = at("2026-03-05T00:00:00Z");
    world.settings.notice_minutes = 0;
    world
}

fn requirement(world: &World, trades: &[Trade]) -> Requirement {
    let mut requirement = world.requirement();
    requirement.limit = usize::MAX;
    requirement.trades = trades.to_vec();
    requirement
}

fn index(world: &World, firm: u8, people: &[Person]) -> CalendarIndex {
    let mut index = CalendarIndex::new(world.now, 30, Arc::new(world.settings.clone()));
    for (number, person) in (1..).zip(people) {
        let mut busy: Vec<Busy> = Vec::new();
        for (which, (after, long, lat)) in (0..).zip(&person.visits) {
            let start = world.request.from + SignedDuration::from_mins(after * 30);
            let end = start + SignedDuration::from_hours(*long);
            if busy.iter().all(|known| known.end <= start || end <= known.start) {
                let appointment =
                    Some(AppointmentId::new(Timestamp::UNIX_EPOCH, &[firm * 50 + number * 10 + which; 10]));
                busy.push(Busy { start, end, position: lat.map(|lat| position(lat, 2.35)), appointment });
            }
        }
        busy.sort_by_key(|row| row.start);
        let week = if person.afternoons_only { &["13:00-18:00"][..] } else { &["08:00-12:00", "13:00-18:00"] };
        let record = Expert {
            week: WeeklyHours::weekdays(&hours(week)),
            base: position(person.base, 2.35),
            skills: Skills { trades: person.trades.clone(), ..expert(1).skills },
            ..expert(firm * 50 + number)
        };
        index.put(record, &[], busy, &Estimator::default()).unwrap();
    }
    index
}

/// Every start of the half-hour grid, with its end.
fn grid(world: &World) -> impl Iterator<Item = (Timestamp, Timestamp)> {
    let minutes = i64::from(world.requirement().duration_minutes);
    let (from, to) = (world.request.from, world.request.to);
    let starts = (0..).map(move |step| from + SignedDuration::from_mins(30 * step)).take_while(move |at| *at < to);
    starts.map(move |start| (start, start + SignedDuration::from_mins(minutes)))
}

/// The smallest number of some people who hold everything wanted.
fn fewest(index: &CalendarIndex, able: &[ExpertId], wanted: &[Trade]) -> Option<usize> {
    let held_by = |set: usize| {
        let members = able.iter().enumerate().filter(move |(place, _)| set >> place & 1 == 1);
        let held: BTreeSet<Trade> =
            members.flat_map(|(_, id)| index.get(*id).unwrap().expert().skills.trades.clone()).collect();
        wanted.iter().all(|trade| held.contains(trade))
    };
    (0_usize..1 << able.len()).filter(|set| *set > 0 && held_by(*set)).map(|set| set.count_ones() as usize).min()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parties_meet_exactly_when_each_has_somebody(firms in proptest::collection::vec(people(), 1..4)) {
        let world = world(ServiceKind::Adversarial);
        let requirement = requirement(&world, &[]);
        let firms: Vec<CalendarIndex> = (0..).zip(&firms).map(|(firm, people)| index(&world, firm, people)).collect();
        let parties: Vec<Party<'_>> = firms.iter().map(|index| Party { index, requirement: &requirement }).collect();
        let outcome = search_together(&parties, &Estimator::default());
        let mut found: Vec<Timestamp> = outcome.offers.iter().map(|offer| offer.slot.start).collect();
        found.sort_unstable();
        let best = |start, end| -> Option<Vec<ExpertId>> {
            let able = |index| who_can(index, &requirement, start, end, &Estimator::default()).first().copied();
            firms.iter().map(able).collect()
        };
        let expected: Vec<Timestamp> =
            grid(&world).filter(|(start, end)| best(*start, *end).is_some()).map(|(start, _)| start).collect();
        prop_assert_eq!(&found, &expected);
        let somebody = firms.iter().any(|index| !index.is_empty());
        prop_assert_eq!(outcome.reasons.is_empty(), !found.is_empty() || !somebody);
        for offer in &outcome.offers {
            let named: Vec<ExpertId> = [offer.expert].into_iter().chain(offer.others.clone()).collect();
            prop_assert_eq!(Some(named.clone()), best(offer.busy_from, offer.busy_to), "each party's best");
            let Score { travel, load, trades, delay, term, spread, promised, total } = offer.score;
            prop_assert_eq!(total, travel + load + trades + delay + term + spread + promised, "the first party's own");
            for (index, id) in firms.iter().zip(&named) {
                let calendar = index.get(*id).unwrap();
                let judged = feasible(calendar, &requirement, offer.busy_from, offer.busy_to, &Estimator::default());
                prop_assert_eq!(judged, Ok(()));
            }
        }
        if firms.len() == 1 {
            prop_assert_eq!(outcome, search(&firms[0], &requirement, &Estimator::default()));
        }
    }

    #[test]
    fn a_team_is_offered_exactly_when_some_people_hold_everything(
        people in people(),
        wanted in proptest::sample::subsequence(WANTED.to_vec(), 1..=3),
    ) {
        let world = world(ServiceKind::RepairInKind);
        let requirement = requirement(&world, &wanted);
        let index = index(&world, 0, &people);
        let outcome = search_team(&index, &requirement, &Estimator::default());
        let mut found: Vec<Timestamp> = outcome.offers.iter().map(|offer| offer.slot.start).collect();
        found.sort_unstable();
        let able = |start, end| who_can(&index, &requirement, start, end, &Estimator::default());
        let size = |start, end| fewest(&index, &able(start, end), &wanted);
        let expected: Vec<Timestamp> =
            grid(&world).filter(|(start, end)| size(*start, *end).is_some()).map(|(start, _)| start).collect();
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(outcome.reasons.is_empty(), !found.is_empty() || people.is_empty());
        for offer in &outcome.offers {
            let (from, to) = (offer.busy_from, offer.busy_to);
            let named: Vec<ExpertId> = [offer.expert].into_iter().chain(offer.others.clone()).collect();
            prop_assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "distinct people");
            prop_assert_eq!(fewest(&index, &named, &wanted), Some(named.len()), "who hold everything, all needed");
            prop_assert_eq!(size(from, to), Some(named.len()), "and no fewer could");
            let able = able(from, to);
            prop_assert!(named.iter().all(|id| able.contains(id)));
            // What a commit falls back to is of the same size.
            let picked = pick_team(&index, &requirement, &able).unwrap();
            prop_assert_eq!(fewest(&index, &picked, &wanted), Some(named.len()));
            prop_assert!(picked.iter().all(|id| able.contains(id)));
        }
    }
}

fn busy_person(trades: &[Trade], visits: &[Visit]) -> Person {
    Person { afternoons_only: false, base: 48.85, trades: trades.to_vec(), visits: visits.to_vec() }
}

#[test]
fn free_but_never_together_is_told() {
    let world = world(ServiceKind::Adversarial);
    let requirement = requirement(&world, &[]);
    // A day is 48 half-hours. The one is busy from 06:00 to 12:00 UTC, the other from then on.
    let each_day = |from: i64, long: i64| (0..3).map(move |day| (day * 48 + from, long, None));
    let mornings: Vec<Visit> = each_day(12, 6).collect();
    let afternoons: Vec<Visit> = each_day(22, 8).collect();
    let firms = [index(&world, 0, &[busy_person(&[], &mornings)]), index(&world, 1, &[busy_person(&[], &afternoons)])];
    let parties: Vec<Party<'_>> = firms.iter().map(|index| Party { index, requirement: &requirement }).collect();
    assert!(!search(&firms[0], &requirement, &Estimator::default()).offers.is_empty());
    assert!(!search(&firms[1], &requirement, &Estimator::default()).offers.is_empty());
    let outcome = search_together(&parties, &Estimator::default());
    assert_eq!(outcome.offers, []);
    assert_eq!(outcome.reasons.len(), 1);
    assert_eq!((outcome.reasons[0].code, outcome.reasons[0].count), (ReasonCode::NotTogether, 2));
}

#[test]
fn one_worker_who_holds_all_goes_before_two() {
    let mut world = world(ServiceKind::RepairInKind);
    world.settings.weights = Weights { missing_trade: 0, ..Weights::default() };
    let requirement = requirement(&world, &WANTED);
    let people = [
        busy_person(&WANTED[..1], &[]),
        busy_person(&WANTED[1..], &[]),
        // Dearer: has visits already.
        busy_person(&WANTED, &[(18, 1, None), (66, 1, None), (114, 1, None)]),
    ];
    let index = index(&world, 0, &people);
    let outcome = search_team(&index, &requirement, &Estimator::default());
    let versatile = expert(3).id;
    let alone = outcome.offers.iter().filter(|offer| offer.expert == versatile && offer.others.is_empty());
    let pairs = outcome.offers.iter().filter(|offer| offer.others.len() == 1);
    assert!(alone.count() > 0 && pairs.clone().count() > 0);
    // The one who holds more is named first.
    assert!(pairs.into_iter().all(|offer| (offer.expert, offer.others[0]) == (expert(2).id, expert(1).id)));
}
