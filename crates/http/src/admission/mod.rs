//! Admission control: limits the requests in progress, queues the next ones, refuses the rest.
//!
//! A request acquires a permit before its work and releases it on drop. While there are free permits, this
//! costs four atomic operations. Otherwise the request waits in a bounded queue that serves the API keys
//! round-robin, so a key with a thousand waiting requests delays another key's first request by one permit
//! only. When the queue is full, or the wait too long, the request fails with [`AppError::Overloaded`].
//!
//! The permit is acquired before the body is read, which also bounds the memory of bodies. Therefore one key
//! cannot have all permits, and a slow body loses its permit when other requests wait.

mod keys;
mod queue;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use constat_core::{AppError, Counter, RequestSettings};
use constat_domain::ids::KeyId;
use tokio::sync::oneshot;

use keys::Keys;
use queue::{Joined, Queue};

/// Share of the permits that one key may hold, in quarters.
const KEY_SHARE_QUARTERS: u32 = 3;

/// Concurrent searches per core: two, so that a core always has a next one ready.
const SEARCHES_PER_CORE: u32 = 2;

/// The same with a routing server: such a search spends most of its time waiting for it.
const ROUTED_SEARCHES_PER_CORE: u32 = 32;

/// `Retry-After` of refused requests is spread over this many seconds.
const SPREAD_SECONDS: u64 = 3;

/// Longest wait for a preview: longer than the time limit of rendering one, so that the next request in the
/// queue is never refused because of a slow file before it.
const PREVIEW_TIMEOUT_MS: u64 = 15_000;

/// Shortest time allowed for a body before its request can lose the permit.
const MIN_BODY_TIME: Duration = Duration::from_secs(1);

/// Interval at which a slow sender checks for waiting requests.
const SLOW_SENDER_POLL: Duration = Duration::from_millis(50);

/// Limits concurrent requests.
pub(crate) struct AdmissionControl {
    at_work: AtomicU32,
    waiting: AtomicU32,
    limit: u32,
    /// Maximum permits of one key.
    share: u32,
    max_wait: Duration,
    /// Queue every request first, so that requests that arrive together are ordered before one is admitted.
    queues_always: bool,
    keys: Keys,
    queue: std::sync::Mutex<Queue>,
    refused: Refused,
    refusals: AtomicU64,
}

/// Refusals by reason.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    /// The key has its share of the queue waiting.
    pub(crate) share: Counter,
    /// The queue is full.
    pub(crate) full: Counter,
    /// The wait exceeded `wait_ms`.
    pub(crate) waited: Counter,
    /// The body came slowly while other requests waited.
    pub(crate) slow: Counter,
}

/// Permission to work, released on drop.
pub(crate) struct Permit {
    admission: Arc<AdmissionControl>,
    slot: usize,
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Permit")
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.leave(self.slot);
    }
}

/// Order among the requests of one key. Other keys are not affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    /// Before all others of the key.
    Urgent,
    /// In the order of arrival.
    Usual,
}

/// Order among keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    /// Before all keys of the usual rank.
    First,
    /// Round-robin, when no key of the first rank waits.
    Usual,
}

enum Taken {
    Yes,
    /// All permits are in use.
    Full,
    /// The key has its share.
    KeyFull,
}

impl AdmissionControl {
    /// For all requests.
    pub(crate) fn of_requests(settings: &RequestSettings) -> Arc<Self> {
        let limit = if settings.at_work == 0 { 128 * cores() } else { settings.at_work };
        let share = (limit.saturating_mul(KEY_SHARE_QUARTERS) / 4).max(1);
        Arc::new(Self::new(limit, share, false, settings))
    }

    /// For searches, which compute for milliseconds without yielding: without a queue the runtime would run
    /// them in order of arrival, without regard to their keys.
    pub(crate) fn of_searches(settings: &RequestSettings, routed: bool) -> Arc<Self> {
        let limit = cores() * if routed { ROUTED_SEARCHES_PER_CORE } else { SEARCHES_PER_CORE };
        Arc::new(Self::new(limit, limit, true, settings))
    }

    /// For previews: one is rendered at a time, round-robin over the keys, handlers first. A key with a
    /// thousand requests delays another key's first by at most two renderings.
    pub(crate) fn of_previews(settings: &RequestSettings) -> Arc<Self> {
        let settings = RequestSettings { wait_ms: PREVIEW_TIMEOUT_MS, ..settings.clone() };
        Arc::new(Self::new(1, 1, true, &settings))
    }

