//! API keys that were recognised lately.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use constat_domain::tenancy::Caller;
use constat_store::CommitCounter;
use jiff::Timestamp;
use quick_cache::sync::Cache;

/// Keys seen lately, by the hash of their secret.
///
/// A key is trusted only while nothing has changed about any key, on any node: a revocation counts before it
/// commits (`api_keys::changes`), so that the first request after it is refused everywhere. SQLite tells
/// without a query that nothing was committed at all ([`CommitCounter`]); otherwise the count is read, once for all
/// requests that wait for it.
pub struct RecentKeys {
    pub(crate) by_hash: Cache<[u8; 32], Remembered>,
    pub(crate) seen: Mutex<Option<(CommitCounter, i64)>>,
    pub(crate) arrived: AtomicU64,
    pub(crate) shared: tokio::sync::Mutex<SharedCount>,
}

/// Maximum number of keys remembered; those used least go first.
const MAX_CACHED: usize = 10_000;

impl Default for RecentKeys {
    fn default() -> Self {
        Self {
            by_hash: Cache::new(MAX_CACHED),
            seen: Mutex::default(),
            arrived: AtomicU64::default(),
            shared: tokio::sync::Mutex::default(),
        }
    }
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
