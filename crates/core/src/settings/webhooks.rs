//! What an operator may set about webhooks.

use constat_domain::FieldError;
use serde::{Deserialize, Serialize};

/// How webhooks are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// Take `http://` and addresses inside the operator's own network: for trials and demonstrations.
    pub allow_private: bool,
    /// Milliseconds to wait for a receiver's answer, 100 to 30 000.
    pub timeout_ms: u64,
    /// Most requests under way to one webhook at a time, 1 to 64.
    pub parallel: u16,
    /// Most webhooks of one key, 1 to 1000.
    pub most_per_key: u16,
    /// Seconds between two looks at what other processes have written, and what has come due, 1 to 60.
    pub poll_seconds: u64,
    /// Days that the log keeps what was delivered, 1 to 3650; 0 keeps it for ever.
    pub keep_delivered_days: u16,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            allow_private: false,
            timeout_ms: 10_000,
            parallel: 8,
            most_per_key: 20,
            poll_seconds: 2,
            keep_delivered_days: 30,
        }
    }
}

impl WebhookSettings {
    /// Everything that a configuration must not contain, by field.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut refuse = |refused: bool, field: &str, message: &str| {
            if refused {
                errors.push(FieldError::new(field, message));
            }
        };
        refuse(!(100..=30_000).contains(&self.timeout_ms), "timeout_ms", "must be 100 to 30000");
        refuse(!(1..=64).contains(&self.parallel), "parallel", "must be 1 to 64");
        refuse(!(1..=1000).contains(&self.most_per_key), "most_per_key", "must be 1 to 1000");
        refuse(!(1..=60).contains(&self.poll_seconds), "poll_seconds", "must be 1 to 60");
        refuse(self.keep_delivered_days > 3650, "keep_delivered_days", "must be 0 to 3650");
        errors
    }
}
