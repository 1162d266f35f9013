//! `POST /claims/{id}/submit`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::submit_claim;
use constat_core::Answer;
use constat_wire::claims::{SubmitResponse, Success};

use super::{ClaimPath, docs as say, view};
use crate::answer::entity_tag;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::NoBody;
use crate::{Problem, Reply};

pub(super) async fn submit(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    body: NoBody,
) -> Result<Reply, Problem> {
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            let claim = submit_claim(tx, context, &path.id, if_match.as_deref())?;
            let answer = Success::new(view::submitted(&claim, false)?);
            Ok(Answer::json(200, &answer)?.with_header("etag", entity_tag(claim.version)))
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<SubmitResponse>>(
        operation.id("submitClaim"),
        "Submit a draft",
        "The description, every answer and all mandatory documents must be there. The draft gets its internal claim id.",
        "It was submitted",
    );
    let operation = say::failure::<400>(
        operation,
        "1000 not valid, 1001 an insurer opened it and the description or answers are missing",
    );
    say::usual_failures(say::change_failures(operation, "3002 it is no draft, 3004 mandatory documents are missing"))
}
