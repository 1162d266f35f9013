//! Minimum throughput of uploads. An upload holds memory and a permit, so a slow sender must not keep them.

use std::time::{Duration, Instant};

use crate::{Problem, Shared};

/// Longest pause between two chunks, and the allowance on top of the minimum throughput.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Minimum average throughput: 64 kbit/s, a poor mobile connection. The largest document takes 43 minutes.
const MIN_BYTES_PER_SEC: usize = 8 * 1024;

/// Average throughput from which an upload keeps its permit even if other requests wait.
const PERMIT_BYTES_PER_SEC: usize = 64 * 1024;

/// Bytes received of an upload, and the time spent waiting for them. Processing time does not count.
pub(super) struct UploadThroughput {
    shared: Shared,
    waited: Duration,
    received: usize,
}

impl UploadThroughput {
    /// For an upload that begins.
    pub(super) fn new(shared: &Shared) -> Self {
        Self { shared: shared.clone(), waited: Duration::ZERO, received: 0 }
    }

    /// Counts received bytes.
    pub(super) fn received(&mut self, bytes: usize) {
        self.received += bytes;
    }

    /// Waits for the next chunk.
    ///
    /// # Errors
    /// No data arrives in time, the upload is below the minimum throughput, or it is slow while other requests
    /// wait for its permit.
    pub(super) async fn wait<T>(&mut self, next: impl Future<Output = T>) -> Result<T, Problem> {
        let began = Instant::now();
        let left = (IDLE_TIMEOUT + self.time_at(MIN_BYTES_PER_SEC)).saturating_sub(self.waited).min(IDLE_TIMEOUT);
        let slow_for = self.waited.saturating_sub(self.time_at(PERMIT_BYTES_PER_SEC));
        let outcome = tokio::select! {
            biased;
            chunk = next => Ok(chunk),
            () = tokio::time::sleep(left) => Err(Problem::field("", "the body did not arrive in time")),
            refused = self.shared.admission.wait_until_slow_sender_must_yield(slow_for) => Err(refused.into()),
        };
        self.waited += began.elapsed();
        outcome
    }

    /// How long the received bytes take at a throughput.
    fn time_at(&self, bytes_per_sec: usize) -> Duration {
        Duration::from_millis((self.received as u64).saturating_mul(1000) / bytes_per_sec as u64)
    }
}
