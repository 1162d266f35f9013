//! The rules of availability, one by one, as a firm's dispatcher would state them.

mod withheld;
mod world;

use constat_availability::{Estimator, ReasonCode, Settings, Travel, eligible, feasible, search, who_can};
use constat_domain::Money;
use constat_domain::appointment::SlotKind;
use constat_domain::expert::{Absence, HourRange, OnCall, Skills, Territory, Trade, WeeklyHours};
use constat_domain::ids::AbsenceId;
use constat_domain::service::{CustomerType, DamageCode, Dwelling, Granularity, LossTriple, ServiceKind};
use jiff::Timestamp;
use world::{NEAR, PARIS, World, at, hours, position};

#[test]
fn an_empty_day_is_offered_from_the_first_hour_to_the_last() {
    let mut world = World::new();
    world.request.limit = 30;
    world.request.to = at("2026-03-02T23:00:00Z");
    let starts = world.starts();
    // Monday 2 March 2026, 09:00-12:00 and 14:00-17:00 in Paris (UTC+1), visits of one hour.
    let expected: Vec<Timestamp> =
        ["08:00", "08:30", "09:00", "09:30", "10:00", "13:00", "13:30", "14:00", "14:30", "15:00"]
            .iter()
            .map(|time| at(&format!("2026-03-02T{time}:00Z")))
            .collect();
    assert_eq!(starts, expected);
}

#[test]
fn each_restriction_of_the_record_refuses_with_its_own_code() {
    let refused = |change: &dyn Fn(&mut World)| {
        let mut world = World::new();
        world.state_everything();
        assert!(!world.search().offers.is_empty());
        change(&mut world);
        let outcome = world.search();
        assert_eq!(outcome.offers, []);
        assert_eq!(outcome.reasons.len(), 1);
        assert_eq!(outcome.reasons[0].count, 1);
        outcome.reasons[0].code
    };
    let other = || Some(vec!["Vol".to_owned()]);
    assert_eq!(refused(&|w| w.expert.active = false), ReasonCode::Inactive);
    assert_eq!(refused(&|w| w.expert.skills.kinds = vec![ServiceKind::Video]), ReasonCode::Kind);
    assert_eq!(refused(&|w| w.expert.skills.loss_natures = other()), ReasonCode::Skill);
    assert_eq!(refused(&|w| w.expert.skills.insurers = other()), ReasonCode::Insurer);
    assert_eq!(refused(&|w| w.expert.skills.customers = Some(vec![CustomerType::Professional])), ReasonCode::Customer);
    assert_eq!(refused(&|w| w.expert.skills.dwellings = Some(vec![Dwelling::House])), ReasonCode::Dwelling);
    assert_eq!(refused(&|w| w.expert.skills.languages = Some(vec!["fr".to_owned()])), ReasonCode::Language);
    assert_eq!(refused(&|w| w.expert.exclusions.insurers = vec!["00000001".to_owned()]), ReasonCode::Excluded);
    assert_eq!(refused(&|w| w.expert.exclusions.cases = vec!["test".to_owned()]), ReasonCode::Excluded);
    assert_eq!(refused(&|w| w.expert.skills.limit_building = Some(Money::euro_cents(99_999))), ReasonCode::Authority);
    assert_eq!(refused(&|w| w.expert.territory = Territory::Departments(vec!["69".to_owned()])), ReasonCode::Territory);
    assert_eq!(refused(&|w| w.expert.territory = Territory::RadiusKm(1.0)), ReasonCode::Territory);
    assert_eq!(refused(&|w| w.expert.week = WeeklyHours::default()), ReasonCode::NotWorking);
    assert_eq!(refused(&|w| w.expert.notice_minutes = Some(60 * 24 * 60)), ReasonCode::Notice);
    assert_eq!(refused(&|w| w.holiday_everywhere = true), ReasonCode::PublicHoliday);
    assert_eq!(
        refused(&|w| w.absences.push(w.absence("2026-02-01T00:00:00Z", "2026-12-01T00:00:00Z"))),
        ReasonCode::Absent
    );
    assert_eq!(
        refused(&|w| w.busy.push(w.remote("2026-02-01T00:00:00Z", "2026-12-01T00:00:00Z"))),
        ReasonCode::FullyBooked
    );
    assert_eq!(refused(&|w| w.place.position = Some(position(43.3, 5.4))), ReasonCode::TooFar);
}

