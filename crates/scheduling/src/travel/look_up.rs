//! Before a search answers or a booking decides: drives that matter and are not known yet are asked
//! for, outside every transaction and within a budget of time.
//!
//! Without a routing server nothing here waits for anything. With one, a search is made with what
//! is known; the drives that its offers rest on are learned; and it is made again, [`MOST_ROUNDS`]
//! times at most, until its offers rest on known drives. What stays unknown is estimated, and
//! counted.

use crate::Scheduler;
use std::sync::Arc;

use constat_availability::{
    CalendarIndex, ExpertCalendar, Outcome, Requirement, Travel as _, eligible, feasible, who_can,
};
use constat_domain::geo::Position;
use constat_domain::ids::ExpertId;

use crate::offer::participants::{Named, Side, named_by};
use crate::offer::token::Offer;
use crate::search::Asked;
use crate::travel::Leg;
use crate::travel::known_drives::Known;
use crate::travel::routed::Routed;

/// How often the routing server is asked for one answer.
const MOST_ROUNDS: usize = 3;

/// Slower roads than estimated make offers vanish: the drives of so many times more offers are
/// learned, so that others can take their place at once.
const SPARE_OFFERS: usize = 2;

/// Most offers whose drives are looked at.
const MOST_OFFERS: usize = 60;

/// Most bases near the place that are looked at in one round, offered or not.
const MOST_BASES: usize = 40;

/// How many who may step in for somebody whose time is gone are looked at.
const MOST_OTHERS: usize = 5;

/// Learns the drives that the booking of an offer will be judged by: those of its expert around that
/// time, and, when that person's time is gone, those of whoever may take it instead. To be called
/// before the command, which may not leave the machine.
pub async fn look_up_drives(scheduler: &Scheduler, offer: &Offer) {
    let Some(routed) = scheduler.travel.routed() else { return };
    // Whatever is wrong with the calendars or the offer, the booking itself will say.
    let Ok(sides) = named_by(scheduler, offer, |tenant| scheduler.calendars.of(tenant, scheduler.core.clock.now()))
    else {
        return;
    };
    let (from, to) = (offer.busy_from, offer.busy_to);
    let drives_of = |side: &Side, expert: ExpertId| {
        let calendar = side.calendars.get(expert);
        calendar.map(|calendar| calendar.drives_around(&side.requirement, from, to)).into_iter().flatten()
    };
    let mut legs = Vec::new();
    for Named { side, people } in &sides {
        legs.extend(people.iter().flat_map(|expert| drives_of(side, *expert)));
    }
    let learning = async {
        routed.learn(&legs).await?;
        let known = routed.known();
        // Whoever may step in on a side where somebody's time is gone.
        let mut more = Vec::new();
        for named in &sides {
            if !named.can_be_kept(&known, (from, to)) {
                let Named { side, people } = named;
                let others = who_can(&side.calendars, &side.requirement, from, to, &known);
                let others = others.into_iter().filter(|expert| !people.contains(expert));
                more.extend(others.take(MOST_OTHERS).flat_map(|expert| drives_of(side, expert)));
            }
        }
        if more.is_empty() {
            return Ok(());
        }
        legs.extend(more);
        routed.learn(&legs).await
    };
    let _learned = routed.within_budget(learning).await;
    routed.count_estimated(&routed.known(), &legs);
}

/// Searches with a routing server: what is offered rests on its drives, as far as it told them in time.
pub(crate) async fn by_road(routed: &Routed, asked: &Asked) -> Outcome {
    let settled = routed.within_budget(settle(routed, asked)).await.flatten();
    let known = routed.known();
    let mut outcome = settled.unwrap_or_else(|| asked.search(&asked.sides, &known));
    // Others learn meanwhile: what is offered is what a booking would accept now.
    outcome.offers.retain(|offer| {
        asked.people(offer).all(|(side, expert)| {
            let Side { calendars, requirement, .. } = &asked.sides[side];
            let calendar = calendars.laid_again(expert, requirement, &known);
            calendar.is_some_and(|calendar| {
                feasible(&calendar, requirement, offer.busy_from, offer.busy_to, &known).is_ok()
            })
        })
    });
    routed.count_estimated(&known, &drives_of(asked, &asked.sides, &outcome));
    outcome
}

/// Searches and learns in turn. Answers a search whose offers all rest on settled drives, or nothing
/// when the rounds are over or the server fails.
async fn settle(routed: &Routed, asked: &Asked) -> Option<Outcome> {
    let mut sides = asked.sides.clone();
    for _ in 0..MOST_ROUNDS {
        let known = routed.known();
        let outcome = asked.search(&sides, &known);
        let mut legs = drives_of(asked, &sides, &outcome);
        if routed.unsettled(&legs).is_empty() {
            return Some(outcome);
        }
        let mut wider = sides.clone();
        for Side { requirement, .. } in &mut wider {
            requirement.limit = (requirement.limit * SPARE_OFFERS).min(MOST_OFFERS).max(requirement.limit);
        }
        let wider = asked.search(&wider, &known);
        legs.extend(drives_of(asked, &sides, &wider));
        for side in &sides {
            legs.extend(nearest(&side.calendars, &side.requirement, &known));
        }
        routed.learn(&legs).await.ok()?;
        // What lies between two appointments was worked out with the drives known then.
        let known = routed.known();
        for offer in outcome.offers.iter().chain(&wider.offers) {
            for (side, expert) in asked.people(offer) {
                Arc::make_mut(&mut sides[side].calendars).lay_again(expert, &known);
            }
        }
    }
    None
}

/// The drives between the place and the bases nearest to it that are not settled yet: whoever is
/// next in the ranking when somebody turns out to be farther than estimated.
fn nearest(calendars: &CalendarIndex, requirement: &Requirement, known: &Known) -> Vec<Leg> {
    let Some(site) = requirement.site else { return Vec::new() };
    let able = calendars.calendars().map(ExpertCalendar::expert).filter(|expert| eligible(expert, requirement).is_ok());
    let unsettled = able.map(|expert| expert.base).filter(|base| !known.is_settled(*base, site));
    // Where no road is estimated, the server may know a ferry: the nearest as the crow flies come first.
    let mut bases: Vec<(u32, f64, Position)> =
        unsettled.map(|base| (known.seconds(base, site), base.distance_m(site), base)).collect();
    bases.sort_unstable_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
    bases.into_iter().take(MOST_BASES).flat_map(|(_, _, base)| [(base, site), (site, base)]).collect()
}

/// The drives that the offers of a search rest on.
fn drives_of(asked: &Asked, sides: &[Side], outcome: &Outcome) -> Vec<Leg> {
    let mut legs = Vec::new();
    for offer in &outcome.offers {
        for (side, expert) in asked.people(offer) {
            let Side { calendars, requirement, .. } = &sides[side];
            if let Some(calendar) = calendars.get(expert) {
                legs.extend(calendar.drives_around(requirement, offer.busy_from, offer.busy_to));
            }
        }
    }
    legs
}
