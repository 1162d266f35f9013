//! HTTP layer: parses requests, calls the application, renders answers.
//!
//! One folder for each contract, one file for each endpoint. [`Contract`] describes the differences between the
//! contracts: the header of the key and the format of errors. A handler does not choose the status code of an
//! error: it returns a [`Problem`], and the contract renders it.

mod administration;
mod admission;
mod answer;
mod authenticated_request;
mod body;
mod claims;
mod connections;
mod contract;
mod dossier;
mod drain_body;
mod encoding;
mod envelope;
mod files;
mod health;
mod key_failures;
mod meeting;
mod metrics;
mod openapi;
mod paced;
mod page;
mod peer;
mod problem;
mod rate;
mod routes;
mod scheduling;
mod serve;
mod services;
mod shutdown;
mod sign_in;
mod sparse;

use std::sync::Arc;

use constat_claims::ClaimService;
use constat_core::{AppError, Core};
use constat_domain::ids::KeyId;
use constat_scheduling::Scheduler;

pub use answer::Reply;
pub use claims::export::WIRE_FORMS;
pub use claims::webhooks::message::webhook_body;
pub use contract::Contract;
pub use openapi::{OpenApiDocument, documents};
pub use problem::Problem;
pub use serve::serve;
pub use services::Services;
pub use shutdown::ShutdownState;

/// State shared by all handlers. Cloned for every request, at the cost of one reference count.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Common>);

pub(crate) struct Common {
    pub(crate) core: Arc<Core>,
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) claims: Arc<ClaimService>,
    pub(crate) rates: rate::Rates,
    pub(crate) key_failures: Arc<key_failures::KeyFailures>,
    pub(crate) rendered: claims::rendered::Rendered,
    pub(crate) metrics: Arc<metrics::Metrics>,
    pub(crate) admission: Arc<admission::AdmissionControl>,
    pub(crate) searches: Arc<admission::AdmissionControl>,
    pub(crate) previews: Arc<admission::AdmissionControl>,
    pub(crate) shutdown: ShutdownState,
}

impl std::ops::Deref for Shared {
    type Target = Common;
    fn deref(&self) -> &Common {
        &self.0
    }
}

impl Shared {
    /// A permit for a request without an API key: a signed link or a page. All such requests together count as
    /// one key.
    pub(crate) async fn acquire_without_key(&self) -> Result<admission::Permit, AppError> {
        const NO_KEY: KeyId = KeyId::from_uuid(uuid::Uuid::nil());
        self.admission.acquire(NO_KEY, admission::Priority::Usual).await
    }
}

/// The routers of a server.
pub struct Routers {
    /// Public: the three contracts, their documents, files, pages and health checks.
    pub public: axum::Router,
    /// For operators, on a separate listener: `GET /metrics`, and the health checks again, so that they answer
    /// even when the public listener has no connections left.
    pub metrics: axum::Router,
    /// Announces that the server is about to stop.
    pub shutdown: ShutdownState,
}

/// The whole server without its metrics.
pub fn router(services: &Services) -> axum::Router {
    routers(services).public
}

/// The whole server.
pub fn routers(services: &Services) -> Routers {
    let settings = &services.core.settings.requests;
    let admission = admission::AdmissionControl::of_requests(settings);
    let searches = admission::AdmissionControl::of_searches(settings, services.scheduler.travel.routed().is_some());
    let previews = admission::AdmissionControl::of_previews(settings);
    let key_failures = Arc::new(key_failures::KeyFailures::new(settings.trusted_networks()));
    let admissions = [("requests", &admission), ("searches", &searches)];
    let metrics = Arc::new(metrics::Metrics::of(services, admissions, &key_failures));
    let shutdown = ShutdownState::default();
    let shared = Shared(Arc::new(Common {
        core: Arc::clone(&services.core),
        scheduler: Arc::clone(&services.scheduler),
        claims: Arc::clone(&services.claims),
        rates: rate::Rates::default(),
        key_failures,
        rendered: claims::rendered::Rendered::default(),
        metrics: Arc::clone(&metrics),
        admission,
        searches,
        previews,
        shutdown: shutdown.clone(),
    }));
    let watched = metrics::router(metrics).merge(health::routes().with_state(shared.clone()));
    let built = openapi::build();
    let public = axum::Router::new()
        .merge(envelope::wrap(built.claims.router, contract::CLAIMS, &shared))
        .merge(envelope::wrap(built.partner.router, contract::PARTNER, &shared))
        .merge(envelope::wrap(built.dossier.router, contract::DOSSIER, &shared))
        .merge(openapi::routes(built.documents))
        .merge(health::routes())
        .merge(sign_in::routes())
        .merge(meeting::routes())
        .with_state(shared);
    Routers { public, metrics: watched, shutdown }
}
