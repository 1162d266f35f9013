//! Search with a routing server: searches with the known drive times, requests those of its offers, and searches again,
//! [`MAX_ROUNDS`] times at most. Drives that stay unknown are estimated, and counted.

use std::sync::Arc;

use constat_availability::{CalendarIndex, ExpertCalendar, Outcome, Requirement, Travel as _, eligible, feasible};
use constat_domain::geo::Position;

use crate::offer::firm_requirement::FirmRequirement;
use crate::search::slot_search::SlotSearch;
use crate::travel::known_drives::Known;
use crate::travel::routed::Routed;
use crate::travel::service::Leg;

/// Maximum requests to the routing server for one search.
const MAX_ROUNDS: usize = 3;

/// Offers vanish where roads are slower than estimated: this many times more offers are looked at, so that others can
/// take their place at once.
const SPARE_OFFERS: usize = 2;

/// Maximum offers whose drives are looked at.
const MAX_OFFERS: usize = 60;

/// Maximum bases near the place that are looked at in one round, offered or not.
const MAX_BASES: usize = 40;

/// Searches with the drive times of a routing server, as far as they arrive within its time budget.
pub(crate) async fn search_by_road(routed: &Routed, search: &SlotSearch) -> Outcome {
    let settled = routed.within_budget(settle(routed, search)).await.flatten();
    let known = routed.known();
    let mut outcome = settled.unwrap_or_else(|| search.run(&search.firms, &known));
    // Other requests add drive times meanwhile: keep the offers that a booking would accept now.
    outcome.offers.retain(|offer| {
        search.experts(offer).all(|(firm, expert)| {
            let FirmRequirement { calendars, requirement, .. } = &search.firms[firm];
            let calendar = calendars.with_rebuilt_gaps(expert, requirement, &known);
            calendar.is_some_and(|calendar| {
                feasible(&calendar, requirement, offer.busy_from, offer.busy_to, &known).is_ok()
            })
        })
    });
    routed.count_estimated(&known, &drives_of(search, &search.firms, &outcome));
    outcome
}

/// Searches and requests drive times in turn. Gives the outcome whose offers all rest on known drives, or `None` after
/// [`MAX_ROUNDS`] or when the server fails.
async fn settle(routed: &Routed, search: &SlotSearch) -> Option<Outcome> {
    let mut firms = search.firms.clone();
    for _ in 0..MAX_ROUNDS {
        let known = routed.known();
        let outcome = search.run(&firms, &known);
        let mut legs = drives_of(search, &firms, &outcome);
        if routed.unsettled(&legs).is_empty() {
            return Some(outcome);
        }
        let mut wider = firms.clone();
        for FirmRequirement { requirement, .. } in &mut wider {
            requirement.limit = (requirement.limit * SPARE_OFFERS).min(MAX_OFFERS).max(requirement.limit);
        }
        let wider = search.run(&wider, &known);
        legs.extend(drives_of(search, &firms, &wider));
        for firm in &firms {
            legs.extend(nearest(&firm.calendars, &firm.requirement, &known));
        }
        routed.learn(&legs).await.ok()?;
        // The gaps between appointments were computed with the drives known then.
        let known = routed.known();
        for offer in outcome.offers.iter().chain(&wider.offers) {
            for (firm, expert) in search.experts(offer) {
                Arc::make_mut(&mut firms[firm].calendars).rebuild_gaps(expert, &known);
            }
        }
    }
    None
}

/// The unknown drives between the place and the nearest bases: these experts rank next when another one is farther away
/// than estimated.
fn nearest(calendars: &CalendarIndex, requirement: &Requirement, known: &Known) -> Vec<Leg> {
    let Some(site) = requirement.site else { return Vec::new() };
    let able = calendars.calendars().map(ExpertCalendar::expert).filter(|expert| eligible(expert, requirement).is_ok());
    let unsettled = able.map(|expert| expert.base).filter(|base| !known.is_settled(*base, site));
    // Where no road is estimated, the server may know a ferry: the nearest as the crow flies come first.
    let mut bases: Vec<(u32, f64, Position)> =
        unsettled.map(|base| (known.seconds(base, site), base.distance_m(site), base)).collect();
    bases.sort_unstable_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
    bases.into_iter().take(MAX_BASES).flat_map(|(_, _, base)| [(base, site), (site, base)]).collect()
}

/// The drives of the offers of a search.
fn drives_of(search: &SlotSearch, firms: &[FirmRequirement], outcome: &Outcome) -> Vec<Leg> {
    let mut legs = Vec::new();
    for offer in &outcome.offers {
        for (firm, expert) in search.experts(offer) {
            let FirmRequirement { calendars, requirement, .. } = &firms[firm];
            if let Some(calendar) = calendars.get(expert) {
                legs.extend(calendar.drives_around(requirement, offer.busy_from, offer.busy_to));
            }
        }
    }
    legs
}
