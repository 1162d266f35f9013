//! A service that is out of order is left alone for a while: no search waits for it in vain.

use std::time::{Duration, Instant};

/// Failures in a row after which the service is left alone.
const FAILURES: u32 = 3;
/// For how long.
const PAUSE: Duration = Duration::from_secs(10);

/// Whether the service may be asked now.
#[derive(Debug, Default)]
pub(super) struct Pause {
    failures: u32,
    until: Option<Instant>,
}

impl Pause {
    /// Whether to ask at `now`. When a pause is over one question is let through; the others wait
    /// for how it ends, or for another pause.
    pub fn may_ask(&mut self, now: Instant) -> bool {
        match self.until {
            Some(until) if now < until => false,
            Some(_) => {
                self.until = Some(now + PAUSE);
                true
            }
            None => true,
        }
    }

    pub fn worked(&mut self) {
        *self = Self::default();
    }

    /// Whether the service is left alone from now on.
    pub fn failed(&mut self, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        let pausing = self.failures >= FAILURES;
        if pausing {
            self.until = Some(now + PAUSE);
        }
        pausing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_three_failures_the_service_is_left_alone_and_then_tried_once() {
        let mut pause = Pause::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!pause.failed(at(0)) && !pause.failed(at(0)));
        assert!(pause.may_ask(at(0)));
        assert!(pause.failed(at(0)));
        assert!(!pause.may_ask(at(9)));
        assert!(pause.may_ask(at(10)), "one is let through");
        assert!(!pause.may_ask(at(10)), "the others wait for how it ends");
        assert!(pause.failed(at(11)));
        assert!(!pause.may_ask(at(20)));
        assert!(pause.may_ask(at(21)));
        pause.worked();
        assert!(pause.may_ask(at(21)) && !pause.failed(at(21)) && pause.may_ask(at(21)));
    }
}
