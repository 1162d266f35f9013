//! The door to a service that knows where street addresses are, as a trait that the application
//! owns. `constat-connectors` opens it over HTTP.

use constat_domain::FieldError;
use constat_domain::geo::{Position, PostalAddress};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::Counter;

/// Knows where street addresses are.
pub trait Geocoder: Send + Sync + 'static {
    /// The position of a French address. `None` whenever the service does not know it well enough,
    /// does not answer in time or is out of order: the caller then does with the commune's position.
    fn locate<'a>(&'a self, address: &'a PostalAddress) -> BoxFuture<'a, Option<Position>>;

    /// What became of the addresses, since the start. `None` where there is no service.
    fn counters(&self) -> Option<&GeocoderCounters>;
}

/// What became of the addresses, since the start. Each is counted once, in one of them.
#[derive(Debug, Default)]
pub struct GeocoderCounters {
    /// The service placed it.
    pub found: Counter,
    /// The service answered, but not well enough: the commune's position was used.
    pub unsure: Counter,
    /// The service did not answer in time, or not as agreed: the commune's position was used.
    pub failed: Counter,
    /// The service had just failed several times and was left alone: the commune's position was used.
    pub skipped: Counter,
    /// The service had been asked before: the answer was remembered.
    pub remembered: Counter,
}

/// No service: for a server that is content with its gazetteer.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoGeocoder;

impl Geocoder for NoGeocoder {
    fn locate<'a>(&'a self, _address: &'a PostalAddress) -> BoxFuture<'a, Option<Position>> {
        Box::pin(std::future::ready(None))
    }

    fn counters(&self) -> Option<&GeocoderCounters> {
        None
    }
}

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
