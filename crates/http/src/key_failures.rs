//! Requests whose key is refused: counted, logged without the key, and slowed when one client repeats them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use constat_core::{Counter, KeyFault, Network, client_group, hash_secret, logged_prefix};
use constat_domain::tenancy::Api;
use http::HeaderMap;
use tokio::sync::Semaphore;

use crate::peer::Peer;
use crate::sparse::Sparse;

/// Refused keys of one client in a minute that are answered at once.
const FREE_PER_MINUTE: u32 = 20;

/// How much later the answer comes to each further one.
const DELAY: Duration = Duration::from_secs(1);

/// Answers that are held back at once; further ones are given without delay, so that a flood holds no memory.
const MAX_DELAYED: usize = 256;

/// Maximum number of clients that are counted separately. With more, those that were quiet for a minute are forgotten, then all.
const MAX_CLIENTS: usize = 10_000;

const MINUTE: Duration = Duration::from_mins(1);

/// Lines about single clients in a minute; what comes beyond is in a line for all.
const MAX_LINES_PER_MINUTE: u32 = 20;

/// The refusals of this server.
pub(crate) struct KeyFailures {
    trusted: Vec<Network>,
    recent: Mutex<Recent>,
    delayed: Semaphore,
    others: Sparse,
    /// Refusals by reason, for the metrics.
    pub(crate) counts: KeyFailureCounts,
}

/// Refusals by reason.
#[derive(Debug, Default)]
pub(crate) struct KeyFailureCounts {
    pub(crate) missing: Counter,
    pub(crate) malformed: Counter,
    pub(crate) unknown: Counter,
    pub(crate) revoked: Counter,
    pub(crate) other_contract: Counter,
    /// Answers that were held back.
    pub(crate) slowed: Counter,
}

#[derive(Default)]
struct Recent {
    by_client: HashMap<IpAddr, Client>,
    lines: u32,
    lines_since: Option<Instant>,
}

/// One client's failures since the first one, for a minute.
struct Client {
    since: Instant,
    failures: u32,
}

/// What is to be done about a failure.
#[derive(Debug, PartialEq, Eq)]
struct Judged {
    /// Failures of the client in this minute, when a line about it is due.
    log: Option<u32>,
    is_slowed: bool,
}

impl KeyFailures {
    pub(crate) fn new(trusted: Vec<Network>) -> Self {
        Self {
            trusted,
            recent: Mutex::default(),
            delayed: Semaphore::new(MAX_DELAYED),
            others: Sparse::default(),
            counts: KeyFailureCounts::default(),
        }
    }

    /// Counts a request without any key.
    pub(crate) fn count_missing(&self) {
        self.counts.missing.increment();
    }

    /// Counts and logs a refused key. Comes back a second later when its client has many of them.
    pub(crate) async fn refused(
        &self,
        peer: Option<Peer>,
        headers: &HeaderMap,
        api: Api,
        secret: &str,
        fault: &KeyFault,
    ) {
        match fault {
            KeyFault::Malformed => self.counts.malformed.increment(),
            KeyFault::Unknown => self.counts.unknown.increment(),
            KeyFault::Revoked(_) => self.counts.revoked.increment(),
            KeyFault::OtherContract(_) => self.counts.other_contract.increment(),
            KeyFault::Store(_) => return,
        }
        let client = peer.and_then(|peer| peer.client(headers, &self.trusted));
        let judged = self.judge(client, Instant::now());
        let address = client.map_or_else(|| "unknown".to_owned(), logged_prefix);
        let reason = fault.as_str();
        if let Some(failures) = judged.log {
            let key = fault.key().map(|key| key.to_string()).unwrap_or_default();
            let hash = hash_secret(secret);
            let hash = shortened(&hash);
            tracing::warn!(api = api.as_str(), reason, key, hash, address, failures, "an API key was refused");
        } else if let Some(refused) = self.others.count() {
            tracing::warn!(api = api.as_str(), reason, address, refused, "more API keys were refused");
        }
        if judged.is_slowed
            && let Ok(_held) = self.delayed.try_acquire()
        {
            self.counts.slowed.increment();
            tokio::time::sleep(DELAY).await;
        }
    }

    /// `client` is `None` for those that cannot be told apart: they are logged together and not slowed.
    fn judge(&self, client: Option<IpAddr>, now: Instant) -> Judged {
        let group = client.map_or(IpAddr::from([0, 0, 0, 0]), client_group);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |since: Instant| now.saturating_duration_since(since) >= MINUTE;
        if recent.by_client.len() >= MAX_CLIENTS && !recent.by_client.contains_key(&group) {
            recent.by_client.retain(|_, client| !is_over(client.since));
            if recent.by_client.len() >= MAX_CLIENTS {
                recent.by_client.clear();
            }
        }
        let known = recent.by_client.entry(group).or_insert(Client { since: now, failures: 0 });
        if is_over(known.since) {
            *known = Client { since: now, failures: 0 };
        }
        known.failures = known.failures.saturating_add(1);
        let failures = known.failures;
        // The first of a minute, and the one from which on it is slowed.
        let is_due = failures == 1 || failures == FREE_PER_MINUTE + 1;
        if recent.lines_since.is_none_or(is_over) {
            (recent.lines, recent.lines_since) = (0, Some(now));
        }
        let log = (is_due && recent.lines < MAX_LINES_PER_MINUTE).then_some(failures);
        recent.lines += u32::from(log.is_some());
        Judged { log, is_slowed: client.is_some() && failures > FREE_PER_MINUTE }
    }
}

/// The first digits of a hash: enough to see that two lines are about one key, and to find it among known ones.
fn shortened(hash: &str) -> &str {
    hash.get(..8).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures() -> KeyFailures {
        KeyFailures::new(Vec::new())
    }

    fn client(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    #[test]
    fn a_client_that_fails_often_is_slowed_for_the_rest_of_the_minute_and_no_other() {
        let (failures, start) = (failures(), Instant::now());
        for _ in 0..FREE_PER_MINUTE {
            assert!(!failures.judge(Some(client(1)), start).is_slowed);
        }
        assert!(failures.judge(Some(client(1)), start).is_slowed);
        assert!(!failures.judge(Some(client(2)), start).is_slowed);
        assert!(!failures.judge(Some(client(1)), start + MINUTE).is_slowed);
        // Behind a proxy that does not name its clients.
        assert!((0..100).all(|_| !failures.judge(None, start).is_slowed));
    }

    #[test]
    fn one_client_writes_two_lines_a_minute_and_many_clients_write_twenty() {
        let (failures, start) = (failures(), Instant::now());
        let lines = (0..1000).filter(|_| failures.judge(Some(client(1)), start).log.is_some()).count();
        assert_eq!(lines, 2);
        let lines = (2..1000).filter(|number| failures.judge(Some(client(*number)), start).log.is_some()).count();
        assert_eq!(lines, 18);
        assert_eq!(failures.judge(Some(client(1)), start + MINUTE).log, Some(1));
    }

    #[test]
    fn the_memory_of_clients_is_bounded() {
        let (failures, start) = (failures(), Instant::now());
        for number in 0..25_000 {
            failures.judge(Some(client(number)), start);
        }
        assert!(failures.recent.lock().unwrap().by_client.len() <= MAX_CLIENTS);
    }
}
