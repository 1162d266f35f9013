//! The search: every eligible expert, every free gap, the best offers.

use constat_domain::appointment::Slot;
use constat_domain::ids::ExpertId;
use jiff::Timestamp;

use crate::best_expert::{BestExpertPerStart, Entry};
use crate::bits::Bits;
use crate::calendar::ExpertCalendar;
use crate::gaps::{Ask, Gap, GapTable, SearchRow};
use crate::grid::{Grid, StartCollector};
use crate::index::CalendarIndex;
use crate::judge::{Judge, Verdict};
use crate::open_offer_penalty::OpenOfferPenalty;
use crate::rank::{Chosen, Score, cell_of, choose, points};
use crate::reason::Reason;
use crate::requirement::Requirement;
use crate::settings::Weights;
use crate::span::Span;
use crate::trades::trade_set;
use crate::travel::{Legs, Spot, Travel};
use crate::zone;

/// A time that can be booked.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The expert who visits or calls.
    pub expert: ExpertId,
    /// The other experts, in a joint search.
    pub others: Vec<ExpertId>,
    /// The offered time.
    pub slot: Slot,
    /// Start of the busy time in the expert's day.
    pub busy_from: Timestamp,
    /// End of the busy time in the expert's day.
    pub busy_to: Timestamp,
    /// The points that determine the rank.
    pub score: Score,
}

/// The answer to a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Best first; each start once.
    pub offers: Vec<Offer>,
    /// Number of experts without a possible start, by reason. Only when there are no offers.
    pub reasons: Vec<Reason>,
}

/// Searches all calendars for the times that fit a requirement.
///
/// Deterministic: of equal offers the earlier start comes first, of equal experts the one with the
/// lower id.
pub fn search<T: Travel + ?Sized>(index: &CalendarIndex, requirement: &Requirement, travel: &T) -> Outcome {
    let (candidates, mut tally) = index.eligible(requirement);
    let mut found = Scan::new(index, requirement, travel).run(&candidates);
    let weights = &index.settings().weights;
    let chosen = choose(&mut found.cells, requirement, weights);
    let mut judge = Judge::new(requirement, travel);
    let offer = |mut chosen: Chosen| {
        chosen.score.promised = found.promised_at(cell_of(requirement, &chosen));
        offer(index, requirement, &mut judge, &chosen)
    };
    let offers: Vec<Offer> = chosen.into_iter().map(offer).collect();
    if !offers.is_empty() {
        return Outcome { offers, reasons: Vec::new() };
    }
    for number in candidates.iter() {
        let calendar = index.calendar(number, requirement);
        let reason = match calendar.without(&requirement.reschedules, travel) {
            Some(moved) => judge.why_not(&moved),
            None => judge.why_not(calendar),
        };
        tally.add(reason);
    }
    Outcome { offers, reasons: tally.into_reasons() }
}

/// All experts who can take one exact visit, best first. A commit uses it to replace the offered expert
/// when that one is no longer free.
pub fn who_can<T: Travel + ?Sized>(
    index: &CalendarIndex,
    requirement: &Requirement,
    start: Timestamp,
    end: Timestamp,
    travel: &T,
) -> Vec<ExpertId> {
    let visit = Span { start: start.as_second(), end: end.as_second() };
    let mut judge = Judge::new(requirement, travel);
    let (candidates, _) = index.eligible(requirement);
    let mut able: Vec<(u64, ExpertId)> = candidates
        .iter()
        .filter_map(|number| {
            let calendar = index.calendar(number, requirement);
            let verdict = judge.judge(calendar, visit).ok()?;
            let price = Price::of_calendar(calendar, requirement);
            Some((price.of(verdict.added_travel, verdict.load), calendar.expert().id))
        })
        .collect();
    able.sort_unstable();
    able.into_iter().map(|(_, expert)| expert).collect()
}

