//! Back-pressure: how many requests are at work, who waits, and who is told to come back.
//!
//! A request enters before its work and gives its place back when it is dropped. As long as there is
//! room nobody waits, and entering costs four atomic operations. Beyond it a bounded queue takes one
//! request of each key in turn, so that a key with a thousand requests waiting delays another's first
//! by one place, not by a thousand. Whoever finds the queue full, or has waited long enough, is told
//! [`AppError::Overloaded`]: an honest refusal in time rather than a late or wrong answer.
//!
//! The place is taken before the body is read, which bounds the memory of bodies too; that is why one
//! key may not have all places, and why a body that comes slowly gives its place up when somebody waits.

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

/// Parts of four of the places that one key may have.
const SHARE_OF_FOUR: u32 = 3;

/// Searches that compute at once, for each core: two, so that a core that is done finds the next one
/// ready.
const COMPUTING_PER_CORE: u32 = 2;

/// The same where a search waits for a routing server most of its time.
const ROUTED_PER_CORE: u32 = 32;

/// Those who are refused together are told to come back in one of this many different seconds.
const SPREAD_SECONDS: u64 = 3;

/// How long a preview waits for its turn: more than the time limit of drawing one, so that a request which is
/// next in turn is never refused for a slow file before it.
const PREVIEW_TIMEOUT_MS: u64 = 15_000;

/// How long a body may be on its way, at least, before its sender has to make room.
const LEAST_FOR_A_BODY: Duration = Duration::from_secs(1);

/// How often one who sends slowly looks whether somebody waits.
const LOOK_AROUND: Duration = Duration::from_millis(50);

/// What limits requests.
pub(crate) struct Gate {
    at_work: AtomicU32,
    waiting: AtomicU32,
    limit: u32,
    /// Most places of one key.
    share: u32,
    patience: Duration,
    /// Lets others come to the gate before the first of them goes through.
    lets_others_come: bool,
    keys: Keys,
    queue: std::sync::Mutex<Queue>,
    refused: Refused,
    refusals: AtomicU64,
}

/// How often it said no, and why.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    /// The key has its share of the queue waiting already.
    pub(crate) share: Counter,
    /// The queue is full.
    pub(crate) full: Counter,
    /// It waited as long as anybody may.
    pub(crate) waited: Counter,
    /// Its body came slowly, and somebody waited for its place.
    pub(crate) slow: Counter,
}

/// A place at work, given back when dropped.
pub(crate) struct Place {
    gate: Arc<Gate>,
    slot: usize,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Place")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gate.leave(self.slot);
    }
}

/// Which of a key's own requests goes first. Another key's are not affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Before all others of its key.
    Urgent,
    /// In the order of their coming.
    Usual,
}

/// Which keys go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    /// Before all keys of the usual rank.
    First,
    /// In turn, when no key of the first rank waits.
    Usual,
}

enum Taken {
    Yes,
    /// All places are taken.
    Full,
    /// The key has its share.
    KeyFull,
}

impl Gate {
    /// The gate before every request's work.
    pub(crate) fn of_requests(settings: &RequestSettings) -> Arc<Self> {
        let limit = if settings.at_work == 0 { 128 * cores() } else { settings.at_work };
        let share = (limit.saturating_mul(SHARE_OF_FOUR) / 4).max(1);
        Arc::new(Self::new(limit, share, false, settings))
    }

    /// The gate before searches, which compute for milliseconds without waiting for anything: the
    /// runtime would run them in the order in which they came, whoever they are of.
    pub(crate) fn of_searches(settings: &RequestSettings, routed: bool) -> Arc<Self> {
        let limit = cores() * if routed { ROUTED_PER_CORE } else { COMPUTING_PER_CORE };
        Arc::new(Self::new(limit, limit, true, settings))
    }

    /// The queue before previews, the only one: one is drawn at a time, of each key's in turn, handlers' first. A
    /// key with a thousand requests delays another's first by the drawing at work and one more at most.
    pub(crate) fn of_previews(settings: &RequestSettings) -> Arc<Self> {
        let settings = RequestSettings { wait_ms: PREVIEW_TIMEOUT_MS, ..settings.clone() };
        Arc::new(Self::new(1, 1, true, &settings))
    }

    fn new(limit: u32, share: u32, lets_others_come: bool, settings: &RequestSettings) -> Self {
        Self {
            at_work: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            limit,
            share,
            patience: Duration::from_millis(settings.wait_ms),
            lets_others_come,
            keys: Keys::default(),
            queue: std::sync::Mutex::new(Queue::new(settings.waiting as usize)),
            refused: Refused::default(),
            refusals: AtomicU64::new(0),
        }
    }

    /// Requests at work.
    pub(crate) fn at_work(&self) -> u32 {
        self.at_work.load(Ordering::Relaxed)
    }

    /// Requests that wait.
    pub(crate) fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How often it said no.
    pub(crate) const fn refused(&self) -> &Refused {
        &self.refused
    }

