//! `POST /claims/{id}/transitions`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::change_status;
use constat_wire::claims::{ChangeStatus, Claim, Success};

use super::{ClaimPath, docs as say, view};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::{Problem, Reply};

pub(super) async fn change(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    body: Json<ChangeStatus>,
) -> Result<Reply, Problem> {
    let decision = body.value.into_domain().map_err(Problem::invalid)?;
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            view::answer(context, &change_status(tx, context, &path.id, &decision, if_match.as_deref())?)
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Claim>>(
        operation.id("changeStatus"),
        "Move a claim to another status",
        "For the platform's own keys. `in_progress` takes a submitted claim up, goes on with one that waited and reopens a \
         closed one; `pending_info` waits for the insured; `closed` and `rejected` decide a claim that is in hand; \
         `abandoned` gives up a submitted one or one that waits. `reason` becomes the note that the insured reads.",
        "The claim in its new status",
    );
    let operation =
        say::failure::<400>(operation, "1000 not valid, or a rejection without a reason; 1006 content type");
    let conflicts = "3003 its status does not lead there, 3007 a payment is under way";
    say::handler_failures(say::change_failures(operation, conflicts))
}