/// Completes a chosen start with its expert, exact times and points.
pub(crate) fn offer<T: Travel + ?Sized>(
    index: &CalendarIndex,
    requirement: &Requirement,
    judge: &mut Judge<'_, T>,
    chosen: &Chosen,
) -> Offer {
    let calendar = index.calendar(chosen.expert as usize, requirement);
    let visit = Span { start: chosen.start, end: chosen.start + requirement.occupied };
    let Verdict { added_travel, load } = judge.judge(calendar, visit).unwrap_or(Verdict { added_travel: 0, load: 0 });
    let price = Price::of_calendar(calendar, requirement);
    let score = Score {
        travel: points(price.travel(added_travel)),
        load: u32::from(load),
        trades: price.trades,
        ..chosen.score
    };
    let (start, end) = (zone::timestamp(visit.start), zone::timestamp(visit.end));
    let slot = Slot { kind: requirement.slot_kind, start, end, duration_minutes: requirement.duration_minutes };
    Offer { expert: calendar.expert().id, others: Vec::new(), slot, busy_from: start, busy_to: end, score }
}

/// Points that depend on the expert.
#[derive(Debug, Clone, Copy)]
struct Price {
    /// Points for each second of driving, in 65,536ths.
    second: u64,
    trades: u32,
}

impl Price {
    /// Points for a worker who holds some trades of those wanted.
    fn new(wanted: u8, held: u8, weights: &Weights) -> Self {
        let minute = u64::from(weights.added_travel_minute.min(Weights::HIGHEST));
        let missing = (wanted & !held).count_ones();
        Self { second: minute * 65_536 / 60, trades: weights.missing_trade.saturating_mul(missing) }
    }

    fn of_calendar(calendar: &ExpertCalendar, requirement: &Requirement) -> Self {
        let weights = &calendar.settings().weights;
        Self::new(trade_set(&requirement.trades), calendar.gaps.search_row.trades, weights)
    }

    #[inline]
    fn travel(self, added: i32) -> u64 {
        (u64::from(added.max(0).unsigned_abs()) * self.second) >> 16
    }

    #[inline]
    fn of(self, added: i32, load: u16) -> u64 {
        self.travel(added) + u64::from(load) + u64::from(self.trades)
    }
}

/// The result of one pass.
pub(crate) struct Found {
    /// The best expert for each start.
    pub(crate) cells: Vec<Entry>,
    /// The penalty for open offers in each price; empty when there is none.
    promised: Vec<u32>,
}

impl Found {
    /// Penalty points for open offers.
    pub(crate) fn promised_at(&self, cell: Option<usize>) -> u32 {
        cell.and_then(|cell| self.promised.get(cell)).copied().unwrap_or(0)
    }
}

/// One pass over the calendars.
pub(crate) struct Scan<'a, T: ?Sized> {
    index: &'a CalendarIndex,
    requirement: &'a Requirement,
    travel: &'a T,
    site: Option<Spot>,
    grid: Grid,
    from: i32,
    to: i32,
    trades: u8,
    closed: Vec<(i32, i32)>,
    legs: Legs,
    fits: Vec<Fit>,
    collector: StartCollector,
    /// Open offers of other callers, if any.
    penalty: Option<OpenOfferPenalty<'a>>,
}

/// A gap where the visit fits, and its first and last start.
#[derive(Debug, Clone, Copy, Default)]
struct Fit {
    gap: u32,
    first: i32,
    last: i32,
}

impl<'a, T: Travel + ?Sized> Scan<'a, T> {
    pub(crate) fn new(index: &'a CalendarIndex, requirement: &'a Requirement, travel: &'a T) -> Self {
        let origin = index.origin();
        let grid = Grid::new(requirement, origin);
        // A gap lies within one local day.
        let longest = usize::try_from(26 * 3600 / requirement.grid.max(1)).unwrap_or(1) + 1;
        let closed = requirement.closed.iter().map(|span| (origin.seconds(span.start), origin.seconds(span.end)));
        Self {
            index,
            requirement,
            travel,
            site: requirement.site.map(Spot::new),
            grid,
            from: origin.seconds(requirement.from),
            to: origin.seconds(requirement.to),
            trades: trade_set(&requirement.trades),
            closed: closed.collect(),
            legs: Legs::default(),
            fits: Vec::new(),
            collector: StartCollector { best: BestExpertPerStart::new(grid.len(), longest), runs: Vec::new() },
            penalty: OpenOfferPenalty::new(index, requirement, grid, longest),
        }
    }

