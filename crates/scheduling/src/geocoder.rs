//! The door to a service that knows where street addresses are, as a trait that the application
//! owns. `constat-connectors` opens it over HTTP.

use constat_domain::geo::{Position, PostalAddress};
use futures_util::future::BoxFuture;

use constat_core::Counter;

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
