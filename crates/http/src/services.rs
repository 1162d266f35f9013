//! What one server consists of, for routes, jobs and tools.

use std::sync::Arc;

use constat_claims::ClaimService;
use constat_core::Core;
use constat_scheduling::Scheduler;

/// One server's services, which share one [`Core`]. Cloning is cheap.
#[derive(Clone)]
pub struct Services {
    /// The database, time, settings.
    pub core: Arc<Core>,
    /// Appointments of the partner firms of this server.
    pub scheduler: Arc<Scheduler>,
    /// Claims of the platforms of this server.
    pub claims: Arc<ClaimService>,
}

impl Services {
    /// The services of one server, built over the same [`Core`].
    pub fn new(scheduler: Scheduler, claims: ClaimService) -> Self {
        Self { core: Arc::clone(&claims.core), scheduler: Arc::new(scheduler), claims: Arc::new(claims) }
    }
}
