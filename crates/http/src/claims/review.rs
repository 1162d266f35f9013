//! `POST /claims/{id}/documents/{documentId}/accept` and `/reject`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::Review;
use constat_claims::claim::review_document;
use constat_core::{Answer, AppError};
use constat_domain::refusal::ClaimRefusal;
use constat_wire::claims::{ClaimDocument, RejectDocument, Success};

use super::docs as say;
use super::document::DocumentPath;
use crate::answer::entity_tag;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::{Json, NoBody};
use crate::{Problem, Reply};

pub(super) async fn accept(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<DocumentPath>,
    body: NoBody,
) -> Result<Reply, Problem> {
    decide(request, path, &body.raw, Review::Accept).await
}

pub(super) async fn reject(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<DocumentPath>,
    body: Json<RejectDocument>,
) -> Result<Reply, Problem> {
    let faults = body.value.check();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    decide(request, path, &body.raw, Review::Reject(body.value.reason)).await
}

async fn decide(
    request: AuthenticatedRequest<Claims>,
    path: DocumentPath,
    raw: &[u8],
    review: Review,
) -> Result<Reply, Problem> {
    let if_match = request.if_match();
    request
        .command(raw, move |tx, context| {
            let DocumentPath { id, document_id } = &path;
            let (claim, document) = review_document(tx, context, id, document_id, &review, if_match.as_deref())?;
            let document = claim.document(document).ok_or(AppError::from(ClaimRefusal::DocumentNotFound))?;
            let label = claim.document_label(context.catalogue(), document);
            let answer = Success::new(ClaimDocument::new(document, label));
            Ok(Answer::json(200, &answer)?.with_header("etag", entity_tag(claim.version)))
        })
        .await
}

pub(super) fn accept_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimDocument>>(
        operation.id("acceptDocument"),
        "Accept a document",
        "For the platform's own keys: the handler finds it good. It can no longer be replaced.",
        "The document, accepted",
    );
    finish(operation)
}

pub(super) fn reject_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimDocument>>(
        operation.id("rejectDocument"),
        "Reject a document",
        "For the platform's own keys: the handler says why; the insured may upload it again.",
        "The document, rejected",
    );
    finish(say::failure::<400>(operation, "1000 not valid, 1006 content type"))
}

fn finish(operation: TransformOperation) -> TransformOperation {
    let conflicts = "3003 the claim is a draft or decided, the document was rejected or replaced, or the virus scanner \
                     holds it, 3005 the document was accepted already";
    let operation = say::change_failures(operation, conflicts);
    say::handler_failures(say::failure::<404>(operation, "2001 no such claim, 2004 no such document on it"))
}
