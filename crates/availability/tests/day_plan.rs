//! Day plans and proposals against the engine: what was booked is drivable, and what is proposed
//! could be booked.

#![expect(clippy::unwrap_used, reason = "a world that cannot be built fails the test")]

#[expect(dead_code, reason = "the other tests use the rest")]
mod world;

use std::collections::BTreeMap;

use constat_availability::{Busy, DayPlan, Estimator, Member, Requirement, Visit, plan_day, propose};
use constat_domain::appointment::SlotKind;
use constat_domain::geo::Position;
use constat_domain::ids::AppointmentId;
use constat_domain::service::{Granularity, ServiceKind};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use proptest::prelude::*;
use world::{World, at, hours, position};

/// A request, and which of the offers is taken.
#[derive(Debug, Clone)]
struct Ask {
    kind: ServiceKind,
    granularity: Granularity,
    place: Position,
    /// Days after the first date, and which offer.
    day: i64,
    pick: usize,
    who: usize,
}

fn ask_strategy() -> impl Strategy<Value = Ask> {
    let kinds = prop_oneof![
        3 => Just(ServiceKind::OnSite),
        1 => Just(ServiceKind::Video),
        1 => Just(ServiceKind::Remote),
    ];
    let granularity = prop_oneof![Just(Granularity::Hour), Just(Granularity::HalfDay)];
    (kinds, granularity, (0_i32..8, 0_i32..8), 0_i64..3, 0_usize..10, 0_usize..3).prop_map(
        |(kind, granularity, (north, east), day, pick, who)| Ask {
            kind,
            granularity,
            place: position(48.6 + 0.06 * f64::from(north), 2.1 + 0.08 * f64::from(east)),
            day,
            pick,
            who,
        },
    )
}

/// Hours, absence (minutes after the first midnight, length), base, cap, buffer.
type Someone = (usize, Option<(i64, i64)>, usize, Option<u8>, u16);

#[derive(Debug, Clone)]
struct Case {
    first: Date,
    people: Vec<Someone>,
    asks: Vec<Ask>,
}

fn case_strategy(people: usize) -> impl Strategy<Value = Case> {
    // A plain week, and the Sundays when the clocks change.
    let first = proptest::sample::select(vec![date(2026, 3, 27), date(2026, 10, 23), date(2026, 6, 10)]);
    let person = (
        0_usize..4,
        proptest::option::weighted(0.4, (0_i64..72, 1_i64..10).prop_map(|(at, long)| (at * 60, long * 30))),
        0_usize..4,
        proptest::option::weighted(0.2, 2_u8..6),
        prop_oneof![Just(0_u16), Just(10), Just(25)],
    );
    (first, proptest::collection::vec(person, people), proptest::collection::vec(ask_strategy(), 1..14))
        .prop_map(|(first, people, asks)| Case { first, people, asks })
}

/// One person with what was booked through the engine.
struct Person {
    world: World,
    visits: Vec<Visit>,
}

fn people(case: &Case) -> Vec<Person> {
    let midnight = case.first.to_zoned(jiff::tz::TimeZone::get("Europe/Paris").unwrap()).unwrap().timestamp();
    let weeks: [&[&str]; 4] = [&["09:00-12:00", "14:00-18:00"], &["08:00-19:00"], &["00:00-24:00"], &["07:30-12:30"]];
    let bases = [world::PARIS, position(48.80, 2.13), position(48.95, 2.55), position(48.62, 2.45)];
    let people = case.people.iter().enumerate().map(|(number, (week, absence, base, cap, buffer))| {
        let mut world = World::new();
        world.expert = world::expert(u8::try_from(number).unwrap() + 1);
        world.expert.week = constat_domain::expert::WeeklyHours::every_day(&hours(weeks[*week]));
        world.expert.base = bases[*base];
        world.expert.daily_cap = *cap;
        world.expert.buffer_after_minutes = Some(*buffer);
        world.now = midnight - SignedDuration::from_hours(48);
        if let Some((start, long)) = absence {
            let start = midnight + SignedDuration::from_mins(*start);
            let end = start + SignedDuration::from_mins(*long);
            world.absences = vec![world.absence(&start.to_string(), &end.to_string())];
        }
        Person { world, visits: Vec::new() }
    });
    let mut people: Vec<Person> = people.collect();
    for (number, ask) in (0_u8..).zip(&case.asks) {
        let count = people.len();
        let person = &mut people[ask.who % count];
        let world = &mut person.world;
        set_request(world, ask);
        world.request.from = midnight + SignedDuration::from_hours(24 * ask.day);
        world.request.to = world.request.from + SignedDuration::from_hours(24);
        let offers = world.search().offers;
        let Some(offer) = offers.get(ask.pick % offers.len().max(1)) else { continue };
        let appointment = AppointmentId::new(Timestamp::UNIX_EPOCH, &[number; 10]);
        let site = ask.kind.is_on_site().then_some(ask.place);
        world.busy.push(Busy {
            start: offer.busy_from,
            end: offer.busy_to,
            position: site,
            appointment: Some(appointment),
        });
        person.visits.push(Visit { appointment, slot: offer.slot, site, on_call: false });
    }
    people
}

