//! Routes: reads a request, hands the application a command, writes the answer.
//!
//! One folder for each contract, one file for each endpoint. [`Contract`] is what tells the three
//! apart: where the key is found, and how an error is written. A handler never knows a status code
//! of an error: it returns a [`Problem`], and its contract writes it.

mod answer;
mod asked;
mod body;
mod claims;
mod contract;
mod dossier;
mod envelope;
mod files;
mod health;
mod leftover;
mod meeting;
mod metrics;
mod openapi;
mod page;
mod partner;
mod problem;
mod rate;
mod sign_in;

use std::sync::Arc;

use constat_app::App;

pub use answer::Reply;
pub use claims::export::WIRE_FORMS;
pub use claims::webhooks::message::webhook_body;
pub use contract::Contract;
pub use openapi::{OpenApiDocument, documents};
pub use problem::Problem;

/// What handlers share. The router clones it for every request: one counter to raise.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Common>);

pub(crate) struct Common {
    pub(crate) app: Arc<App>,
    pub(crate) rates: rate::Rates,
    pub(crate) rendered: claims::rendered::Rendered,
    pub(crate) metrics: Arc<metrics::Metrics>,
}

impl std::ops::Deref for Shared {
    type Target = Common;
    fn deref(&self) -> &Common {
        &self.0
    }
}

/// A server's two faces.
pub struct Routers {
    /// What everybody may reach: the three contracts, their documents, and what serves files and
    /// health checks.
    pub public: axum::Router,
    /// `GET /metrics`, for a listener of its own.
    pub metrics: axum::Router,
}

/// The whole server without its metrics.
pub fn router(app: Arc<App>) -> axum::Router {
    routers(app).public
}

/// The whole server.
pub fn routers(app: Arc<App>) -> Routers {
    let metrics = Arc::new(metrics::Metrics::of(&app));
    let shared = Shared(Arc::new(Common {
        app,
        rates: rate::Rates::default(),
        rendered: claims::rendered::Rendered::default(),
        metrics: Arc::clone(&metrics),
    }));
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
    Routers { public, metrics: metrics::router(metrics) }
}
