//! Drive times of a routing server: requests those that are missing, stores them, and pauses after failures.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use constat_availability::Estimator;
use constat_domain::geo::Position;
use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::travel::known_drives::Known;
use crate::travel::known_drives::{Memory, cell};
use crate::travel::service::{DriveTimes, Leg, RoutingError, RoutingService};
use constat_core::RoutingSettings;
use constat_core::{CircuitBreaker, Clock, Counts};

/// Maximum entries of a table that is requested whole: smaller tables cost a routing server about the same.
const SMALL_TABLE: usize = 100;

/// Maximum calls for one table that is split because a place in it is not on the server's map. The rest waits for
/// the next round.
const MAX_PARTS: usize = 16;

/// Maximum distance of a requested drive, in metres as the crow flies. The estimate is about as good for longer
/// drives, and Valhalla refuses a whole table for two places 400 km apart (`max_matrix_distance`).
const MAX_DISTANCE_M: f64 = 200_000.0;

/// Maximum concurrent calls for one answer. The rest waits for the next round.
const MAX_CALLS: usize = 4;

/// A routing server with its known drive times.
pub struct Routed {
    service: Arc<dyn RoutingService>,
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
    known: RwLock<Known>,
    pause: Mutex<CircuitBreaker>,
    memory: Memory,
    budget: Duration,
    /// Maximum sources and targets of one table, together.
    coordinates: usize,
}

/// Sources and targets of one call.
#[derive(Debug, Default, PartialEq)]
struct Table {
    from: Vec<Position>,
    to: Vec<Position>,
}

/// A drive with its seconds; `None` where there is no way.
type Drive = (Position, Position, Option<u32>);

impl Table {
    /// Splits the table in two; gives the drive when there is only one.
    fn halves(self) -> Result<[Self; 2], Leg> {
        let Self { mut from, mut to } = self;
        if from.len() >= to.len() && from.len() > 1 {
            let rest = from.split_off(from.len() / 2);
            return Ok([Self { from, to: to.clone() }, Self { from: rest, to }]);
        }
        if to.len() > 1 {
            let rest = to.split_off(to.len() / 2);
            return Ok([Self { from: from.clone(), to }, Self { from, to: rest }]);
        }
        Err((from[0], to[0]))
    }
}

impl Routed {
    /// A routing server without known drive times.
    pub fn new(
        service: Arc<dyn RoutingService>,
        estimator: Estimator,
        settings: &RoutingSettings,
        clock: Arc<dyn Clock>,
        counts: Arc<Counts>,
    ) -> Self {
        Self {
            service,
            clock,
            counts,
            known: RwLock::new(Known::nothing(estimator)),
            pause: Mutex::new(CircuitBreaker::of(SignedDuration::from_secs(settings.pause_seconds.into()))),
            memory: Memory {
                drives: settings.remembered_drives,
                keep: SignedDuration::from_hours(settings.remembered_hours.into()),
            },
            budget: Duration::from_millis(settings.budget_ms),
            coordinates: usize::from(settings.coordinates).max(2),
        }
    }

    /// The known drive times, as a snapshot.
    pub fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs calls until the time budget of an answer is used up; then gives `None`.
    pub async fn within_budget<T>(&self, asking: impl Future<Output = T>) -> Option<T> {
        let done = tokio::time::timeout(self.budget, asking).await.ok();
        if done.is_none() {
            self.counts.roads.out_of_time.increment();
        }
        done
    }

    /// The drives of these that are to be requested: unknown, or known for too long.
    pub fn unsettled(&self, legs: &[Leg]) -> Vec<Leg> {
        self.forget();
        let known = self.known();
        let mut seen = HashSet::new();
        let unknown = legs.iter().filter(|(from, to)| !known.is_settled(*from, *to) && is_askable(*from, *to));
        unknown.filter(|(from, to)| seen.insert((cell(*from), cell(*to)))).copied().collect()
    }

    /// Requests the drives that are not known yet, and adds them to the known ones.
    ///
    /// # Errors
    /// The first call that failed; the answers of other calls are kept.
    pub async fn learn(&self, legs: &[Leg]) -> Result<(), RoutingError> {
        let unknown = self.unsettled(legs);
        if unknown.is_empty() {
            return Ok(());
        }
        let mut tables = tables(&unknown, self.coordinates);
        tables.truncate(MAX_CALLS);
        let answers = join_all(tables.into_iter().map(|table| self.ask_for_parts(table))).await;
        let mut learned = Vec::new();
        let mut outcome = Ok(());
        for (drives, end) in answers {
            learned.extend(drives);
            outcome = outcome.and(end);
        }
        if !learned.is_empty() {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            *known = known.with(&learned, self.clock.now(), self.memory);
            self.counts.roads.learned.add(learned.len() as u64);
        }
        outcome
    }

    /// Counts the estimated drives of an answer, without those that are never requested.
    pub fn count_estimated(&self, known: &Known, legs: &[Leg]) {
        let mut seen = HashSet::new();
        let estimated = legs.iter().filter(|(from, to)| known.is_estimated(*from, *to) && is_askable(*from, *to));
        let count = estimated.filter(|(from, to)| seen.insert((cell(*from), cell(*to)))).count();
        self.counts.roads.estimated.add(count as u64);
    }

    /// Drops drives that are too old.
    fn forget(&self) {
        let now = self.clock.now();
        if self.known().aged(now, self.memory).is_some() {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            // Another thread may have changed them since.
            if let Some(aged) = known.aged(now, self.memory) {
                *known = aged;
            }
        }
    }

