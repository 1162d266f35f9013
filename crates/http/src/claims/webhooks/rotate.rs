//! `POST /webhooks/{id}/secret`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::webhooks::rotate_secret;
use constat_wire::claims::{RotateSecret, Success, Webhook};

use super::super::docs as say;
use super::WebhookPath;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::OptionalJson;
use crate::{Problem, Reply};

pub(super) async fn rotate(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<WebhookPath>,
    body: OptionalJson<RotateSecret>,
) -> Result<Reply, Problem> {
    let hours = body.value.into_domain().map_err(Problem::invalid)?;
    let if_match = request.if_match();
    let reply = request
        .command(&body.raw, move |tx, context| {
            let webhook = rotate_secret(tx, context, &path.id, if_match.as_deref(), hours)?;
            super::answer_without_secret(&webhook, context.at)
        })
        .await?;
    super::reveal(&request, reply)
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Webhook>>(
        operation.id("rotateWebhookSecret"),
        "Make a new secret",
        "The present one goes on signing beside it for 24 hours, or as long as `overlapHours` says: each message then \
         has both signatures, and a receiver changes over when it likes. An older one stops at once.",
        "The webhook with its new `secret`, which is shown only once",
    );
    let operation = say::failure::<400>(operation, "1000 not valid");
    let operation = say::failure::<404>(operation, "2004 no such webhook");
    let operation = say::failure::<412>(operation, "3003 it has changed since it was read (`If-Match`)");
    say::usual_failures(operation)
}
