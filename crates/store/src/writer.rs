//! The writers, and group commit.
//!
//! Units of work queue up. A writer takes what is waiting, runs all of it in one transaction, commits
//! once, and only then completes every unit with its outcome. Many writes share one `fsync`. Each unit has a
//! savepoint: a refused unit is rolled back alone, and the others are committed.
//!
//! A SQLite file has one writer. A PostgreSQL server has a few for each node: a unit that lost a lock
//! to another transaction, or its connection, is tried again on a fresh copy of itself.

use std::any::Any;
use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use tokio::sync::{oneshot, watch};

use crate::chain::{Appended, Tails};
use crate::held::Commits;
use crate::opening::{Connect, is_alive};
use crate::queue::Queue;
use crate::{Connection, StoreError, UnitError, dialect};

/// Most units that share one commit. Bounds how long the first of them waits for the last.
const MAX_GROUP_UNITS: usize = 256;

/// Most units that share one commit on a server, where each statement is a round trip and the rows that
/// a group has changed stay locked until it commits.
const MAX_SHARED_GROUP_UNITS: usize = 32;

/// Maximum runs of a unit. Then its caller gets the error.
const MAX_TRIES: u32 = 8;

/// Between two attempts to reach a server that is away.
const RECONNECT_DELAY: Duration = Duration::from_millis(250);

type Effect = Box<dyn FnOnce(&[Appended]) + Send>;

/// A transaction under way. Queries take it as the [`Connection`] that it derefs to.
pub struct Tx {
    connection: Connection,
    effects: Vec<Effect>,
    tails: Tails,
}

impl Tx {
    /// Something to do once the transaction is durable, in commit order: refresh a cache, wake a
    /// worker. Dropped when this unit of work is rolled back. Must be quick and must not panic.
    pub fn after_commit(&mut self, effect: impl FnOnce() + Send + 'static) {
        self.effects.push(Box::new(|_appended| effect()));
    }

    /// The same, told where the events of the whole transaction stand in their tenants' chains.
    pub fn after_commit_with(&mut self, effect: impl FnOnce(&[Appended]) + Send + 'static) {
        self.effects.push(Box::new(effect));
    }

    /// The connection, and the ends of the event chains.
    pub(crate) fn chains(&mut self) -> (&mut Connection, &mut Tails) {
        (&mut self.connection, &mut self.tails)
    }

    fn forget(&mut self) {
        self.effects.clear();
        self.tails.clear();
    }
}

