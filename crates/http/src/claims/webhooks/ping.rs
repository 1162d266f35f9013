//! `POST /webhooks/{id}/ping`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::webhooks::ping_webhook;
use constat_core::Answer;
use constat_wire::claims::{Success, WebhookDelivery};

use super::super::docs as say;
use super::WebhookPath;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::NoBody;
use crate::{Problem, Reply};

pub(super) async fn ping(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<WebhookPath>,
    body: NoBody,
) -> Result<Reply, Problem> {
    request
        .command(&body.raw, move |tx, context| {
            let delivery = ping_webhook(tx, context, &path.id)?;
            Answer::json(200, &Success::new(WebhookDelivery::new(&delivery, &[])))
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<WebhookDelivery>>(
        operation.id("pingWebhook"),
        "Try a webhook out",
        "Queues a message `v2.webhook.ping`, signed like any other. What becomes of it is in the delivery log. A paused \
         webhook gets it when it is resumed.",
        "The delivery, still to be sent",
    );
    say::usual_failures(say::failure::<404>(operation, "2004 no such webhook"))
}
