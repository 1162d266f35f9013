//! Routes: reads a request, hands the application a command, writes the answer.
//!
//! One folder for each contract, one file for each endpoint. [`Contract`] is what tells the three
//! apart: where the key is found, and how an error is written. A handler never knows a status code
//! of an error: it returns a [`Problem`], and its contract writes it.

mod answer;
mod authenticated_request;
mod body;
mod claims;
mod connections;
mod contract;
mod dossier;
mod encoding;
mod envelope;
mod files;
mod gate;
mod health;
mod key_failures;
mod leftover;
mod life;
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
pub use life::Life;
pub use openapi::{OpenApiDocument, documents};
pub use problem::Problem;
pub use serve::serve;
pub use services::Services;

/// What handlers share. The router clones it for every request: one counter to raise.
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
    pub(crate) gate: Arc<gate::Gate>,
    pub(crate) searches: Arc<gate::Gate>,
    pub(crate) previews: Arc<gate::Gate>,
    pub(crate) life: Life,
}

impl std::ops::Deref for Shared {
    type Target = Common;
    fn deref(&self) -> &Common {
        &self.0
    }
}

impl Shared {
    /// A place at work for a request that carries no key: a link that is its own key, a page. All of them
    /// share what one key may have.
    pub(crate) async fn place_for_nobody(&self) -> Result<gate::Place, AppError> {
        const NOBODY: KeyId = KeyId::from_uuid(uuid::Uuid::nil());
        self.gate.enter(NOBODY, gate::Lane::Usual).await
    }
}

/// A server's two faces.
pub struct Routers {
    /// What everybody may reach: the three contracts, their documents, and what serves files and
    /// health checks.
    pub public: axum::Router,
    /// For operators, on a listener of its own: `GET /metrics`, and the health checks again, which answer there
    /// also when the contracts' listener has no connections left.
    pub metrics: axum::Router,
    /// Tells the routers that the server is about to stop.
    pub life: Life,
}

/// The whole server without its metrics.
pub fn router(services: &Services) -> axum::Router {
    routers(services).public
}

/// The whole server.
pub fn routers(services: &Services) -> Routers {
    let settings = &services.core.settings.requests;
    let gate = gate::Gate::of_requests(settings);
    let searches = gate::Gate::of_searches(settings, services.scheduler.travel.routed().is_some());
    let previews = gate::Gate::of_previews(settings);
    let key_failures = Arc::new(key_failures::KeyFailures::new(settings.trusted_networks()));
    let gates = [("requests", &gate), ("searches", &searches)];
    let metrics = Arc::new(metrics::Metrics::of(services, gates, &key_failures));
    let life = Life::default();
    let shared = Shared(Arc::new(Common {
        core: Arc::clone(&services.core),
        scheduler: Arc::clone(&services.scheduler),
        claims: Arc::clone(&services.claims),
        rates: rate::Rates::default(),
        key_failures,
        rendered: claims::rendered::Rendered::default(),
        metrics: Arc::clone(&metrics),
        gate,
        searches,
        previews,
        life: life.clone(),
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
    Routers { public, metrics: watched, life }
}