    /// Comes back once somebody waits for a place and the sender of a body, who has one, was waited for
    /// longer than `so_far` allows: slow senders are served only while nobody else needs their places.
    ///
    /// The sender is given a second, or half of the time that others wait at most if that is more.
    pub(crate) async fn needs_the_place_of_a_slow_sender(&self, so_far: Duration) -> AppError {
        let allowed = LEAST_FOR_A_BODY.max(self.patience / 2);
        tokio::time::sleep(allowed.saturating_sub(so_far)).await;
        while self.waiting() == 0 {
            tokio::time::sleep(LOOK_AROUND).await;
        }
        self.refuse(&self.refused.slow)
    }

    /// A place for one request of `key`, once there is one.
    ///
    /// # Errors
    /// [`AppError::Overloaded`] when the queue is full, or the wait too long.
    pub(crate) async fn enter(self: &Arc<Self>, key: KeyId, lane: Lane) -> Result<Place, AppError> {
        self.enter_ranked(key, lane, Rank::Usual).await
    }

    /// The same, before or behind other keys. All requests of one key have the same rank.
    pub(crate) async fn enter_ranked(self: &Arc<Self>, key: KeyId, lane: Lane, rank: Rank) -> Result<Place, AppError> {
        let slot = self.keys.slot(key);
        // Whoever finds others waiting stands in line behind them.
        let may_pass = !self.lets_others_come && self.waiting.load(Ordering::SeqCst) == 0;
        if may_pass && matches!(self.take(slot), Taken::Yes) {
            return Ok(Place { gate: Arc::clone(self), slot });
        }
        self.stand_in_line(slot, lane, rank).await
    }

    async fn stand_in_line(self: &Arc<Self>, slot: usize, lane: Lane, rank: Rank) -> Result<Place, AppError> {
        let (grant, granted) = oneshot::channel();
        let joined = {
            let mut queue = self.queue();
            let joined = queue.join(slot, lane, rank, grant);
            self.waiting.store(queue.len(), Ordering::SeqCst);
            joined
        };
        match joined {
            Joined::Yes => {}
            Joined::OwnShareFull => return Err(self.refuse(&self.refused.share)),
            Joined::Full => return Err(self.refuse(&self.refused.full)),
        }
        if self.lets_others_come {
            tokio::task::yield_now().await;
        }
        // A place may have come free between the look and the line.
        self.call_next();
        let outcome = tokio::time::timeout(self.patience, granted).await;
        match outcome {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_pushed_out)) => Err(self.refuse(&self.refused.full)),
            Err(_elapsed) => {
                let mut queue = self.queue();
                queue.forget_gone_of(slot);
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

    /// The key's count first: a failing try disturbs nobody else's that way.
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
            self.call_next();
        }
    }

    /// Gives free places to those in line.
    fn call_next(self: &Arc<Self>) {
        loop {
            let next = {
                let mut queue = self.queue();
                let next = queue.next(|slot| self.take(slot));
                self.waiting.store(queue.len(), Ordering::SeqCst);
                next
            };
            let Some((slot, grant)) = next else { return };
            // One who has gone meanwhile drops the place, which calls the next.
            let _gone = grant.send(Place { gate: Arc::clone(self), slot });
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// One more, unless it is as many as there may be.
fn raise(count: &AtomicU32, limit: u32) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| (now < limit).then_some(now + 1)).is_ok()
}

