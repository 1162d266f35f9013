//! How much of a day's free time a caller holds.

#[expect(dead_code, reason = "other tests use the rest")]
mod world;

use constat_availability::{DayShare, Estimator, HeldTime};
use constat_domain::ids::{AppointmentId, ExpertId, SessionId};
use constat_domain::service::ServiceKind;
use jiff::Timestamp;
use world::{World, at, expert};

const HOUR: i64 = 3600;

fn held(number: u8, expert: ExpertId, start: &str, end: &str) -> HeldTime {
    let (start, end) = (at(start), at(end));
    HeldTime {
        expert,
        appointment: AppointmentId::new(start, &[7; 10]),
        session: SessionId::new(Timestamp::UNIX_EPOCH, &[number; 10]),
        start,
        end,
    }
}

/// The share on Monday 2 March 2026, when the expert works 09:00-12:00 and 14:00-17:00 in Paris.
fn share(world: &World, held: &[HeldTime]) -> DayShare {
    world.index().day_share(&world.requirement(), at("2026-03-02T10:00:00Z"), held)
}

#[test]
fn appointments_and_absences_are_not_free_and_own_holds_are() {
    let mut world = World::new();
    let id = world.expert.id;
    assert_eq!(share(&world, &[]), DayShare { free_seconds: 6 * HOUR, held_seconds: 0, holds: 0 });
    world.absences = vec![world.absence("2026-03-02T13:00:00Z", "2026-03-02T14:00:00Z")];
    world.busy = vec![world.remote("2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z")];
    assert_eq!(share(&world, &[]).free_seconds, 4 * HOUR);
    // The same entry as the caller's own hold, which the calendar knows of.
    let own = held(1, id, "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z");
    assert_eq!(share(&world, &[own]), DayShare { free_seconds: 5 * HOUR, held_seconds: HOUR, holds: 1 });
    // One that the calendar does not know of yet.
    let new = held(2, id, "2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z");
    assert_eq!(share(&world, &[own, new]), DayShare { free_seconds: 5 * HOUR, held_seconds: 2 * HOUR, holds: 2 });
}

#[test]
fn holds_of_other_days_and_of_those_who_cannot_do_the_visit_do_not_count() {
    let mut world = World::new();
    let tuesday = held(1, world.expert.id, "2026-03-03T08:00:00Z", "2026-03-03T09:00:00Z");
    let stranger = held(2, expert(9).id, "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z");
    assert_eq!(share(&world, &[tuesday, stranger]), DayShare { free_seconds: 6 * HOUR, held_seconds: 0, holds: 0 });
    world.expert.skills.kinds = vec![ServiceKind::Video];
    assert_eq!(share(&world, &[]), DayShare::default());
}

#[test]
fn a_team_of_one_session_is_one_hold_and_time_outside_the_hours_is_none() {
    let world = World::new();
    let mut index = world.index();
    let mut second = expert(2);
    second.week = world.expert.week.clone();
    index.put(second.clone(), &[], Vec::new(), &Estimator::default()).unwrap();
    let team = [
        held(1, world.expert.id, "2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z"),
        // Half an hour of it is his midday break.
        held(1, second.id, "2026-03-02T10:30:00Z", "2026-03-02T11:30:00Z"),
    ];
    let share = index.day_share(&world.requirement(), at("2026-03-02T09:00:00Z"), &team);
    assert_eq!(share, DayShare { free_seconds: 12 * HOUR, held_seconds: 2 * HOUR + HOUR / 2, holds: 1 });
}

#[test]
fn a_day_beyond_the_calendar_has_nothing_free() {
    let world = World::new();
    let far = world.index().day_share(&world.requirement(), at("2027-03-02T10:00:00Z"), &[]);
    assert_eq!(far, DayShare::default());
}
