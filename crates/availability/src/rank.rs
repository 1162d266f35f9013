//! Which of the possible starts are offered: good ones, spread over days and half-days.

use constat_domain::service::Granularity;
use serde::Serialize;

use crate::requirement::Requirement;
use crate::settings::Weights;

/// What an offer's place in the list is made of, in points; fewer are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Score {
    /// For the driving that it adds to the expert's day.
    pub travel: u32,
    /// For what the expert already has that day and week.
    pub load: u32,
    /// For wanted trades that the worker does not hold.
    pub trades: u32,
    /// For the time until the visit.
    pub delay: u32,
    /// For offers of the same day and half-day that were chosen before.
    pub spread: u32,
    /// All of it.
    pub total: u32,
}

/// The best expert for one start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Best {
    /// Points that depend on the expert: travel, load, trades. `u32::MAX` while nobody was found.
    pub(crate) cost: u32,
    /// Index of the expert.
    pub(crate) expert: u32,
    pub(crate) travel: u32,
    pub(crate) load: u32,
}

impl Best {
    pub(crate) const NONE: Self = Self { cost: u32::MAX, expert: 0, travel: 0, load: 0 };
}

/// A start that was chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chosen {
    pub(crate) start: i64,
    pub(crate) expert: u32,
    pub(crate) score: Score,
}

/// Starts of one half-day or day that may still be chosen.
struct Bucket {
    /// Range of indices into the starts.
    from: usize,
    to: usize,
    date: u32,
    chosen: u32,
    /// Cheapest start that is left: points and index.
    head: Option<(u32, usize)>,
}

/// Chooses up to `limit` starts, best first.
///
/// `best[i]` belongs to the start `first + i * grid`. Each choice makes the others of its day and
/// half-day dearer. Equal points: the earlier start.
pub(crate) fn choose(best: &mut [Best], first: i64, requirement: &Requirement, weights: &Weights) -> Vec<Chosen> {
    let start_of = |index: usize| first + as_seconds(index) * requirement.grid;
    let delay_of = |index: usize| {
        let waited = (start_of(index) - requirement.from).max(0);
        points(waited.saturating_mul(i64::from(weights.hour_of_delay)) / 3600)
    };
    let head = |best: &[Best], from: usize, to: usize| {
        let open = (from..to).filter(|index| best[*index].cost != u32::MAX);
        open.map(|index| (best[index].cost.saturating_add(delay_of(index)), index)).min()
    };
    let mut buckets = lay_buckets(best.len(), first, requirement);
    for bucket in &mut buckets {
        bucket.head = head(best, bucket.from, bucket.to);
    }
    let once = requirement.granularity != Granularity::Hour;
    let mut chosen_on = vec![0_u32; buckets.last().map_or(0, |bucket| bucket.date as usize + 1)];
    let mut chosen = Vec::with_capacity(requirement.limit.min(best.len()));
    while chosen.len() < requirement.limit {
        let candidates = buckets.iter().enumerate().filter_map(|(number, bucket)| {
            let (points, index) = bucket.head?;
            let that_day = chosen_on[bucket.date as usize].saturating_mul(weights.same_day);
            let spread = bucket.chosen.saturating_mul(weights.same_half_day).saturating_add(that_day);
            Some((points.saturating_add(spread), index, number, spread))
        });
        let Some((total, index, number, spread)) = candidates.min() else {
            break;
        };
        let Best { cost, expert, travel, load } = best[index];
        let trades = cost.saturating_sub(travel).saturating_sub(load);
        let score = Score { travel, load, trades, delay: delay_of(index), spread, total };
        chosen.push(Chosen { start: start_of(index), expert, score });
        best[index] = Best::NONE;
        let bucket = &mut buckets[number];
        bucket.chosen += 1;
        chosen_on[bucket.date as usize] += 1;
        bucket.head = if once { None } else { head(best, bucket.from, bucket.to) };
    }
    chosen
}

/// Half-days of the place (days, when one offer a day is wanted), as ranges of starts.
fn lay_buckets(count: usize, first: i64, requirement: &Requirement) -> Vec<Bucket> {
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

fn as_seconds(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

/// Points, saturating.
pub(crate) fn points(value: i64) -> u32 {
    u32::try_from(value.max(0)).unwrap_or(u32::MAX - 1)
}
