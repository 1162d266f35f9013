//! Moving SQLite's write-ahead log into the database beside the writer.
//!
//! A commit writes to the log only. A checkpoint copies the log into the database file and syncs it, which takes as
//! long as about ten commits: a separate thread does it while the writer continues. Commits made meanwhile stay in
//! the log, so the log restarts only after the writer's own checkpoint of the rest
//! ([`dialect::prepare_writer`](crate::dialect::prepare_writer)), which is short.

use std::sync::mpsc::{SyncSender, sync_channel};

use diesel::connection::SimpleConnection as _;

use crate::opening::Connect;
use crate::{Connection, StoreError};

/// Units of work between two checkpoints: some 2,500 pages when they are bookings.
const CHECKPOINT_AFTER_UNITS: usize = 512;

/// A handle on the thread, which ends when it is dropped.
pub(crate) struct Checkpoints {
    /// Units since it was woken.
    units: usize,
    /// `None` on a server, which sees to its own log.
    wake: Option<SyncSender<()>>,
}

impl Checkpoints {
    /// Of the database that `writer` writes to; `connect` opens it once more.
    pub(crate) fn start(connect: &Connect, writer: &Connection) -> Result<Self, StoreError> {
        if matches!(writer, Connection::Postgres(_)) {
            return Ok(Self { units: 0, wake: None });
        }
        let mut connection = connect()?;
        let (wake, woken) = sync_channel(1);
        let work = move || {
            while woken.recv().is_ok() {
                if let Err(error) = connection.batch_execute("PRAGMA wal_checkpoint(PASSIVE)") {
                    tracing::debug!(%error, "the log stays where it is for now");
                }
            }
        };
        let started = std::thread::Builder::new().name("store-checkpoint".to_owned()).spawn(work);
        started.map_err(|error| StoreError::Unavailable(format!("cannot start a thread for the log: {error}")))?;
        Ok(Self { units: 0, wake: Some(wake) })
    }

    /// Counts committed units, and starts a checkpoint when enough were.
    pub(crate) fn after(&mut self, units: usize) {
        self.units += units;
        if let Some(wake) = self.wake.as_ref().filter(|_| self.units >= CHECKPOINT_AFTER_UNITS) {
            self.units = 0;
            // A full channel means that a checkpoint is requested already.
            let _requested = wake.try_send(());
        }
    }
}
