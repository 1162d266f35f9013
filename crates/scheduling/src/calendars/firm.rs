//! One firm's calendars: the snapshot that searches read, and the changes queued for it.
//!
//! Three kinds of threads change it: writers of this process queue what they committed, searches apply what other
//! servers committed, and a thread that finds it missing or old loads it while the others go on. The position in the
//! firm's event chain says up to where everything is known. `interleaved.rs` tests the orders of these steps.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use constat_availability::{Busy, CalendarIndex, Travel};
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_store::StoreError;
use jiff::{SignedDuration, Timestamp};

use super::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use crate::travel::roads::{Roads, with_travel};

/// A snapshot is loaded again after this long.
pub(crate) const FRESH_FOR: SignedDuration = SignedDuration::from_hours(12);

/// Maximum queued changes; beyond it the snapshot is dropped.
const MAX_PENDING: usize = 10_000;

/// Maximum queued changes that a booking leaves to the next search.
const MAX_UNAPPLIED: usize = 1_000;

/// Transactions of this process that are remembered while their changes are queued: more than there are writers.
const MAX_REMEMBERED: usize = 256;

/// Maximum uncommitted times that are remembered: more than fit into one group commit.
const MAX_UNCOMMITTED: usize = 1_000;

/// A change of a calendar by a committed transaction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    /// The appointment.
    pub(crate) appointment: AppointmentId,
    /// The expert before, if any.
    pub(crate) left: Option<ExpertId>,
    /// The expert now, and the busy time.
    pub(crate) takes: Option<(ExpertId, Busy)>,
    /// The end of a hold.
    pub(crate) until: Option<Timestamp>,
}

impl Change {
    fn apply(self, index: &mut CalendarIndex, roads: &Roads) {
        with_travel!(roads, travel => self.apply_with(index, travel));
    }

    fn apply_with<T: Travel>(self, index: &mut CalendarIndex, travel: &T) {
        let now_with = self.takes.as_ref().map(|(expert, _)| *expert);
        if let Some(expert) = self.left.filter(|expert| Some(*expert) != now_with) {
            index.remove_appointment(expert, self.appointment, travel);
        }
        if let Some((expert, busy)) = self.takes {
            index.insert_busy(expert, busy, travel);
        }
    }
}

/// Gives the snapshot of a loaded firm: [`Firm::current`] or [`Firm::as_searched`].
pub(crate) type Snapshot = fn(&Firm, &Roads, Timestamp) -> Option<Loaded>;

/// One firm's test or live calendars.
#[derive(Default)]
pub(crate) struct Firm {
    /// Locked while the firm is loaded, so that one thread loads it.
    loading: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    loaded: Option<Loaded>,
    /// Committed since `loaded`, not applied yet.
    pending: Vec<Change>,
    /// Committed since the load in progress began.
    since_load: Option<Vec<(Change, (i64, i64))>>,
    /// The holds in `loaded` and `pending`: expert and end.
    held: Vec<(AppointmentId, ExpertId, Timestamp)>,
    /// Times taken by uncommitted transactions. A hint, never a reason to refuse.
    uncommitted: Vec<(ExpertId, Timestamp, Timestamp)>,
    /// The position in the firm's event chain up to which everything is in `loaded` and `pending`.
    position: i64,
    /// The last transactions of this process: positions of their events, and whether they followed without a gap.
    noted: VecDeque<((i64, i64), bool)>,
}

#[derive(Clone)]
pub(crate) struct Loaded {
    index: Arc<CalendarIndex>,
    version: i64,
    at: Timestamp,
}

/// A firm's calendars as read from the database.
pub(crate) struct Rows {
    /// The version of experts and absences.
    pub(crate) version: i64,
    /// A position in the firm's event chain, read before the rows: the rows contain all events up to it, perhaps more.
    pub(crate) position: i64,
    /// The holds: expert and end.
    pub(crate) held: Vec<(AppointmentId, ExpertId, Timestamp)>,
    pub(crate) index: CalendarIndex,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No panic can leave the state half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Firm {
    /// The snapshot, loaded first when it is missing or old.
    pub(crate) fn get(
        &self,
        snapshot: Snapshot,
        (version, now): (i64, Timestamp),
        roads: &Roads,
        read: impl FnOnce() -> Result<Rows, StoreError>,
    ) -> Result<Arc<CalendarIndex>, StoreError> {
        let fresh = || snapshot(self, roads, now).filter(|loaded| loaded.is_fresh(version, now));
        if let Some(loaded) = fresh() {
            return Ok(loaded.index);
        }
        let _alone = match self.loading.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => match snapshot(self, roads, now) {
                // Another thread loads it: use the old snapshot until then.
                Some(stale) => return Ok(stale.index),
                None => lock(&self.loading),
            },
        };
        if let Some(loaded) = fresh() {
            return Ok(loaded.index);
        }
        self.load(roads, now, read)
    }

    fn load(
        &self,
        roads: &Roads,
        now: Timestamp,
        read: impl FnOnce() -> Result<Rows, StoreError>,
    ) -> Result<Arc<CalendarIndex>, StoreError> {
        // From here on, commits are queued for the new snapshot too: the reads below may miss them.
        lock(&self.state).since_load = Some(Vec::new());
        let read = read();
        let mut state = lock(&self.state);
        let missed = state.since_load.take().unwrap_or_default();
        let Rows { version, position, held, mut index } = read?;
        state.position = position;
        state.noted.clear();
        state.held = held;
        // The rows may contain some of them already, in a newer state: those are skipped.
        for (change, places) in missed {
            if state.is_next(places) {
                state.add(change);
                change.apply(&mut index, roads);
            }
        }
        let index = Arc::new(index);
        state.pending.clear();
        state.loaded = Some(Loaded { index: Arc::clone(&index), version, at: now });
        Ok(index)
    }

