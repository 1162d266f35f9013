//! Several experts at one place at one time: one expert of each party's firm for an adversarial
//! expertise, or the workers of one firm for a repair that needs several trades.
//!
//! Each party is searched separately. The result is the starts at which every party has a free expert, at
//! the sum of their prices. For a team, workers with the same subset of the wanted trades form one group,
//! each group is searched separately, and each start uses the smallest number of groups that cover all
//! trades. Groups are disjoint, so no worker is counted twice.

use constat_domain::expert::{Expert, Trade};
use constat_domain::ids::ExpertId;

use crate::best_expert::Entry;
use crate::bits::Bits;
use crate::index::CalendarIndex;
use crate::judge::Judge;
use crate::rank::{Chosen, Score, cell_of, choose};
use crate::reason::{Reason, ReasonCode, Tally};
use crate::requirement::Requirement;
use crate::search::{Found, Offer, Outcome, Scan, offer};
use crate::travel::Travel;

/// One party to a meeting: whose calendars, and what its expert must meet.
///
/// The parties' requirements are of one window, place and length; they may differ in what the record
/// of an expert is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Party<'a> {
    /// The firm's calendars.
    pub index: &'a CalendarIndex,
    /// What is asked of its expert.
    pub requirement: &'a Requirement,
}

/// Searches the starts at which every party has a free expert. Each offer names the first party's expert,
/// and in [`Offer::others`] those of the other parties, in their order.
///
/// Ranked by the sum of the parties' prices, otherwise as [`search()`](crate::search()). The returned score
/// is the first party's only: the workload of the other firms is confidential.
pub fn search_together<T: Travel + ?Sized>(parties: &[Party<'_>], travel: &T) -> Outcome {
    let Some(first) = parties.first() else { return Outcome { offers: Vec::new(), reasons: Vec::new() } };
    let searched: Vec<Found> = parties
        .iter()
        .map(|party| {
            let (candidates, _) = party.index.eligible(party.requirement);
            Scan::new(party.index, party.requirement, travel).run(&candidates)
        })
        .collect();
    let count = searched.iter().map(|found| found.cells.len()).min().unwrap_or(0);
    let mut cells: Vec<Entry> = (0..count).map(|cell| sum(searched.iter().map(|party| party.cells[cell]))).collect();
    let mut judges: Vec<_> = parties.iter().map(|party| Judge::new(party.requirement, travel)).collect();
    let weights = &first.index.settings().weights;
    let offers = choose(&mut cells, first.requirement, weights).into_iter().filter_map(|chosen| {
        let cell = cell_of(first.requirement, &chosen)?;
        let present = parties.iter().zip(&searched).zip(&mut judges).map(|((party, found), judge)| {
            let (_, expert) = found.cells.get(cell)?.get()?;
            let score = Score { promised: found.promised_at(Some(cell)), ..chosen.score };
            Some(offer(party.index, party.requirement, judge, &Chosen { expert, score, ..chosen }))
        });
        let present = present.collect::<Option<Vec<_>>>()?;
        let [first, others @ ..] = present.as_slice() else { return None };
        let theirs = others.iter().fold(0, |sum: u32, offer| sum.saturating_add(own_points(&offer.score)));
        let score = Score { total: first.score.total.saturating_sub(theirs), ..first.score };
        let others = others.iter().map(|offer| offer.expert).collect();
        Some(Offer { others, score, ..first.clone() })
    });
    let offers: Vec<Offer> = offers.collect();
    let reasons = if offers.is_empty() { why_not(parties, travel) } else { Vec::new() };
    Outcome { offers, reasons }
}

/// Searches the times at which one firm can have every wanted trade there: one worker who holds all
/// of them, or several who do together, as few as possible. Who holds most comes first; those in
/// [`Offer::others`] are other people.
///
/// With less than two trades wanted it is [`search()`](crate::search()).
pub fn search_team<T: Travel + ?Sized>(index: &CalendarIndex, requirement: &Requirement, travel: &T) -> Outcome {
    let wanted = requirement.trades.as_slice();
    if wanted.len() < 2 {
        return crate::search(index, requirement, travel);
    }
    let (candidates, _) = index.eligible(requirement);
    let mut groups: Vec<Option<Bits>> = vec![None; everything(wanted) + 1];
    for number in candidates.iter() {
        let held = held_of(index.calendar(number, requirement).expert(), wanted);
        groups[held].get_or_insert_with(|| Bits::none(index.len())).insert(number);
    }
    let searched: Vec<Option<Found>> = groups
        .iter()
        .map(|group| group.as_ref().map(|group| Scan::new(index, requirement, travel).run(group)))
        .collect();
    let found = |held: usize, cell: usize| searched[held].as_ref().and_then(|found| found.cells.get(cell)?.get());
    let promised = |held: usize, cell: usize| searched[held].as_ref().map_or(0, |found| found.promised_at(Some(cell)));
    let team_at = |cell: usize| fewest(wanted, |held| found(held, cell).map(|(cost, _)| cost));
    let count = searched.iter().flatten().map(|found| found.cells.len()).max().unwrap_or(0);
    let cells = (0..count).map(|cell| team_at(cell).map_or(Entry::NONE, |team| Entry::capped(team.cost, 0)));
    let mut cells: Vec<Entry> = cells.collect();
    let mut judge = Judge::new(requirement, travel);
    let weights = &index.settings().weights;
    let offers = choose(&mut cells, requirement, weights).into_iter().filter_map(|chosen| {
        let cell = cell_of(requirement, &chosen)?;
        let members = team_at(cell)?.members().filter_map(|held| Some((held, found(held, cell)?)));
        let present = members.map(|(held, (_, expert))| {
            let score = Score { promised: promised(held, cell), ..chosen.score };
            offer(index, requirement, &mut judge, &Chosen { expert, score, ..chosen })
        });
        teamed(present.collect())
    });
    let offers: Vec<Offer> = offers.collect();
    let reasons = if offers.is_empty() { why_not(&[Party { index, requirement }], travel) } else { Vec::new() };
    Outcome { offers, reasons }
}

/// The smallest set of the given experts, best first, that covers every wanted trade, in the order in which
/// [`search_team`] names them. Among sets of equal size the earlier experts win. With fewer than two wanted
/// trades: the first expert. `None` when no expert holds one of the trades.
pub fn pick_team(index: &CalendarIndex, requirement: &Requirement, people: &[ExpertId]) -> Option<Vec<ExpertId>> {
    let wanted = requirement.trades.as_slice();
    if wanted.len() < 2 {
        return people.first().map(|expert| vec![*expert]);
    }
    let mut firsts: Vec<Option<(u64, ExpertId)>> = vec![None; everything(wanted) + 1];
    for (place, expert) in (0..).zip(people) {
        if let Some(calendar) = index.get(*expert) {
            firsts[held_of(calendar.expert(), wanted)].get_or_insert((place, *expert));
        }
    }
    let team = fewest(wanted, |held| firsts[held].map(|(place, _)| place))?;
    Some(team.members().filter_map(|held| firsts[held].map(|(_, expert)| expert)).collect())
}

/// Sets of wanted trades are written as bits: trade `i` of those wanted is bit `i`.
fn everything(wanted: &[Trade]) -> usize {
    (1 << wanted.len().min(Trade::ALL.len())) - 1
}

fn held_of(expert: &Expert, wanted: &[Trade]) -> usize {
    let held = wanted.iter().take(Trade::ALL.len()).enumerate();
    held.filter(|(_, trade)| expert.skills.trades.contains(trade)).fold(0, |set, (bit, _)| set | 1 << bit)
}

/// Some groups; ordered by what is preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Team {
    people: u32,
    cost: u64,
    /// Bit `n` is set when the group holds exactly the set `n`.
    groups: u64,
}

