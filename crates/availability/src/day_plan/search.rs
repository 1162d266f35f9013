//! The search behind a proposal: local search with ruin and recreate.
//!
//! It starts from the current day and moves one visit, or exchanges two, as long as that saves driving.
//! Then it repeatedly removes a few visits, reinserts each at its cheapest position, and keeps the result
//! if it is better. The random seed and the amount of work are fixed, so the same input gives the same
//! result. A day has few visits and agreed times leave few orders, so most of the saving comes from moving
//! visits between experts.

use std::collections::BTreeMap;

use constat_domain::FieldError;
use constat_domain::expert::Expert;
use constat_domain::ids::AppointmentId;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::day_plan::frame::{Frame, Roads, Stop};
use crate::day_plan::plan::{in_order, stops_of};
use crate::day_plan::tour::{Tour, driving};
use crate::day_plan::visit::{Member, Visit};
use crate::eligibility::eligible;
use crate::requirement::Requirement;
use crate::settings::Settings;
use crate::span::Span;
use crate::zone;

/// Tours that are walked at most: well below half a second of one core.
const MAX_WALKS: usize = 150_000;

/// Rounds of taking out and putting back without gain after which the search is over.
const MAX_IDLE_ROUNDS: usize = 150;

/// Savings below a minute are not worth a telephone call.
const MIN_SAVING: i64 = 60;

/// Lower is better, from the first number on.
type Cost = (i64, i64, usize);

/// The visits of each member, by number, in order.
pub(super) type Orders = Vec<Vec<usize>>;