fn set_request(world: &mut World, ask: &Ask) {
    world.request.kind = ask.kind;
    world.request.granularity = ask.granularity;
    world.place.position = Some(ask.place);
}

fn dates(case: &Case) -> impl Iterator<Item = Date> {
    case.first.series(1.day()).take(4)
}

/// Every visit is within its agreed time, in order, and the drives lie between the visits.
fn check_promises(plan: &DayPlan) {
    for planned in &plan.visits {
        let slot = planned.visit.slot;
        assert!(slot.start <= planned.start && planned.end <= slot.end, "{planned:?}");
        assert!(planned.start <= planned.latest_start, "{planned:?}");
        if slot.kind == SlotKind::Fixed {
            assert_eq!((planned.start, planned.end), (slot.start, slot.end));
        }
        assert!(planned.slack_minutes.is_none_or(|slack| slack >= 0), "{planned:?}");
    }
    for pair in plan.visits.windows(2) {
        assert!(pair[0].end <= pair[1].start);
    }
    for leg in &plan.legs {
        assert!(leg.leave_by.is_none_or(|by| leg.departure <= by), "{leg:?}");
        for planned in &plan.visits {
            assert!(leg.arrival <= planned.start || planned.end <= leg.departure, "{leg:?} {planned:?}");
        }
        for away in &plan.away {
            assert!(leg.arrival <= away.start || away.end <= leg.departure, "{leg:?} {away:?}");
        }
    }
    assert_eq!(plan.legs.iter().map(|leg| leg.seconds).sum::<i64>(), plan.driving_seconds);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_day_that_was_booked_through_the_engine_is_drivable(case in case_strategy(1)) {
        for person in people(&case) {
            let world = &person.world;
            let mut planned = 0;
            for date in dates(&case) {
                let plan =
                    plan_day(&world.expert, &world.absences, &person.visits, date, &world.settings, &Estimator::default())
                        .unwrap();
                prop_assert_eq!(&plan.warnings, &[]);
                check_promises(&plan);
                planned += plan.visits.len();
            }
            prop_assert_eq!(planned, person.visits.len());
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn a_proposal_breaks_no_promise_and_could_be_booked(case in case_strategy(3)) {
        let people = people(&case);
        let asked: BTreeMap<AppointmentId, &Ask> = (0_u8..)
            .zip(&case.asks)
            .map(|(number, ask)| (AppointmentId::new(Timestamp::UNIX_EPOCH, &[number; 10]), ask))
            .collect();
        let mut requirements: BTreeMap<AppointmentId, Requirement> = BTreeMap::new();
        for person in &people {
            for visit in &person.visits {
                let mut world = World::new();
                set_request(&mut world, asked[&visit.appointment]);
                (world.now, world.request.from, world.request.to) = (person.world.now, visit.slot.start, visit.slot.end);
                requirements.insert(visit.appointment, world.requirement());
            }
        }
        let members: Vec<Member<'_>> = people
            .iter()
            .map(|person| Member {
                expert: &person.world.expert,
                absences: &person.world.absences,
                visits: &person.visits,
            })
            .collect();
        let (now, settings) = (people[0].world.now, &people[0].world.settings);
        for date in dates(&case) {
            let proposal = propose(&members, &requirements, date, now, settings, &Estimator::default()).unwrap();
            let again = propose(&members, &requirements, date, now, settings, &Estimator::default()).unwrap();
            prop_assert_eq!(&proposal, &again);
            if proposal.changes.is_empty() {
                prop_assert_eq!(&proposal.before, &proposal.after);
            } else {
                prop_assert!(proposal.seconds_after() + 60 <= proposal.seconds_before());
            }
            let ids = |plans: &[DayPlan]| {
                let mut ids: Vec<_> =
                    plans.iter().flat_map(|plan| plan.visits.iter().map(|planned| planned.visit.appointment)).collect();
                ids.sort_unstable();
                ids
            };
            prop_assert_eq!(ids(&proposal.before), ids(&proposal.after));
            for (plan, person) in proposal.after.iter().zip(&people) {
                prop_assert_eq!(&plan.warnings, &[]);
                check_promises(plan);
                for planned in &plan.visits {
                    let mut world = World::new();
                    world.expert = person.world.expert.clone();
                    world.absences.clone_from(&person.world.absences);
                    world.now = now;
                    set_request(&mut world, asked[&planned.visit.appointment]);
                    world.request.from = planned.start;
                    world.request.to = planned.end;
                    let others = plan.visits.iter().filter(|other| *other != planned).map(|other| Busy {
                        start: other.start,
                        end: other.end,
                        position: other.visit.site,
                        appointment: Some(other.visit.appointment),
                    });
                    let other_days = person.visits.iter().filter(|visit| {
                        !proposal.before.iter().any(|day| day.visits.iter().any(|known| known.visit == **visit))
                    });
                    let other_days = other_days.map(|visit| Busy {
                        start: visit.slot.start,
                        end: visit.slot.end,
                        position: visit.site,
                        appointment: Some(visit.appointment),
                    });
                    world.busy = others.chain(other_days).collect();
                    let seconds = planned.end.as_second() - planned.start.as_second();
                    prop_assert_eq!(world.judge(planned.start.as_second(), seconds), Ok(()), "{:?}", planned);
                }
            }
        }
    }
}

#[test]
fn two_people_whose_visits_lie_at_each_others_door_should_exchange_them() {
    let versailles = position(48.8014, 2.1301);
    let meaux = position(48.9603, 2.8883);
    let visit = |number: u8, site: Position| {
        let slot = constat_domain::appointment::Slot {
            kind: SlotKind::Fixed,
            start: at("2026-03-02T09:00:00Z"),
            end: at("2026-03-02T10:00:00Z"),
            duration_minutes: 60,
        };
        let appointment = AppointmentId::new(Timestamp::UNIX_EPOCH, &[number; 10]);
        Visit { appointment, slot, site: Some(site), on_call: false }
    };
    let (mut west, mut east) = (World::new(), World::new());
    west.expert.base = versailles;
    east.expert = world::expert(2);
    east.expert.base = meaux;
    let (of_west, of_east) = ([visit(1, meaux)], [visit(2, versailles)]);
    let requirement = |site: Position| {
        let mut world = World::new();
        world.place.position = Some(site);
        world.requirement()
    };
    let mut requirements = BTreeMap::from([
        (of_west[0].appointment, requirement(meaux)),
        (of_east[0].appointment, requirement(versailles)),
    ]);
    let day = date(2026, 3, 2);
    let ask = |west: &World, east: &World, requirements: &BTreeMap<_, _>, now: Timestamp| {
        let members = [
            Member { expert: &west.expert, absences: &west.absences, visits: &of_west },
            Member { expert: &east.expert, absences: &east.absences, visits: &of_east },
        ];
        propose(&members, requirements, day, now, &west.settings, &Estimator::default()).unwrap()
    };
    let proposal = ask(&west, &east, &requirements, west.now);
    assert_eq!(proposal.changes.len(), 2);
    assert_eq!(proposal.seconds_after(), 0, "each visit is at its expert's own base");
    assert!(proposal.seconds_before() > 3600);
    assert!(proposal.changes.iter().all(|change| change.start_before == change.start_after));

    let nothing = |proposal: constat_availability::Proposal| {
        assert_eq!((proposal.changes.len(), proposal.before == proposal.after), (0, true));
    };
    // It has begun.
    nothing(ask(&west, &east, &requirements, at("2026-03-02T09:00:00Z")));
    // Too soon for another expert.
    nothing(ask(&west, &east, &requirements, at("2026-03-02T08:00:00Z")));
    // One of the two may not travel there.
    east.expert.territory = constat_domain::expert::Territory::RadiusKm(30.0);
    west.expert.territory = constat_domain::expert::Territory::RadiusKm(1.0);
    assert_eq!(ask(&west, &east, &requirements, west.now).changes.len(), 2, "each expert's own base is near enough");
    east.expert.territory = constat_domain::expert::Territory::Departments(vec!["60".to_owned()]);
    nothing(ask(&west, &east, &requirements, west.now));
    east.expert.territory = constat_domain::expert::Territory::Anywhere;
    // Absent at that hour.
    east.absences = vec![east.absence("2026-03-02T09:30:00Z", "2026-03-02T11:00:00Z")];
    east.absences[0].expert = east.expert.id;
    let changes = ask(&west, &east, &requirements, west.now).changes;
    assert!(changes.iter().all(|change| change.to_expert == west.expert.id), "{changes:?}");
    east.absences.clear();
    // Without a requirement a visit cannot move to another expert.
    requirements.clear();
    nothing(ask(&west, &east, &requirements, west.now));
}

#[test]
fn windows_that_overlap_are_put_in_the_order_that_drives_least() {
    let world = World::new();
    // 09:00 to 12:00 in Paris; two neighbours in the west, one visit in the east agreed between them.
    let visit = |number: u8, start: &str, site: Position| {
        let start = at(start);
        let slot = constat_domain::appointment::Slot {
            kind: SlotKind::Window,
            start,
            end: start + SignedDuration::from_mins(120),
            duration_minutes: 30,
        };
        let appointment = AppointmentId::new(Timestamp::UNIX_EPOCH, &[number; 10]);
        Visit { appointment, slot, site: Some(site), on_call: false }
    };
    let visits = [
        visit(1, "2026-03-02T08:00:00Z", position(48.87, 2.28)),
        visit(2, "2026-03-02T08:30:00Z", position(48.85, 2.41)),
        visit(3, "2026-03-02T08:45:00Z", position(48.872, 2.282)),
    ];
    let members = [Member { expert: &world.expert, absences: &[], visits: &visits }];
    let proposal =
        propose(&members, &BTreeMap::new(), date(2026, 3, 2), world.now, &world.settings, &Estimator::default())
            .unwrap();
    let order: Vec<_> = proposal.after[0].visits.iter().map(|planned| planned.visit.appointment).collect();
    assert_eq!(order, [visits[0].appointment, visits[2].appointment, visits[1].appointment]);
    assert!(proposal.seconds_after() < proposal.seconds_before());
    assert_eq!(proposal.after[0].warnings, []);
    check_promises(&proposal.after[0]);
}

#[test]
fn what_cannot_be_kept_any_more_is_told_and_stays_where_it_is() {
    let mut world = World::new();
    world.busy = vec![];
    let slot = |start: &str, end: &str| constat_domain::appointment::Slot {
        kind: SlotKind::Fixed,
        start: at(start),
        end: at(end),
        duration_minutes: 60,
    };
    let visit = |number: u8, slot, site| Visit {
        appointment: AppointmentId::new(Timestamp::UNIX_EPOCH, &[number; 10]),
        slot,
        site,
        on_call: false,
    };
    let far = position(49.25, 4.03);
    let visits = [
        visit(1, slot("2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z"), Some(world::NEAR)),
        visit(2, slot("2026-03-02T09:10:00Z", "2026-03-02T10:10:00Z"), Some(far)),
        visit(3, slot("2026-03-02T17:00:00Z", "2026-03-02T18:00:00Z"), None),
    ];
    world.absences = vec![world.absence("2026-03-02T07:30:00Z", "2026-03-02T08:30:00Z")];
    world.expert.daily_cap = Some(2);
    let plan =
        plan_day(&world.expert, &world.absences, &visits, date(2026, 3, 2), &world.settings, &Estimator::default())
            .unwrap();
    let codes: Vec<_> = plan
        .warnings
        .iter()
        .map(|warning| {
            let number = visits.iter().position(|visit| Some(visit.appointment) == warning.appointment);
            (warning.code.as_str(), number)
        })
        .collect();
    assert_eq!(codes, [("absent", Some(0)), ("late", Some(1)), ("outside_hours", Some(2)), ("over_cap", None)]);
    assert!(plan.warnings[1].minutes.unwrap() > 60, "Reims is not ten minutes from Paris");
    for (planned, visit) in plan.visits.iter().zip(&visits) {
        assert_eq!((planned.start, planned.end), (visit.slot.start, visit.slot.end));
    }
    assert!(plan.visits[1].slack_minutes.unwrap() < 0);
    let members = [Member { expert: &world.expert, absences: &world.absences, visits: &visits }];
    let proposal =
        propose(&members, &BTreeMap::new(), date(2026, 3, 2), world.now, &world.settings, &Estimator::default())
            .unwrap();
    assert_eq!((proposal.changes.len(), proposal.before), (0, vec![plan]));
}

#[test]
fn the_largest_team_with_the_fullest_days_gets_an_answer() {
    let settings = constat_availability::Settings { buffer_minutes: 0, ..Default::default() };
    let spread = |number: usize, salt: usize| -> Position {
        let step = |factor: usize| f64::from(u8::try_from((number * factor + salt) % 31).unwrap()) / 31.0;
        position(48.84 + 0.03 * step(7), 2.30 + 0.05 * step(11))
    };
    let experts: Vec<_> = (1..=10_u8)
        .map(|number| {
            let mut expert = world::expert(number);
            expert.week = constat_domain::expert::WeeklyHours::every_day(&hours(&["06:00-22:00"]));
            expert.base = spread(usize::from(number), 3);
            expert
        })
        .collect();
    let midnight = at("2026-03-02T05:00:00Z");
    let days: Vec<Vec<Visit>> = (0..10_usize)
        .map(|who| {
            let visit = |number: usize| {
                let start = midnight + SignedDuration::from_mins(i64::try_from(number * 60).unwrap());
                let kind = if (number + who).is_multiple_of(3) { SlotKind::Window } else { SlotKind::Fixed };
                let slot = constat_domain::appointment::Slot {
                    kind,
                    start,
                    end: start + SignedDuration::from_mins(if kind == SlotKind::Window { 35 } else { 25 }),
                    duration_minutes: 25,
                };
                let appointment = AppointmentId::new(start, &[u8::try_from(who).unwrap(); 10]);
                Visit { appointment, slot, site: Some(spread(number + 15 * who, 5)), on_call: false }
            };
            (0..15).map(visit).collect()
        })
        .collect();
    let requirements: BTreeMap<AppointmentId, Requirement> = days
        .iter()
        .flatten()
        .map(|visit| {
            let mut world = World::new();
            world.place.position = visit.site;
            (visit.appointment, world.requirement())
        })
        .collect();
    let members: Vec<Member<'_>> =
        experts.iter().zip(&days).map(|(expert, visits)| Member { expert, absences: &[], visits }).collect();
    let found =
        propose(&members, &requirements, date(2026, 3, 2), World::new().now, &settings, &Estimator::default()).unwrap();
    assert!(found.before.iter().chain(&found.after).all(|day| day.warnings.is_empty()));
    let (before, after) = (found.seconds_before(), found.seconds_after());
    assert!(after * 10 < before * 9, "a tenth at least is saved: {before} {after}");
    found.after.iter().for_each(check_promises);
}
