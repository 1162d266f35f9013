//! Readers of a PostgreSQL server: a few connections that all threads share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::opening::{connect, is_alive};
use crate::{Connection, StoreError, dialect};

/// How long a read waits for a connection.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);

/// How many reads may wait for one. Beyond it the next hears at once that the server is busy.
const MAX_WAITING: usize = 256;

pub(crate) struct Pool {
    url: String,
    most: usize,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    /// Idle or in use.
    open: usize,
    waiting: usize,
}

impl Pool {
    pub(crate) fn new(url: String, most: usize) -> Self {
        Self { url, most, state: Mutex::default(), returned: Condvar::new() }
    }

    /// Reads on a connection of its own. The thread waits for the server: a runtime with several threads
    /// is informed, so that its other tasks go on elsewhere.
    pub(crate) fn read<T, E: From<StoreError>>(
        &self,
        queries: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let several = Handle::try_current().is_ok_and(|here| here.runtime_flavor() == RuntimeFlavor::MultiThread);
        if several { tokio::task::block_in_place(|| self.read_here(queries)) } else { self.read_here(queries) }
    }

    fn read_here<T, E: From<StoreError>>(&self, queries: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E> {
        let mut lease = Lease { pool: self, connection: Some(self.take()?) };
        let Some(connection) = &mut lease.connection else {
            return Err(StoreError::Unavailable("no connection".to_owned()).into());
        };
        let outcome = queries(connection);
        if outcome.is_err() && !is_alive(connection) {
            // The server went away: what else is idle was cut off with this one.
            lease.connection = None;
            let idle = std::mem::take(&mut self.lock().idle);
            self.lock().open -= idle.len();
        }
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Result<Connection, StoreError> {
        let mut state = self.lock();
        loop {
            if let Some(connection) = state.idle.pop() {
                return Ok(connection);
            }
            if state.open < self.most {
                state.open += 1;
                drop(state);
                let fresh =
                    connect(&self.url).and_then(|mut fresh| dialect::prepare_reader(&mut fresh).map(|()| fresh));
                if fresh.is_err() {
                    self.lock().open -= 1;
                    self.returned.notify_one();
                }
                return fresh;
            }
            if state.waiting >= MAX_WAITING {
                return Err(StoreError::Busy("too many reads wait for the database".to_owned()));
            }
            state.waiting += 1;
            let (woken, waited) =
                self.returned.wait_timeout(state, CONNECTION_TIMEOUT).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.waiting -= 1;
            if waited.timed_out() && state.idle.is_empty() && state.open >= self.most {
                return Err(StoreError::Busy("no connection to the database became free".to_owned()));
            }
        }
    }
}

/// A connection in use; goes back however the read ends.
struct Lease<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        match self.connection.take() {
            // A read that panicked may have left anything behind.
            Some(connection) if !std::thread::panicking() => state.idle.push(connection),
            _ => state.open -= 1,
        }
        drop(state);
        self.pool.returned.notify_one();
    }
}
