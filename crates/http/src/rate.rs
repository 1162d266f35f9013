//! Rate limit of each key, with a token bucket.

use std::collections::HashMap;
use std::sync::Mutex;

use constat_core::AppError;
use constat_domain::ids::KeyId;
use jiff::Timestamp;

/// The buckets of the recently used keys.
#[derive(Default)]
pub struct Rates {
    buckets: Mutex<HashMap<KeyId, Bucket>>,
}

struct Bucket {
    /// Remaining requests, in millionths.
    left: i64,
    at: Timestamp,
}

const WHOLE: i64 = 1_000_000;

impl Rates {
    /// Takes one request of `key` from a bucket of one minute's requests that refills at `per_minute`; 0 means no
    /// limit. Refuses with the whole seconds to wait.
    pub fn take(&self, key: KeyId, per_minute: u32, now: Timestamp) -> Result<(), AppError> {
        if per_minute == 0 {
            return Ok(());
        }
        let full = i64::from(per_minute) * WHOLE;
        let Ok(mut buckets) = self.buckets.lock() else { return Ok(()) };
        let bucket = buckets.entry(key).or_insert(Bucket { left: full, at: now });
        let elapsed_us = now.duration_since(bucket.at).as_micros().clamp(0, 60_000_000);
        let refill = i64::try_from(elapsed_us).unwrap_or(0).saturating_mul(i64::from(per_minute)) / 60;
        bucket.left = bucket.left.saturating_add(refill).min(full);
        bucket.at = now;
        if bucket.left < WHOLE {
            let missing = WHOLE - bucket.left;
            let seconds = (missing * 60 / (i64::from(per_minute) * WHOLE)).max(0) + 1;
            return Err(AppError::TooManyRequests { retry_after: seconds.unsigned_abs() });
        }
        bucket.left -= WHOLE;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn a_minute_holds_as_many_requests_as_allowed_and_refills() {
        let rates = Rates::default();
        let key = KeyId::new(Timestamp::UNIX_EPOCH, &[0; 10]);
        let start = Timestamp::UNIX_EPOCH;
        assert!((0..6).all(|_| rates.take(key, 6, start).is_ok()));
        let refused = rates.take(key, 6, start);
        assert!(matches!(refused, Err(AppError::TooManyRequests { retry_after: 11 })), "{refused:?}");
        assert!(rates.take(key, 6, start + SignedDuration::from_secs(11)).is_ok());
        assert!((0..1000).all(|_| rates.take(key, 0, start).is_ok()));
    }
}
