//! Times that others were offered: they rank behind, and are never hidden.

#[expect(dead_code, reason = "other tests use the rest")]
mod world;

use std::collections::BTreeSet;

use constat_availability::{
    Busy, CalendarIndex, Estimator, Offer, OpenOffer, OpenOffers, Party, Requirement, Score, Spot, feasible, search,
    search_together,
};
use constat_domain::geo::Position;
use constat_domain::ids::AppointmentId;
use jiff::Timestamp;
use proptest::prelude::*;
use world::{NEAR, PARIS, World, at, position};

/// An open offer of another caller.
fn open(offer: &Offer, site: Option<Position>) -> OpenOffer {
    OpenOffer {
        expert: offer.expert,
        start: offer.busy_from,
        end: offer.busy_to,
        site: site.map(Spot::new),
        per_mille: 100,
    }
}

fn offers(index: &CalendarIndex, requirement: &Requirement) -> Vec<Offer> {
    search(index, requirement, &Estimator::default()).offers
}

fn starts(offers: &[Offer]) -> BTreeSet<Timestamp> {
    offers.iter().map(|offer| offer.slot.start).collect()
}

#[test]
fn what_others_were_offered_of_the_only_expert_comes_last_and_is_not_hidden() {
    let mut world = World::new();
    (world.request.from, world.request.to) = (at("2026-03-02T07:00:00Z"), at("2026-03-02T17:00:00Z"));
    world.request.limit = 3;
    let (index, mut ask) = (world.index(), world.requirement());
    let first = offers(&index, &ask);
    ask.open = OpenOffers::new(first.iter().take(1).map(|offer| open(offer, ask.site)).collect());
    let second = offers(&index, &ask);
    assert_ne!(second[0].slot.start, first[0].slot.start);
    ask.limit = 30;
    let all = offers(&index, &ask);
    let contested = all.iter().position(|offer| offer.score.promised > 0).unwrap();
    assert!(all[contested..].iter().all(|offer| offer.score.promised > 0), "behind all others: {all:?}");
    ask.open = OpenOffers::default();
    assert_eq!(starts(&all), starts(&offers(&index, &ask)));
}

#[test]
fn the_only_time_is_offered_to_whoever_asks() {
    let mut world = World::new();
    (world.request.from, world.request.to) = (at("2026-03-02T08:00:00Z"), at("2026-03-02T09:00:00Z"));
    let (index, mut ask) = (world.index(), world.requirement());
    let before = offers(&index, &ask);
    ask.open = OpenOffers::new(vec![open(&before[0], ask.site)]);
    let after = offers(&index, &ask);
    assert_eq!((before.len(), starts(&before)), (1, starts(&after)));
    // The other caller books with a probability of 1/10, and no other expert is free: 9.5 % (Poisson).
    assert_eq!(after[0].score.promised, 100 + 95_162);
}

#[test]
fn somebody_who_is_not_named_is_preferred_at_the_same_time() {
    let world = World::new();
    let mut index = world.index();
    let twin = world::expert(9);
    index.put(twin.clone(), &[], Vec::new(), &Estimator::default()).unwrap();
    let mut ask = world.requirement();
    let before = offers(&index, &ask);
    ask.open = OpenOffers::new(before.iter().map(|offer| open(offer, ask.site)).collect());
    let after = offers(&index, &ask);
    assert_eq!(starts(&after), starts(&before), "there are enough people");
    assert!(after.iter().all(|offer| offer.expert == twin.id && offer.score.promised == 0));
}

#[test]
fn the_way_from_one_visit_to_the_other_counts() {
    let mut world = World::new();
    (world.request.from, world.request.to) = (at("2026-03-02T08:00:00Z"), at("2026-03-02T11:00:00Z"));
    let (index, mut ask) = (world.index(), world.requirement());
    let at_nine = offers(&index, &ask)[0].clone();
    let with = |ask: &mut Requirement, site: Position| {
        ask.open = OpenOffers::new(vec![open(&at_nine, Some(site))]);
        let free = offers(&index, ask).into_iter().filter(|offer| offer.score.promised == 0);
        free.map(|offer| offer.slot.start).min()
    };
    let near = with(&mut ask, NEAR).unwrap();
    assert!(near >= at("2026-03-02T09:10:00Z"), "the buffer is kept: {near}");
    let far = with(&mut ask, position(49.1, 2.3));
    assert!(far.is_none_or(|far| far > near), "{far:?} {near}");
}