    fn new(limit: u32, share: u32, queues_always: bool, settings: &RequestSettings) -> Self {
        Self {
            at_work: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            limit,
            share,
            max_wait: Duration::from_millis(settings.wait_ms),
            queues_always,
            keys: Keys::default(),
            queue: std::sync::Mutex::new(Queue::new(settings.waiting as usize)),
            refused: Refused::default(),
            refusals: AtomicU64::new(0),
        }
    }

    /// Requests in progress.
    pub(crate) fn at_work(&self) -> u32 {
        self.at_work.load(Ordering::Relaxed)
    }

    /// Requests in the queue.
    pub(crate) fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Refusals so far.
    pub(crate) const fn refused(&self) -> &Refused {
        &self.refused
    }

    /// Resolves when a slow sender has to release its permit: its time is used up and other requests wait.
    /// `so_far` is the time already spent waiting for its body.
    ///
    /// A sender gets one second, or half of the maximum wait if that is more.
    pub(crate) async fn wait_until_slow_sender_must_yield(&self, so_far: Duration) -> AppError {
        let allowed = MIN_BODY_TIME.max(self.max_wait / 2);
        tokio::time::sleep(allowed.saturating_sub(so_far)).await;
        while self.waiting() == 0 {
            tokio::time::sleep(SLOW_SENDER_POLL).await;
        }
        self.refuse(&self.refused.slow)
    }

    /// Acquires a permit for one request of `key`.
    ///
    /// # Errors
    /// [`AppError::Overloaded`] when the queue is full or the wait too long.
    pub(crate) async fn acquire(self: &Arc<Self>, key: KeyId, priority: Priority) -> Result<Permit, AppError> {
        self.acquire_ranked(key, priority, Rank::Usual).await
    }

    /// The same with a rank among keys. All requests of one key have the same rank.
    pub(crate) async fn acquire_ranked(
        self: &Arc<Self>,
        key: KeyId,
        priority: Priority,
        rank: Rank,
    ) -> Result<Permit, AppError> {
        let slot = self.keys.slot(key);
        // If other requests wait, this one queues behind them.
        let may_pass = !self.queues_always && self.waiting.load(Ordering::SeqCst) == 0;
        if may_pass && matches!(self.take(slot), Taken::Yes) {
            return Ok(Permit { admission: Arc::clone(self), slot });
        }
        self.queue_up(slot, priority, rank).await
    }

    async fn queue_up(self: &Arc<Self>, slot: usize, priority: Priority, rank: Rank) -> Result<Permit, AppError> {
        let (grant, granted) = oneshot::channel();
        let joined = {
            let mut queue = self.queue();
            let joined = queue.join(slot, priority, rank, grant);
            self.waiting.store(queue.len(), Ordering::SeqCst);
            joined
        };
        match joined {
            Joined::Yes => {}
            Joined::OwnShareFull => return Err(self.refuse(&self.refused.share)),
            Joined::Full => return Err(self.refuse(&self.refused.full)),
        }
        if self.queues_always {
            tokio::task::yield_now().await;
        }
        // A permit may have been released before this request was in the queue.
        self.admit_next();
        let outcome = tokio::time::timeout(self.max_wait, granted).await;
        match outcome {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_pushed_out)) => Err(self.refuse(&self.refused.full)),
            Err(_elapsed) => {
                let mut queue = self.queue();
                queue.drop_cancelled_of(slot);
                self.waiting.store(queue.len(), Ordering::SeqCst);
                drop(queue);
                Err(self.refuse(&self.refused.waited))
            }
        }
    }

    fn refuse(&self, reason: &Counter) -> AppError {
        reason.increment();
        let spread = self.refusals.fetch_add(1, Ordering::Relaxed) % SPREAD_SECONDS;
        AppError::Overloaded { retry_after: 1 + spread }
    }

    /// Raises the key's count first, so that a failed try does not take a permit from another key.
    fn take(&self, slot: usize) -> Taken {
        let of_key = self.keys.at_work(slot);
        if !raise(of_key, self.share) {
            return Taken::KeyFull;
        }
        if raise(&self.at_work, self.limit) {
            return Taken::Yes;
        }
        of_key.fetch_sub(1, Ordering::SeqCst);
        Taken::Full
    }

    fn leave(self: &Arc<Self>, slot: usize) {
        self.keys.at_work(slot).fetch_sub(1, Ordering::SeqCst);
        self.at_work.fetch_sub(1, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.admit_next();
        }
    }

    /// Grants free permits to queued requests.
    fn admit_next(self: &Arc<Self>) {
        loop {
            let next = {
                let mut queue = self.queue();
                let next = queue.next(|slot| self.take(slot));
                self.waiting.store(queue.len(), Ordering::SeqCst);
                next
            };
            let Some((slot, grant)) = next else { return };
            // If the request is gone, the dropped permit admits the next.
            let _gone = grant.send(Permit { admission: Arc::clone(self), slot });
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Increments unless the limit is reached; returns whether it did.
fn raise(count: &AtomicU32, limit: u32) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| (now < limit).then_some(now + 1)).is_ok()
}