pub(super) struct Search<'a> {
    pub(super) frames: Vec<Frame>,
    roads: &'a Roads,
    pub(super) visits: Vec<Visit>,
    stops: Vec<Stop>,
    /// Who has each visit now.
    owner: Vec<usize>,
    /// Whether a member (inner) may have a visit (outer).
    allowed: Vec<Vec<bool>>,
    /// Most visits of each member's day.
    room: Vec<usize>,
    /// Members whose day stays as it is.
    fixed: Vec<bool>,
    /// The days as they are.
    pub(super) tours: Orders,
    walks: usize,
    chance: u64,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        members: &[Member<'_>],
        requirements: &BTreeMap<AppointmentId, Requirement>,
        date: Date,
        now: Timestamp,
        settings: &Settings,
        roads: &'a Roads,
    ) -> Result<Self, FieldError> {
        let mut search = Self {
            frames: Vec::new(),
            roads,
            visits: Vec::new(),
            stops: Vec::new(),
            owner: Vec::new(),
            allowed: Vec::new(),
            room: Vec::new(),
            fixed: vec![false; members.len()],
            tours: Vec::new(),
            walks: 0,
            chance: 0x9E37_79B9_7F4A_7C15,
        };
        for (number, member) in members.iter().enumerate() {
            let frame = Frame::new(member.expert, member.absences, member.visits, date, settings, roads)?;
            let order = in_order(&frame, roads, member.visits);
            search.room.push(room(member, date, order.len())?);
            let first = search.visits.len();
            search.tours.push((first..first + order.len()).collect());
            search.owner.extend(order.iter().map(|_| number));
            search.stops.extend(stops_of(&order, roads));
            search.visits.extend(order);
            search.frames.push(frame);
        }
        for (visit, stop, owner) in
            search.visits.iter().zip(&search.stops).zip(&search.owner).map(|((v, s), o)| (v, s, *o))
        {
            let requirement = requirements.get(&visit.appointment).filter(|_| visit.slot.start > now);
            let may = |(number, member): (usize, &Member<'_>)| {
                let frame = &search.frames[number];
                number == owner
                    || requirement.is_some_and(|requirement| {
                        may_take(member.expert, frame, requirement, visit, stop, now, settings)
                    })
            };
            search.allowed.push(members.iter().enumerate().map(may).collect());
        }
        Ok(search)
    }

    /// The best orders found, if they are worth a proposal.
    pub(super) fn run(&mut self) -> Option<Orders> {
        let start = self.tours.clone();
        let mut best = self.improve(start.clone());
        if self.cost(&best).0 > 0 {
            for (number, order) in best.iter().enumerate() {
                self.fixed[number] = self.late(number, order) > 0 || self.late(number, &start[number]) > 0;
            }
            best = self.improve(start.clone());
        }
        let (before, after) = (self.cost(&start), self.cost(&best));
        let repaired = after.0 < before.0;
        let saved = after.0 == before.0 && before.1 - after.1 >= MIN_SAVING;
        (repaired || saved).then_some(best)
    }

    fn improve(&mut self, start: Orders) -> Orders {
        self.walks = 0;
        let mut best = start;
        self.descend(&mut best);
        let mut best_cost = self.cost(&best);
        let mut idle = 0;
        while idle < MAX_IDLE_ROUNDS && self.walks < MAX_WALKS && self.has_choice() {
            let Some(mut next) = self.shaken(&best) else { break };
            self.descend(&mut next);
            let cost = self.cost(&next);
            if cost < best_cost {
                (best, best_cost, idle) = (next, cost, 0);
            } else {
                idle += 1;
            }
        }
        best
    }

    /// True when some visit may go elsewhere, or two of one person's may change places.
    fn has_choice(&self) -> bool {
        let elsewhere = (0..self.visits.len()).any(|visit| self.homes(visit).count() > 1);
        let overlap = |order: &Vec<usize>| {
            let stops = || order.iter().map(|visit| self.stops[*visit]);
            stops().zip(stops().skip(1)).any(|(one, next)| next.earliest < one.latest)
        };
        elsewhere || self.tours.iter().any(overlap)
    }

    /// The members who may have a visit, as far as they are not left out.
    fn homes(&self, visit: usize) -> impl Iterator<Item = usize> + '_ {
        let stays = self.fixed[self.owner[visit]];
        (0..self.frames.len()).filter(move |number| {
            let own = *number == self.owner[visit];
            if stays || self.fixed[*number] { own } else { self.allowed[visit][*number] }
        })
    }

    fn late(&mut self, number: usize, order: &[usize]) -> i64 {
        self.walks += 1;
        let stops: Vec<Stop> = order.iter().map(|visit| self.stops[*visit]).collect();
        Tour::walk(&self.frames[number], self.roads, &stops).late
    }

    fn tour_cost(&mut self, number: usize, order: &[usize]) -> Cost {
        let late = self.late(number, order);
        let stops: Vec<Stop> = order.iter().map(|visit| self.stops[*visit]).collect();
        let moved = order.iter().filter(|visit| self.owner[**visit] != number).count();
        (late, driving(self.frames[number].base, self.roads, &stops), moved)
    }

    fn cost(&mut self, orders: &Orders) -> Cost {
        let mut sum = (0, 0, 0);
        for (number, order) in orders.iter().enumerate() {
            sum = added(sum, self.tour_cost(number, order));
        }
        sum
    }

    /// Where a visit costs least in a tour, and what the tour costs then.
    fn cheapest(&mut self, number: usize, order: &[usize], visit: usize) -> Option<(Cost, Vec<usize>)> {
        if order.len() >= self.room[number] {
            return None;
        }
        let stop = self.stops[visit];
        let mut best: Option<(Cost, Vec<usize>)> = None;
        for at in 0..=order.len() {
            // A visit cannot precede one that must end before it can begin.
            let too_early = order.get(at..).is_some_and(|rest| {
                rest.iter().any(|later| self.stops[*later].latest + self.stops[*later].lasting <= stop.earliest)
            });
            let too_late =
                order[..at].iter().any(|earlier| stop.latest + stop.lasting <= self.stops[*earlier].earliest);
            if too_early || too_late {
                continue;
            }
            let mut longer = order.to_vec();
            longer.insert(at, visit);
            let cost = self.tour_cost(number, &longer);
            if best.as_ref().is_none_or(|(known, _)| cost < *known) {
                best = Some((cost, longer));
            }
        }
        best
    }

    /// Moves visits and exchanges them as long as that helps.
    fn descend(&mut self, orders: &mut Orders) {
        while self.walks < MAX_WALKS && (self.move_each(orders) || self.exchange_each(orders)) {}
    }

    /// Puts each visit where it costs least; true when that helped.
    fn move_each(&mut self, orders: &mut Orders) -> bool {
        let mut helped = false;
        for visit in 0..self.visits.len() {
            let Some(from) = holder(orders, visit) else { continue };
            let homes: Vec<usize> = self.homes(visit).collect();
            if self.walks >= MAX_WALKS || (homes.len() < 2 && orders[from].len() < 2) {
                continue;
            }
            let rest = without(&orders[from], visit);
            let (with_cost, rest_cost) = (self.tour_cost(from, &orders[from]), self.tour_cost(from, &rest));
            for to in homes {
                let base = if to == from { &rest } else { &orders[to] };
                let Some((cost, longer)) = self.cheapest(to, base, visit) else { continue };
                let (old, new) = if to == from {
                    (with_cost, cost)
                } else {
                    (added(with_cost, self.tour_cost(to, base)), added(rest_cost, cost))
                };
                if new < old {
                    orders[from] = rest;
                    orders[to] = longer;
                    helped = true;
                    break;
                }
            }
        }
        helped
    }

    /// Exchanges each two visits of different people where that costs less; true when it helped.
    fn exchange_each(&mut self, orders: &mut Orders) -> bool {
        let mut helped = false;
        let homes: Vec<Vec<usize>> = (0..self.visits.len()).map(|visit| self.homes(visit).collect()).collect();
        for one in 0..self.visits.len() {
            for other in one + 1..self.visits.len() {
                let (Some(a), Some(b)) = (holder(orders, one), holder(orders, other)) else { continue };
                if a == b || !homes[one].contains(&b) || !homes[other].contains(&a) {
                    continue;
                }
                if self.walks >= MAX_WALKS {
                    return helped;
                }
                let (rest_a, rest_b) = (without(&orders[a], one), without(&orders[b], other));
                let Some((cost_a, order_a)) = self.cheapest(a, &rest_a, other) else { continue };
                let Some((cost_b, order_b)) = self.cheapest(b, &rest_b, one) else { continue };
                let old = added(self.tour_cost(a, &orders[a]), self.tour_cost(b, &orders[b]));
                if added(cost_a, cost_b) < old {
                    (orders[a], orders[b]) = (order_a, order_b);
                    helped = true;
                }
            }
        }
        helped
    }

    /// Takes a few visits out and puts each back where it costs least. `None` when one finds no place.
    fn shaken(&mut self, orders: &Orders) -> Option<Orders> {
        let mut next = orders.clone();
        let count = self.visits.len();
        let mut out: Vec<usize> = Vec::new();
        for _ in 0..(2 + self.draw(4)).min(count) {
            let visit = self.draw(count);
            let movable = holder(orders, visit).is_some_and(|number| !self.fixed[number]);
            if movable && !out.contains(&visit) {
                out.push(visit);
            }
        }
        for order in &mut next {
            order.retain(|visit| !out.contains(visit));
        }
        for visit in out {
            let homes: Vec<usize> = self.homes(visit).collect();
            let mut best: Option<(Cost, usize, Vec<usize>)> = None;
            for number in homes {
                let old = self.tour_cost(number, &next[number].clone());
                let Some((cost, longer)) = self.cheapest(number, &next[number].clone(), visit) else { continue };
                let more = (cost.0 - old.0, cost.1 - old.1, cost.2.saturating_sub(old.2));
                if best.as_ref().is_none_or(|(known, ..)| more < *known) {
                    best = Some((more, number, longer));
                }
            }
            let (_, number, longer) = best?;
            next[number] = longer;
        }
        Some(next)
    }

    /// A number below `count`, by `SplitMix64` (Steele, Lea, Flood 2014) from a fixed seed.
    fn draw(&mut self, count: usize) -> usize {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % count.max(1) as u64).unwrap_or(0)
    }
}