#[test]
fn a_joint_search_looks_at_each_partys_promises() {
    let world = World::new();
    let (index, ask) = (world.index(), world.requirement());
    let mut other = ask.clone();
    let of = |ask: &Requirement, other: &Requirement| {
        let parties = [Party { index: &index, requirement: ask }, Party { index: &index, requirement: other }];
        search_together(&parties, &Estimator::default()).offers
    };
    let before = of(&ask, &other);
    other.open = OpenOffers::new(vec![open(&before[0], ask.site)]);
    let after = of(&ask, &other);
    assert_ne!(after[0].slot.start, before[0].slot.start);
    assert!(after.iter().all(|offer| offer.score.promised == 0), "how busy the others are is theirs to know");
}

/// Whose, when (half-hours from Monday on), how far from Paris, how likely.
type Drawn = (usize, i64, i32, u16);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nothing is hidden; what costs nothing more can be kept beside each open offer; points add up.
    #[test]
    fn open_offers_change_the_order_and_nothing_else(
        drawn in proptest::collection::vec((0_usize..3, 0_i64..240, 0_i32..60, 0_u16..=1000), 0..25),
        visits in proptest::collection::vec((0_usize..3, 0_i64..240, 0_i32..60), 0..8),
    ) {
        let mut world = World::new();
        (world.request.from, world.request.to) = (at("2026-03-02T00:00:00Z"), at("2026-03-07T00:00:00Z"));
        world.request.limit = 255;
        let travel = Estimator::default();
        let people = [1, 2, 3].map(world::expert);
        let time = |half_hours: i64| {
            let start = at("2026-03-02T00:00:00Z").as_second() + half_hours * 1800;
            (Timestamp::from_second(start).unwrap(), Timestamp::from_second(start + 3600).unwrap())
        };
        let away = |hundredths: i32| position(PARIS.lat + f64::from(hundredths) / 100.0, PARIS.lon);
        let mut index = CalendarIndex::new(world.now, 30, std::sync::Arc::new(world.settings.clone()));
        for (number, expert) in people.iter().enumerate() {
            let own = visits.iter().filter(|(whose, ..)| *whose == number);
            let busy = own.map(|(_, when, far)| {
                let (start, end) = time(*when);
                Busy { start, end, position: Some(away(*far)), appointment: None }
            });
            index.put(expert.clone(), &[], busy.collect(), &travel).unwrap();
        }
        let mut ask = world.requirement();
        let before = offers(&index, &ask);
        let made = |(whose, when, far, per_mille): &Drawn| {
            let (start, end) = time(*when);
            let site = Some(Spot::new(away(*far)));
            OpenOffer { expert: people[*whose].id, start, end, site, per_mille: *per_mille }
        };
        let made: Vec<OpenOffer> = drawn.iter().map(made).collect();
        ask.open = OpenOffers::new(made.clone());
        let after = offers(&index, &ask);
        prop_assert_eq!(starts(&before), starts(&after));
        if made.is_empty() {
            prop_assert_eq!(&before, &after);
        }
        for offer in &after {
            let Score { travel: driving, load, trades, delay, term, spread, promised, total } = offer.score;
            prop_assert_eq!(total, driving + load + trades + delay + term + spread + promised);
            let calendar = index.get(offer.expert).unwrap();
            let time = (offer.busy_from, offer.busy_to);
            prop_assert!(feasible(calendar, &ask, time.0, time.1, &travel).is_ok());
            // As if one of the open offers had been booked: where that is possible at all.
            let own = made.iter().filter(|open| open.expert == offer.expert && promised == 0);
            for open in own {
                let mut booked = index.clone();
                let appointment = Some(AppointmentId::new(world.now, &[7; 10]));
                let position = open.site.map(|site| site.position);
                let mut other = ask.clone();
                other.site = position;
                if feasible(calendar, &other, open.start, open.end, &travel).is_ok() {
                    let busy = Busy { start: open.start, end: open.end, position, appointment };
                    booked.insert_busy(offer.expert, busy, &travel);
                    let calendar = booked.get(offer.expert).unwrap();
                    prop_assert_eq!(feasible(calendar, &ask, time.0, time.1, &travel), Ok(()));
                }
            }
        }
    }
}
