//! Log lines that a flood of events must not multiply.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two lines about the same kind of event.
const INTERVAL: Duration = Duration::from_mins(1);

/// Counts events, and lets one line in a minute through.
#[derive(Debug, Default)]
pub(crate) struct Sparse(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    logged_at: Option<Instant>,
    /// Events since then.
    since: u64,
}

impl Sparse {
    /// Counts one event. `Some` when it is to be logged: the number of events since the last line, with this one.
    pub(crate) fn count(&self) -> Option<u64> {
        self.count_at(Instant::now())
    }

    fn count_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.since += 1;
        if state.logged_at.is_some_and(|at| now.saturating_duration_since(at) < INTERVAL) {
            return None;
        }
        state.logged_at = Some(now);
        Some(std::mem::take(&mut state.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_line_a_minute_with_its_count() {
        let (sparse, start) = (Sparse::default(), Instant::now());
        assert_eq!(sparse.count_at(start), Some(1));
        assert!((0..1000).all(|_| sparse.count_at(start + Duration::from_secs(30)).is_none()));
        assert_eq!(sparse.count_at(start + Duration::from_secs(61)), Some(1001));
    }
}