#[test]
fn a_loss_is_known_by_nature_cause_and_detail() {
    let mut world = World::new();
    world.state_everything();
    let mut refuses = |entry: &str, cause: Option<&str>| {
        world.expert.skills.loss_natures = Some(vec![entry.to_owned()]);
        world.request.claim.as_mut().unwrap().loss.as_mut().unwrap().cause = cause.map(str::to_owned);
        eligible(&world.expert, &world.requirement()) == Err(ReasonCode::Skill)
    };
    assert!(!refuses("DegatsDesEaux", Some("FuiteRupture")));
    assert!(!refuses("DegatsDesEaux/FuiteRupture", Some("FuiteRupture")));
    assert!(!refuses("DegatsDesEaux/FuiteRupture", None));
    assert!(refuses("DegatsDesEaux/Condensation", Some("FuiteRupture")));
}

#[test]
fn whoever_is_tied_to_the_insurer_is_refused_for_its_droughts_only() {
    let mut world = World::new();
    world.state_everything();
    world.expert.ties = vec!["00000001".to_owned()];
    let mut judge = |nature: &str, cause: &str, insurer: &str| {
        let claim = world.request.claim.as_mut().unwrap();
        insurer.clone_into(&mut claim.insurer.acam_code);
        claim.loss = Some(LossTriple { nature: nature.to_owned(), cause: Some(cause.to_owned()), detail: None });
        eligible(&world.expert, &world.requirement())
    };
    let conflict = Err(ReasonCode::ConflictOfInterest);
    assert_eq!(judge("CatastropheNaturelle", "Secheresse", "00000001"), conflict);
    assert_eq!(judge("CatastropheNaturelle", "Secheresse", "00000002"), Ok(()));
    assert_eq!(judge("CatastropheNaturelle", "Inondation", "00000001"), Ok(()));
}

#[test]
fn catastrophes_are_told_by_the_nature_of_the_loss() {
    let mut world = World::new();
    assert!(!world.requirement().catastrophe);
    world.state_everything();
    assert!(!world.requirement().catastrophe);
    world.request.claim.as_mut().unwrap().loss.as_mut().unwrap().nature = "TempeteNeigeGrele".to_owned();
    assert!(world.requirement().catastrophe);
    world.settings.on_call_natures.clear();
    assert!(!world.requirement().catastrophe);
}

#[test]
fn what_the_request_does_not_state_refuses_nobody() {
    let mut world = World::new();
    world.expert.skills = Skills {
        kinds: vec![ServiceKind::OnSite],
        loss_natures: Some(Vec::new()),
        insurers: Some(Vec::new()),
        dwellings: Some(Vec::new()),
        languages: Some(Vec::new()),
        limit_total: Some(Money::euro_cents(0)),
        ..Skills::default()
    };
    world.request.claim = None;
    world.request.dwelling = None;
    assert!(!world.search().offers.is_empty());
}

#[test]
fn somebody_who_works_on_holidays_is_offered_on_holidays() {
    let mut world = World::new();
    world.holiday_everywhere = true;
    world.expert.holidays_off = false;
    assert!(!world.search().offers.is_empty());
}

#[test]
fn travel_and_buffer_are_kept_between_visits() {
    let mut world = World::new();
    world.expert.buffer_after_minutes = Some(10);
    let far = position(48.75, 2.35);
    let drive = i64::from(Estimator::default().seconds(far, NEAR));
    assert!((25 * 60..60 * 60).contains(&drive));
    // Busy 10:00-10:30 in Paris, some 15 km away.
    world.busy.push(world.site("2026-03-02T09:00:00Z", "2026-03-02T09:30:00Z", far));
    let ready = at("2026-03-02T09:30:00Z").as_second() + 600 + drive;
    assert_eq!(world.judge(ready, 1800), Ok(()));
    assert_eq!(world.judge(ready - 1, 1800), Err(ReasonCode::TooFar));
    let leave = at("2026-03-02T09:00:00Z").as_second() - 600 - drive;
    assert_eq!(world.judge(leave - 600, 600), Ok(()));
    assert_eq!(world.judge(leave - 599, 600), Err(ReasonCode::TooFar));
}