    /// The best expert for each start.
    pub(crate) fn run(mut self, candidates: &Bits) -> Found {
        let requirement = self.requirement;
        let (index, from, to) = (self.index, self.from, self.to);
        let mut ahead = candidates.iter().skip(1).map(|number| {
            let search_row = index.at(number).search_row(requirement);
            (search_row, search_row.part(from, to))
        });
        let mut next = ahead.next();
        let mut penalty = self.penalty.take();
        for number in candidates.iter() {
            let member = self.index.at(number);
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            if let Some((search_row, part)) = next {
                search_row.touch(part);
            }
            next = ahead.next();
            let mut moved = None;
            if !requirement.reschedules.is_empty() {
                moved = member.calendar(requirement).without(&requirement.reschedules, self.travel);
            }
            let calendar = || moved.as_ref().unwrap_or_else(|| member.calendar(requirement));
            let search_row =
                moved.as_ref().map_or_else(|| member.search_row(requirement), |moved| &moved.gaps.search_row);
            let shut = if requirement.withheld_percent == 0 { None } else { self.shut_in(calendar()) };
            let table = || &calendar().gaps;
            let Some(penalty) = penalty.as_mut().and_then(|penalty| penalty.naming(number)) else {
                self.expert::<false>(number, search_row, shut.as_deref(), table);
                continue;
            };
            let closed = shut.as_deref().unwrap_or_else(|| self.closed_for(search_row));
            penalty.gather(calendar().buffer(), self.site.as_ref(), closed, self.travel);
            self.expert::<false>(number, search_row, Some(&penalty.shut), table);
            std::mem::swap(&mut self.collector, &mut penalty.collector);
            self.expert::<true>(number, search_row, shut.as_deref(), table);
            std::mem::swap(&mut self.collector, &mut penalty.collector);
            penalty.count();
        }
        let mut cells = self.collector.best.into_best();
        let promised = penalty.map(|penalty| penalty.settle(&mut cells, &index.settings().weights));
        Found { cells, promised: promised.unwrap_or_default() }
    }

    /// The closed time at the place that applies to an expert.
    fn closed_for(&self, search_row: &SearchRow) -> &[(i32, i32)] {
        if self.requirement.keeps_closed(search_row.holidays_off) { self.closed.as_slice() } else { &[] }
    }

    /// The closed time in one calendar, when some of it is reserved in addition to the holidays.
    fn shut_in(&self, calendar: &ExpertCalendar) -> Option<Vec<(i32, i32)>> {
        if self.requirement.withheld_percent == 0 {
            return None;
        }
        let origin = self.index.origin();
        let shut = self.requirement.shut_in(calendar);
        Some(shut.iter().map(|span| (origin.seconds(span.start), origin.seconds(span.end))).collect())
    }

