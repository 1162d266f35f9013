//! `POST /claims/{id}/milestones` and `DELETE /claims/{id}/milestones/{kind}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::deadlines::{record_milestone, remove_milestone};
use constat_core::{Answer, AppError, CommandContext};
use constat_domain::claim::{Claim, MilestoneKind};
use constat_domain::refusal::ClaimRefusal;
use constat_wire::claims::{ClaimDeadlines, Milestone, Success};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{ClaimPath, docs as say};
use crate::answer::entity_tag;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::{Json, NoBody};
use crate::{Problem, Reply};

/// A milestone in the path.
#[derive(Deserialize, JsonSchema)]
pub(super) struct MilestonePath {
    /// The pre-declaration's id or the internal claim id.
    id: String,
    /// The kind of milestone.
    kind: String,
}

pub(super) async fn record(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    body: Json<Milestone>,
) -> Result<Reply, Problem> {
    let (kind, day) = body.value.into_domain().map_err(Problem::invalid)?;
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            answer(context, &record_milestone(tx, context, &path.id, kind, day, if_match.as_deref())?)
        })
        .await
}

pub(super) async fn remove(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<MilestonePath>,
    body: NoBody,
) -> Result<Reply, Problem> {
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            let kind = MilestoneKind::named(&path.kind).ok_or(AppError::from(ClaimRefusal::MilestoneNotFound))?;
            answer(context, &remove_milestone(tx, context, &path.id, kind, if_match.as_deref())?)
        })
        .await
}

fn answer(context: &CommandContext, claim: &Claim) -> Result<Answer, AppError> {
    let answer = Success::new(ClaimDeadlines::new(claim, &context.deadlines_of(claim)));
    Ok(Answer::json(200, &answer)?.with_header("etag", entity_tag(claim.version)))
}

pub(super) fn record_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimDeadlines>>(
        operation.id("recordMilestone"),
        "Tell a milestone of a claim",
        "For the platform's own keys: a dated fact that deadlines count from, or that meets them. One day of each kind is kept; told \
         again, it is corrected. In any status of the claim.",
        "The deadlines as they are now",
    );
    finish(say::failure::<400>(operation, "1000 not valid, or in the future; 1006 content type"), "2001 no such claim")
}

pub(super) fn remove_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimDeadlines>>(
        operation.id("removeMilestone"),
        "Remove a milestone",
        "Platform's own keys only: removes a milestone recorded by mistake.",
        "The deadlines as they are now",
    );
    finish(operation, "2001 no such claim, 2004 no such milestone")
}

fn finish<'t>(operation: TransformOperation<'t>, missing: &str) -> TransformOperation<'t> {
    let operation = say::failure::<404>(operation, missing);
    let operation = say::failure::<412>(operation, "3003 the claim has changed since it was read (`If-Match`)");
    say::handler_failures(operation)
}