#[test]
fn a_remote_visit_asks_for_the_buffer_only_and_leaves_room_for_the_drive() {
    let mut world = World::by_video();
    let far = position(48.75, 2.35);
    let drive = i64::from(Estimator::default().seconds(far, NEAR));
    world.busy.push(world.site("2026-03-02T08:00:00Z", "2026-03-02T08:30:00Z", far));
    let (left, room) = (at("2026-03-02T08:30:00Z").as_second(), 600 + drive);
    let next = left + 1800 + 1200 + room;
    world.busy.push(world.site_seconds(next, next + 600, NEAR));
    // The drive needs `room` seconds in one piece: before the call, or after it.
    assert_eq!(world.judge(left + 600, 1800), Ok(()));
    assert_eq!(world.judge(next - 600 - 1800, 1800), Ok(()));
    assert_eq!(world.judge(left + 1200 + 1, 1800), Err(ReasonCode::TooFar));
    assert_eq!(world.judge(left + 599, 1800), Err(ReasonCode::FullyBooked));
}

#[test]
fn the_first_and_last_legs_may_lie_outside_the_hours_but_only_so_far() {
    let mut world = World::new();
    let away = position(47.9, 1.9);
    world.place.position = Some(away);
    let leg = i64::from(Estimator::default().seconds(PARIS, away));
    assert!(leg > 5400, "{leg}");
    let opening = at("2026-03-02T08:00:00Z").as_second();
    let first = opening - 5400 + leg;
    assert_eq!(world.judge(first, 1800), Ok(()));
    assert_eq!(world.judge(first - 1, 1800), Err(ReasonCode::TooFar));
    let last = at("2026-03-02T16:00:00Z").as_second() + 5400 - leg;
    assert_eq!(world.judge(last - 1800, 1800), Ok(()));
    assert_eq!(world.judge(last - 1799, 1800), Err(ReasonCode::TooFar));
}

#[test]
fn a_visit_that_ended_before_midnight_is_a_neighbour() {
    let mut world = World::new();
    world.expert.week = WeeklyHours::every_day(&[HourRange::new(0, 1440).unwrap()]);
    world.settings.commute_minutes = 720;
    let far = position(48.75, 2.35);
    let drive = i64::from(Estimator::default().seconds(far, NEAR));
    // Ends at 23:50 in Paris on Monday.
    world.busy.push(world.site("2026-03-02T22:00:00Z", "2026-03-02T22:50:00Z", far));
    let ready = at("2026-03-02T22:50:00Z").as_second() + 600 + drive;
    assert!(ready > at("2026-03-02T23:00:00Z").as_second());
    assert_eq!(world.judge(ready, 1800), Ok(()));
    assert_eq!(world.judge(ready - 1, 1800), Err(ReasonCode::TooFar));
}

#[test]
fn an_absence_of_several_days_blocks_all_of_them() {
    let mut world = World::new();
    world.request.limit = 30;
    world.request.to = at("2026-03-14T00:00:00Z");
    world.absences.push(world.absence("2026-02-20T00:00:00Z", "2026-03-05T10:00:00Z"));
    let starts = world.starts();
    assert!(!starts.is_empty());
    assert!(starts.iter().all(|start| *start >= at("2026-03-05T10:00:00Z")), "{starts:?}");
}

#[test]
fn the_daily_cap_counts_visits_of_the_local_day() {
    let mut world = World::new();
    world.expert.daily_cap = Some(1);
    let own = world.remote("2026-03-02T09:00:00Z", "2026-03-02T09:30:00Z");
    world.busy.push(own);
    let afternoon = at("2026-03-02T14:00:00Z").as_second();
    assert_eq!(world.judge(afternoon, 1800), Err(ReasonCode::FullyBooked));
    world.request.reschedules = own.appointment;
    assert_eq!(world.judge(afternoon, 1800), Ok(()));
}

#[test]
fn the_own_slot_of_a_moved_appointment_is_free() {
    let mut world = World::new();
    world.request.limit = 30;
    world.request.to = at("2026-03-02T23:00:00Z");
    let own = world.site("2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z", position(48.0, 2.0));
    world.busy.push(own);
    assert!(!world.starts().contains(&at("2026-03-02T09:00:00Z")));
    world.request.reschedules = own.appointment;
    assert!(world.starts().contains(&at("2026-03-02T09:00:00Z")));
    assert!(world.starts().contains(&at("2026-03-02T09:30:00Z")));
}

