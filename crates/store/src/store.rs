//! The database: reading from it, and writing to it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use constat_domain::ids::KeyId;
use tokio::sync::watch;

use crate::attempts::Earlier;
use crate::commit_counter::{CommitCounter, CommitCounters};
use crate::held::{Commits, HeldCommits};
use crate::opening::{connect, open_copy, open_file};
use crate::pool::Pool;
use crate::writer::{Tx, Writer};
use crate::{Connection, StoreError, UnitError, database_url, dialect, migrations};

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file of this machine, made when it is not there.
    File(PathBuf),
    /// A PostgreSQL database that any number of nodes share.
    Server {
        /// `postgres://user@host/database`, as libpq reads it.
        url: String,
        /// How many transactions this node writes at once, from 1.
        writers: usize,
        /// How many reads this node runs at once, from 1.
        readers: usize,
    },
}

impl std::fmt::Debug for Database {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Server { url, .. } => {
                f.debug_struct("Server").field("url", &database_url::shown(url)).finish_non_exhaustive()
            }
        }
    }
}

impl Database {
    /// The PostgreSQL database at a URL, with as many connections as suit a machine of a few cores.
    pub fn server(url: impl Into<String>) -> Self {
        Self::Server { url: url.into(), writers: 2, readers: 8 }
    }
}

/// The database. Cheap to clone; all clones share its writers and readers.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    readers: Readers,
    writer: Writer,
    appended: watch::Sender<u64>,
    commits: Arc<Commits>,
}

enum Readers {
    /// One connection for each thread; the number tells this store's from another's.
    OfThread(u64, CommitCounters),
    /// A few that all threads share.
    Shared(Pool),
}

static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// One reader for each thread and SQLite store. A SQLite read of a few rows takes microseconds and,
    /// under the write-ahead log, never waits for the writer: it runs where it is asked for, which
    /// is several times cheaper than a hop to another thread.
    static READERS: RefCell<HashMap<u64, Connection>> = RefCell::new(HashMap::new());
}

