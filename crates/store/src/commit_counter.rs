//! Detects commits to a SQLite database without a query, to validate answers cached in memory.
//!
//! A query costs a statement and two file locks, and mostly finds no change. The index of the write-ahead log is a
//! file that all processes share (`-shm`). It begins with two copies of a header of 48 bytes, and each commit of any
//! process writes both, with a counter and a checksum over the whole log, before it returns
//! (<https://sqlite.org/walformat.html>, section 2). Equal headers mean that nothing was committed
//! between the two looks.

/// The state of a database's commits at one instant. Two equal counters of one store mean that no process committed
/// in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitCounter([u8; HEADER]);

/// Length of one copy of the header, in bytes.
const HEADER: usize = 48;
/// Offset of the byte that says whether the header is initialised.
const IS_WRITTEN: usize = 12;

#[cfg(target_os = "linux")]
pub(crate) use linux::CommitCounters;

/// Elsewhere a file may not show at once what another process writes to its mapping of it.
#[cfg(not(target_os = "linux"))]
pub(crate) struct CommitCounters;

#[cfg(not(target_os = "linux"))]
impl CommitCounters {
    pub(crate) const fn of(_database: &std::path::Path) -> Self {
        Self
    }

    pub(crate) const fn now(&self) -> Option<CommitCounter> {
        None
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::mem::ManuallyDrop;
    use std::os::unix::fs::FileExt as _;
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, OnceLock};

    use diesel::connection::SimpleConnection as _;

    use super::{CommitCounter, HEADER, IS_WRITTEN};
    use crate::Connection;
    use crate::opening::open_file;

    /// Looks at the header of one database's log.
    pub(crate) struct CommitCounters {
        database: PathBuf,
        index: OnceLock<Option<Index>>,
    }

    /// The file of the log's index.
    struct Index {
        /// Never closed: a process that closes any handle of a file loses all its locks on it
        /// (`fcntl(2)`), and SQLite holds some on this one.
        file: ManuallyDrop<File>,
        /// SQLite keeps the file while a connection is open.
        _connected: Mutex<Connection>,
    }

    impl Index {
        fn of(database: &Path) -> Option<Self> {
            let mut connected = open_file(database).ok()?;
            connected.batch_execute("SELECT count(*) FROM sqlite_schema").ok()?;
            let mut path = database.as_os_str().to_owned();
            path.push("-shm");
            let file = ManuallyDrop::new(File::open(path).ok()?);
            Some(Self { file, _connected: Mutex::new(connected) })
        }
    }

    impl CommitCounters {
        pub(crate) fn of(database: &Path) -> Self {
            Self { database: database.to_owned(), index: OnceLock::new() }
        }

        /// `None` without the file, or while a commit writes it.
        pub(crate) fn now(&self) -> Option<CommitCounter> {
            let index = self.index.get_or_init(|| Index::of(&self.database)).as_ref()?;
            let mut both = [0; 2 * HEADER];
            index.file.read_exact_at(&mut both, 0).ok()?;
            let (first, second) = both.split_first_chunk::<HEADER>()?;
            (first == second && first[IS_WRITTEN] != 0).then_some(CommitCounter(*first))
        }
    }
}
