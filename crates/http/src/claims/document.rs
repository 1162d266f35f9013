//! `GET /claims/{claimId}/documents/{documentId}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::{read_document, sign_download};
use constat_domain::claim::Asker;
use constat_wire::claims::{ClaimDocumentWithUrl, Success};
use schemars::JsonSchema;
use serde::Deserialize;

use super::docs as say;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::{Problem, Reply};

/// The ids in the path.
#[derive(Deserialize, JsonSchema)]
pub(super) struct DocumentPath {
    /// The pre-declaration's id or the internal claim id.
    pub(super) id: String,
    /// The document's id.
    #[serde(rename = "documentId")]
    pub(super) document_id: String,
}

pub(super) async fn document(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<DocumentPath>,
) -> Result<Reply, Problem> {
    let (claim, document) = read_document(&request.claims, &request.caller, &path.id, &path.document_id)?;
    let link = sign_download(&request.claims, &claim, &document, &request.caller)?;
    let label = claim.document_label(request.catalogue(), &document);
    let answer =
        ClaimDocumentWithUrl::new(&document, Asker::from(&request.caller), label, link.url, link.expires_at.into());
    Ok(Reply::ok(&Success::new(answer))?.with_version(claim.version))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimDocumentWithUrl>>(
        operation.id("readDocument"),
        "Read a document",
        "With a signed link to its bytes that works for one hour, without a key. The link of the platform's own keys opens \
         the original; when that holds more than the picture, such as a position, each reading is recorded. The link of \
         other keys opens a cleaned copy.",
        "The document and its link; the `ETag` is the claim's",
    );
    say::usual_failures(say::failure::<404>(operation, "2001 no such claim, 2004 no such document on it"))
}
