//! `POST /claims/{id}/corrections`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::correct_claim;
use constat_wire::claims::{Claim, CorrectClaim, Success};

use super::{ClaimPath, docs as say, view};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::{Problem, Reply};

pub(super) async fn correct(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    body: Json<CorrectClaim>,
) -> Result<Reply, Problem> {
    let correction = body.value.into_domain().map_err(Problem::invalid)?;
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            view::answer(context, &correct_claim(tx, context, &path.id, &correction, if_match.as_deref())?)
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Claim>>(
        operation.id("correctClaim"),
        "Correct the facts of a claim",
        "Extension, for the platform's own keys: the place, the insured, when and how the loss happened, the risk. What \
         is left out stays as it is. Also after the submission, while the claim has not ended. The event \
         `claim.corrected` names the fields that changed. A correction of what is so already changes nothing.",
        "The corrected claim",
    );
    let operation =
        say::failure::<400>(operation, "1000 not valid: a country, a postcode, a date or a code; 1006 content type");
    say::handler_failures(say::change_failures(operation, "3003 the claim has ended: reopen it first"))
}