#[test]
fn windows_take_their_whole_length_once_for_each_half_day() {
    let mut world = World::new();
    world.request.granularity = Granularity::HalfDay;
    world.request.to = at("2026-03-04T23:00:00Z");
    let offers = world.search().offers;
    assert_eq!(offers.len(), 6);
    for offer in &offers {
        assert_eq!(offer.slot.kind, SlotKind::Window);
        assert_eq!(offer.slot.end.as_second() - offer.slot.start.as_second(), 7200);
        assert_eq!((offer.busy_from, offer.busy_to), (offer.slot.start, offer.slot.end));
        assert_eq!(offer.slot.duration_minutes, 60);
    }
    world.request.granularity = Granularity::Day;
    assert_eq!(world.search().offers.len(), 3);
    // Longer than any window: an exact time.
    world.settings.durations.by_kind.insert(ServiceKind::OnSite, 150);
    world.expert.week = WeeklyHours::every_day(&hours(&["08:00-18:00"]));
    let offers = world.search().offers;
    assert!(offers.iter().all(|offer| offer.slot.kind == SlotKind::Fixed));
    assert_eq!(offers.len(), 3);
}

#[test]
fn ten_offers_are_spread_over_days_and_half_days() {
    let world = World::new();
    let offers = world.search().offers;
    assert_eq!(offers.len(), 10);
    let mut half_days: Vec<(i64, bool)> = offers
        .iter()
        .map(|offer| {
            let second = offer.slot.start.as_second() + 3600;
            (second / 86_400, second % 86_400 < 13 * 3600)
        })
        .collect();
    half_days.sort_unstable();
    half_days.dedup();
    assert!(half_days.len() >= 5, "{half_days:?}");
    assert_eq!(offers[0].slot.start, at("2026-03-02T08:00:00Z"), "the earliest comes first");
}

#[test]
fn the_nearer_and_less_busy_expert_is_preferred_and_ties_go_to_the_lower_id() {
    let world = World::new();
    let mut index = world.index();
    let twin = world::expert(9);
    index.put(twin.clone(), &[], Vec::new(), &Estimator::default()).unwrap();
    let ask = world.requirement();
    let travel = Estimator::default();
    let outcome = search(&index, &ask, &travel);
    assert!(outcome.offers.iter().all(|offer| offer.expert == world.expert.id));
    // One call on Monday makes the twin the better choice for the week.
    index.insert_busy(world.expert.id, world.remote("2026-03-02T13:00:00Z", "2026-03-02T13:30:00Z"), &travel);
    let outcome = search(&index, &ask, &travel);
    assert_eq!(outcome.offers[0].expert, twin.id);
    let offer = &outcome.offers[0];
    let able = who_can(&index, &ask, offer.busy_from, offer.busy_to, &travel);
    assert_eq!(able, [twin.id, world.expert.id]);
}

#[test]
fn a_repair_prefers_the_worker_who_holds_most_of_the_trades() {
    let mut world = World::new();
    world.request.kind = ServiceKind::RepairInKind;
    let damage = |detail: &str| DamageCode { nature: "Immobilier".to_owned(), detail: Some(detail.to_owned()) };
    world.request.damages = vec![damage("Parquets"), damage("Plomberie")];
    world.expert.skills.kinds = vec![ServiceKind::RepairInKind];
    world.expert.skills.trades = vec![Trade::Electricity];
    assert_eq!(world.search().reasons[0].code, ReasonCode::Skill);
    world.expert.skills.trades = vec![Trade::Flooring];
    let mut index = world.index();
    let mut both = world::expert(9);
    both.skills.kinds = vec![ServiceKind::RepairInKind];
    both.skills.trades = vec![Trade::Flooring, Trade::Plumbing];
    index.put(both.clone(), &[], Vec::new(), &Estimator::default()).unwrap();
    let outcome = search(&index, &world.requirement(), &Estimator::default());
    assert!(outcome.offers.iter().all(|offer| offer.expert == both.id));
    assert_eq!(outcome.offers[0].score.trades, 0);
}

#[test]
fn notice_can_be_nothing_and_is_two_hours_by_default() {
    let mut world = World::new();
    world.now = at("2026-03-02T08:00:00Z");
    assert_eq!(world.starts()[0], at("2026-03-02T10:00:00Z"));
    world.settings.notice_minutes = 0;
    assert_eq!(world.starts()[0], at("2026-03-02T08:00:00Z"));
}

