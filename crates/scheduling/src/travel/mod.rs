//! How long drives take: the estimate, or a routing server's times where they are known.
//!
//! A search and a commit only look up. What a routing server knows is fetched before, outside every
//! transaction ([`Routed::learn`]), into a bounded table in memory; readers hold an immutable
//! snapshot of it ([`Known`]). Without a routing server there is no table at all, and the engine
//! runs on the bare [`Estimator`].

mod known_drives;
pub(crate) mod look_up;
mod routed;

use constat_availability::Estimator;
use constat_domain::geo::Position;
use futures_util::future::BoxFuture;

pub use crate::travel::known_drives::Known;
pub use crate::travel::routed::Routed;

/// A drive from one place to another.
pub type Leg = (Position, Position);

/// Seconds of driving from each source (outer) to each target (inner); `None` where there is no way.
pub type DriveTimes = Vec<Vec<Option<u32>>>;

/// A server that knows the roads. The application owns the trait; `constat-connectors` speaks to
/// OSRM and Valhalla.
pub trait RoutingService: Send + Sync + 'static {
    /// Asks for the drives from every source to every target.
    ///
    /// Must come to an end by itself, in an error when the server does not answer in time. Neither
    /// answer nor error may hold the positions: they are where insured people live.
    fn table<'a>(&'a self, from: &'a [Position], to: &'a [Position])
    -> BoxFuture<'a, Result<DriveTimes, RoutingError>>;
}

/// Why a routing server brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoutingError {
    /// No answer in time, or no connection.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// An answer that is no table of the asked size.
    #[error("not a table: {0}")]
    NotATable(String),
    /// One of the places is not on its map, and it tells nothing of the others.
    #[error("a place is not on its map")]
    OffTheMap,
    /// Not asked: it failed again and again a moment ago.
    #[error("not asked: it failed a moment ago")]
    Paused,
}

/// Where drive times come from.
pub enum Roads {
    /// From the estimate alone.
    Estimated(Estimator),
    /// From a routing server, where it has told them; else from the estimate.
    Routed(Box<Routed>),
}

impl Roads {
    /// The routing server's side, when one is configured.
    pub fn routed(&self) -> Option<&Routed> {
        match self {
            Self::Estimated(_) => None,
            Self::Routed(routed) => Some(routed),
        }
    }
}

/// Evaluates an expression with the present drive times, as one snapshot. Twice in the program's
/// text, so that the engine runs on the bare estimator where no routing server is configured.
macro_rules! with_travel {
    ($roads:expr, $travel:ident => $use:expr) => {
        match $roads {
            $crate::travel::Roads::Estimated($travel) => $use,
            $crate::travel::Roads::Routed(routed) => {
                let known = routed.known();
                let $travel = &known;
                $use
            }
        }
    };
}
pub(crate) use with_travel;
