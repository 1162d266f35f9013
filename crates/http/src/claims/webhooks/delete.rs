//! `DELETE /webhooks/{id}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::webhooks::delete_webhook;
use constat_core::Answer;
use constat_wire::claims::{DeletedWebhook, Success};

use super::super::docs as say;
use super::WebhookPath;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::NoBody;
use crate::{Problem, Reply};

pub(super) async fn delete(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<WebhookPath>,
    body: NoBody,
) -> Result<Reply, Problem> {
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            let webhook = delete_webhook(tx, context, &path.id, if_match.as_deref())?;
            Answer::json(200, &Success::new(DeletedWebhook { id: webhook.id.to_string() }))
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<DeletedWebhook>>(
        operation.id("deleteWebhook"),
        "Remove a webhook",
        "With its deliveries and their log. The events stay in the feed.",
        "It was removed",
    );
    let operation = say::failure::<404>(operation, "2004 no such webhook");
    let operation = say::failure::<412>(operation, "3003 it has changed since it was read (`If-Match`)");
    say::usual_failures(operation)
}
