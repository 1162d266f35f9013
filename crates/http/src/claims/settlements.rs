//! `POST` and `GET /claims/{id}/settlements`, `GET /claims/{id}/settlements/{settlementId}`, and what
//! becomes of one: `/paid`, `/returned`, `/cancel`

use aide::axum::routing::{get_with, post_with};
use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::read_claim;
use constat_claims::claim::{SettlementChange, change_settlement, create_settlement, read_settlement};
use constat_core::{Answer, AppError};
use constat_domain::claim;
use constat_domain::ids::SettlementId;
use constat_domain::refusal::ClaimRefusal;
use constat_wire::claims::{CreateSettlement, PaySettlement, Settlement, Success, SuccessList};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{ClaimPath, docs as say};
use crate::answer::entity_tag;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::{Json, NoBody, OptionalJson};
use crate::contract::CLAIMS;
use crate::routes::Routes;
use crate::{Problem, Reply};

/// The ids in the path.
#[derive(Deserialize, JsonSchema)]
struct SettlementPath {
    /// The pre-declaration's id or the internal claim id.
    id: String,
    /// The settlement's id.
    #[serde(rename = "settlementId")]
    settlement_id: String,
}

pub(super) fn routes() -> Routes {
    Routes::of(CLAIMS)
        .api_route("/claims/{id}/settlements", post_with(create, create_docs).get_with(list, list_docs))
        .api_route("/claims/{id}/settlements/{settlementId}", get_with(read, read_docs))
        .api_route("/claims/{id}/settlements/{settlementId}/paid", post_with(paid, paid_docs))
        .api_route("/claims/{id}/settlements/{settlementId}/returned", post_with(returned, returned_docs))
        .api_route("/claims/{id}/settlements/{settlementId}/cancel", post_with(cancel, cancel_docs))
}

async fn create(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    body: Json<CreateSettlement>,
) -> Result<Reply, Problem> {
    let new = body.value.into_domain().map_err(Problem::invalid)?;
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            let (claim, id) = create_settlement(tx, context, &path.id, new, if_match.as_deref())?;
            answer(&claim, id)
        })
        .await
}

async fn list(request: AuthenticatedRequest<Claims>, Path(path): Path<ClaimPath>) -> Result<Reply, Problem> {
    let claim = read_claim(&request.claims, &request.caller, &path.id)?;
    let answer = SuccessList::new(claim.settlements.iter().map(Settlement::from).collect());
    Ok(Reply(Answer::json(200, &answer)?.with_header("etag", entity_tag(claim.version))))
}

async fn read(request: AuthenticatedRequest<Claims>, Path(path): Path<SettlementPath>) -> Result<Reply, Problem> {
    let (claim, settlement) = read_settlement(&request.claims, &request.caller, &path.id, &path.settlement_id)?;
    Ok(Reply(answer(&claim, settlement.id)?))
}

async fn paid(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<SettlementPath>,
    body: OptionalJson<PaySettlement>,
) -> Result<Reply, Problem> {
    let at = body.value.payment_at.map(Into::into);
    change(request, path, &body.raw, SettlementChange::Paid(at)).await
}

async fn returned(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<SettlementPath>,
    body: NoBody,
) -> Result<Reply, Problem> {
    change(request, path, &body.raw, SettlementChange::Returned).await
}

async fn cancel(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<SettlementPath>,
    body: NoBody,
) -> Result<Reply, Problem> {
    change(request, path, &body.raw, SettlementChange::Cancelled).await
}

async fn change(
    request: AuthenticatedRequest<Claims>,
    path: SettlementPath,
    raw: &[u8],
    what: SettlementChange,
) -> Result<Reply, Problem> {
    let if_match = request.if_match();
    request
        .command(raw, move |tx, context| {
            let SettlementPath { id, settlement_id } = &path;
            let (claim, id) = change_settlement(tx, context, id, settlement_id, what, if_match.as_deref())?;
            answer(&claim, id)
        })
        .await
}

/// 200 with the settlement, and the claim's entity tag: a settlement is a part of it.
fn answer(claim: &claim::Claim, id: SettlementId) -> Result<Answer, AppError> {
    let settlement = claim.settlement(id).ok_or(ClaimRefusal::SettlementNotFound)?;
    let answer = Success::new(Settlement::from(settlement));
    Ok(Answer::json(200, &answer)?.with_header("etag", entity_tag(claim.version)))
}

fn create_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Settlement>>(
        operation.id("createSettlement"),
        "Decide on a payment",
        "For the platform's own keys, while the claim is submitted, in progress or pending. Until it is paid or cancelled \
         the claim can be neither closed, rejected nor abandoned.",
        "The settlement; the `ETag` is the claim's",
    );
    let operation = say::failure::<400>(operation, "1000 not valid, 1006 content type");
    say::handler_failures(say::change_failures(
        operation,
        "3003 the claim is a draft, decided or given up, or has 500 settlements",
    ))
}

fn list_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<SuccessList<Settlement>>(
        operation.id("listSettlements"),
        "List a claim's settlements",
        "Oldest first; the same as the claim's `settlements`.",
        "All of the claim's settlements; the `ETag` is the claim's",
    );
    say::usual_failures(say::failure::<404>(operation, "2001 no such claim"))
}

fn read_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Settlement>>(
        operation.id("readSettlement"),
        "Read a settlement",
        "One of the claim's settlements.",
        "The settlement; the `ETag` is the claim's",
    );
    say::usual_failures(say::failure::<404>(operation, "2001 no such claim, 2004 no such settlement on it"))
}

fn paid_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Settlement>>(
        operation.id("settlementPaid"),
        "Note that a settlement was paid",
        "For the platform's own keys, whatever the claim's status. `paymentAt` is now when it is left out.",
        "The settlement with its `paymentAt`",
    );
    let operation = say::failure::<400>(operation, "1000 not valid, 1006 content type");
    finish(operation, "3003 it was paid, cancelled or returned already")
}

fn returned_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Settlement>>(
        operation.id("settlementReturned"),
        "Note that a payment came back",
        "For the platform's own keys, whatever the claim's status: banks tell days later. Its type becomes `returned`.",
        "The settlement, returned",
    );
    finish(operation, "3003 it was not paid, or came back already")
}

fn cancel_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Settlement>>(
        operation.id("cancelSettlement"),
        "Cancel a settlement",
        "For the platform's own keys: before it was paid. Its type becomes `cancel`.",
        "The settlement, cancelled",
    );
    finish(operation, "3003 it was paid, cancelled or returned already")
}

fn finish<'t>(operation: TransformOperation<'t>, conflicts: &str) -> TransformOperation<'t> {
    let operation = say::change_failures(operation, conflicts);
    say::handler_failures(say::failure::<404>(operation, "2001 no such claim, 2004 no such settlement on it"))
}
