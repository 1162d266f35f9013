//! `POST /keys`

use std::sync::Arc;

use aide::transform::TransformOperation;
use constat_administration::{KeyRequest, issue_key_as};
use constat_core::{Answer, KeyMaterial};
use constat_domain::Refusal;
use constat_domain::tenancy::Api;
use constat_wire::common::IssueKey;

use super::key_contract::KeyContract;
use super::{actor, key_of, with_secret};
use crate::authenticated_request::AuthenticatedRequest;
use crate::body::Json;
use crate::{Problem, Reply};

pub(super) async fn handle<C: KeyContract>(
    request: AuthenticatedRequest<C>,
    body: Json<IssueKey>,
) -> Result<Reply, Problem> {
    Refusal::unless_empty(body.value.check())?;
    let IssueKey { api, holder, label } = body.value;
    let wanted = KeyRequest { api: api.map_or(C::CONTRACT.api, Api::from), holder, label };
    let material = Arc::new(KeyMaterial::draw(request.core.secure_random.as_ref()));
    let (context, idempotency) = request.for_command(&body.raw)?;
    let (core, drawn) = (Arc::clone(&request.core), Arc::clone(&material));
    let answer = request
        .core
        .command(context.clone(), idempotency, move |tx, context| {
            let issued = issue_key_as(tx, &actor(&core, context), &context.caller, &drawn, &wanted)?;
            Answer::json(200, &C::one(key_of(&issued)))
        })
        .await?;
    with_secret::<C>(answer, &context, &material)
}

pub(super) fn docs<C: KeyContract>(operation: TransformOperation) -> TransformOperation {
    let operation = C::writes(C::describe::<C::One>(
        operation.id("issueKey"),
        "Issue a key",
        "Extension. A key to the organisation's data, in the mode of the request's key: for another organisation that \
         the operator has registered on this server, or for itself. The secret is in this answer only; a repeat under \
         the same `Idempotency-Key` does not have it: rotate the key if it was lost. Only for a key that the \
         organisation holds itself.",
        "The key with its secret",
    ));
    C::failure::<409>(operation, 3003, "the organisation has 1,000 active keys")
}
