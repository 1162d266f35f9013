//! Where drive times come from: the estimate, or a routing server.

use constat_availability::Estimator;

use crate::travel::routed::Routed;

/// Where drive times come from.
pub enum Roads {
    /// From the estimate alone.
    Estimated(Estimator),
    /// From a routing server where known, else from the estimate.
    Routed(Box<Routed>),
}

impl Roads {
    /// The drive times of the routing server, when one is configured.
    pub fn routed(&self) -> Option<&Routed> {
        match self {
            Self::Estimated(_) => None,
            Self::Routed(routed) => Some(routed),
        }
    }
}

/// Evaluates an expression with the present drive times, as one snapshot. Expands the expression twice, so that the
/// engine runs on the bare estimator where no routing server is configured.
macro_rules! with_travel {
    ($roads:expr, $travel:ident => $use:expr) => {
        match $roads {
            $crate::travel::roads::Roads::Estimated($travel) => $use,
            $crate::travel::roads::Roads::Routed(routed) => {
                let known = routed.known();
                let $travel = &known;
                $use
            }
        }
    };
}
pub(crate) use with_travel;
