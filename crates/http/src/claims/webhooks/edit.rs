//! `PATCH /webhooks/{id}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::webhooks::{WebhookChange, edit_webhook};
use constat_wire::claims::{PatchWebhook, Success, WantedStatus, Webhook};

use super::super::docs as say;
use super::WebhookPath;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::{Problem, Reply};

pub(super) async fn edit(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<WebhookPath>,
    body: Json<PatchWebhook>,
) -> Result<Reply, Problem> {
    let faults = body.value.check();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let attempt = request.attempt(&body.raw).await?;
    if let Err(refusal) = super::judge(&request.claims, body.value.url.as_deref()).await {
        return request.refuse(&attempt, refusal).await;
    }
    let PatchWebhook { url, events, description, status } = body.value;
    let paused = status.map(|status| status == WantedStatus::Paused);
    let change = WebhookChange { url, events, description, paused };
    let if_match = request.if_match();
    request
        .command_of(&attempt, move |tx, context| {
            let webhook = edit_webhook(tx, context, &path.id, if_match.as_deref(), &change)?;
            let pending = constat_claims::webhooks::pending_of(tx, &webhook)?;
            super::answer(&webhook, pending, context.at)
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Webhook>>(
        operation.id("editWebhook"),
        "Change, pause or resume a webhook",
        "What happens while it is paused is sent when it is resumed; nothing is lost.",
        "The webhook as it is now",
    );
    let operation = say::failure::<400>(operation, "1000 not valid, or the address may not be reached");
    let operation = say::failure::<404>(operation, "2004 no such webhook");
    let operation = say::failure::<412>(operation, "3003 it has changed since it was read (`If-Match`)");
    say::usual_failures(operation)
}
