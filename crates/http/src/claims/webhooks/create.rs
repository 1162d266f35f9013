//! `POST /webhooks`

use aide::transform::TransformOperation;
use constat_claims::webhooks::{NewWebhook, create_webhook};
use constat_wire::claims::{CreateWebhook, Success, Webhook};

use super::super::docs as say;
use crate::asked::{Asked, Claims};
use crate::body::Json;
use crate::{Problem, Reply};

pub(super) async fn create(asked: Asked<Claims>, body: Json<CreateWebhook>) -> Result<Reply, Problem> {
    let after = body.value.check().map_err(Problem::invalid)?;
    let attempt = asked.attempt(&body.raw).await?;
    if let Err(refusal) = super::judge(&asked.claims, Some(&body.value.url)).await {
        return super::reveal(&asked, asked.refuse(&attempt, refusal).await?);
    }
    let CreateWebhook { url, events, description, after: _ } = body.value;
    let new = NewWebhook { url, events, description, after };
    let settings = asked.core.settings.webhooks.clone();
    let reply = asked
        .command_of(&attempt, move |tx, act| {
            super::answer_without_secret(&create_webhook(tx, act, &settings, &new)?, act.at)
        })
        .await?;
    super::reveal(&asked, reply)
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Webhook>>(
        operation.id("createWebhook"),
        "Register a webhook",
        "Events are sent there as `{event_type, data, event}`, signed after the Standard Webhooks specification, in \
         order for each claim, again and again for three days until the receiver answers 2xx. The webhook belongs to \
         the key.",
        "The webhook with its `secret`, which is told this once",
    );
    let operation = say::failure::<400>(operation, "1000 not valid, or the address may not be reached");
    say::usual_failures(operation)
}
