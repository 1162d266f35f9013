//! `DELETE /keys/{id}`

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_administration::revoke_key_as;
use constat_core::Answer;

use super::key_contract::KeyContract;
use super::{KeyPath, actor, key_of};
use crate::authenticated_request::AuthenticatedRequest;
use crate::body::NoBody;
use crate::{Problem, Reply};

pub(super) async fn handle<C: KeyContract>(
    request: AuthenticatedRequest<C>,
    Path(path): Path<KeyPath>,
    body: NoBody,
) -> Result<Reply, Problem> {
    let id = path.id()?;
    let core = Arc::clone(&request.core);
    request
        .command(&body.raw, move |tx, context| {
            let revoked = revoke_key_as(tx, &actor(&core, context), &context.caller, id)?;
            Answer::json(200, &C::one(key_of(&revoked)))
        })
        .await
}

pub(super) fn docs<C: KeyContract>(operation: TransformOperation) -> TransformOperation {
    let operation = C::writes(C::describe::<C::One>(
        operation.id("revokeKey"),
        "Revoke a key",
        "Extension. Every server refuses the key from its next request on. A key that is revoked already stays as it \
         was. Only for a key that the organisation holds itself.",
        "The key as it is now",
    ));
    let operation = C::failure::<404>(operation, 2004, "the organisation issued no such key in this mode");
    C::failure::<409>(operation, 3003, "the last active key of its contract that the organisation holds itself")
}
