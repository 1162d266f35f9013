//! `POST /keys/{id}/rotate`

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_administration::rotate_key_as;
use constat_core::{Answer, KeyMaterial};

use super::key_contract::KeyContract;
use super::{KeyPath, actor, key_of, with_secret};
use crate::authenticated_request::AuthenticatedRequest;
use crate::body::NoBody;
use crate::{Problem, Reply};

pub(super) async fn handle<C: KeyContract>(
    request: AuthenticatedRequest<C>,
    Path(path): Path<KeyPath>,
    body: NoBody,
) -> Result<Reply, Problem> {
    let id = path.id()?;
    let material = Arc::new(KeyMaterial::draw(request.core.secure_random.as_ref()));
    let (context, idempotency) = request.for_command(&body.raw)?;
    let (core, drawn) = (Arc::clone(&request.core), Arc::clone(&material));
    let answer = request
        .core
        .command(context.clone(), idempotency, move |tx, context| {
            let issued = rotate_key_as(tx, &actor(&core, context), &context.caller, &drawn, id)?;
            Answer::json(200, &C::one(key_of(&issued)))
        })
        .await?;
    with_secret::<C>(answer, &context, &material)
}

pub(super) fn docs<C: KeyContract>(operation: TransformOperation) -> TransformOperation {
    let operation = C::writes(C::describe::<C::One>(
        operation.id("rotateKey"),
        "Replace a key",
        "Extension. Issues a key with the same contract, holder and label, and revokes the old one: every server refuses \
         it from its next request on. A key may replace itself. The secret is in this answer only; a repeat under the \
         same `Idempotency-Key` does not have it. Only for a key that the organisation holds itself.",
        "The new key with its secret",
    ));
    C::failure::<404>(operation, 2004, "the organisation issued no such key in this mode")
}
