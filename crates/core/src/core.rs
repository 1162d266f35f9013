//! What every operation uses: the database, time and random bytes, sealed tokens, settings and rules.

use std::sync::Arc;

use constat_domain::claim::Rules;
use constat_domain::deadlines::Deadlines;
use constat_domain::tenancy::{Caller, TenantId};
use constat_store::Store;

use crate::attempts::OpenAttempts;
use crate::catalogues::Catalogues;
use crate::clock_and_random::{Clock, SecureRandom};
use crate::context::CommandContext;
use crate::error::AppError;
use crate::metrics::Counts;
use crate::recent_keys::RecentKeys;
use crate::sealing::Sealer;
use crate::settings::Settings;

/// The part of a server that claims, scheduling and administration share. Shared by reference count.
pub struct Core {
    /// The database.
    pub store: Store,
    /// The present instant.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub secure_random: Arc<dyn SecureRandom>,
    /// Seals offers, sessions and links.
    pub sealer: Sealer,
    /// The operator's settings.
    pub settings: Settings,
    /// The product catalogue of each organisation; the embedded one for all until [`Core::with_catalogues`] adds more.
    pub catalogues: Arc<Catalogues>,
    /// The rules of statutory deadlines, as the operator turned them on and off.
    pub deadlines: Arc<Deadlines>,
    /// The requests with an `Idempotency-Key` that this server works on.
    pub open_attempts: OpenAttempts,
    /// Counters since the start.
    pub counts: Arc<Counts>,
    pub(crate) recent_keys: RecentKeys,
}

impl Core {
    /// Opens the sealing keys of the store and reads the deadline rules of the settings.
    ///
    /// # Errors
    /// When the store cannot be read, or the settings name an unknown deadline rule.
    pub async fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        secure_random: Arc<dyn SecureRandom>,
        settings: Settings,
    ) -> Result<Self, AppError> {
        let sealer = Sealer::open_store(store.clone(), Arc::clone(&secure_random), clock.now()).await?;
        let deadlines = settings.deadlines.rules().map_err(|wrong| AppError::Fault(format!("deadlines: {wrong}")))?;
        Ok(Self {
            store,
            clock,
            secure_random,
            sealer,
            settings,
            catalogues: Arc::new(Catalogues::default()),
            deadlines: Arc::new(deadlines),
            open_attempts: OpenAttempts::default(),
            counts: Arc::default(),
            recent_keys: RecentKeys::default(),
        })
    }

    /// The same with these catalogues.
    #[must_use]
    pub fn with_catalogues(self, catalogues: Catalogues) -> Self {
        Self { catalogues: Arc::new(catalogues), ..self }
    }

    /// The context of a command by `caller` at the present instant.
    pub fn context(&self, caller: Caller) -> CommandContext {
        let catalogue = Arc::clone(self.catalogues.of(&caller.tenant));
        let outside_cover = self.settings.claims.outside_cover;
        let (at, secure_random, deadlines) =
            (self.clock.now(), Arc::clone(&self.secure_random), Arc::clone(&self.deadlines));
        CommandContext::new(caller, at, secure_random, catalogue, deadlines, outside_cover)
    }

    /// The rules that claims of an organisation are checked with: its catalogue and the platform's settings.
    pub fn rules_of(&self, tenant: &TenantId) -> Rules<'_> {
        Rules { catalogue: self.catalogues.of(tenant), outside_cover: self.settings.claims.outside_cover }
    }
}
