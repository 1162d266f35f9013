//! Drive times: the estimate, or those of a routing server where they are known.
//!
//! A search and a booking transaction only read. Before them, outside every transaction, [`Routed::learn`] fetches
//! the missing drive times into a bounded table in memory; readers use an immutable snapshot of it ([`Known`]).
//! Without a routing server there is no table, and the engine runs on the bare
//! [`Estimator`](constat_availability::Estimator).

pub(crate) mod known_drives;
pub(crate) mod look_up_drives;
pub(crate) mod roads;
pub(crate) mod routed;
pub(crate) mod service;

pub use known_drives::Known;
pub use roads::Roads;
pub use routed::Routed;
pub use service::{DriveTimes, Leg, RoutingError, RoutingService};