/// The machine's cores, as far as they are this process's.
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

    /// Stands in line in a task of its own, and has done so when this returns.
    async fn in_line(gate: &Arc<Gate>, key: KeyId, lane: Lane) -> tokio::task::JoinHandle<Result<Place, AppError>> {
        let (before, mine) = (gate.waiting(), Arc::clone(gate));
        let waiting = tokio::spawn(async move { mine.enter(key, lane).await });
        while gate.waiting() == before {
            tokio::task::yield_now().await;
        }
        waiting
    }

    #[tokio::test]
    async fn a_key_has_three_quarters_at_most_and_the_rest_is_others() {
        let gate = Gate::of_requests(&settings(4, 8, 60_000));
        let mut flood = Vec::new();
        for _ in 0..3 {
            flood.push(gate.enter(key(1), Lane::Usual).await.unwrap());
        }
        let fourth = in_line(&gate, key(1), Lane::Usual).await;
        let other = gate.enter(key(2), Lane::Usual).await.unwrap();
        assert_eq!((gate.at_work(), gate.waiting()), (4, 1));
        drop(other);
        assert_eq!((gate.at_work(), gate.waiting()), (3, 1), "still not the fourth of one key");
        flood.pop();
        let fourth = fourth.await.unwrap().unwrap();
        assert_eq!((gate.at_work(), gate.waiting()), (3, 0));
        drop((flood, fourth));
        assert_eq!(gate.at_work(), 0);
    }

    #[tokio::test]
    async fn the_next_place_goes_to_each_key_in_turn_and_to_its_urgent_ones_first() {
        let gate = Gate::of_requests(&settings(1, 16, 60_000));
        let held = gate.enter(key(9), Lane::Usual).await.unwrap();
        let mut standing = Vec::new();
        for name in ["1a", "1b", "1c", "1!", "2a", "3a"] {
            let lane = if name.ends_with('!') { Lane::Urgent } else { Lane::Usual };
            standing.push((name, in_line(&gate, key(name.as_bytes()[0]), lane).await));
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
    async fn keys_of_the_first_rank_go_before_others_and_find_room_in_a_full_queue() {
        let gate = Arc::new(Gate::new(1, 1, false, &settings(1, 4, 60_000)));
        let held = gate.enter(key(9), Lane::Usual).await.unwrap();
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for number in [1, 2, 3, 4, 7, 8] {
            let (mine, order, refused) = (Arc::clone(&gate), Arc::clone(&order), gate.refused().full.get());
            let rank = if number >= 7 { Rank::First } else { Rank::Usual };
            let before = gate.waiting();
            tasks.push(tokio::spawn(async move {
                if let Ok(_place) = mine.enter_ranked(key(number), Lane::Usual, rank).await {
                    order.lock().unwrap().push(number);
                }
            }));
            while gate.waiting() == before && gate.refused().full.get() == refused {
                tokio::task::yield_now().await;
            }
        }
        drop(held);
        for task in tasks {
            task.await.unwrap();
        }
        let order = order.lock().unwrap().clone();
        assert_eq!((order.len(), &order[..2]), (4, &[7, 8][..]), "{order:?}");
        assert_eq!((gate.at_work(), gate.waiting()), (0, 0));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_the_flood_and_makes_room_for_another_key() {
        let gate = Gate::of_requests(&settings(1, 4, 60_000));
        let held = gate.enter(key(9), Lane::Usual).await.unwrap();
        // Let go of, a task gives its place back as soon as it has it.
        drop(in_line(&gate, key(1), Lane::Usual).await);
        drop(in_line(&gate, key(1), Lane::Usual).await);
        let refused = gate.enter(key(1), Lane::Usual).await.unwrap_err();
        assert!(matches!(refused, AppError::Overloaded { retry_after: 1..=3 }), "{refused:?}");
        assert_eq!(gate.refused().share.get(), 1);
        drop(in_line(&gate, key(2), Lane::Usual).await);
        drop(in_line(&gate, key(2), Lane::Usual).await);
        // Full. A newcomer of a third key takes the place of the last of a longest line.
        let mine = Arc::clone(&gate);
        let third = tokio::spawn(async move { mine.enter(key(3), Lane::Usual).await });
        while gate.refused().full.get() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(gate.waiting(), 4);
        assert!(!third.is_finished());
        drop(held);
        while !third.is_finished() {
            tokio::task::yield_now().await;
        }
        third.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_said_and_the_gone_hold_no_place() {
        let gate = Gate::of_requests(&settings(1, 4, 20));
        let held = gate.enter(key(1), Lane::Usual).await.unwrap();
        let began = Instant::now();
        let refused = gate.enter(key(2), Lane::Usual).await.unwrap_err();
        assert!(matches!(refused, AppError::Overloaded { .. }) && began.elapsed() >= Duration::from_millis(20));
        assert_eq!(gate.refused().waited.get(), 1);
        let gone = in_line(&gate, key(3), Lane::Usual).await;
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        drop(held);
        assert_eq!((gate.at_work(), gate.waiting()), (0, 0));
        gate.enter(key(4), Lane::Usual).await.unwrap();
    }

    #[tokio::test]
    async fn a_search_lets_others_come_before_it_computes() {
        let gate = Gate::of_searches(&settings(0, 1000, 60_000), false);
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let flood = (0..100).map(|_| 1).chain([2]);
        let searches: Vec<_> = flood
            .map(|number| {
                let (gate, order) = (Arc::clone(&gate), Arc::clone(&order));
                tokio::spawn(async move {
                    let _place = gate.enter(key(number), Lane::Usual).await.unwrap();
                    order.lock().unwrap().push(number);
                    tokio::task::yield_now().await;
                })
            })
            .collect();
        for search in searches {
            search.await.unwrap();
        }
        let place = order.lock().unwrap().iter().position(|number| *number == 2).unwrap();
        assert!(place <= 2 * cores() as usize + 1, "after {place} of the other key's");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_place_is_lost_in_a_crowd() {
        let gate = Gate::of_requests(&settings(3, 64, 5));
        let crowd: Vec<_> = (0..64_u8)
            .map(|number| {
                let gate = Arc::clone(&gate);
                tokio::spawn(async move {
                    let mut entered = 0;
                    for round in 0..200 {
                        let lane = if round % 7 == 0 { Lane::Urgent } else { Lane::Usual };
                        if let Ok(place) = gate.enter(key(number % 5), lane).await {
                            assert!(gate.at_work() <= 3);
                            tokio::task::yield_now().await;
                            drop(place);
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
        let refused = gate.refused();
        let refused = refused.share.get() + refused.full.get() + refused.waited.get();
        assert_eq!(entered + refused, 64 * 200);
        assert_eq!((gate.at_work(), gate.waiting()), (0, 0));
    }
}
