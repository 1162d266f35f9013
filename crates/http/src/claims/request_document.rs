//! `POST /claims/{id}/documents/request`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::request_document;
use constat_wire::claims::{Claim, RequestDocument, Success};

use super::{ClaimPath, docs as say, view};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::{Problem, Reply};

pub(super) async fn request(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    body: Json<RequestDocument>,
) -> Result<Reply, Problem> {
    let new = body.value.into_domain().map_err(Problem::invalid)?;
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            view::answer(context, &request_document(tx, context, &path.id, &new, if_match.as_deref())?)
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Claim>>(
        operation.id("requestDocument"),
        "Ask the insured for a document",
        "For the platform's own keys. It is among `documentEntries` from now on, and an upload of its type fills it. One \
         that was requested before is requested again. With `waitForIt`, a claim `in_progress` becomes `pending_info`.",
        "The claim with the new entry",
    );
    let operation = say::failure::<400>(operation, "1000 not valid, 1006 content type");
    let conflicts = "3003 the claim is a draft, decided or given up, cannot wait yet, or has 100 requests; 3005 the \
                     document was accepted already; 3006 the catalogue has no such document";
    say::handler_failures(say::change_failures(operation, conflicts))
}
