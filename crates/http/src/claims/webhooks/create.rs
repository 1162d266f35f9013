//! `POST /webhooks`

use aide::transform::TransformOperation;
use constat_claims::webhooks::{NewWebhook, create_webhook};
use constat_wire::claims::{CreateWebhook, Success, Webhook};

use super::super::docs as say;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::{Problem, Reply};

pub(super) async fn create(request: AuthenticatedRequest<Claims>, body: Json<CreateWebhook>) -> Result<Reply, Problem> {
    let after = body.value.check().map_err(Problem::invalid)?;
    let attempt = request.attempt(&body.raw).await?;
    if let Err(refusal) = super::judge(&request.claims, Some(&body.value.url)).await {
        return super::reveal(&request, request.refuse(&attempt, refusal).await?);
    }
    let CreateWebhook { url, events, description, after: _ } = body.value;
    let new = NewWebhook { url, events, description, after };
    let settings = request.core.settings.webhooks.clone();
    let reply = request
        .command_of(&attempt, move |tx, context| {
            super::answer_without_secret(&create_webhook(tx, context, &settings, &new)?, context.at)
        })
        .await?;
    super::reveal(&request, reply)
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Webhook>>(
        operation.id("createWebhook"),
        "Register a webhook",
        "Events are sent there as `{event_type, data, event}`, signed after the Standard Webhooks specification, in \
         order for each claim, again and again for three days until the receiver answers 2xx. The webhook belongs to \
         the key.",
        "The webhook with its `secret`, which is shown only once",
    );
    let operation = say::failure::<400>(operation, "1000 not valid, or the address may not be reached");
    say::usual_failures(operation)
}
