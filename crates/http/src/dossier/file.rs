//! `GET /claims/{claimId}/files/{fileId}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use axum::response::Response;
use constat_claims::dossier::read_dossier_document;
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;

use super::docs as say;
use crate::authenticated_request::{AuthenticatedRequest, Dossier};
use crate::{Problem, files};

/// How the contract's matrix style begins: `/files/;fileId=...`.
const MATRIX: &str = ";fileId=";

/// The claim and the document in the path.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FilePath {
    /// The claim's id: a UUID. The forms `clm_…` and `dcl_…` are taken too.
    claim_id: String,
    /// The `id` of one of the claim's documents, as it stands or in matrix style: `;fileId=…`.
    file_id: String,
}

pub(super) async fn file(
    request: AuthenticatedRequest<Dossier>,
    Path(path): Path<FilePath>,
    method: Method,
) -> Result<Response, Problem> {
    let id = path.file_id.strip_prefix(MATRIX).unwrap_or(&path.file_id);
    let reading = read_dossier_document(&request.claims, &request.caller, &path.claim_id, id)?;
    files::serve(&request.claims, reading, &method, &request.headers).await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = operation.id("getClaimFile").summary("Fetch a document of the claim").description(
        "The bytes, for every key that may read the claim. Takes `Range` and `If-None-Match`. All but the platform's own \
             keys get a copy without what the file says beside the picture, such as where a photo was taken.",
    );
    let operation = say::failure::<404>(files::docs(operation), "No such document, or no mandate on its claim");
    let operation = say::failure::<409>(operation, "The document is being checked for viruses, or was quarantined");
    say::failure::<416>(operation, "The range lies beyond the end, see `Content-Range`")
}