    /// The snapshot of the last search, unless many changes are queued.
    pub(crate) fn as_searched(&self, roads: &Roads, now: Timestamp) -> Option<Loaded> {
        let state = lock(&self.state);
        if state.pending.len() < MAX_UNAPPLIED {
            return state.loaded.clone();
        }
        drop(state);
        self.current(roads, now)
    }

    /// The snapshot with all committed changes, and without expired holds.
    pub(crate) fn current(&self, roads: &Roads, now: Timestamp) -> Option<Loaded> {
        let mut state = lock(&self.state);
        let state = &mut *state;
        if state.held.iter().any(|(_, _, until)| *until <= now) {
            let over = state.held.extract_if(.., |(_, _, until)| *until <= now);
            let change =
                |(appointment, expert, _)| Change { appointment, left: Some(expert), takes: None, until: None };
            state.pending.extend(over.map(change));
        }
        let loaded = state.loaded.as_mut()?;
        if !state.pending.is_empty() {
            // Clones the list of calendars if a reader still holds it; unchanged calendars stay shared.
            let index = Arc::make_mut(&mut loaded.index);
            for change in state.pending.drain(..) {
                change.apply(index, roads);
            }
        }
        Some(loaded.clone())
    }

    /// The position of the snapshot; `None` without one.
    pub(crate) fn followed(&self) -> Option<i64> {
        let state = lock(&self.state);
        state.loaded.as_ref().map(|_| state.position)
    }

    /// Drops the snapshot.
    pub(crate) fn forget(&self) {
        lock(&self.state).loaded = None;
    }

    /// Queues the changes that other servers committed after one position, up to another.
    pub(crate) fn followed_to(&self, known: i64, position: i64, changes: Vec<Change>) {
        let mut state = lock(&self.state);
        // Another search may have applied more since, from newer rows; or a snapshot was loaded from older rows, and
        // these changes lack what lies between.
        if (known..position).contains(&state.position) {
            state.position = position;
            for change in changes {
                state.add(change);
            }
        }
    }

    /// Records a time that an uncommitted transaction takes.
    pub(crate) fn note_taken(&self, expert: ExpertId, from: Timestamp, to: Timestamp) {
        let mut state = lock(&self.state);
        if state.uncommitted.len() < MAX_UNCOMMITTED {
            state.uncommitted.push((expert, from, to));
        }
    }

    /// Experts with a time taken since the snapshot, by transactions that have committed or probably will.
    pub(crate) fn taken_since(&self, from: Timestamp, to: Timestamp) -> HashSet<ExpertId> {
        let state = lock(&self.state);
        let committed = state.pending.iter().filter_map(|change| change.takes);
        let committed = committed.map(|(expert, busy)| (expert, busy.start, busy.end));
        let taken = state.uncommitted.iter().copied().chain(committed);
        taken.filter(|(_, start, end)| *start < to && from < *end).map(|(expert, ..)| expert).collect()
    }

    /// The snapshot in memory, perhaps stale.
    pub(crate) fn cached(&self) -> Option<Arc<CalendarIndex>> {
        lock(&self.state).loaded.as_ref().map(|loaded| Arc::clone(&loaded.index))
    }

    /// Queues a change of this process, committed with events at these positions.
    pub(crate) fn note_committed(&self, change: Change, places: (i64, i64)) {
        let mut state = lock(&self.state);
        // A group has committed: its uncommitted times are booked or rolled back.
        state.uncommitted.clear();
        if let Some(since_load) = &mut state.since_load {
            since_load.push((change, places));
        }
        // A gap: other servers were between, and the next search reads all of it from the database.
        if !state.is_next(places) {
            return;
        }
        if state.pending.len() >= MAX_PENDING {
            state.loaded = None;
            state.pending.clear();
        }
        if state.loaded.is_some() {
            state.add(change);
        }
    }
}

impl State {
    /// Queues a change for the next reader.
    fn add(&mut self, change: Change) {
        self.held.retain(|(known, ..)| *known != change.appointment);
        if let (Some(until), Some((expert, _))) = (change.until, change.takes) {
            self.held.push((change.appointment, expert, until));
        }
        self.pending.push(change);
    }

    /// Whether events at these positions follow the position without a gap; then the position moves behind them. The
    /// first change decides for its whole transaction: the next search reads whole transactions from the database.
    fn is_next(&mut self, places: (i64, i64)) -> bool {
        let decided = self.noted.iter().rev().find(|(noted, _)| *noted == places);
        if let Some((_, in_turn)) = decided {
            if *in_turn {
                // Late: changes of later transactions, perhaps of the same visit, may be queued already. The next
                // search reads them again.
                self.position = self.position.min(places.1);
            }
            return *in_turn;
        }
        let in_turn = places.0 == self.position + 1;
        if in_turn {
            self.position = places.1;
        }
        if self.noted.len() == MAX_REMEMBERED {
            self.noted.pop_front();
        }
        self.noted.push_back((places, in_turn));
        in_turn
    }
}

impl Loaded {
    fn is_fresh(&self, version: i64, now: Timestamp) -> bool {
        let age = now.duration_since(self.at);
        self.version >= version && age < FRESH_FOR && age > -FRESH_FOR
    }
}
