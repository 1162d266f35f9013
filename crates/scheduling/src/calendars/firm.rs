//! One firm's calendars: the snapshot that searches read, and the changes that are to come into it.
//!
//! Three move it: writers of this process note what they have committed, searches follow what others have,
//! and whoever finds it missing or old loads it, while the other two go on. What holds them together is the
//! position in the firm's chain of events up to which everything is known. `interleaved` tries their orders.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use constat_availability::{Busy, CalendarIndex, Travel};
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_store::StoreError;
use jiff::{SignedDuration, Timestamp};

use super::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use crate::travel::{Roads, with_travel};

/// A snapshot is read again after this long.
pub(crate) const FRESH_FOR: SignedDuration = SignedDuration::from_hours(12);

/// Changes that wait for a reader. Beyond it the snapshot is dropped and loaded when asked for.
const MOST_PENDING: usize = 10_000;

/// Changes that may wait for the next search. Beyond it whoever comes first applies them.
const MANY_PENDING: usize = 1_000;

/// Transactions of this process that are remembered while they are noted, change by change: more than
/// there are writers.
const MOST_REMEMBERED: usize = 256;

/// Tentative times remembered; more than fit into one group commit.
const MOST_PROMISED: usize = 1_000;

/// What a commit did to a calendar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    /// The appointment.
    pub(crate) appointment: AppointmentId,
    /// Whose time it took before.
    pub(crate) left: Option<ExpertId>,
    /// Whose time it takes now, and which.
    pub(crate) takes: Option<(ExpertId, Busy)>,
    /// The instant from which it takes it no more: of a hold.
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

/// What is taken of a firm that is loaded.
pub(crate) type Known = fn(&Firm, &Roads, Timestamp) -> Option<Loaded>;

/// One firm's test or live calendars.
#[derive(Default)]
pub(crate) struct Firm {
    /// Held while the firm is loaded, so that it is loaded once.
    loading: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    loaded: Option<Loaded>,
    /// Committed since `loaded`, not yet applied to it.
    pending: Vec<Change>,
    /// Committed since a load under way began.
    since_load: Option<Vec<(Change, (i64, i64))>>,
    /// What is in `loaded` and `pending` for a while only: whose time, and until when.
    held: Vec<(AppointmentId, ExpertId, Timestamp)>,
    /// Assigned by transactions that have not committed yet: who is probably taken, and when. Only a
    /// hint, never a reason to refuse.
    uncommitted: Vec<(ExpertId, Timestamp, Timestamp)>,
    /// The last position of the firm's event chain up to which everything is in `loaded` and `pending`.
    position: i64,
    /// The last transactions of this process, by the positions of their events, and whether they were in turn.
    noted: VecDeque<((i64, i64), bool)>,
}

#[derive(Clone)]
pub(crate) struct Loaded {
    index: Arc<CalendarIndex>,
    version: i64,
    at: Timestamp,
}

