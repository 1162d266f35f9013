//! `GET /keys`

use aide::transform::TransformOperation;
use constat_administration::list_issued_keys;

use super::key_contract::KeyContract;
use super::key_of;
use crate::authenticated_request::AuthenticatedRequest;
use crate::{Problem, Reply};

pub(super) async fn handle<C: KeyContract>(request: AuthenticatedRequest<C>) -> Result<Reply, Problem> {
    let keys = request.core.store.read(|connection| list_issued_keys(connection, &request.caller))?;
    Reply::ok(&C::several(keys.iter().map(key_of).collect()))
}

pub(super) fn docs<C: KeyContract>(operation: TransformOperation) -> TransformOperation {
    C::describe::<C::Several>(
        operation.id("listKeys"),
        "List the organisation's keys",
        "Extension. The keys that the organisation issued, in the mode of the request's key and for every contract, \
         oldest first, revoked ones included. Only for a key that the organisation holds itself.",
        "The keys, without their secrets",
    )
}
