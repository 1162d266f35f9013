//! The search: every eligible expert, every free gap, the best offers.

use constat_domain::appointment::Slot;
use constat_domain::ids::ExpertId;
use jiff::Timestamp;

use crate::calendar::{Day, ExpertCalendar, Span};
use crate::eligibility::eligible;
use crate::gaps::Walk;
use crate::index::CalendarIndex;
use crate::rank::{Best, Score, choose, points};
use crate::reason::{Reason, ReasonCode, Tally};
use crate::requirement::Requirement;
use crate::settings::{Settings, Weights};
use crate::travel::Travel;
use crate::zone;

/// A time that can be booked.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Who would come or call.
    pub expert: ExpertId,
    /// What is promised.
    pub slot: Slot,
    /// What it takes in the expert's day: from.
    pub busy_from: Timestamp,
    /// What it takes in the expert's day: to.
    pub busy_to: Timestamp,
    /// Why it stands where it stands in the list.
    pub score: Score,
}

/// The answer to a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Best first; each start once.
    pub offers: Vec<Offer>,
    /// How many experts have no possible start, by reason. Counted whether or not there are offers.
    pub reasons: Vec<Reason>,
}

/// Searches all calendars for the times that fit a requirement.
///
/// Deterministic: of equal offers the earlier start comes first, of equal experts the one with the
/// lower id.
pub fn search<T: Travel + ?Sized>(
    index: &CalendarIndex,
    requirement: &Requirement,
    settings: &Settings,
    travel: &T,
) -> Outcome {
    let first = requirement.on_grid(requirement.from);
    let count = (requirement.to - first).max(0) / requirement.grid + 1;
    let mut best = vec![Best::NONE; usize::try_from(count).unwrap_or(0)];
    let mut tally = Tally::default();
    for (number, calendar) in (0_u32..).zip(index.calendars()) {
        let found = eligible(calendar.expert(), requirement).and_then(|()| {
            let cost = ExpertCost::new(calendar, requirement, &settings.weights);
            let walk = Walk::new(calendar, requirement, settings, travel);
            scan(&walk, requirement, &cost, number, first, &mut best)
        });
        if let Err(reason) = found {
            tally.add(reason);
        }
    }
    let experts: Vec<ExpertId> = index.calendars().map(|calendar| calendar.expert().id).collect();
    let offers = choose(&mut best, first, requirement, &settings.weights)
        .into_iter()
        .map(|chosen| {
            let (start, end) = (zone::timestamp(chosen.start), zone::timestamp(chosen.start + requirement.occupied));
            let slot = Slot { kind: requirement.slot_kind, start, end, duration_minutes: requirement.duration_minutes };
            let expert = experts[chosen.expert as usize];
            Offer { expert, slot, busy_from: start, busy_to: end, score: chosen.score }
        })
        .collect();
    Outcome { offers, reasons: tally.into_reasons() }
}

/// Everybody who can take one exact visit, best first: for a commit that finds the first choice
/// taken and keeps the promised time with somebody else.
pub fn who_can<T: Travel + ?Sized>(
    index: &CalendarIndex,
    requirement: &Requirement,
    start: Timestamp,
    end: Timestamp,
    settings: &Settings,
    travel: &T,
) -> Vec<ExpertId> {
    let visit = Span { start: start.as_second(), end: end.as_second() };
    let mut able: Vec<(u32, ExpertId)> = index
        .calendars()
        .filter(|calendar| eligible(calendar.expert(), requirement).is_ok())
        .filter_map(|calendar| {
            let walk = Walk::new(calendar, requirement, settings, travel).lasting(visit.end - visit.start);
            let (day, added_travel) = walk.judge(visit).ok()?;
            let cost = ExpertCost::new(calendar, requirement, &settings.weights);
            Some((cost.of(day, added_travel).cost, calendar.expert().id))
        })
        .collect();
    able.sort_unstable();
    able.into_iter().map(|(_, expert)| expert).collect()
}

/// Points of one expert.
struct ExpertCost<'a> {
    weights: &'a Weights,
    trades: u32,
}

impl<'a> ExpertCost<'a> {
    fn new(calendar: &ExpertCalendar, requirement: &Requirement, weights: &'a Weights) -> Self {
        let held = &calendar.expert().skills.trades;
        let missing = requirement.trades.iter().filter(|trade| !held.contains(trade)).count();
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        Self { weights, trades: weights.missing_trade.saturating_mul(missing) }
    }

    fn of(&self, day: &Day, added_travel: i64) -> Best {
        let travel = points(added_travel.saturating_mul(i64::from(self.weights.added_travel_minute)) / 60);
        let that_day = self.weights.visit_that_day.saturating_mul(u32::from(day.visits));
        let that_week = self.weights.visit_that_week.saturating_mul(u32::from(day.week_visits));
        let load = that_day.saturating_add(that_week);
        // One below the mark of "nobody".
        let cost = travel.saturating_add(load).saturating_add(self.trades).min(u32::MAX - 1);
        Best { cost, expert: 0, travel, load }
    }
}

/// Enters one expert's possible starts; tells why there is none.
fn scan<T: Travel + ?Sized>(
    walk: &Walk<'_, T>,
    requirement: &Requirement,
    cost: &ExpertCost<'_>,
    number: u32,
    first: i64,
    best: &mut [Best],
) -> Result<(), ReasonCode> {
    let calendar = walk.calendar;
    let occupied = requirement.occupied;
    let mut reason = ReasonCode::NotWorking;
    let mut found = false;
    let days = &calendar.days;
    let first_day = days.partition_point(|day| day.end <= requirement.from);
    let mut block = days.get(first_day).map_or(0, |day| walk.first_block(day.start));
    for day in days[first_day..].iter().take_while(|day| day.start < requirement.to) {
        let fits = |span: Span, from: i64| span.end.min(requirement.to) - span.start.max(from) >= occupied;
        if !fits(day.hours, requirement.from) {
            continue;
        }
        if !fits(day.hours, walk.earliest) {
            reason = reason.max(ReasonCode::Notice);
            continue;
        }
        let free = calendar.free_of(day);
        if !free.iter().any(|span| fits(*span, walk.earliest)) {
            reason = reason.max(if day.has_absence { ReasonCode::Absent } else { ReasonCode::NotWorking });
            continue;
        }
        if walk.is_closed(day) {
            reason = reason.max(ReasonCode::PublicHoliday);
            continue;
        }
        // Whatever follows, there is working time for the visit; unless a gap is found, it is taken.
        reason = reason.max(ReasonCode::FullyBooked);
        if walk.is_full(day) {
            continue;
        }
        for range in free {
            if !fits(*range, walk.earliest) {
                continue;
            }
            walk.each_gap(*range, &mut block, |gap| match walk.starts(day, gap) {
                Err(code) => reason = reason.max(code),
                Ok(starts) => {
                    let entry = Best { expert: number, ..cost.of(day, starts.added_travel) };
                    let mut start = requirement.on_grid(starts.first);
                    while start <= starts.last {
                        if !starts.is_barred(start) {
                            found = true;
                            let index = usize::try_from((start - first) / requirement.grid).unwrap_or(usize::MAX);
                            if let Some(known) = best.get_mut(index).filter(|known| entry.cost < known.cost) {
                                *known = entry;
                            }
                        }
                        start += requirement.grid;
                    }
                }
            });
        }
    }
    if found { Ok(()) } else { Err(reason) }
}
