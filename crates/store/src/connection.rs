//! Opening the database, and reading from it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, RunQueryDsl as _};
use tokio::sync::watch;

use crate::writer::{Tx, Writer};
use crate::{StoreError, migrations};

/// A database connection, as the queries take it.
pub type Connection = diesel::SqliteConnection;

/// Applied to every connection: write-ahead log, durable commits, enforced references, and up to
/// five seconds of patience with another process (the command line, a backup) that holds the lock.
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;";

/// The one writer keeps the pages it works on in memory (128 MiB at most: a large calendar's indexes
/// would not fit in less, and every booking would read them again), and moves the log into the
/// database every 32 MiB rather than every 4.
const WRITER_PRAGMAS: &str = "PRAGMA cache_size = -131072; PRAGMA wal_autocheckpoint = 8000;";

/// The database. Cheap to clone; all clones share one writer.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    /// Tells this store's reader connections from another's in the same thread.
    number: u64,
    path: PathBuf,
    writer: Writer,
    appended: watch::Sender<u64>,
}

static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// One reader for each thread and store. A SQLite read of a few rows takes microseconds and,
    /// under the write-ahead log, never waits for the writer: it runs where it is asked for, which
    /// is several times cheaper than a hop to another thread.
    static READERS: RefCell<HashMap<u64, Connection>> = RefCell::new(HashMap::new());
}

impl Store {
    /// Opens (or creates) the database at `path` and brings its schema up to date.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = connect(path)?;
        connection.batch_execute(WRITER_PRAGMAS).map_err(StoreError::from)?;
        migrations::run(&mut connection)?;
        let (appended, _nobody_yet) = watch::channel(0);
        let writer = Writer::start(connection, appended.clone())?;
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        Ok(Self { inner: Arc::new(Inner { number, path: path.to_owned(), writer, appended }) })
    }

    /// Changes whenever this process has committed new events: wakes whoever works on them. What
    /// another process commits is not told: look now and then all the same.
    pub fn events_appended(&self) -> watch::Receiver<u64> {
        self.inner.appended.subscribe()
    }

    /// Where the database file is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Runs queries that only read. Sees everything committed before it started.
    pub fn read<T, E: From<StoreError>>(&self, queries: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E> {
        let number = self.inner.number;
        let kept = READERS.with_borrow_mut(|readers| readers.remove(&number));
        let mut connection = if let Some(connection) = kept {
            connection
        } else {
            let mut fresh = connect(&self.inner.path)?;
            fresh.batch_execute("PRAGMA query_only = ON").map_err(StoreError::from)?;
            fresh
        };
        let outcome = queries(&mut connection);
        READERS.with_borrow_mut(|readers| readers.insert(number, connection));
        outcome
    }

    /// Writes the whole database anew, without what was deleted or overwritten, and empties the
    /// write-ahead log: nothing of it is left in the files. Takes as long as copying the database, needs
    /// as much room again, and others wait meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process reads just now and the log could not be emptied.
    pub fn scrub(&self) -> Result<(), StoreError> {
        #[derive(diesel::QueryableByName)]
        struct Checkpoint {
            #[diesel(sql_type = diesel::sql_types::Integer)]
            busy: i32,
        }
        let mut connection = connect(&self.inner.path)?;
        // The copy may be larger than the memory.
        connection.batch_execute("PRAGMA temp_store = FILE; PRAGMA busy_timeout = 30000; VACUUM")?;
        let done: Checkpoint = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(&mut connection)?;
        if done.busy == 0 { Ok(()) } else { Err(StoreError::Busy("the write-ahead log is in use".to_owned())) }
    }

    /// Runs one unit of work in a transaction. When it returns `Ok`, all it wrote is durable before
    /// this resolves; when it returns `Err`, nothing of it is kept.
    ///
    /// The unit must not wait for anything but the database: others stand in line behind it.
    pub async fn write<T, E, F>(&self, unit: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        self.inner.writer.submit(unit).await
    }
}

pub(crate) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let url = path.to_str().ok_or_else(|| StoreError::Unavailable("the database path is not UTF-8".to_owned()))?;
    let mut connection =
        Connection::establish(url).map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
    connection.batch_execute(PRAGMAS)?;
    Ok(connection)
}
