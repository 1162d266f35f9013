//! Selects the offers among the possible starts: cheap ones, spread over days and half-days.

use constat_domain::service::Granularity;
use serde::Serialize;

use crate::best_expert::Entry;
use crate::requirement::Requirement;
use crate::settings::Weights;

/// The points of an offer; fewer are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Score {
    /// For the driving that it adds to the expert's day.
    pub travel: u32,
    /// For the expert's visits of that day and week.
    pub load: u32,
    /// For wanted trades that the worker lacks.
    pub trades: u32,
    /// For the time until the visit.
    pub delay: u32,
    /// For a statutory term that is nearly over, or over, by then.
    pub term: u32,
    /// For earlier offers of the same day and half-day.
    pub spread: u32,
    /// For open offers of other callers in conflict.
    pub promised: u32,
    /// The sum.
    pub total: u32,
}

/// A chosen start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chosen {
    pub(crate) start: i64,
    /// Number of the expert.
    pub(crate) expert: u32,
    /// The points known so far: delay, term, spread, total.
    pub(crate) score: Score,
}

/// Starts of one half-day or day that may still be chosen.
struct Bucket {
    /// Range of indices into the starts.
    from: usize,
    to: usize,
    date: u32,
    chosen: u32,
    /// Cheapest remaining start: points and index.
    head: Option<(u64, usize)>,
}

/// Chooses up to `limit` starts, best first, and removes them from the cells.
///
/// Cell `i` belongs to the `i`th start of the requirement's grid. Each choice raises the price of the other starts
/// of its day and half-day. At equal points the earlier start wins.
pub(crate) fn choose(cells: &mut [Entry], requirement: &Requirement, weights: &Weights) -> Vec<Chosen> {
    let first = requirement.on_grid(requirement.from);
    let start_of = |index: usize| first + as_seconds(index) * requirement.grid;
    let delay_of = |index: usize| {
        let waited = (start_of(index) - requirement.from).max(0);
        waited.unsigned_abs() * u64::from(weights.hour_of_delay) / 3600
    };
    let term_of = |index: usize| {
        let late = requirement.term_nears.map_or(0, |nears| (start_of(index) - nears).max(0));
        late.unsigned_abs() * u64::from(weights.hour_past_term) / 3600
    };
    let head = |cells: &[Entry], from: usize, to: usize| {
        let open = (from..to).filter_map(|index| Some((cells[index].get()?, index)));
        open.map(|((cost, _), index)| (cost + delay_of(index) + term_of(index), index)).min()
    };
    let mut buckets = buckets_of(cells.len(), first, requirement);
    for bucket in &mut buckets {
        bucket.head = head(cells, bucket.from, bucket.to);
    }
    let once = requirement.granularity != Granularity::Hour;
    let mut chosen_on = vec![0_u32; buckets.last().map_or(0, |bucket| bucket.date as usize + 1)];
    let mut chosen = Vec::with_capacity(requirement.limit.min(cells.len()));
    while chosen.len() < requirement.limit {
        let candidates = buckets.iter().enumerate().filter_map(|(number, bucket)| {
            let (points, index) = bucket.head?;
            let that_day = u64::from(chosen_on[bucket.date as usize]) * u64::from(weights.same_day);
            let spread = u64::from(bucket.chosen) * u64::from(weights.same_half_day) + that_day;
            Some((points + spread, index, number, spread))
        });
        let Some((total, index, number, spread)) = candidates.min() else {
            break;
        };
        let Some((_, expert)) = std::mem::replace(&mut cells[index], Entry::NONE).get() else {
            break;
        };
        let score = Score {
            delay: points(delay_of(index)),
            term: points(term_of(index)),
            spread: points(spread),
            total: points(total),
            ..Score::default()
        };
        chosen.push(Chosen { start: start_of(index), expert, score });
        let bucket = &mut buckets[number];
        bucket.chosen += 1;
        chosen_on[bucket.date as usize] += 1;
        bucket.head = if once { None } else { head(cells, bucket.from, bucket.to) };
    }
    chosen
}

/// Half-days of the place (days, when one offer a day is wanted), as ranges of starts.
fn buckets_of(count: usize, first: i64, requirement: &Requirement) -> Vec<Bucket> {
    let step = if requirement.granularity == Granularity::Day { 2 } else { 1 };
    let index_at = |second: i64| {
        let index = ((second - first).max(0) + requirement.grid - 1) / requirement.grid;
        usize::try_from(index).unwrap_or(usize::MAX).min(count)
    };
    let mut buckets: Vec<Bucket> = requirement
        .halves
        .iter()
        .step_by(step)
        .map(|half| Bucket { from: index_at(half.start), to: count, date: half.date, chosen: 0, head: None })
        .collect();
    for index in 1..buckets.len() {
        buckets[index - 1].to = buckets[index].from;
    }
    buckets
}

/// The cell that a start was chosen from.
pub(crate) fn cell_of(requirement: &Requirement, chosen: &Chosen) -> Option<usize> {
    usize::try_from((chosen.start - requirement.on_grid(requirement.from)) / requirement.grid).ok()
}

fn as_seconds(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

/// Points as the result shows them.
pub(crate) fn points(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