/// A firm's calendars as its rows tell them.
pub(crate) struct Rows {
    /// How often experts and absences had been changed.
    pub(crate) version: i64,
    /// A position of the firm's chain of events, read before the rows: they know all up to it, and may know
    /// more.
    pub(crate) position: i64,
    /// What is kept for a while: whose time, and until when.
    pub(crate) held: Vec<(AppointmentId, ExpertId, Timestamp)>,
    pub(crate) index: CalendarIndex,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Firm {
    /// The snapshot, loaded first when there is none or it is no longer fresh.
    pub(crate) fn get(
        &self,
        of: Known,
        (version, now): (i64, Timestamp),
        roads: &Roads,
        read: impl FnOnce() -> Result<Rows, StoreError>,
    ) -> Result<Arc<CalendarIndex>, StoreError> {
        let fresh = || of(self, roads, now).filter(|loaded| loaded.is_fresh(version, now));
        if let Some(loaded) = fresh() {
            return Ok(loaded.index);
        }
        let _alone = match self.loading.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => match of(self, roads, now) {
                // Somebody loads it already; until then the old snapshot will do.
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
        // From here on commits are noted for the new snapshot too: whatever the reads below miss.
        lock(&self.state).since_load = Some(Vec::new());
        let read = read();
        let mut state = lock(&self.state);
        let missed = state.since_load.take().unwrap_or_default();
        let Rows { version, position, held, mut index } = read?;
        state.position = position;
        state.noted.clear();
        state.held = held;
        // What was read may hold some of them already, and those are left out: the rows may be newer.
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

    /// The snapshot as it was when somebody last searched, unless much was booked since.
    pub(crate) fn as_searched(&self, roads: &Roads, now: Timestamp) -> Option<Loaded> {
        let state = lock(&self.state);
        if state.pending.len() < MANY_PENDING {
            return state.loaded.clone();
        }
        drop(state);
        self.current(roads, now)
    }

    /// The snapshot with all that has committed, and without what was kept until now.
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
            // Clones the list of calendars if a reader still holds it; the calendars themselves stay
            // shared but for those that change.
            let index = Arc::make_mut(&mut loaded.index);
            for change in state.pending.drain(..) {
                change.apply(index, roads);
            }
        }
        Some(loaded.clone())
    }

    /// The position up to which a snapshot that is there has followed.
    pub(crate) fn followed(&self) -> Option<i64> {
        let state = lock(&self.state);
        state.loaded.as_ref().map(|_| state.position)
    }

    /// Drops the snapshot: whoever needs it next loads it.
    pub(crate) fn forget(&self) {
        lock(&self.state).loaded = None;
    }

    /// Notes what others committed after a position, and up to another.
    pub(crate) fn followed_to(&self, known: i64, position: i64, changes: Vec<Change>) {
        let mut state = lock(&self.state);
        // Another search may have followed further meanwhile, from rows that are newer than these; or
        // another snapshot was loaded, from rows that are older: what lies between is not in these changes.
        if (known..position).contains(&state.position) {
            state.position = position;
            for change in changes {
                state.add(change);
            }
        }
    }

    /// Notes that a transaction under way gives somebody's time away.
    pub(crate) fn promise(&self, expert: ExpertId, from: Timestamp, to: Timestamp) {
        let mut state = lock(&self.state);
        if state.uncommitted.len() < MOST_PROMISED {
            state.uncommitted.push((expert, from, to));
        }
    }

    /// Who has given away some of a time since the snapshot was laid: in transactions that have committed
    /// meanwhile, or are probably about to.
    pub(crate) fn taken_since(&self, from: Timestamp, to: Timestamp) -> HashSet<ExpertId> {
        let state = lock(&self.state);
        let committed = state.pending.iter().filter_map(|change| change.takes);
        let committed = committed.map(|(expert, busy)| (expert, busy.start, busy.end));
        let taken = state.uncommitted.iter().copied().chain(committed);
        taken.filter(|(_, start, end)| *start < to && from < *end).map(|(expert, ..)| expert).collect()
    }

    /// The snapshot as it was laid last, if there is one.
    pub(crate) fn laid(&self) -> Option<Arc<CalendarIndex>> {
        lock(&self.state).loaded.as_ref().map(|loaded| Arc::clone(&loaded.index))
    }

    /// Notes a change of this process, committed with events at these positions.
    pub(crate) fn note(&self, change: Change, places: (i64, i64)) {
        let mut state = lock(&self.state);
        // A group has committed: what was promised in it is booked, or was rolled back.
        state.uncommitted.clear();
        if let Some(since_load) = &mut state.since_load {
            since_load.push((change, places));
        }
        // Out of turn: others were between, and the next search reads all of it from the database.
        if !state.is_next(places) {
            return;
        }
        if state.pending.len() >= MOST_PENDING {
            state.loaded = None;
            state.pending.clear();
        }
        if state.loaded.is_some() {
            state.add(change);
        }
    }
}

impl State {
    /// Notes a change for the next reader, and until when it holds.
    fn add(&mut self, change: Change) {
        self.held.retain(|(known, ..)| *known != change.appointment);
        if let (Some(until), Some((expert, _))) = (change.until, change.takes) {
            self.held.push((change.appointment, expert, until));
        }
        self.pending.push(change);
    }

    /// Whether events at these positions follow on what is known, and with them the rest of their
    /// transaction; then they are known from now on. The first change decides for all of a transaction: what
    /// the next search reads from the database, it reads whole.
    fn is_next(&mut self, places: (i64, i64)) -> bool {
        let decided = self.noted.iter().rev().find(|(noted, _)| *noted == places);
        if let Some((_, in_turn)) = decided {
            if *in_turn {
                // Late: what came behind it may be noted already, and may be about the same visit. It is
                // read once more, by the next search.
                self.position = self.position.min(places.1);
            }
            return *in_turn;
        }
        let in_turn = places.0 == self.position + 1;
        if in_turn {
            self.position = places.1;
        }
        if self.noted.len() == MOST_REMEMBERED {
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
