//! Claims API v2, and the platform's appointments on a claim.

pub mod problem;

use aide::axum::ApiRouter;

use crate::Shared;

/// The contract's routes, without their base path.
pub fn routes() -> ApiRouter<Shared> {
    ApiRouter::new()
}
