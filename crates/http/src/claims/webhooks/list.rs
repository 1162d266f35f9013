//! `GET /webhooks`

use aide::transform::TransformOperation;
use constat_claims::webhooks::list_webhooks;
use constat_wire::claims::{SuccessList, Webhook};

use super::super::docs as say;
use crate::asked::{Asked, Claims};
use crate::{Problem, Reply};

pub(super) async fn list(asked: Asked<Claims>) -> Result<Reply, Problem> {
    let now = asked.core.clock.now();
    let all = list_webhooks(&asked.claims, &asked.caller)?;
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
