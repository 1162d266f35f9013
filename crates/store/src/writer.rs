//! The one writer, and group commit.
//!
//! Units of work queue up. The writer takes what is waiting, runs each unit inside its own
//! savepoint of one transaction, commits once, and only then tells every unit its outcome. Many
//! writes share one `fsync`; a unit that fails is rolled back to its savepoint and disturbs nobody.

use std::any::Any;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use diesel::connection::SimpleConnection as _;
use tokio::sync::{oneshot, watch};

use crate::chain::Tails;
use crate::{Connection, StoreError};

/// Most units that share one commit. Bounds how long the first of them waits for the last.
const LARGEST_GROUP: usize = 256;

type Effect = Box<dyn FnOnce() + Send>;

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
        self.effects.push(Box::new(effect));
    }

    /// The connection, and the ends of the event chains.
    pub(crate) fn chains(&mut self) -> (&mut Connection, &mut Tails) {
        (&mut self.connection, &mut self.tails)
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

/// A unit of work in the queue.
trait Unit: Send {
    /// Runs it; `false` means it is to be rolled back.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Tells its caller. `failure` is set when the group's transaction was lost.
    fn finish(self: Box<Self>, failure: Option<String>);
}

struct Pending<F, T, E> {
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Unit for Pending<F, T, E>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&mut Tx) -> Result<T, E> + Send,
{
    fn run(&mut self, tx: &mut Tx) -> bool {
        let Some(work) = self.work.take() else { return false };
        let outcome = catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|panic| {
            let what = panic_message(panic.as_ref());
            tracing::error!(what, "a unit of work panicked and was rolled back");
            Err(StoreError::Unavailable(format!("a unit of work panicked: {what}")).into())
        });
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn finish(self: Box<Self>, failure: Option<String>) {
        let outcome = match (self.outcome, failure) {
            // A unit that refused keeps its refusal: it wrote nothing either way.
            (Some(Err(refused)), _) => Err(refused),
            (Some(Ok(done)), None) => Ok(done),
            (_, failure) => Err(StoreError::Unavailable(failure.unwrap_or_default()).into()),
        };
        // The caller may have gone; what it asked for stands all the same.
        let _gone = self.reply.send(outcome);
    }
}

/// Text of a panic's payload.
fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("?")
}

/// A handle on the writer thread. The thread ends when the last handle is dropped and the queue is
/// empty.
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Unit>>,
}

impl Writer {
    /// `appended` is told how many groups with events were committed so far.
    pub(crate) fn start(connection: Connection, appended: watch::Sender<u64>) -> Result<Self, StoreError> {
        let (queue, waiting) = mpsc::channel::<Box<dyn Unit>>();
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let mut tx = Tx { connection, effects: Vec::new(), tails: Tails::default() };
                while let Ok(first) = waiting.recv() {
                    commit_group(&mut tx, first, &waiting, &appended);
                }
            })
            .map_err(|error| StoreError::Unavailable(format!("cannot start the writer: {error}")))?;
        Ok(Self { queue })
    }

    pub(crate) async fn submit<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let unit = Box::new(Pending { work: Some(work), outcome: None, reply });
        let stopped = || E::from(StoreError::Unavailable("the writer has stopped".to_owned()));
        self.queue.send(unit).map_err(|_gone| stopped())?;
        answer.await.map_err(|_gone| stopped())?
    }
}

fn commit_group(
    tx: &mut Tx,
    first: Box<dyn Unit>,
    waiting: &mpsc::Receiver<Box<dyn Unit>>,
    appended: &watch::Sender<u64>,
) {
    let mut group: Vec<Box<dyn Unit>> = Vec::new();
    let mut failure = tx.batch_execute("BEGIN IMMEDIATE").err().map(|error| error.to_string());
    let mut next = Some(first);
    while let Some(mut unit) = next {
        if failure.is_none()
            && let Err(error) = run_in_savepoint(tx, unit.as_mut())
        {
            failure = Some(error.to_string());
        }
        group.push(unit);
        next = if group.len() < LARGEST_GROUP { waiting.try_recv().ok() } else { None };
    }
    if failure.is_none() {
        let Tx { connection, tails, .. } = tx;
        failure = tails.save(connection).err().map(|error| error.to_string());
    }
    let has_events = tx.tails.mark() > 0;
    tx.tails.clear();
    if failure.is_none() {
        failure = tx.batch_execute("COMMIT").err().map(|error| error.to_string());
    }
    let effects = std::mem::take(&mut tx.effects);
    if let Some(cause) = &failure {
        tracing::error!(cause, units = group.len(), "a group of writes was not committed");
        // Fails when no transaction is open, which is just as well.
        let _none_open = tx.batch_execute("ROLLBACK");
    } else {
        for effect in effects {
            effect();
        }
        if has_events {
            appended.send_modify(|groups| *groups = groups.wrapping_add(1));
        }
    }
    for unit in group {
        unit.finish(failure.clone());
    }
}

fn run_in_savepoint(tx: &mut Tx, unit: &mut dyn Unit) -> diesel::QueryResult<()> {
    let effects_before = tx.effects.len();
    let events_before = tx.tails.mark();
    tx.batch_execute("SAVEPOINT unit")?;
    if unit.run(tx) {
        tx.batch_execute("RELEASE unit")
    } else {
        tx.effects.truncate(effects_before);
        tx.tails.go_back(events_before);
        tx.batch_execute("ROLLBACK TO unit; RELEASE unit")
    }
}
