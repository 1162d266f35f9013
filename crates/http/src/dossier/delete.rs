//! `DELETE /claims/{claimId}`

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::Path;
use constat_claims::dossier::cancel_dossier;
use constat_claims::dossier::require_insurer;
use constat_core::Answer;
use constat_wire::common::{ResponseStatus, StatusCode};

use super::{ClaimPath, docs as say};
use crate::authenticated_request::{AuthenticatedRequest, Dossier};
use crate::{Problem, Reply};

pub(super) async fn delete(
    request: AuthenticatedRequest<Dossier>,
    Path(path): Path<ClaimPath>,
) -> Result<Reply, Problem> {
    require_insurer(&request.claims, &request.caller)?;
    request
        .command(&[], move |tx, context| {
            let claim = cancel_dossier(tx, context, &path.claim_id)?;
            Answer::json(200, &ResponseStatus::new(StatusCode::Ok, claim.status().as_str()))
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = operation
        .id("deleteClaim")
        .summary("Give a claim up")
        .description(
            "For insurers' keys only, on claims of their own risks. A draft is archived, a submitted claim abandoned; \
             nothing is ever erased. Asking twice changes nothing more.",
        )
        .response_with::<200, Json<ResponseStatus>, _>(|answer| {
            answer.description("It was given up; `description` says whether it is `archived` or `abandoned`")
        });
    let operation = say::failure::<401>(operation, "The key is missing or not valid, or is no insurer's");
    let operation = say::failure::<409>(operation, "The claim's status does not allow it, or a payment is under way");
    say::no_claim(operation)
}
