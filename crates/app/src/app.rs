//! The application: everything a verb may need, in one place.

use std::sync::Arc;

use constat_domain::claim::Rules;
use constat_domain::deadlines::Deadlines;
use constat_domain::tenancy::{Caller, TenantId};
use constat_store::{Documents, Store};

use crate::authentication::RecentKeys;
use crate::catastrophes::KnownCatastrophes;
use crate::claims::{Draughtsman, NoDraughtsman, Undrawable, UploadMemory};
use crate::partner::{Calendars, Promises, Turns};
use crate::platform::{NoPartners, PartnerGateway};
use crate::roads::{Roads, Routed, RoutingService};
use crate::webhooks::{NoWebhookSender, WebhookSender};
use crate::{
    Act, AppError, Catalogues, Chance, Clock, Counts, Geocoder, NoGeocoder, NoScanner, OpenAttempts, Sealer, Settings,
    VirusScanner,
};

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
    /// What is insured and what is asked about it, by organisation; the embedded catalogue for all
    /// until [`App::with_catalogues`] brings more.
    pub catalogues: Arc<Catalogues>,
    /// The rules of statutory deadlines, as the operator turned them on and off.
    pub deadlines: Arc<Deadlines>,
    /// Partner firms' calendars in memory.
    pub calendars: Arc<Calendars>,
    /// What searches have offered and nobody has booked yet.
    pub promises: Arc<Promises>,
    /// The times that are being booked.
    pub turns: Turns,
    /// The requests with an `Idempotency-Key` that are being worked on.
    pub open_attempts: OpenAttempts,
    /// Tells how long drives take.
    pub travel: Arc<Roads>,
    /// What the server has done so far.
    pub counts: Arc<Counts>,
    /// Asks partner firms; leads nowhere until [`App::with_partners`] opens it.
    pub partners: Arc<dyn PartnerGateway>,
    /// Knows where street addresses are; knows none until [`App::with_geocoder`] opens it.
    pub geocoder: Arc<dyn Geocoder>,
    /// Sends webhooks; sends none until [`App::with_webhooks`] opens it.
    pub webhooks: Arc<dyn WebhookSender>,
    /// What documents on their way in may take of the memory.
    pub upload_memory: UploadMemory,
    /// Looks for viruses; there is none until [`App::with_scanner`] brings one.
    pub scanner: Arc<dyn VirusScanner>,
    /// Draws previews; draws none until [`App::with_draughtsman`] brings one.
    pub draughtsman: Arc<dyn Draughtsman>,
    /// One file at a time is looked at for a password.
    pub(crate) password_turn: tokio::sync::Semaphore,
    pub(crate) undrawable: Undrawable,
    /// The key of the held document that the virus scanner last had no verdict for.
    pub(crate) last_unseen: std::sync::Mutex<String>,
    pub(crate) recent_keys: RecentKeys,
    pub(crate) known_catastrophes: KnownCatastrophes,
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
        let counts = Arc::new(Counts::default());
        let travel = Arc::new(Roads::Estimated(settings.travel.clone()));
        let rules = Arc::new(settings.availability.clone());
        let calendars = Calendars::new(store.clone(), rules, Arc::clone(&travel), Arc::clone(&counts));
        let deadlines = settings.deadlines.rules().map_err(|wrong| AppError::Fault(format!("deadlines: {wrong}")))?;
        let upload_memory = UploadMemory::of(&settings.uploads);
        Ok(Self {
            store,
            documents,
            clock,
            chance,
            sealer,
            settings,
            catalogues: Arc::new(Catalogues::default()),
            deadlines: Arc::new(deadlines),
            calendars: Arc::new(calendars),
            promises: Arc::default(),
            turns: Turns::default(),
            open_attempts: OpenAttempts::default(),
            travel,
            counts,
            partners: Arc::new(NoPartners),
            geocoder: Arc::new(NoGeocoder),
            webhooks: Arc::new(NoWebhookSender),
            upload_memory,
            scanner: Arc::new(NoScanner),
            draughtsman: Arc::new(NoDraughtsman),
            password_turn: tokio::sync::Semaphore::new(1),
            undrawable: Undrawable::default(),
            last_unseen: std::sync::Mutex::default(),
            recent_keys: RecentKeys::default(),
            known_catastrophes: KnownCatastrophes::default(),
        })
    }

    /// The same application, which asks partner firms through this gateway.
    #[must_use]
    pub fn with_partners(self, partners: Arc<dyn PartnerGateway>) -> Self {
        Self { partners, ..self }
    }

    /// The same application, which asks this server how long drives take.
    #[must_use]
    pub fn with_routing(self, service: Arc<dyn RoutingService>) -> Self {
        let (clock, counts) = (Arc::clone(&self.clock), Arc::clone(&self.counts));
        let routed = Routed::new(service, self.settings.travel.clone(), &self.settings.routing, clock, counts);
        let travel = Arc::new(Roads::Routed(Box::new(routed)));
        let calendars = Arc::new(self.calendars.with_roads(Arc::clone(&travel)));
        Self { calendars, travel, ..self }
    }

    /// The same application, which asks this service where addresses are.
    #[must_use]
    pub fn with_geocoder(self, geocoder: Arc<dyn Geocoder>) -> Self {
        Self { geocoder, ..self }
    }

    /// The same application, which sends webhooks through this door.
    #[must_use]
    pub fn with_webhooks(self, webhooks: Arc<dyn WebhookSender>) -> Self {
        Self { webhooks, ..self }
    }

    /// The same application, with these catalogues.
    #[must_use]
    pub fn with_catalogues(self, catalogues: Catalogues) -> Self {
        Self { catalogues: Arc::new(catalogues), ..self }
    }

    /// The same application, which has documents looked at by this scanner.
    #[must_use]
    pub fn with_scanner(self, scanner: Arc<dyn VirusScanner>) -> Self {
        Self { scanner, ..self }
    }

    /// The same application, which has previews drawn by this draughtsman.
    #[must_use]
    pub fn with_draughtsman(self, draughtsman: Arc<dyn Draughtsman>) -> Self {
        Self { draughtsman, ..self }
    }

    /// A command by `caller`, now.
    pub fn act(&self, caller: Caller) -> Act {
        let catalogue = Arc::clone(self.catalogues.of(&caller.tenant));
        let outside_cover = self.settings.claims.outside_cover;
        Act::new(
            caller,
            self.clock.now(),
            Arc::clone(&self.chance),
            catalogue,
            Arc::clone(&self.deadlines),
            outside_cover,
        )
    }

    /// What judges the claims of an organisation: its catalogue and what the platform set.
    pub fn rules_of(&self, tenant: &TenantId) -> Rules<'_> {
        Rules { catalogue: self.catalogues.of(tenant), outside_cover: self.settings.claims.outside_cover }
    }
}
