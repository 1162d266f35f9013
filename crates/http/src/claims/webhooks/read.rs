//! `GET /webhooks/{id}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::webhooks::read_webhook;
use constat_wire::claims::{Success, Webhook};

use super::super::docs as say;
use super::WebhookPath;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::{Problem, Reply};

pub(super) async fn read(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<WebhookPath>,
) -> Result<Reply, Problem> {
    let (webhook, pending) = read_webhook(&request.claims, &request.caller, &path.id)?;
    Ok(Reply(super::answer(&webhook, pending, request.core.clock.now())?))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Webhook>>(
        operation.id("readWebhook"),
        "Read a webhook",
        "Without its secrets. Another key's is not found.",
        "The webhook; its version is the `ETag`",
    );
    say::usual_failures(say::failure::<404>(operation, "2004 no such webhook"))
}
