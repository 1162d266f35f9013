//! The geocoding service, as a trait; `constat-connectors` implements it over HTTP.

use constat_core::Counter;
use constat_domain::geo::{Position, PostalAddress};
use futures_util::future::BoxFuture;

/// A geocoding service.
pub trait Geocoder: Send + Sync + 'static {
    /// The position of a French address. `None` when the service does not know it precisely, fails or does not answer
    /// in time: the search then uses the position of the commune.
    fn locate<'a>(&'a self, address: &'a PostalAddress) -> BoxFuture<'a, Option<Position>>;

    /// Outcomes since the start of the server. `None` without a service.
    fn counters(&self) -> Option<&GeocoderCounters>;
}

/// Outcomes since the start of the server; each address counts once.
#[derive(Debug, Default)]
pub struct GeocoderCounters {
    /// The service gave a position.
    pub found: Counter,
    /// The service gave no precise position: that of the commune was used.
    pub unsure: Counter,
    /// The service failed or did not answer in time: the position of the commune was used.
    pub failed: Counter,
    /// The service was paused after failures: the position of the commune was used.
    pub skipped: Counter,
    /// The position was cached.
    pub remembered: Counter,
}

/// No service: addresses get the position of their commune.
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
