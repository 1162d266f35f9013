//! Commits that are held back: for tests that force the order of events.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What the writers look at before each commit.
#[derive(Default)]
pub(crate) struct Commits {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// How many [`HeldCommits`] there are.
    holders: usize,
    /// Transactions that wait for their commit.
    waiting: usize,
    /// As many of those that wait are to be undone.
    to_undo: usize,
}

impl Commits {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics half-way through a change of the state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while commits are held back. `false` when the transaction is to be undone.
    pub(crate) fn may_commit(&self) -> bool {
        let mut state = self.lock();
        if state.holders == 0 {
            return true;
        }
        state.waiting += 1;
        while state.holders > 0 {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
        let undone = state.to_undo > 0;
        state.to_undo -= usize::from(undone);
        !undone
    }
}

/// Holds back the commits of a store until it is dropped.
#[doc(hidden)]
pub struct HeldCommits {
    commits: Arc<Commits>,
}

impl HeldCommits {
    pub(crate) fn of(commits: &Arc<Commits>) -> Self {
        commits.lock().holders += 1;
        Self { commits: Arc::clone(commits) }
    }

    /// How many transactions have written everything and wait for their commit.
    pub fn waiting(&self) -> usize {
        self.commits.lock().waiting
    }

    /// Undoes the transactions that wait.
    pub fn undo(self) {
        let mut state = self.commits.lock();
        state.to_undo = state.waiting;
    }
}

impl Drop for HeldCommits {
    fn drop(&mut self) {
        self.commits.lock().holders -= 1;
        self.commits.changed.notify_all();
    }
}
