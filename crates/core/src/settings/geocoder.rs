//! Settings of the geocoding service.

use constat_domain::FieldError;
use serde::{Deserialize, Serialize};

/// Which service to ask for the positions of street addresses, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeocoderSettings {
    /// A service that speaks like the Base Adresse Nationale (Addok): what comes before `/search/`.
    /// Empty: no service, addresses are placed by postcode and town.
    pub url: String,
    /// Milliseconds to wait for an answer, 10 to 10 000.
    pub timeout_ms: u64,
    /// Answers whose `score` is lower are not used, 0 to 1.
    pub minimum_score: f64,
    /// How many answers are remembered, 0 to 1 000 000. In memory only.
    pub remembered: usize,
}

impl Default for GeocoderSettings {
    fn default() -> Self {
        Self { url: String::new(), timeout_ms: 1_000, minimum_score: 0.5, remembered: 10_000 }
    }
}

impl GeocoderSettings {
    /// What is wrong with them; empty when nothing is.
    pub fn check(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let web = self.url.starts_with("http://") || self.url.starts_with("https://");
        if !self.url.is_empty() && (!web || self.url.contains(['?', '#'])) {
            let message = "expected http:// or https://, a host and perhaps a path: what comes before /search/";
            faults.push(FieldError::new("url", message));
        }
        if !(10..=10_000).contains(&self.timeout_ms) {
            faults.push(FieldError::new("timeout_ms", "expected 10 to 10000"));
        }
        if !(0.0..=1.0).contains(&self.minimum_score) {
            faults.push(FieldError::new("minimum_score", "expected a number from 0 to 1"));
        }
        if self.remembered > 1_000_000 {
            faults.push(FieldError::new("remembered", "expected 0 to 1000000"));
        }
        faults
    }
}
