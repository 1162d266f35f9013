//! What one server takes on at once, and how it stops.

use constat_domain::FieldError;
use serde::{Deserialize, Serialize};

use crate::settings::network::{Network, NotANetwork};

/// Limits on requests and connections, so that an overloaded server serves some requests and refuses the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestSettings {
    /// Requests at work at once; 0 for 128 for each core. One API key has three quarters at most.
    pub at_work: u32,
    /// Requests that wait behind them; one API key has half at most.
    pub waiting: u32,
    /// Milliseconds that one waits at most.
    pub wait_ms: u64,
    /// Connections open at once. `constat serve` lowers it when the system allows fewer open files.
    pub connections: u32,
    /// Connections open at once from one client: an IPv4 address, or the /64 of an IPv6 address; 0 for no
    /// bound.
    pub connections_per_address: u32,
    /// Addresses and networks that are exempt from `connections_per_address`, and whose `X-Forwarded-For` names
    /// the client: proxies and load balancers.
    pub trusted_addresses: Vec<String>,
    /// Seconds for the head of a request to arrive, and for a connection to stay open without one.
    pub head_seconds: u64,
    /// Seconds for each MiB of a body to arrive. Documents have their own rule.
    pub body_seconds: u64,
    /// Seconds that a client may leave an answer unread. A client that reads 1 KiB per second is never cut off.
    pub write_seconds: u64,
    /// Times that one platform may keep at one firm at once without having booked them; 0 for no bound.
    pub max_holds: u32,
    /// Share of a firm's free time on one day, in percent, that one platform may hold, among the experts who could
    /// take the visit. Two holds on a day are always allowed. 0 for no bound.
    pub hold_share_percent: u8,
    /// Seconds after a stop signal during which requests are still served while readiness already fails, so that
    /// a load balancer can react. Skipped when readiness was not requested in the last minute.
    pub notice_seconds: u64,
    /// Seconds that requests under way may then take to finish.
    pub finish_seconds: u64,
    /// Days for which the answer to a request with an `Idempotency-Key` is kept for its repeats; 0 for ever.
    pub keep_answers_days: u16,
    /// Seconds within which the same declaration of a claim, sent twice with one key and without an
    /// `Idempotency-Key`, makes one draft; 0: it makes two.
    pub repeat_seconds: u16,
}

impl Default for RequestSettings {
    fn default() -> Self {
        Self {
            at_work: 0,
            waiting: 2048,
            wait_ms: 2000,
            connections: 8192,
            connections_per_address: 256,
            trusted_addresses: vec!["127.0.0.0/8".to_owned(), "::1".to_owned()],
            head_seconds: 60,
            body_seconds: 30,
            write_seconds: 60,
            max_holds: 200,
            hold_share_percent: 25,
            notice_seconds: 6,
            finish_seconds: 20,
            keep_answers_days: 7,
            repeat_seconds: 5,
        }
    }
}

impl RequestSettings {
    /// Everything that a configuration must not contain; fields without the table's name.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut refuse = |refused: bool, field: &str, message: &str| {
            if refused {
                errors.push(FieldError::new(field, message));
            }
        };
        refuse(self.at_work > 100_000, "at_work", "must be 0 to 100000");
        refuse(self.waiting > 1_000_000, "waiting", "must be 0 to 1000000");
        refuse(self.wait_ms > 60_000, "wait_ms", "must be 0 to 60000");
        refuse(!(1..=1_000_000).contains(&self.connections), "connections", "must be 1 to 1000000");
        refuse(!(1..=3600).contains(&self.head_seconds), "head_seconds", "must be 1 to 3600");
        refuse(!(1..=3600).contains(&self.body_seconds), "body_seconds", "must be 1 to 3600");
        refuse(!(1..=3600).contains(&self.write_seconds), "write_seconds", "must be 1 to 3600");
        let per_address = self.connections_per_address;
        refuse(per_address > 1_000_000, "connections_per_address", "must be 0 to 1000000");
        let is_wrong = self.trusted_addresses.iter().any(|text| text.parse::<Network>().is_err());
        refuse(is_wrong, "trusted_addresses", &NotANetwork.to_string());
        refuse(self.max_holds > 1_000_000, "max_holds", "must be 0 to 1000000");
        refuse(self.hold_share_percent > 100, "hold_share_percent", "must be 0 to 100");
        refuse(self.notice_seconds > 600, "notice_seconds", "must be 0 to 600");
        refuse(self.finish_seconds > 3600, "finish_seconds", "must be 0 to 3600");
        refuse(self.repeat_seconds > 300, "repeat_seconds", "must be 0 to 300");
        refuse(self.keep_answers_days > 3650, "keep_answers_days", "must be 0 to 3650");
        errors
    }

    /// The networks of `trusted_addresses`. Text that is no network is left out; [`check`](Self::check) refuses it.
    pub fn trusted_networks(&self) -> Vec<Network> {
        self.trusted_addresses.iter().filter_map(|text| text.parse().ok()).collect()
    }
}
