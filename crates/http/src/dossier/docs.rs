//! What the document says of every endpoint of the contract.

use aide::transform::TransformOperation;
use axum::Json;
use constat_wire::common::ResponseStatus;

/// An error status with the contract's body.
pub(super) fn failure<'t, const STATUS: u16>(operation: TransformOperation<'t>, when: &str) -> TransformOperation<'t> {
    operation.response_with::<STATUS, Json<ResponseStatus>, _>(|answer| answer.description(when))
}

/// The claim is not there, or not for this caller.
pub(super) fn no_claim(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    failure::<404>(operation, "No such claim, or the key holds no mandate on it: the answer is the same")
}
