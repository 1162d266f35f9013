//! Partner appointment API.

pub mod problem;

use aide::axum::ApiRouter;

use crate::Shared;

/// The contract's routes, without their base path.
pub fn routes() -> ApiRouter<Shared> {
    ApiRouter::new()
}
