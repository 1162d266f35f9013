//! How fast an upload has to come: its sender holds memory and a place among the requests at work, and
//! neither may be had for a byte now and then.

use std::time::{Duration, Instant};

use crate::{Problem, Shared};

/// How long a sender may say nothing, and what it has beyond its bytes' own time.
const SILENCE: Duration = Duration::from_secs(30);

/// Bytes in a second, on average, below which a sender is not waited for: 64 kbit/s, a telephone on a bad
/// line. The largest document takes 43 minutes at that pace.
const SLOWEST: usize = 8 * 1024;

/// Bytes in a second, on average, from which on a sender keeps its place though somebody waits for it.
const BRISK: usize = 64 * 1024;

/// What came of an upload so far, and how long it was waited for. Time in which the server was busy with
/// what came is not the sender's.
pub(super) struct Pace {
    shared: Shared,
    waited: Duration,
    came: usize,
}

impl Pace {
    /// Of an upload that begins.
    pub(super) fn of(shared: &Shared) -> Self {
        Self { shared: shared.clone(), waited: Duration::ZERO, came: 0 }
    }

    /// Notes that so many bytes came.
    pub(super) fn came(&mut self, bytes: usize) {
        self.came += bytes;
    }

    /// Waits for what the sender says next.
    ///
    /// # Errors
    /// It says nothing, comes too slowly, or comes slowly while somebody waits for its place.
    pub(super) async fn wait<T>(&mut self, next: impl Future<Output = T>) -> Result<T, Problem> {
        let began = Instant::now();
        let left = (SILENCE + self.time_at(SLOWEST)).saturating_sub(self.waited).min(SILENCE);
        let owed = self.waited.saturating_sub(self.time_at(BRISK));
        let outcome = tokio::select! {
            biased;
            said = next => Ok(said),
            () = tokio::time::sleep(left) => Err(Problem::field("", "the body did not arrive in time")),
            refused = self.shared.gate.needs_the_place_of_a_slow_sender(owed) => Err(refused.into()),
        };
        self.waited += began.elapsed();
        outcome
    }

    /// How long what came takes at a pace.
    fn time_at(&self, bytes_in_a_second: usize) -> Duration {
        Duration::from_millis((self.came as u64).saturating_mul(1000) / bytes_in_a_second as u64)
    }
}
