//! What waits to be written.

use std::collections::VecDeque;

use super::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use crate::StoreError;

/// Most that may wait. At 1,200 a second, PostgreSQL on a busy machine, the last of them waits for less
/// than two seconds; the next hears at once that the server is busy.
const MAX_WAITING: usize = 2_048;

/// A bounded queue that several writers empty.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
    most: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    /// Writers that wait for work.
    idle: usize,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self::with_room_for(MAX_WAITING)
    }

    pub(crate) fn with_room_for(most: usize) -> Self {
        let state = State { waiting: VecDeque::new(), idle: 0, closed: false };
        Self { state: Mutex::new(state), arrived: Condvar::new(), most }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts something last.
    ///
    /// # Errors
    /// When too much waits already.
    pub(crate) fn push(&self, unit: T) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.waiting.len() >= self.most {
            return Err(StoreError::Busy("too much waits to be written".to_owned()));
        }
        state.waiting.push_back(unit);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Puts back what has waited before, whatever else waits.
    pub(crate) fn put_back(&self, units: impl IntoIterator<Item = T>) {
        self.lock().waiting.extend(units);
        self.arrived.notify_one();
    }

    /// Waits for something, and takes it with what waits behind it: a fair share when other writers are
    /// idle, `most` at most, and nothing that is to be `alone` beside the first. Nothing once the queue is
    /// closed and empty.
    pub(crate) fn take(&self, most: usize, alone: impl Fn(&T) -> bool) -> Vec<T> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.closed {
                return Vec::new();
            }
            state.idle += 1;
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
        let share = state.waiting.len().div_ceil(state.idle + 1).min(most);
        let together = if alone(&state.waiting[0]) {
            1
        } else {
            state.waiting.iter().take(share).take_while(|unit| !alone(unit)).count()
        };
        let taken = state.waiting.drain(..together).collect();
        let more = !state.waiting.is_empty();
        drop(state);
        if more {
            self.arrived.notify_one();
        }
        taken
    }

    /// Takes one more that is there already and goes with others.
    pub(crate) fn take_next(&self, alone: impl Fn(&T) -> bool) -> Option<T> {
        let mut state = self.lock();
        if state.waiting.front().is_some_and(|unit| !alone(unit)) { state.waiting.pop_front() } else { None }
    }

    /// Lets the writers end once all that waits is done.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }
}
