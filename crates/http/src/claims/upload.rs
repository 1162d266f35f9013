//! `PUT /claims/{id}/documents`

use constat_claims::claim::read_claim;
use constat_claims::claim::upload_documents;
use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::{UploadRequest, Uploaded, forget};
use constat_core::{Answer, AppError, run_to_completion};
use constat_domain::catalogue::Catalogue;
use constat_wire::claims::{ClaimDocument, UploadAnswer, UploadQuery};
use constat_wire::common::True;

use super::upload_body::{UploadBody, UploadedFiles};
use super::{ClaimPath, docs as say, view};
use crate::answer::entity_tag;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Params;
use crate::{Problem, Reply};

pub(super) async fn upload(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    Params(query): Params<UploadQuery>,
    body: UploadBody,
) -> Result<Reply, Problem> {
    // A sender that goes away leaves nothing half done.
    run_to_completion(receive_and_take(request, path.id, query.auto_submit, body)).await
}

async fn receive_and_take(
    request: AuthenticatedRequest<Claims>,
    claim: String,
    auto_submit: bool,
    body: UploadBody,
) -> Result<Reply, Problem> {
    let context = request.context();
    let uploaded = match read_claim(&request.claims, &request.caller, &claim) {
        Ok(claim) => body.receive(&request.claims, &context, &claim).await?,
        Err(error) => {
            body.discard().await;
            return Err(error.into());
        }
    };
    let keys = uploaded.files.iter().map(|file| file.received.key.clone()).collect::<Vec<_>>();
    let idempotency = match request.idempotency(&uploaded.digest) {
        Ok(idempotency) => idempotency,
        Err(problem) => {
            forget(&request.claims.documents, &keys).await;
            return Err(problem);
        }
    };
    let UploadedFiles { files, share: _share, .. } = uploaded;
    let upload = UploadRequest { claim, files, auto_submit, if_match: request.if_match(), idempotency };
    let catalogue = Arc::clone(request.core.catalogues.of(&request.caller.tenant));
    let render = move |uploaded: &Uploaded| answer(&catalogue, uploaded);
    Ok(Reply(upload_documents(&request.claims, context, upload, render).await?))
}

fn answer(catalogue: &Catalogue, uploaded: &Uploaded) -> Result<Answer, AppError> {
    let claim = &uploaded.claim;
    let documents = uploaded.documents.iter().filter_map(|id| claim.document(*id));
    let body = UploadAnswer {
        success: True,
        data: documents
            .map(|document| ClaimDocument::new(document, claim.document_label(catalogue, document)))
            .collect(),
        claim: uploaded.submitted.then(|| view::submitted(claim, true)).transpose()?,
    };
    Ok(Answer::json(200, &body)?.with_header("etag", entity_tag(claim.version)))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<UploadAnswer>(
        operation.id("uploadDocuments"),
        "Upload documents",
        "One document or several, in JSON (base64) or one as multipart form (`meta` and `file`). All are taken in, or \
         none. At most 20,971,520 bytes each; PDF, JPEG, PNG, WebP, HEIC or HEIF, told from the content.",
        "The documents; with `autoSubmit=true` and all mandatory documents there, `claim` tells of the submission",
    );
    let operation = say::failure::<400>(
        operation,
        "1000 not valid, 1002 file too large, 1003 file type, 1005 base64, 1006 content type",
    );
    let conflicts = "3001 the claim takes no more documents, 3005 the document was accepted already, 3006 the claim does \
                     not ask for this type, 3003 the claim has 500 documents";
    say::usual_failures(say::change_failures(operation, conflicts))
}