impl Deref for Tx {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// What became of a unit that ran.
enum Ran {
    /// It wrote what it wanted.
    Done,
    /// It refused, or failed for good.
    Refused,
    /// It lost a lock to another transaction, or the database: it is to run again.
    Again,
}

/// A unit of work in the queue.
trait Unit: Send {
    /// Runs it once.
    fn run(&mut self, tx: &mut Tx) -> Ran;
    /// Whether it may run once more; counted.
    fn try_again(&mut self) -> bool;
    /// Whether it is to have a transaction of its own.
    fn is_alone(&self) -> bool;
    /// Tells its caller. `failure` is set when the group's transaction was lost.
    fn finish(self: Box<Self>, failure: Option<Failure>);
}

/// Why a group was not committed.
#[derive(Clone)]
enum Failure {
    Busy(String),
    Unavailable(String),
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Busy(cause) => Self::Busy(cause),
            Failure::Unavailable(cause) => Self::Unavailable(cause),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(cause) => Self::Busy(cause),
            StoreError::Contended(cause) => Self::Busy(cause.to_string()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

struct Pending<F, T, E> {
    work: F,
    tries: u32,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Unit for Pending<F, T, E>
where
    T: Send,
    E: UnitError,
    F: FnOnce(&mut Tx) -> Result<T, E> + Clone + Send,
{
    fn run(&mut self, tx: &mut Tx) -> Ran {
        let work = self.work.clone();
        let outcome = catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|panic| {
            let what = panic_message(panic.as_ref());
            tracing::error!(what, "a unit of work panicked and was rolled back");
            Err(StoreError::Unavailable(format!("a unit of work panicked: {what}")).into())
        });
        let ran = match &outcome {
            Ok(_) => Ran::Done,
            Err(error) if error.store_error().is_some_and(StoreError::is_passing) => Ran::Again,
            Err(_) => Ran::Refused,
        };
        self.outcome = Some(outcome);
        ran
    }

    fn try_again(&mut self) -> bool {
        self.tries += 1;
        self.tries < MAX_TRIES
    }

    fn is_alone(&self) -> bool {
        self.tries > 0
    }

    fn finish(self: Box<Self>, failure: Option<Failure>) {
        let outcome = match (self.outcome, failure) {
            // A unit that refused keeps its refusal: it wrote nothing either way.
            (Some(Err(refused)), _) => Err(refused),
            (Some(Ok(done)), None) => Ok(done),
            (_, failure) => {
                let failure = failure.unwrap_or_else(|| Failure::Unavailable("nothing was run".to_owned()));
                Err(StoreError::from(failure).into())
            }
        };
        // The caller may have gone; what it asked for stands all the same.
        let _gone = self.reply.send(outcome);
    }
}

/// Text of a panic's payload.
fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("?")
}

type Units = Vec<Box<dyn Unit>>;

/// A handle on the writers' threads. They end when it is dropped and the queue is empty.
pub(crate) struct Writer {
    queue: Arc<Queue<Box<dyn Unit>>>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Writer {
    /// `appended` counts the committed groups with events.
    pub(crate) fn start(
        connect: &Connect,
        writers: usize,
        appended: &watch::Sender<u64>,
        commits: &Arc<Commits>,
    ) -> Result<Self, StoreError> {
        let queue = Arc::new(Queue::new());
        let handle = Self { queue: Arc::clone(&queue) };
        for number in 0..writers {
            let mut connection = connect()?;
            dialect::prepare_writer(&mut connection)?;
            let tx = Tx { connection, effects: Vec::new(), tails: Tails::default() };
            let (connect, queue, appended) = (Arc::clone(connect), Arc::clone(&queue), appended.clone());
            let jitter = RandomState::new();
            let commits = Arc::clone(commits);
            let mut worker = Worker { tx, connect, queue, appended, jitter, commits };
            std::thread::Builder::new()
                .name(format!("store-writer-{number}"))
                .spawn(move || worker.work())
                .map_err(|error| StoreError::Unavailable(format!("cannot start a writer: {error}")))?;
        }
        Ok(handle)
    }

    pub(crate) async fn submit<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: UnitError + 'static,
        F: FnOnce(&mut Tx) -> Result<T, E> + Clone + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.queue.push(Box::new(Pending { work, tries: 0, outcome: None, reply }))?;
        answer.await.map_err(|_gone| StoreError::Unavailable("the writer has stopped".to_owned()))?
    }
}

/// What a transaction came to.
enum Group {
    /// Committed.
    Committed(Vec<Appended>),
    /// Nothing was committed.
    RolledBack(Failure),
    /// The connection broke during the commit: it may have been committed.
    Unknown(Failure),
}

/// One writer's thread.
struct Worker {
    tx: Tx,
    connect: Connect,
    queue: Arc<Queue<Box<dyn Unit>>>,
    appended: watch::Sender<u64>,
    jitter: RandomState,
    commits: Arc<Commits>,
}

impl Worker {
    fn work(&mut self) {
        let shared = matches!(self.tx.connection, Connection::Postgres(_));
        let most = if shared { MAX_SHARED_GROUP_UNITS } else { MAX_GROUP_UNITS };
        loop {
            let first = self.queue.take(most, |unit| unit.is_alone());
            if first.is_empty() {
                return;
            }
            self.commit_group(first, most, shared);
        }
    }

    fn commit_group(&mut self, first: Units, most: usize, shared: bool) {
        let alone = first[0].is_alone();
        if alone && shared {
            self.pause();
        }
        let (mut group, mut again) = (Vec::new(), Vec::new());
        let outcome = self.run_group(first, most, alone, &mut group, &mut again);
        let effects = std::mem::take(&mut self.tx.effects);
        self.tx.forget();
        match outcome {
            Group::Committed(appended) => {
                for effect in effects {
                    effect(&appended);
                }
                if !appended.is_empty() {
                    self.appended.send_modify(|groups| *groups = groups.wrapping_add(1));
                }
                for unit in group {
                    unit.finish(None);
                }
            }
            Group::RolledBack(failure) => {
                tracing::warn!(cause = failure.cause(), units = group.len(), "a group of writes is undone");
                // On a server all may be tried again; a file that cannot be written to stays so. In a
                // group one may have spoilt it for the others.
                if shared || group.len() > 1 {
                    again.extend(group);
                } else {
                    for unit in group {
                        unit.finish(Some(failure.clone()));
                    }
                }
                self.retry(again, &failure, shared);
                return;
            }
            Group::Unknown(failure) => {
                tracing::error!(cause = failure.cause(), units = group.len(), "a commit was cut off");
                for unit in group {
                    unit.finish(Some(failure.clone()));
                }
            }
        }
        let contended = Failure::Busy("others change the same rows".to_owned());
        self.retry(again, &contended, shared);
    }

