//! Shutdown state: readiness fails first, so that load balancers send requests elsewhere before the server
//! stops accepting connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A readiness probe within this interval means that a load balancer uses it.
const PROBE_INTERVAL: Duration = Duration::from_mins(1);

/// Whether the server is about to stop. Clones share one state.
#[derive(Clone, Debug)]
pub struct ShutdownState(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    began: Instant,
    ending: AtomicBool,
    /// Milliseconds from `began` to the last readiness probe, plus one; 0 for never.
    probed_at: AtomicU64,
}

impl Default for ShutdownState {
    fn default() -> Self {
        let shared = Shared { began: Instant::now(), ending: AtomicBool::new(false), probed_at: AtomicU64::new(0) };
        Self(Arc::new(shared))
    }
}

impl ShutdownState {
    /// Makes readiness fail from now on, and closes each connection after its answer.
    pub fn end(&self) {
        self.0.ending.store(true, Ordering::Relaxed);
    }

    /// Whether readiness was probed in the last minute.
    pub fn is_watched(&self) -> bool {
        let probed_at = self.0.probed_at.load(Ordering::Relaxed);
        probed_at > 0 && self.milliseconds() <= probed_at + as_milliseconds(PROBE_INTERVAL)
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.0.ending.load(Ordering::Relaxed)
    }

    pub(crate) fn note_probe(&self) {
        self.0.probed_at.store(self.milliseconds() + 1, Ordering::Relaxed);
    }

    fn milliseconds(&self) -> u64 {
        as_milliseconds(self.0.began.elapsed())
    }
}

fn as_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
