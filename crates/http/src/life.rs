//! The end of a server's life: readiness says no first, so that whoever shares requests out sends them
//! elsewhere before the door is shut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Whoever asks for readiness asks this often at least.
const ASKS_AT_LEAST_EVERY: Duration = Duration::from_mins(1);

/// Whether a server is about to stop. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Life(Arc<Told>);

#[derive(Debug)]
struct Told {
    began: Instant,
    ending: AtomicBool,
    /// Milliseconds from `began` to the last question for readiness, plus one; 0 for never.
    asked_at: AtomicU64,
}

impl Default for Life {
    fn default() -> Self {
        let told = Told { began: Instant::now(), ending: AtomicBool::new(false), asked_at: AtomicU64::new(0) };
        Self(Arc::new(told))
    }
}

impl Life {
    /// From now on readiness says no, and each answer asks its caller to connect anew elsewhere.
    pub fn end(&self) {
        self.0.ending.store(true, Ordering::Relaxed);
    }

    /// Whether somebody watches readiness, and so notices that it says no.
    pub fn is_watched(&self) -> bool {
        let asked_at = self.0.asked_at.load(Ordering::Relaxed);
        asked_at > 0 && self.milliseconds() <= asked_at + as_milliseconds(ASKS_AT_LEAST_EVERY)
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.0.ending.load(Ordering::Relaxed)
    }

    pub(crate) fn request(&self) {
        self.0.asked_at.store(self.milliseconds() + 1, Ordering::Relaxed);
    }

    fn milliseconds(&self) -> u64 {
        as_milliseconds(self.0.began.elapsed())
    }
}

fn as_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
