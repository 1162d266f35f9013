//! Dossier API: the claim file, for the partner that holds its mandate.

mod delete;
mod docs;
mod file;
mod prime;
pub(crate) mod read;

use aide::axum::routing::{get_with, post_with};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::DOSSIER;
use crate::routes::Routes;

/// The claim in the path.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ClaimPath {
    /// The claim's id: a UUID. The forms `clm_…` and `dcl_…` are taken too.
    claim_id: String,
}

/// The contract's routes, without their base path.
pub(crate) fn routes() -> Routes {
    Routes::of(DOSSIER)
        .api_route("/claims/prime", post_with(prime::prime, prime::docs))
        .api_route("/claims/{claimId}", get_with(read::read, read::docs).delete_with(delete::delete, delete::docs))
        .api_route("/claims/{claimId}/files/{fileId}", get_with(file::file, file::docs))
}
