//! Random numbers from a seed.

use std::ops::Range;
use std::time::Duration;

/// A generator from a seed.
#[derive(Debug, Clone)]
pub struct SeededRng(fastrand::Rng);

impl SeededRng {
    /// A generator for a seed and a user: each user has a separate sequence.
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed ^ stream.wrapping_mul(0xD6E8_FEB8_6659_FD93)))
    }

    /// A number below `end`, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end)
    }

    /// True with a probability in percent.
    pub fn percent(&mut self, probability: usize) -> bool {
        self.below(100) < probability
    }

    /// A duration in a range of milliseconds.
    pub fn millis(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.0.u64(range))
    }

    /// A name that no other run has used.
    pub fn name(&mut self) -> String {
        format!("{:016x}", self.0.u64(..))
    }
}
