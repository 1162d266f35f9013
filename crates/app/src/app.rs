//! The application: everything a verb may need, in one place.

use std::sync::Arc;

use constat_availability::Estimator;
use constat_domain::tenancy::Caller;
use constat_store::{Documents, Store};

use crate::authentication::RecentKeys;
use crate::partner::Calendars;
use crate::platform::{NoPartners, PartnerGateway};
use crate::{Act, AppError, Chance, Clock, Sealer, Settings};

/// One server's application. Shared by reference count.
pub struct App {
    /// The database.
    pub store: Store,
    /// The documents' bytes.
    pub documents: Documents,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub chance: Arc<dyn Chance>,
    /// Seals offers, sessions and links.
    pub sealer: Sealer,
    /// What the operator set.
    pub settings: Settings,
    /// Partner firms' calendars in memory.
    pub calendars: Arc<Calendars>,
    /// Tells how long drives take.
    pub travel: Estimator,
    /// Asks partner firms; leads nowhere until [`App::with_partners`] opens it.
    pub partners: Arc<dyn PartnerGateway>,
    pub(crate) recent_keys: RecentKeys,
}

impl App {
    /// Puts the application together.
    pub async fn new(
        store: Store,
        documents: Documents,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        settings: Settings,
    ) -> Result<Self, AppError> {
        let sealer = Sealer::open_store(store.clone(), Arc::clone(&chance), clock.now()).await?;
        let calendars = Arc::new(Calendars::new(store.clone(), settings.availability.horizon_days));
        let travel = Estimator::default();
        Ok(Self {
            store,
            documents,
            clock,
            chance,
            sealer,
            settings,
            calendars,
            travel,
            partners: Arc::new(NoPartners),
            recent_keys: RecentKeys::default(),
        })
    }

    /// The same application, which asks partner firms through this gateway.
    #[must_use]
    pub fn with_partners(self, partners: Arc<dyn PartnerGateway>) -> Self {
        Self { partners, ..self }
    }

    /// A command by `caller`, now.
    pub fn act(&self, caller: Caller) -> Act {
        Act::new(caller, self.clock.now(), Arc::clone(&self.chance))
    }
}
