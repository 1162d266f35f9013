//! Moving SQLite's write-ahead log into the database beside the writer.
//!
//! A commit writes to the log only; now and then somebody has to move what it holds into the database file,
//! and to wait until the disk has it: as long as some ten commits. Here a thread of its own does so while the
//! writer goes on. What is committed meanwhile stays in the log, which therefore only begins anew when the
//! writer has moved the rest itself ([`dialect::prepare_writer`](crate::dialect::prepare_writer)); the little
//! that is left then.

use std::sync::mpsc::{SyncSender, sync_channel};

use diesel::connection::SimpleConnection as _;

use crate::writer::Connect;
use crate::{Connection, StoreError};

/// The log is moved after so many units of work: some 2,500 pages when they are bookings.
const AFTER_UNITS: usize = 512;

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

    /// So many units more were committed.
    pub(crate) fn after(&mut self, units: usize) {
        self.units += units;
        if let Some(wake) = self.wake.as_ref().filter(|_| self.units >= AFTER_UNITS) {
            self.units = 0;
            // One that is asked for already is as good.
            let _asked_for = wake.try_send(());
        }
    }
}
