//! A contract's routes, each below the contract's base path.
//!
//! A nested router would do the same, by taking the base path away from the URI of every request
//! and carrying it along. Here it is put before each path once, when the server starts.

use aide::axum::ApiRouter;
use aide::axum::routing::ApiMethodRouter;
use aide::openapi::OpenApi;
use aide::transform::TransformOpenApi;
use axum::Router;

use crate::{Contract, Shared};

/// Routes of one contract.
pub(crate) struct Routes {
    base: &'static str,
    router: ApiRouter<Shared>,
}

impl Routes {
    /// No routes yet.
    pub(crate) fn of(contract: Contract) -> Self {
        Self { base: contract.base, router: ApiRouter::new() }
    }

    /// One more path, as the contract writes it.
    pub(crate) fn api_route(self, path: &str, methods: ApiMethodRouter<Shared>) -> Self {
        let router = self.router.api_route(&format!("{}{path}", self.base), methods);
        Self { router, ..self }
    }

    /// Those of another part of the contract as well.
    pub(crate) fn merge(self, other: Self) -> Self {
        let router = self.router.merge(other.router);
        Self { router, ..self }
    }

    /// The routes with their full paths, and what they say of themselves.
    pub(crate) fn finish(
        self,
        api: &mut OpenApi,
        describe: impl FnOnce(TransformOpenApi<'_>) -> TransformOpenApi<'_>,
    ) -> Router<Shared> {
        self.router.finish_api_with(api, describe)
    }
}