/// Cores available to this process.
fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use jiff::Timestamp;

    use super::*;

    fn settings(at_work: u32, waiting: u32, wait_ms: u64) -> RequestSettings {
        RequestSettings { at_work, waiting, wait_ms, ..RequestSettings::default() }
    }

    fn key(number: u8) -> KeyId {
        KeyId::new(Timestamp::UNIX_EPOCH, &[number; 10])
    }

    /// Queues a request in a separate task; it is in the queue when this returns.
    async fn queued(
        admission: &Arc<AdmissionControl>,
        key: KeyId,
        priority: Priority,
    ) -> tokio::task::JoinHandle<Result<Permit, AppError>> {
        let (before, mine) = (admission.waiting(), Arc::clone(admission));
        let waiting = tokio::spawn(async move { mine.acquire(key, priority).await });
        while admission.waiting() == before {
            tokio::task::yield_now().await;
        }
        waiting
    }

    #[tokio::test]
    async fn one_key_gets_at_most_three_quarters_of_the_permits() {
        let admission = AdmissionControl::of_requests(&settings(4, 8, 60_000));
        let mut flood = Vec::new();
        for _ in 0..3 {
            flood.push(admission.acquire(key(1), Priority::Usual).await.unwrap());
        }
        let fourth = queued(&admission, key(1), Priority::Usual).await;
        let other = admission.acquire(key(2), Priority::Usual).await.unwrap();
        assert_eq!((admission.at_work(), admission.waiting()), (4, 1));
        drop(other);
        assert_eq!((admission.at_work(), admission.waiting()), (3, 1), "still not the fourth of one key");
        flood.pop();
        let fourth = fourth.await.unwrap().unwrap();
        assert_eq!((admission.at_work(), admission.waiting()), (3, 0));
        drop((flood, fourth));
        assert_eq!(admission.at_work(), 0);
    }

    #[tokio::test]
    async fn the_next_permit_goes_round_robin_and_to_a_keys_urgent_requests_first() {
        let admission = AdmissionControl::of_requests(&settings(1, 16, 60_000));
        let held = admission.acquire(key(9), Priority::Usual).await.unwrap();
        let mut standing = Vec::new();
        for name in ["1a", "1b", "1c", "1!", "2a", "3a"] {
            let priority = if name.ends_with('!') { Priority::Urgent } else { Priority::Usual };
            standing.push((name, queued(&admission, key(name.as_bytes()[0]), priority).await));
        }
        let mut order = Vec::new();
        let mut held = Some(held);
        while !standing.is_empty() {
            held.take();
            tokio::task::yield_now().await;
            let at = standing.iter().position(|(_, waiting)| waiting.is_finished());
            let Some(at) = at else { continue };
            let (name, served) = standing.remove(at);
            order.push(name);
            held = Some(served.await.unwrap().unwrap());
        }
        assert_eq!(order, ["1!", "2a", "3a", "1a", "1b", "1c"]);
    }

    #[tokio::test]
    async fn keys_of_the_first_rank_go_first_and_evict_others_from_a_full_queue() {
        let admission = Arc::new(AdmissionControl::new(1, 1, false, &settings(1, 4, 60_000)));
        let held = admission.acquire(key(9), Priority::Usual).await.unwrap();
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for number in [1, 2, 3, 4, 7, 8] {
            let (mine, order, refused) = (Arc::clone(&admission), Arc::clone(&order), admission.refused().full.get());
            let rank = if number >= 7 { Rank::First } else { Rank::Usual };
            let before = admission.waiting();
            tasks.push(tokio::spawn(async move {
                if let Ok(_permit) = mine.acquire_ranked(key(number), Priority::Usual, rank).await {
                    order.lock().unwrap().push(number);
                }
            }));
            while admission.waiting() == before && admission.refused().full.get() == refused {
                tokio::task::yield_now().await;
            }
        }
        drop(held);
        for task in tasks {
            task.await.unwrap();
        }
        let order = order.lock().unwrap().clone();
        assert_eq!((order.len(), &order[..2]), (4, &[7, 8][..]), "{order:?}");
        assert_eq!((admission.at_work(), admission.waiting()), (0, 0));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_the_busiest_key_and_accepts_another() {
        let admission = AdmissionControl::of_requests(&settings(1, 4, 60_000));
        let held = admission.acquire(key(9), Priority::Usual).await.unwrap();
        // A detached task releases its permit as soon as it has it.
        drop(queued(&admission, key(1), Priority::Usual).await);
        drop(queued(&admission, key(1), Priority::Usual).await);
        let refused = admission.acquire(key(1), Priority::Usual).await.unwrap_err();
        assert!(matches!(refused, AppError::Overloaded { retry_after: 1..=3 }), "{refused:?}");
        assert_eq!(admission.refused().share.get(), 1);
        drop(queued(&admission, key(2), Priority::Usual).await);
        drop(queued(&admission, key(2), Priority::Usual).await);
        // Full: a request of a third key evicts the last one of the longest line.
        let mine = Arc::clone(&admission);
        let third = tokio::spawn(async move { mine.acquire(key(3), Priority::Usual).await });
        while admission.refused().full.get() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(admission.waiting(), 4);
        assert!(!third.is_finished());
        drop(held);
        while !third.is_finished() {
            tokio::task::yield_now().await;
        }
        third.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn no_request_waits_longer_than_its_limit_and_cancelled_ones_hold_no_permit() {
        let admission = AdmissionControl::of_requests(&settings(1, 4, 20));
        let held = admission.acquire(key(1), Priority::Usual).await.unwrap();
        let began = Instant::now();
        let wait = tokio::time::timeout(Duration::from_secs(5), admission.acquire(key(2), Priority::Usual));
        let refused = wait.await.expect("a limit of 20 ms ends the wait").unwrap_err();
        assert!(matches!(refused, AppError::Overloaded { .. }) && began.elapsed() >= Duration::from_millis(20));
        assert_eq!(admission.refused().waited.get(), 1);
        let gone = queued(&admission, key(3), Priority::Usual).await;
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        drop(held);
        assert_eq!((admission.at_work(), admission.waiting()), (0, 0));
        admission.acquire(key(4), Priority::Usual).await.unwrap();
    }

    #[tokio::test]
    async fn a_search_always_queues_before_it_computes() {
        let admission = AdmissionControl::of_searches(&settings(0, 1000, 60_000), false);
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let flood = (0..100).map(|_| 1).chain([2]);
        let searches: Vec<_> = flood
            .map(|number| {
                let (admission, order) = (Arc::clone(&admission), Arc::clone(&order));
                tokio::spawn(async move {
                    let _permit = admission.acquire(key(number), Priority::Usual).await.unwrap();
                    order.lock().unwrap().push(number);
                    tokio::task::yield_now().await;
                })
            })
            .collect();
        for search in searches {
            search.await.unwrap();
        }
        let position = order.lock().unwrap().iter().position(|number| *number == 2).unwrap();
        assert!(position <= 2 * cores() as usize + 1, "after {position} of the other key's");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_permit_is_lost_under_load() {
        let admission = AdmissionControl::of_requests(&settings(3, 64, 5));
        let crowd: Vec<_> = (0..64_u8)
            .map(|number| {
                let admission = Arc::clone(&admission);
                tokio::spawn(async move {
                    let mut entered = 0;
                    for round in 0..200 {
                        let priority = if round % 7 == 0 { Priority::Urgent } else { Priority::Usual };
                        if let Ok(permit) = admission.acquire(key(number % 5), priority).await {
                            assert!(admission.at_work() <= 3);
                            tokio::task::yield_now().await;
                            drop(permit);
                            entered += 1;
                        }
                    }
                    entered
                })
            })
            .collect();
        let mut entered = 0;
        for one in crowd {
            entered += one.await.unwrap();
        }
        let refused = admission.refused();
        let refused = refused.share.get() + refused.full.get() + refused.waited.get();
        assert_eq!(entered + refused, 64 * 200);
        assert_eq!((admission.at_work(), admission.waiting()), (0, 0));
    }
}
