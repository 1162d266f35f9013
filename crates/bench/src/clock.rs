//! A clock that starts at a given instant.

use std::time::Instant;

use constat_core::Clock;
use jiff::{SignedDuration, Timestamp};

/// When every measurement begins: Monday 23 November 2026, 08:00 in Paris.
pub fn monday() -> Timestamp {
    Timestamp::from_second(1_795_417_200).expect("a constant in range")
}

/// A clock that starts on a Monday morning, whenever the measurement is made, and may run faster than the
/// machine's: an hour of the trade in a few minutes of a run.
pub struct RunningClock {
    from: Timestamp,
    started: Instant,
    speed: u32,
}

impl RunningClock {
    /// Starts now and runs `speed` times as fast as the machine's clock.
    pub fn start(speed: u32) -> Self {
        Self { from: monday(), started: Instant::now(), speed }
    }
}

impl Clock for RunningClock {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.started.elapsed() * self.speed).unwrap_or(SignedDuration::ZERO);
        let now = self.from.saturating_add(passed).unwrap_or(self.from);
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}
