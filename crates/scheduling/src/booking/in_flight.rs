//! Who wants the very time that somebody is booking just now, waits to hear what becomes of it.
//!
//! When many want one time at once, each would stand in line for a writer, be judged on rows of the database,
//! and lose there; on PostgreSQL they would also lock each other out and try again. Instead the first goes
//! ahead, and the others wait until it is done: then the calendars in memory mostly know that the time is gone
//! ([`precheck`](super::refuse_if_taken)). Whoever may still find somebody goes on with all the others at
//! once. Nobody waits twice, and nothing rests on it: the judge of a booking is its transaction.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use constat_domain::ids::ExpertId;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::offer::token::Offer;

/// Maximum wait for an in-flight booking of the same time.
const IN_FLIGHT_TIMEOUT: Duration = Duration::from_millis(250);

/// A time of an expert.
type Wanted = (ExpertId, Timestamp);

/// The times that are being booked on this server.
#[derive(Default)]
pub struct InFlightBookings {
    under_way: Mutex<HashMap<Wanted, watch::Receiver<()>>>,
}

/// The first booking of a time, until it is dropped.
pub struct InFlightGuard<'a> {
    in_flight: &'a InFlightBookings,
    wanted: Wanted,
    /// Closed when the turn is over, which wakes those who wait.
    _over: watch::Sender<()>,
}

impl InFlightBookings {
    /// Goes first, or waits until whoever wants the same start of the same expert is done. Keep what it gives
    /// until the booking is answered.
    pub async fn wait_for_in_flight(&self, offer: &Offer) -> Option<InFlightGuard<'_>> {
        self.wait((offer.expert, offer.busy_from)).await
    }

    async fn wait(&self, wanted: Wanted) -> Option<InFlightGuard<'_>> {
        let mut first = match self.enter(wanted) {
            Ok(turn) => return Some(turn),
            Err(first) => first,
        };
        // Nothing is ever sent: it fails when the first is done.
        let _done_or_late = tokio::time::timeout(IN_FLIGHT_TIMEOUT, first.changed()).await;
        None
    }

    fn enter(&self, wanted: Wanted) -> Result<InFlightGuard<'_>, watch::Receiver<()>> {
        let mut under_way = self.lock();
        if let Some(first) = under_way.get(&wanted) {
            return Err(first.clone());
        }
        let (over, waiting) = watch::channel(());
        under_way.insert(wanted, waiting);
        Ok(InFlightGuard { in_flight: self, wanted, _over: over })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Wanted, watch::Receiver<()>>> {
        // Nothing panics half-way through a change of the map.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.in_flight.lock().remove(&self.wanted);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn wanted(expert: u8, second: i64) -> Wanted {
        (ExpertId::new(Timestamp::UNIX_EPOCH, &[expert; 10]), Timestamp::from_second(second).unwrap())
    }

    #[tokio::test]
    async fn the_first_goes_ahead_and_the_others_wait_until_it_is_done() {
        let in_flight = InFlightBookings::default();
        let Ok(first) = in_flight.enter(wanted(1, 0)) else { panic!("nobody is before the first") };
        let Err(mut second) = in_flight.enter(wanted(1, 0)) else { panic!("the first is not done") };
        let Err(mut third) = in_flight.enter(wanted(1, 0)) else { panic!("the first is not done") };
        assert!(second.changed().now_or_never().is_none());
        drop(first);
        assert!(second.changed().now_or_never().is_some());
        assert!(third.changed().now_or_never().is_some(), "they go on together");
        assert!(in_flight.enter(wanted(1, 0)).is_ok(), "whoever comes later is first again");
    }

    #[tokio::test]
    async fn other_times_and_other_people_do_not_wait() {
        let in_flight = InFlightBookings::default();
        let _first = in_flight.enter(wanted(1, 0));
        assert!(in_flight.enter(wanted(1, 3600)).is_ok());
        assert!(in_flight.enter(wanted(2, 0)).is_ok());
        assert_eq!(in_flight.lock().len(), 1, "what is done is forgotten");
    }

    #[tokio::test]
    async fn a_wait_ends_at_the_timeout() {
        let in_flight = InFlightBookings::default();
        let _first = in_flight.enter(wanted(1, 0));
        let start = std::time::Instant::now();
        let waited = tokio::time::timeout(Duration::from_secs(5), in_flight.wait(wanted(1, 0))).await;
        assert!(matches!(waited, Ok(None)), "it goes on without a guard");
        assert!(start.elapsed() >= IN_FLIGHT_TIMEOUT, "it waited for the first");
    }
}