impl Team {
    /// The sets that its members hold, the largest first.
    fn members(self) -> impl Iterator<Item = usize> {
        let mut held: Vec<usize> = (0..64).filter(|set| self.groups >> set & 1 == 1).collect();
        held.sort_by_key(|set| (std::cmp::Reverse(set.count_ones()), *set));
        held.into_iter()
    }
}

/// The fewest groups, and of equally few the cheapest, that hold everything wanted together. One
/// more member of a group that is in already would add nothing.
fn fewest(wanted: &[Trade], cost_of: impl Fn(usize) -> Option<u64>) -> Option<Team> {
    let all = everything(wanted);
    // By what is held together. Five trades make 32 sets.
    let mut best = [None::<Team>; 1 << Trade::ALL.len()];
    best[0] = Some(Team { people: 0, cost: 0, groups: 0 });
    for set in 1..=all {
        let Some(cost) = cost_of(set) else { continue };
        for held in (0..=all).rev() {
            let Some(team) = best[held] else { continue };
            let with = held | set;
            let larger = Team { people: team.people + 1, cost: team.cost + cost, groups: team.groups | 1 << set };
            if with != held && best[with].is_none_or(|known| larger < known) {
                best[with] = Some(larger);
            }
        }
    }
    best[all]
}

/// The sum of all prices; no entry when one is missing. The expert number of the sum has no meaning.
fn sum(entries: impl Iterator<Item = Entry>) -> Entry {
    let mut total: u64 = 0;
    for entry in entries {
        let Some((cost, _)) = entry.get() else { return Entry::NONE };
        total += cost;
    }
    Entry::capped(total, 0)
}

/// What of the points is the expert's doing.
fn own_points(score: &Score) -> u32 {
    score.travel.saturating_add(score.load).saturating_add(score.trades).saturating_add(score.promised)
}

/// One offer of a team's: the first one's with all others named, the points added up.
fn teamed(present: Vec<Offer>) -> Option<Offer> {
    let mut present = present.into_iter();
    let mut first = present.next()?;
    for Offer { expert, score, .. } in present {
        first.others.push(expert);
        let Score { travel, load, trades, promised, .. } = score;
        first.score.travel = first.score.travel.saturating_add(travel);
        first.score.load = first.score.load.saturating_add(load);
        first.score.trades = first.score.trades.saturating_add(trades);
        first.score.promised = first.score.promised.saturating_add(promised);
    }
    Some(first)
}

/// Why each person of each party is not offered.
fn why_not<T: Travel + ?Sized>(parties: &[Party<'_>], travel: &T) -> Vec<Reason> {
    let mut tally = Tally::default();
    for Party { index, requirement } in parties {
        let (candidates, refused) = index.eligible(requirement);
        for Reason { code, count } in refused.into_reasons() {
            tally.add_many(code, count);
        }
        let mut judge = Judge::new(requirement, travel);
        for number in candidates.iter() {
            let known = index.calendar(number, requirement);
            let moved = known.without(&requirement.reschedules, travel);
            let calendar = moved.as_ref().unwrap_or(known);
            let free = judge.has_start(calendar);
            tally.add(if free { ReasonCode::NotTogether } else { judge.why_not(calendar) });
        }
    }
    tally.into_reasons()
}
