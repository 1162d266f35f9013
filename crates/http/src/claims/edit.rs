//! `PATCH /claims/{id}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::edit_claim;
use constat_wire::claims::{Claim, PatchClaim, Success};

use super::{ClaimPath, docs as say, view};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::{Problem, Reply};

pub(super) async fn edit(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    body: Json<PatchClaim>,
) -> Result<Reply, Problem> {
    let edit = body.value.into_domain().map_err(Problem::invalid)?;
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            view::answer(context, &edit_claim(tx, context, &path.id, &edit, if_match.as_deref())?)
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Claim>>(
        operation.id("editClaim"),
        "Change a draft",
        "The description (50 characters or more), parts of the location, or, as extensions, the answers and the \
         subtype. Only while it is a draft.",
        "The changed draft",
    );
    let operation = say::failure::<400>(
        operation,
        "1000 not valid, 1001 questions unknown or not answered, 1004 subtype, 1006 content type, 1007 subtype of another \
         type",
    );
    say::usual_failures(say::change_failures(operation, "3001 the claim is no longer a draft"))
}
