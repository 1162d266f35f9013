//! What the document says of every endpoint of the contract.

use aide::transform::TransformOperation;
use axum::Json;
use constat_wire::claims::Failure;
use schemars::JsonSchema;
use serde::Serialize;

use crate::openapi::UNAVAILABLE;

/// An endpoint's name and what it gives when all goes well.
pub(crate) fn endpoint<'t, T: JsonSchema + Serialize>(
    operation: TransformOperation<'t>,
    summary: &str,
    description: &str,
    gives: &str,
) -> TransformOperation<'t> {
    operation
        .summary(summary)
        .description(description)
        .response_with::<200, Json<T>, _>(|answer| answer.description(gives))
}

/// An error status with the contract's body.
pub(crate) fn failure<'t, const STATUS: u16>(operation: TransformOperation<'t>, when: &str) -> TransformOperation<'t> {
    operation.response_with::<STATUS, Json<Failure>, _>(|answer| answer.description(when))
}

/// What every endpoint that needs a key may answer.
pub(super) fn usual_failures(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    let operation = failure::<401>(operation, "9001 no key, 9002 unknown key, 9003 the user is not this key's");
    let operation = failure::<429>(operation, "99888 too many requests, see `Retry-After`");
    failure::<503>(operation, &format!("1000. {UNAVAILABLE}"))
}

/// What every endpoint that only the platform's own keys may use may answer.
pub(crate) fn handler_failures(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    usual_failures(failure::<403>(operation, "98888 the key is an integrator's"))
}

/// What an endpoint that changes a claim may answer besides.
pub(super) fn change_failures<'t>(operation: TransformOperation<'t>, conflicts: &str) -> TransformOperation<'t> {
    let operation = failure::<404>(operation, "2001 no such claim");
    let operation = failure::<409>(operation, conflicts);
    failure::<412>(operation, "3003 the claim has changed since it was read (`If-Match`)")
}
