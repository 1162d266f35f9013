//! Dossier API: the claim file, for the partner that holds its mandate.

use aide::axum::ApiRouter;

use crate::Shared;

/// The contract's routes, without their base path.
pub fn routes() -> ApiRouter<Shared> {
    ApiRouter::new()
}