fn added(one: Cost, other: Cost) -> Cost {
    (one.0 + other.0, one.1 + other.1, one.2 + other.2)
}

fn without(order: &[usize], visit: usize) -> Vec<usize> {
    order.iter().copied().filter(|known| *known != visit).collect()
}

fn holder(orders: &Orders, visit: usize) -> Option<usize> {
    orders.iter().position(|order| order.contains(&visit))
}

/// Most visits of the day that daily and weekly caps leave; never fewer than there are.
fn room(member: &Member<'_>, date: Date, today: usize) -> Result<usize, FieldError> {
    let expert = member.expert;
    let daily = expert.daily_cap.map_or(usize::MAX, usize::from);
    let weekly = match expert.weekly_cap {
        None => usize::MAX,
        Some(cap) => {
            let week = zone::week_of(&expert.time_zone()?, date);
            let this_week = member.visits.iter().filter(|visit| visit.is_within(week)).count();
            (usize::from(cap) + today).saturating_sub(this_week)
        }
    };
    Ok(daily.min(weekly).max(today))
}

/// Whether another expert may take a visit, apart from the conditions that depend on the other visits.
fn may_take(
    expert: &Expert,
    frame: &Frame,
    requirement: &Requirement,
    visit: &Visit,
    stop: &Stop,
    now: Timestamp,
    settings: &Settings,
) -> bool {
    let promised = Span { start: stop.earliest, end: stop.latest + stop.lasting };
    let closed = || requirement.closed.iter().any(|closed| closed.meets(promised));
    let soon = visit.slot.start < zone::timestamp(now.as_second() + settings.notice_seconds(expert));
    eligible(expert, requirement).is_ok()
        && !soon
        && !(requirement.keeps_closed(expert.holidays_off) && closed())
        && visit.is_within(frame.day)
        && frame.fit(stop, stop.earliest).is_some()
}
