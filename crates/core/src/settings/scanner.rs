//! Settings of the virus scanner.

use serde::{Deserialize, Serialize};

/// What becomes of documents while the scanner is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenAway {
    /// Documents are accepted and withheld until they are scanned.
    Hold,
    /// They pass unseen.
    Pass,
}

/// The virus scanner, if any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScannerSettings {
    /// Where a `clamd` listens: `host:port`, or `unix:` and a path; none when empty.
    pub address: String,
    /// Milliseconds to wait for its verdict.
    pub timeout_ms: u64,
    /// What becomes of documents while it is away.
    pub when_away: WhenAway,
    /// Seconds between two tries to have held documents seen.
    pub retry_seconds: u64,
}

impl Default for ScannerSettings {
    fn default() -> Self {
        Self { address: String::new(), timeout_ms: 20_000, when_away: WhenAway::Hold, retry_seconds: 60 }
    }
}
