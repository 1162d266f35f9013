//! API keys that were recognised lately.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, RwLock};

use constat_domain::tenancy::Caller;
use constat_store::CommitCounter;
use jiff::Timestamp;

/// Keys seen lately, by the hash of their secret.
///
/// A key is trusted only while nothing has changed about any key, on any node: a revocation counts before it
/// commits (`api_keys::changes`), so that the first request after it is refused everywhere. SQLite tells
/// without a query that nothing was committed at all ([`CommitCounter`]); otherwise the count is read, once for all
/// requests that wait for it.
#[derive(Default)]
pub struct RecentKeys {
    pub(crate) by_hash: RwLock<HashMap<[u8; 32], Remembered>>,
    pub(crate) seen: Mutex<Option<(CommitCounter, i64)>>,
    pub(crate) arrived: AtomicU64,
    pub(crate) shared: tokio::sync::Mutex<SharedCount>,
}

#[derive(Clone, Copy)]
pub(crate) struct Remembered {
    pub(crate) caller: Caller,
    /// The count of key changes before the key was read.
    pub(crate) changes: i64,
    pub(crate) until: Timestamp,
}

/// The count of key changes as it was last read (`None` when that failed), and for how many arrivals it holds.
#[derive(Default)]
pub(crate) struct SharedCount {
    pub(crate) arrived: u64,
    pub(crate) changes: Option<i64>,
}