#[test]
fn nothing_is_offered_beyond_the_horizon() {
    let mut world = World::new();
    world.request.from = at("2026-06-10T00:00:00Z");
    world.request.to = at("2026-06-20T00:00:00Z");
    let outcome = world.search();
    assert_eq!(outcome.offers, []);
    assert_eq!(outcome.reasons[0].code, ReasonCode::BeyondHorizon);
}

#[test]
fn the_sundays_when_the_clocks_change() {
    let mut world = World::new();
    world.settings = Settings { commute_minutes: 720, ..Settings::default() };
    world.expert.week = WeeklyHours::every_day(&hours(&["01:00-04:00"]));
    world.request.limit = 30;
    // 29 March: 02:00 to 03:00 does not exist; two hours of work remain, 00:00Z to 02:00Z.
    world.now = at("2026-03-20T00:00:00Z");
    world.request.from = at("2026-03-28T23:00:00Z");
    world.request.to = at("2026-03-29T22:00:00Z");
    assert_eq!(world.starts(), ["00:00", "00:30", "01:00"].map(|time| at(&format!("2026-03-29T{time}:00Z"))));
    // 25 October: 02:00 to 03:00 comes twice; four hours, 23:00Z to 03:00Z.
    world.now = at("2026-10-20T00:00:00Z");
    world.request.from = at("2026-10-24T22:00:00Z");
    world.request.to = at("2026-10-25T23:00:00Z");
    let starts = world.starts();
    assert_eq!(starts.len(), 7);
    assert_eq!((starts[0], starts[6]), (at("2026-10-24T23:00:00Z"), at("2026-10-25T02:00:00Z")));
}

#[test]
fn overseas_hours_are_those_of_the_island() {
    let mut world = World::new();
    let saint_denis = position(-20.8789, 55.4481);
    world.expert.base = saint_denis;
    world.expert.zone = "Indian/Reunion".to_owned();
    world.place.zone = "Indian/Reunion".to_owned();
    world.place.position = Some(saint_denis);
    world.request.to = at("2026-03-02T23:00:00Z");
    // 09:00 at UTC+4.
    assert_eq!(world.starts()[0], at("2026-03-02T05:00:00Z"));
}

#[test]
fn the_grid_is_that_of_the_places_civil_time() {
    let mut world = World::new();
    world.settings.grid_minutes = 60;
    let nuku_hiva = position(-8.9, -140.1);
    world.expert.base = nuku_hiva;
    world.expert.zone = "Pacific/Marquesas".to_owned();
    world.place.zone = "Pacific/Marquesas".to_owned();
    world.place.position = Some(nuku_hiva);
    // 09:00 at UTC-9:30.
    assert_eq!(world.starts()[0], at("2026-03-02T18:30:00Z"));
}

#[test]
fn bad_data_is_harmless() {
    let mut world = World::new();
    let backwards = Absence {
        id: AbsenceId::new(Timestamp::UNIX_EPOCH, &[3; 10]),
        expert: world.expert.id,
        start: at("2026-03-05T00:00:00Z"),
        end: at("2026-03-01T00:00:00Z"),
        reason: None,
    };
    world.absences = vec![backwards];
    world.busy = vec![
        world.remote("2026-03-05T00:00:00Z", "2026-03-01T00:00:00Z"),
        world.remote("2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z"),
    ];
    assert_eq!(world.starts()[0], at("2026-03-02T08:00:00Z"));
    world.expert.zone = "Europe/Lutetia".to_owned();
    let mut index = World::new().index();
    assert_eq!(index.put(world.expert.clone(), &[], Vec::new(), &Estimator::default()).unwrap_err().field, "zone");
    assert_eq!(index.len(), 1);
    world.place.position = None;
    assert_eq!(world.try_requirement().unwrap_err()[0].field, "appointmentLocation");
}

