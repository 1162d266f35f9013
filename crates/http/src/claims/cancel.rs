//! `DELETE /claims/{id}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::cancel_claim;
use constat_core::Answer;
use constat_domain::claim::ClaimStatus;
use constat_wire::claims::{CancelAnswer, CancelClaim, CancelledClaim};
use constat_wire::common::True;

use super::{ClaimPath, docs as say};
use crate::answer::entity_tag;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::OptionalJson;
use crate::{Problem, Reply};

pub(super) async fn cancel(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    body: OptionalJson<CancelClaim>,
) -> Result<Reply, Problem> {
    let faults = body.value.check();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let reason = body.value.reason;
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            let claim = cancel_claim(tx, context, &path.id, reason.as_deref(), if_match.as_deref())?;
            let message = if claim.status() == ClaimStatus::Archived {
                "The draft was archived"
            } else {
                "The claim was abandoned"
            };
            let data = CancelledClaim { id: claim.declaration_id.to_string(), status: claim.status().into() };
            let answer = CancelAnswer { success: True, message: message.to_owned(), data: Some(data) };
            Ok(Answer::json(200, &answer)?.with_header("etag", entity_tag(claim.version)))
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<CancelAnswer>(
        operation.id("cancelClaim"),
        "Give a claim up",
        "A draft is archived, a submitted claim abandoned. Nothing is erased.",
        "It was given up",
    );
    let operation = say::failure::<400>(operation, "1000 not valid, 1006 content type");
    say::usual_failures(say::change_failures(
        operation,
        "3003 its status does not allow it, 3007 a payment is under way",
    ))
}