    /// Adds one expert's starts. The full table is read only for what the search row does not contain. `shut`
    /// replaces the holidays when it is given.
    fn expert<'t, const NOTED: bool>(
        &mut self,
        number: u32,
        search_row: &SearchRow,
        shut: Option<&[(i32, i32)]>,
        table: impl FnOnce() -> &'t GapTable,
    ) {
        let requirement = self.requirement;
        let price = Price::new(self.trades, search_row.trades, &self.index.settings().weights);
        let part = search_row.part(self.from, self.to);
        let is_kept = requirement.keeps_closed(search_row.holidays_off);
        let closed = shut.unwrap_or(if is_kept { self.closed.as_slice() } else { &[] });
        let ask = Ask {
            earliest: self.index.origin().seconds(requirement.earliest(search_row.notice)),
            to: self.to,
            occupied: requirement.occupied_seconds(),
            closed,
            on_site: self.site.is_some(),
        };
        let is_plain = match &self.site {
            Some(site) => search_row.ask_drives(site, part, self.travel, &mut self.legs),
            None => false,
        };
        let gaps = search_row.of(part);
        let needs_table = !is_plain || search_row.has_special || !closed.is_empty();
        let table = needs_table.then(table);
        // A public holiday only affects the gaps that it overlaps.
        let end = (i32::MAX, i32::MAX);
        let mut done = 0;
        for (from, to) in closed.iter().copied().chain([end]).filter(|_| is_plain) {
            let first = gaps.partition_point(|gap| gap.starts_before(from));
            let first = if from == i32::MAX { first } else { first.saturating_sub(1) }.max(done);
            let last = gaps.partition_point(|gap| gap.starts_before(to)).max(first);
            sweep(&gaps[done..first], &ask, &self.legs, &mut self.fits, |gap, (leg_in, leg_out), (first, last)| {
                let cost = price.of(gap.added_travel(leg_in, leg_out), gap.load);
                self.collector.lower::<NOTED>(self.grid.from(first), self.grid.to(last), Entry::new(cost, number));
            });
            let special = (done..first).filter(|offset| search_row.has_special && gaps[*offset].is_special());
            for offset in special.chain(first..last) {
                let Some(table) = table else { break };
                let priced = (price, number);
                enter_whole::<NOTED>(
                    table,
                    part.from + offset,
                    &ask,
                    &self.legs,
                    priced,
                    self.grid,
                    &mut self.collector,
                );
            }
            done = last;
        }
        if let Some(table) = table.filter(|_| !is_plain) {
            for offset in 0..gaps.len() {
                let priced = (price, number);
                enter_whole::<NOTED>(
                    table,
                    part.from + offset,
                    &ask,
                    &self.legs,
                    priced,
                    self.grid,
                    &mut self.collector,
                );
            }
        }
    }
}

/// Adds the starts of one gap by the full rule.
fn enter_whole<const NOTED: bool>(
    table: &GapTable,
    gap: usize,
    ask: &Ask<'_>,
    legs: &Legs,
    (price, number): (Price, u32),
    grid: Grid,
    collector: &mut StartCollector,
) {
    let starts = table.starts(gap, ask, legs);
    if starts.first > starts.last {
        return;
    }
    let entry = Entry::new(price.of(starts.added_travel, table.load(gap)), number);
    let (from, to) = (grid.from(starts.first), grid.to(starts.last));
    if starts.is_whole() {
        collector.lower::<NOTED>(from, to, entry);
        return;
    }
    for cell in from..to {
        let at = grid.start_of(cell);
        if !starts.is_barred(at) {
            collector.lower::<NOTED>(cell, cell + 1, entry);
        }
    }
}

/// Scans the plain gaps of one expert: most of the work of a search.
///
/// Whether a visit fits in a gap is unpredictable, so a branch on it would be mispredicted half of the time. A
/// first pass writes the fitting gaps to a buffer without a branch; a second one adds them.
#[inline]
fn sweep(
    gaps: &[Gap],
    ask: &Ask<'_>,
    legs: &Legs,
    fits: &mut Vec<Fit>,
    mut enter: impl FnMut(&Gap, (i32, i32), (i32, i32)),
) {
    if fits.len() < gaps.len() {
        fits.resize(gaps.len(), Fit::default());
    }
    let mut count = 0;
    for (number, gap) in (0_u32..).zip(gaps) {
        let (leg_in, leg_out) = gap.legs(legs);
        let (first, last) = gap.starts(leg_in, leg_out, ask);
        fits[count] = Fit { gap: number, first, last };
        count += usize::from(first <= last);
    }
    for Fit { gap, first, last } in fits[..count].iter().copied() {
        let gap = &gaps[gap as usize];
        enter(gap, gap.legs(legs), (first, last));
    }
}
