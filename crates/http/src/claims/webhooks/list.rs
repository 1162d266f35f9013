//! `GET /webhooks`

use aide::transform::TransformOperation;
use constat_claims::webhooks::list_webhooks;
use constat_wire::claims::{SuccessList, Webhook};

use super::super::docs as say;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::{Problem, Reply};

pub(super) async fn list(request: AuthenticatedRequest<Claims>) -> Result<Reply, Problem> {
    let now = request.core.clock.now();
    let all = list_webhooks(&request.claims, &request.caller)?;
    Reply::ok(&SuccessList::new(all.iter().map(|(hook, pending)| Webhook::new(hook, *pending, now)).collect()))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<SuccessList<Webhook>>(
        operation.id("listWebhooks"),
        "List this key's webhooks",
        "Oldest first, with how many deliveries each has still to get.",
        "The webhooks",
    );
    say::usual_failures(operation)
}
