//! Bookings that are in flight on this server: a request for the same time waits for the first.
//!
//! When many callers want one time at once, each would queue for a transaction, be verified there and lose; on
//! PostgreSQL they would also conflict and run again. Instead the first goes ahead and the others wait until it is
//! answered. By then the calendars in memory usually show the time as taken, and the precheck refuses. A request waits
//! once only, and the transaction decides in any case.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use constat_domain::ids::ExpertId;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::offer::token::Offer;

/// Maximum wait for an in-flight booking of the same time.
const IN_FLIGHT_TIMEOUT: Duration = Duration::from_millis(250);

/// An expert and the start of the busy time.
type TimeKey = (ExpertId, Timestamp);

/// The times with a booking in flight on this server.
#[derive(Default)]
pub struct InFlightBookings {
    times: Mutex<HashMap<TimeKey, watch::Receiver<()>>>,
}

/// The booking in flight of one time, until it is dropped.
pub struct InFlightGuard<'a> {
    in_flight: &'a InFlightBookings,
    key: TimeKey,
    /// Closed on drop, which wakes the waiting requests.
    _closed: watch::Sender<()>,
}

impl InFlightBookings {
    /// Registers a booking of the offer's time, or waits for the one in flight. Gives the guard of the first, to keep
    /// until the booking is answered; `None` after a wait.
    pub async fn wait_for_in_flight(&self, offer: &Offer) -> Option<InFlightGuard<'_>> {
        self.wait((offer.expert, offer.busy_from)).await
    }

    async fn wait(&self, key: TimeKey) -> Option<InFlightGuard<'_>> {
        let mut first = match self.register(key) {
            Ok(guard) => return Some(guard),
            Err(first) => first,
        };
        // Nothing is sent: it fails when the guard is dropped.
        let _closed_or_timeout = tokio::time::timeout(IN_FLIGHT_TIMEOUT, first.changed()).await;
        None
    }

    fn register(&self, key: TimeKey) -> Result<InFlightGuard<'_>, watch::Receiver<()>> {
        let mut times = self.lock();
        if let Some(first) = times.get(&key) {
            return Err(first.clone());
        }
        let (closed, waiting) = watch::channel(());
        times.insert(key, waiting);
        Ok(InFlightGuard { in_flight: self, key, _closed: closed })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TimeKey, watch::Receiver<()>>> {
        // No panic can leave the map half changed.
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.in_flight.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn key(expert: u8, second: i64) -> TimeKey {
        (ExpertId::new(Timestamp::UNIX_EPOCH, &[expert; 10]), Timestamp::from_second(second).unwrap())
    }

    #[tokio::test]
    async fn the_first_goes_ahead_and_the_others_wait_until_it_is_done() {
        let in_flight = InFlightBookings::default();
        let Ok(first) = in_flight.register(key(1, 0)) else { panic!("no booking is in flight") };
        let Err(mut second) = in_flight.register(key(1, 0)) else { panic!("the first is in flight") };
        let Err(mut third) = in_flight.register(key(1, 0)) else { panic!("the first is in flight") };
        assert!(second.changed().now_or_never().is_none());
        drop(first);
        assert!(second.changed().now_or_never().is_some());
        assert!(third.changed().now_or_never().is_some(), "all waiting requests go on");
        assert!(in_flight.register(key(1, 0)).is_ok(), "the next request is first");
    }

    #[tokio::test]
    async fn other_times_and_other_experts_do_not_wait() {
        let in_flight = InFlightBookings::default();
        let _first = in_flight.register(key(1, 0));
        assert!(in_flight.register(key(1, 3600)).is_ok());
        assert!(in_flight.register(key(2, 0)).is_ok());
        assert_eq!(in_flight.lock().len(), 1, "answered bookings leave no entry");
    }

    #[tokio::test]
    async fn a_wait_ends_at_the_timeout() {
        let in_flight = InFlightBookings::default();
        let _first = in_flight.register(key(1, 0));
        let start = std::time::Instant::now();
        let waited = tokio::time::timeout(Duration::from_secs(5), in_flight.wait(key(1, 0))).await;
        assert!(matches!(waited, Ok(None)), "it goes on without a guard");
        assert!(start.elapsed() >= IN_FLIGHT_TIMEOUT, "it waited for the first");
    }
}