    /// Puts units back that are to run again; those that were run often enough hear of it.
    fn retry(&mut self, units: Units, failure: &Failure, shared: bool) {
        let mut back = Vec::new();
        for mut unit in units {
            if unit.try_again() {
                back.push(unit);
            } else {
                unit.finish(Some(failure.clone()));
            }
        }
        if !back.is_empty() {
            self.queue.put_back(back);
        }
        if shared && !is_alive(&mut self.tx.connection) {
            self.reconnect();
        }
    }

    fn reconnect(&mut self) {
        match (self.connect)() {
            Ok(fresh) => self.tx.connection = fresh,
            Err(error) => {
                tracing::error!(%error, "the database does not answer");
                std::thread::sleep(RECONNECT_DELAY);
            }
        }
    }

    /// Waits up to four milliseconds, by chance, so that two units that conflicted do not conflict again.
    fn pause(&self) {
        let micros = self.jitter.hash_one(std::time::Instant::now()) % 4_000;
        std::thread::sleep(Duration::from_micros(micros));
    }

    /// Runs units in one transaction and commits it. Leaves those that belong to it in `group`, those
    /// that are to run again by themselves in `again`.
    fn run_group(&mut self, first: Units, most: usize, alone: bool, group: &mut Units, again: &mut Units) -> Group {
        let mut waiting = VecDeque::from(first);
        let mut failure = dialect::begin(&mut self.tx).err().map(StoreError::from);
        let mut taken = 0;
        loop {
            let mut next = waiting.pop_front();
            if next.is_none() && !alone && taken < most && failure.is_none() {
                next = self.queue.take_next(|unit| unit.is_alone());
            }
            let Some(mut unit) = next else { break };
            taken += 1;
            if failure.is_some() {
                group.push(unit);
                continue;
            }
            match run_in_savepoint(&mut self.tx, unit.as_mut()) {
                Ok(Ran::Done | Ran::Refused) => group.push(unit),
                Ok(Ran::Again) => again.push(unit),
                Err(error) => {
                    failure = Some(error.into());
                    group.push(unit);
                }
            }
        }
        let saved = failure.map_or_else(
            || {
                let Tx { connection, tails, .. } = &mut self.tx;
                tails.save(connection)
            },
            Err,
        );
        let appended = match saved {
            Ok(appended) => appended,
            Err(error) => {
                // Fails when no transaction is open, which is just as well.
                let _none_open = self.tx.batch_execute("ROLLBACK");
                return Group::RolledBack(error.into());
            }
        };
        if !self.commits.may_commit() {
            let _none_open = self.tx.batch_execute("ROLLBACK");
            return Group::RolledBack(Failure::Unavailable("a test undid the transaction".to_owned()));
        }
        match self.tx.batch_execute("COMMIT") {
            Ok(()) => Group::Committed(appended),
            Err(error) => {
                let _none_open = self.tx.batch_execute("ROLLBACK");
                let failure = Failure::from(StoreError::from(error));
                // A server that refused the commit and still answers has undone it.
                if is_alive(&mut self.tx) {
                    Group::RolledBack(failure)
                } else {
                    Group::Unknown(Failure::Unavailable(failure.cause().to_owned()))
                }
            }
        }
    }
}

impl Failure {
    fn cause(&self) -> &str {
        match self {
            Self::Busy(cause) | Self::Unavailable(cause) => cause,
        }
    }
}

fn run_in_savepoint(tx: &mut Tx, unit: &mut dyn Unit) -> diesel::QueryResult<Ran> {
    let effects_before = tx.effects.len();
    let events_before = tx.tails.mark();
    tx.batch_execute("SAVEPOINT unit")?;
    let ran = unit.run(tx);
    if matches!(ran, Ran::Done) {
        tx.batch_execute("RELEASE unit")?;
    } else {
        tx.effects.truncate(effects_before);
        tx.tails.go_back(events_before);
        tx.batch_execute("ROLLBACK TO unit; RELEASE unit")?;
    }
    Ok(ran)
}