#[test]
fn a_booked_offer_is_gone_and_a_cancelled_one_is_back() {
    let world = World::new();
    let mut index = world.index();
    let ask = world.requirement();
    let travel = Estimator::default();
    let before = search(&index, &ask, &travel);
    let offer = before.offers[0].clone();
    let snapshot = index.clone();
    let booked = world.site_seconds(offer.busy_from.as_second(), offer.busy_to.as_second(), NEAR);
    index.insert_busy(offer.expert, booked, &travel);
    let calendar = index.get(offer.expert).unwrap();
    let again = feasible(calendar, &ask, offer.busy_from, offer.busy_to, &travel);
    assert_eq!(again, Err(ReasonCode::FullyBooked));
    assert_eq!(search(&snapshot, &ask, &travel), before, "the snapshot did not change");
    index.remove_appointment(offer.expert, booked.appointment.unwrap(), &travel);
    assert_eq!(search(&index, &ask, &travel), before);
}

#[test]
fn a_term_that_is_nearly_over_makes_starts_beyond_it_dearer() {
    let mut world = World::new();
    world.state_everything();
    let claim = world.request.claim.as_mut().unwrap();
    claim.loss.as_mut().unwrap().nature = "CatastropheNaturelle".to_owned();
    // Declared on 5 February: an expertise is to be ordered by 5 March (L125-2).
    claim.date = at("2026-02-05T10:00:00Z");
    world.settings.term_margin_days = 1;
    world.request.limit = 30;
    let nears = at("2026-03-04T23:00:00Z");
    let offers = world.search().offers;
    assert!(offers.iter().any(|offer| offer.slot.start > nears), "{offers:?}");
    for offer in &offers {
        let late = (offer.slot.start.as_second() - nears.as_second()).max(0);
        assert_eq!(i64::from(offer.score.term), late * 15 / 3600);
    }
    world.request.claim.as_mut().unwrap().loss.as_mut().unwrap().nature = "Vol".to_owned();
    assert!(world.search().offers.iter().all(|offer| offer.score.term == 0));
}

#[test]
fn the_terms_of_a_score_add_up() {
    let mut world = World::new();
    world.busy.push(world.site("2026-03-02T09:00:00Z", "2026-03-02T09:30:00Z", PARIS));
    let offers = world.search().offers;
    assert!(offers.iter().any(|offer| offer.score.travel > 0) && offers.iter().any(|offer| offer.score.load > 0));
    for offer in offers {
        let constat_availability::Score { travel, load, trades, delay, term, spread, promised, total } = offer.score;
        assert_eq!(travel + load + trades + delay + term + spread + promised, total);
    }
}

#[test]
fn whoever_is_on_call_takes_catastrophes_outside_the_ordinary_hours() {
    let mut world = World::new();
    let saturday = jiff::civil::date(2026, 3, 7);
    world.expert.on_call.push(OnCall { from: saturday, to: saturday, hours: hours(&["10:00-12:00"]) });
    world.request.from = at("2026-03-07T00:00:00Z");
    world.request.to = at("2026-03-08T00:00:00Z");
    world.state_everything();
    assert_eq!(world.search().reasons[0].code, ReasonCode::NotWorking);
    world.request.claim.as_mut().unwrap().loss.as_mut().unwrap().nature = "TempeteNeigeGrele".to_owned();
    assert_eq!(world.starts()[0], at("2026-03-07T09:00:00Z"));
    let start = at("2026-03-07T09:00:00Z").as_second();
    assert_eq!(world.judge(start, 3600), Ok(()));
    // What is booked is taken in both calendars.
    let mut index = world.index();
    let travel = Estimator::default();
    index.insert_busy(world.expert.id, world.site_seconds(start, start + 7200, NEAR), &travel);
    assert_eq!(search(&index, &world.requirement(), &travel).reasons[0].code, ReasonCode::FullyBooked);
}

#[test]
fn the_weekly_cap_counts_visits_from_monday_to_sunday() {
    let mut world = World::new();
    world.expert.weekly_cap = Some(2);
    world.busy.push(world.remote("2026-03-02T09:00:00Z", "2026-03-02T09:30:00Z"));
    world.busy.push(world.remote("2026-03-08T20:00:00Z", "2026-03-08T20:30:00Z"));
    let second_week = at("2026-03-08T23:00:00Z");
    assert!(world.starts().iter().all(|start| *start >= second_week));
    let thursday = at("2026-03-05T09:00:00Z").as_second();
    assert_eq!(world.judge(thursday, 3600), Err(ReasonCode::FullyBooked), "the commit counts the whole week too");
    assert_eq!(world.judge(thursday + 7 * 86_400, 3600), Ok(()));
}
