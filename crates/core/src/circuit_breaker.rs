//! Circuit breaker: stops calls to a failing external service for a while, so that requests do not wait for it.

use jiff::{SignedDuration, Timestamp};

/// Failures in a row after which a service is left alone.
const MAX_FAILURES: u32 = 3;

/// Whether a service may be asked now.
#[derive(Debug)]
pub struct CircuitBreaker {
    length: SignedDuration,
    failures: u32,
    until: Option<Timestamp>,
}

impl CircuitBreaker {
    /// For a service that is left alone for so long after three failures in a row.
    pub const fn of(length: SignedDuration) -> Self {
        Self { length, failures: 0, until: None }
    }

    /// Whether to ask at `now`. When a pause is over one question is let through; the others wait for
    /// how it ends, or for another pause.
    pub fn may_ask(&mut self, now: Timestamp) -> bool {
        let Some(until) = self.until else { return true };
        // A clock that was put back does not make the pause longer.
        if now < until && until.duration_since(now) <= self.length {
            return false;
        }
        self.begin(now);
        true
    }

    /// Notes an answer. True when the service had been left alone.
    pub fn worked(&mut self) -> bool {
        let was_over = self.failures >= MAX_FAILURES;
        (self.failures, self.until) = (0, None);
        was_over
    }

    /// Notes a failure. True when the service is left alone from now on; after a pause one failure is
    /// enough for the next.
    pub fn failed(&mut self, now: Timestamp) -> bool {
        self.failures = self.failures.saturating_add(1);
        let pausing = self.failures >= MAX_FAILURES;
        if pausing {
            self.begin(now);
        }
        pausing
    }

    /// True when the last failure began the first pause in a row: worth telling once.
    pub fn has_just_begun(&self) -> bool {
        self.failures == MAX_FAILURES
    }

    fn begin(&mut self, now: Timestamp) {
        self.until = now.checked_add(self.length).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn after_three_failures_the_service_is_left_alone_and_then_tried_once() {
        let mut pause = CircuitBreaker::of(SignedDuration::from_secs(10));
        assert!(!pause.failed(at(0)) && !pause.failed(at(0)));
        assert!(pause.may_ask(at(0)) && !pause.has_just_begun());
        assert!(pause.failed(at(0)) && pause.has_just_begun());
        assert!(!pause.may_ask(at(9)));
        assert!(pause.may_ask(at(10)), "one is let through");
        assert!(!pause.may_ask(at(10)), "the others wait for how it ends");
        assert!(pause.failed(at(11)) && !pause.has_just_begun());
        assert!(!pause.may_ask(at(20)));
        assert!(pause.may_ask(at(21)));
        assert!(pause.worked() && !pause.worked());
        assert!(pause.may_ask(at(21)) && !pause.failed(at(21)) && pause.may_ask(at(21)));
    }

    #[test]
    fn a_clock_that_is_put_back_does_not_make_the_pause_longer() {
        let mut pause = CircuitBreaker::of(SignedDuration::from_secs(10));
        let _pausing = [pause.failed(at(0)), pause.failed(at(0)), pause.failed(at(0))];
        assert!(!pause.may_ask(at(5)));
        assert!(pause.may_ask(at(-3600)));
    }
}