    /// Requests a table; where a place in it is not on the server's map, its parts, until the place is isolated.
    /// Gives the drives, and how it ended.
    async fn ask_for_parts(&self, table: Table) -> (Vec<Drive>, Result<(), RoutingError>) {
        let mut learned = Vec::new();
        let mut parts = vec![table];
        for _ in 0..MAX_PARTS {
            let Some(part) = parts.pop() else { break };
            match self.ask(&part).await {
                Ok(rows) => {
                    for (from, row) in part.from.iter().zip(rows) {
                        learned.extend(part.to.iter().zip(row).map(|(to, seconds)| (*from, *to, seconds)));
                    }
                }
                Err(RoutingError::OffTheMap) => match part.halves() {
                    Ok(halves) => parts.extend(halves),
                    Err((from, to)) => learned.push((from, to, None)),
                },
                Err(error) => return (learned, Err(error)),
            }
        }
        (learned, Ok(()))
    }

    async fn ask(&self, table: &Table) -> Result<DriveTimes, RoutingError> {
        if !self.pause().may_ask(self.clock.now()) {
            self.counts.roads.skipped.increment();
            return Err(RoutingError::Paused);
        }
        self.counts.roads.calls.increment();
        let answer = self.service.table(&table.from, &table.to).await.and_then(|rows| {
            let fits = rows.len() == table.from.len() && rows.iter().all(|row| row.len() == table.to.len());
            if fits { Ok(rows) } else { Err(RoutingError::NotATable("of another size".to_owned())) }
        });
        // A place off the map is no failure of the server.
        self.note(answer.as_ref().err().filter(|error| **error != RoutingError::OffTheMap));
        answer
    }

    fn pause(&self) -> MutexGuard<'_, CircuitBreaker> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how a call ended.
    fn note(&self, failure: Option<&RoutingError>) {
        let Some(error) = failure else {
            if self.pause().worked() {
                tracing::info!("the routing service answers again");
            }
            return;
        };
        self.counts.roads.failures.increment();
        let mut pause = self.pause();
        // Calls in parallel fail together: one log line.
        if pause.failed(self.clock.now()) && pause.has_just_begun() {
            tracing::warn!(%error, "the routing service fails: drives are estimated until it answers again");
        }
    }
}

fn is_askable(from: Position, to: Position) -> bool {
    from.distance_m(to) <= MAX_DISTANCE_M
}

/// Puts drives into tables of at most `coordinates` sources and targets together. A table covers every pair of its
/// sources and targets, requested or not: where that would be many, the drives to and from the place that they have
/// in common get separate tables.
fn tables(legs: &[Leg], coordinates: usize) -> Vec<Table> {
    let count = |end: fn(&Leg) -> Position| legs.iter().map(|leg| cell(end(leg))).collect::<HashSet<_>>().len();
    if count(|leg| leg.0) * count(|leg| leg.1) <= SMALL_TABLE {
        return filled(legs.iter(), coordinates);
    }
    let mut ends: HashMap<u32, usize> = HashMap::new();
    for (from, to) in legs {
        *ends.entry(cell(*from)).or_default() += 1;
        *ends.entry(cell(*to)).or_default() += 1;
    }
    let Some((hub, _)) = ends.into_iter().max_by_key(|(cell, ends)| (*ends, *cell)) else { return Vec::new() };
    let there = legs.iter().filter(|(_, to)| cell(*to) == hub);
    let back = legs.iter().filter(|(from, _)| cell(*from) == hub);
    let rest = legs.iter().filter(|(from, to)| cell(*from) != hub && cell(*to) != hub);
    let mut all = filled(there, coordinates);
    all.extend(filled(back, coordinates));
    all.extend(filled(rest, coordinates));
    all
}

/// The drives in order, in as few tables as possible.
fn filled<'a>(legs: impl Iterator<Item = &'a Leg>, coordinates: usize) -> Vec<Table> {
    let mut all = Vec::new();
    let mut table = Table::default();
    let (mut from, mut to) = (HashSet::new(), HashSet::new());
    for leg in legs {
        let (source, target) = (cell(leg.0), cell(leg.1));
        let more = usize::from(!from.contains(&source)) + usize::from(!to.contains(&target));
        if from.len() + to.len() + more > coordinates {
            all.push(std::mem::take(&mut table));
            from.clear();
            to.clear();
        }
        if from.insert(source) {
            table.from.push(leg.0);
        }
        if to.insert(target) {
            table.to.push(leg.1);
        }
    }
    if !table.from.is_empty() {
        all.push(table);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lat: f64) -> Position {
        Position { lat, lon: 2.0 }
    }

    #[test]
    fn drives_from_and_to_one_place_share_a_table_and_no_table_is_too_large() {
        let site = at(48.0);
        let few = [(at(48.1), site), (site, at(48.2)), (at(48.1), at(48.2))];
        assert_eq!(tables(&few, 100), [Table { from: vec![at(48.1), site], to: vec![site, at(48.2)] }]);
        let legs: Vec<Leg> = (1..=60_u32)
            .map(|step| at(48.0 + f64::from(step) / 10.0))
            .flat_map(|there| [(site, there), (there, site)])
            .collect();
        let both_ways = tables(&legs, 200);
        let sizes: Vec<_> = both_ways.iter().map(|table| (table.from.len(), table.to.len())).collect();
        assert_eq!(sizes, [(60, 1), (1, 60)]);
        let several = tables(&legs, 50);
        assert!(several.iter().all(|table| table.from.len() + table.to.len() <= 50));
        let told = |leg: &Leg| several.iter().any(|table| table.from.contains(&leg.0) && table.to.contains(&leg.1));
        assert!(legs.iter().all(told));
    }
}
