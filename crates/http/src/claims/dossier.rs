//! `GET` and `PATCH /claims/{id}/dossier`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::edit_dossier;
use constat_claims::claim::read_claim;
use constat_core::Answer;
use constat_domain::claim::Asker;
use constat_wire::claims::{ClaimDossier, LossDetails, Success};

use super::{ClaimPath, docs as say};
use crate::answer::entity_tag;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::{Problem, Reply};

pub(super) async fn read(request: AuthenticatedRequest<Claims>, Path(path): Path<ClaimPath>) -> Result<Reply, Problem> {
    let claim = read_claim(&request.claims, &request.caller, &path.id)?;
    Ok(Reply::ok(&Success::new(ClaimDossier::new(&claim, Asker::from(&request.caller))))?.with_version(claim.version))
}

pub(super) async fn edit(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    body: Json<LossDetails>,
) -> Result<Reply, Problem> {
    let change = body.value.into_domain().map_err(Problem::invalid)?;
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            let claim = edit_dossier(tx, context, &path.id, &change, if_match.as_deref())?;
            let answer = Success::new(ClaimDossier::new(&claim, Asker::from(&context.caller)));
            Ok(Answer::json(200, &answer)?.with_header("etag", entity_tag(claim.version)))
        })
        .await
}

pub(super) fn read_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimDossier>>(
        operation.id("readClaimDossier"),
        "Read what the dossier contract tells of a claim",
        "Extension: the loss as codes, the risk, damages by room and item, what is at stake, the cover with its \
         deductible, the qualification. What one contract wrote, the other reads here.",
        "The facets and the cover; the claim's version is the `ETag`",
    );
    say::usual_failures(say::failure::<404>(operation, "2001 no such claim"))
}

pub(super) fn edit_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimDossier>>(
        operation.id("editClaimDossier"),
        "Complete what the dossier contract tells of a claim",
        "Extension: each given facet replaces the stored one. Drafts only: an insurer may open a draft with little data, \
         and the insured completes it.",
        "The facets and the cover",
    );
    let operation = say::failure::<400>(operation, "1000 not valid or unknown codes, 1006 content type");
    say::usual_failures(say::change_failures(operation, "3001 the claim is no longer a draft"))
}