impl Store {
    /// Opens (or creates) the SQLite database at `path` and brings its schema up to date.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::of(Database::File(path.to_owned()))
    }

    /// Opens the database and brings its schema up to date.
    pub fn of(database: Database) -> Result<Self, StoreError> {
        let (appended, _no_receiver) = watch::channel(0);
        let (connect_again, writers, readers): (Box<dyn Fn() -> _ + Send + Sync>, _, _) = match &database {
            Database::File(path) => {
                let path = path.clone();
                let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
                let commit_counters = CommitCounters::of(&path);
                (Box::new(move || open_file(&path)), 1, Readers::OfThread(number, commit_counters))
            }
            Database::Server { url, writers, readers } => {
                let pool = Pool::new(url.clone(), (*readers).max(1));
                let url = url.clone();
                (Box::new(move || connect(&url)), (*writers).max(1), Readers::Shared(pool))
            }
        };
        migrations::run(&mut connect_again()?)?;
        let commits = Arc::default();
        let writer = Writer::start(&connect_again.into(), writers, &appended, &commits)?;
        Ok(Self { inner: Arc::new(Inner { database, readers, writer, appended, commits }) })
    }

    /// Changes when this process has committed new events: wakes the tasks that process them. Commits of other
    /// processes do not change it: poll for those.
    pub fn events_appended(&self) -> watch::Receiver<u64> {
        self.inner.appended.subscribe()
    }

    /// Where the database is.
    pub fn database(&self) -> &Database {
        &self.inner.database
    }

    /// What is committed at this moment. Take it, then read; as long as it stays the same, so does what
    /// was read. `None` when the database cannot tell without a query.
    pub fn commit_counter(&self) -> Option<CommitCounter> {
        match &self.inner.readers {
            Readers::OfThread(_, commit_counters) => commit_counters.now(),
            Readers::Shared(_) => None,
        }
    }

    /// Runs queries that only read. Each sees everything committed before it started.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when too many others read just now, [`StoreError::Unavailable`] when the
    /// server does not answer, and what the queries say themselves.
    pub fn read<T, E: From<StoreError>>(&self, queries: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E> {
        match &self.inner.readers {
            Readers::OfThread(number, _) => self.read_in_thread(*number, queries),
            Readers::Shared(pool) => pool.read(queries),
        }
    }

    fn read_in_thread<T, E: From<StoreError>>(
        &self,
        number: u64,
        queries: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let kept = READERS.with_borrow_mut(|readers| readers.remove(&number));
        let mut connection = match (kept, &self.inner.database) {
            (Some(connection), _) => connection,
            (None, Database::File(path)) => {
                let mut fresh = open_file(path)?;
                dialect::prepare_reader(&mut fresh)?;
                fresh
            }
            (None, Database::Server { .. }) => {
                return Err(StoreError::Unavailable("a server's readers are shared".to_owned()).into());
            }
        };
        let outcome = queries(&mut connection);
        READERS.with_borrow_mut(|readers| readers.insert(number, connection));
        outcome
    }

    /// Writes the whole database anew, without what was deleted or overwritten, and empties SQLite's
    /// write-ahead log: nothing of it is left in the files. Takes as long as copying the database, needs
    /// as much room again, and others wait meanwhile. What a PostgreSQL server archives of its own log
    /// is its operator's to let go of.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process reads just now and the log could not be emptied.
    pub fn scrub(&self) -> Result<(), StoreError> {
        let mut connection = match &self.inner.database {
            Database::File(path) => open_file(path)?,
            Database::Server { url, .. } => connect(url)?,
        };
        dialect::scrub(&mut connection)
    }

    /// Copies the whole database into a file that is not there yet, as of one instant, while others read
    /// and write.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] for a PostgreSQL database, which has better tools of its own.
    pub fn snapshot(&self, to: &Path) -> Result<(), StoreError> {
        let Database::File(path) = &self.inner.database else {
            return Err(StoreError::Unavailable("a PostgreSQL database is copied with its own tools".to_owned()));
        };
        dialect::snapshot(&mut open_file(path)?, to)?;
        let synced = std::fs::File::open(to).and_then(|copy| copy.sync_all());
        synced.map_err(|error| StoreError::Unavailable(format!("{}: {error}", to.display())))
    }

    /// Reads from a copy that [`Store::snapshot`] made, without changing it. No process may write to it.
    pub fn read_copy<T, E: From<StoreError>>(
        copy: &Path,
        queries: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        queries(&mut open_copy(copy)?)
    }

    /// What the attempts under an `Idempotency-Key` have come to, those included whose transactions began before
    /// this one looks. PostgreSQL tells on a reader's connection. On SQLite the look is a unit of the writer, since
    /// another process on the same file may be about to commit.
    ///
    /// # Errors
    /// As [`Store::read`] and [`Store::write`].
    pub async fn earlier_attempts(&self, caller: KeyId, key: &str) -> Result<Earlier, StoreError> {
        let caller = caller.to_string();
        match &self.inner.readers {
            Readers::Shared(pool) => {
                pool.read(|connection| Ok(dialect::take_idempotency_key(connection, &caller, key)?))
            }
            Readers::OfThread(..) => {
                let key = key.to_owned();
                self.write(move |tx| Ok(dialect::take_idempotency_key(tx, &caller, &key)?)).await
            }
        }
    }

    /// Holds back every commit of this store until the answer is dropped. For tests, which force the order of
    /// events with it.
    #[doc(hidden)]
    pub fn hold_commits(&self) -> HeldCommits {
        HeldCommits::of(&self.inner.commits)
    }

    /// Runs one unit of work in a transaction. When it returns `Ok`, all it wrote is durable before
    /// this resolves; when it returns `Err`, nothing of it is kept, unless the commit itself was cut off.
    ///
    /// The unit must not wait for anything but the database: others stand in line behind it. It may run
    /// several times, each time on a fresh copy of what it holds, when a transaction was lost to another
    /// node's, or with the connection.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when too much waits to be written: nothing was done, and it is to be tried
    /// again in a moment. [`StoreError::Unavailable`] when the database does not answer: if it went away during the
    /// commit, the unit may be kept or not.
    pub async fn write<T, E, F>(&self, unit: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: UnitError + 'static,
        F: FnOnce(&mut Tx) -> Result<T, E> + Clone + Send + 'static,
    {
        self.inner.writer.submit(unit).await
    }
}
