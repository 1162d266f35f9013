//! The routing server, as a trait; `constat-connectors` implements it for OSRM and Valhalla.

use constat_domain::geo::Position;
use futures_util::future::BoxFuture;

/// A drive from one place to another.
pub type Leg = (Position, Position);

/// Seconds of driving from each source (outer) to each target (inner); `None` where there is no way.
pub type DriveTimes = Vec<Vec<Option<u32>>>;

/// A routing server.
pub trait RoutingService: Send + Sync + 'static {
    /// Requests the drive times from every source to every target.
    ///
    /// Ends by itself, with an error when the server does not answer in time. Neither answer nor error may hold the
    /// positions: insured people live there.
    fn table<'a>(&'a self, from: &'a [Position], to: &'a [Position])
    -> BoxFuture<'a, Result<DriveTimes, RoutingError>>;
}

/// Why a routing server gave no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoutingError {
    /// No answer in time, or no connection.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// An answer that is no table of the asked size.
    #[error("not a table: {0}")]
    NotATable(String),
    /// One of the places is not on its map; the answer holds nothing of the others.
    #[error("a place is not on its map")]
    OffTheMap,
    /// Not called: the last calls failed.
    #[error("not called: the last calls failed")]
    Paused,
}
