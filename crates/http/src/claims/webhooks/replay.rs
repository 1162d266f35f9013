//! `POST /webhooks/{id}/replay`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::webhooks::Again;
use constat_claims::webhooks::replay_deliveries;
use constat_core::Answer;
use constat_wire::claims::{Replay, ReplayDeliveries, Replayed, Success};

use super::super::docs as say;
use super::WebhookPath;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::{Problem, Reply};

pub(super) async fn replay(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<WebhookPath>,
    body: Json<ReplayDeliveries>,
) -> Result<Reply, Problem> {
    let which = match body.value.into_domain().map_err(Problem::invalid)? {
        Replay::One(id) => Again::One(id),
        Replay::Span { from, to, status } => Again::Made { from, to, status },
    };
    request
        .command(&body.raw, move |tx, context| {
            let count = replay_deliveries(tx, context, &path.id, &which)?;
            Answer::json(200, &Success::new(Replayed { count: count as u64 }))
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Replayed>>(
        operation.id("replayWebhookDeliveries"),
        "Send again",
        "One delivery, or all that were made in a span of time. Each keeps its `webhook-id`, so that a receiver can \
         tell what it has seen; the claim is sent as it is now.",
        "How many deliveries are sent again",
    );
    let operation = say::failure::<400>(operation, "1000 not valid");
    say::usual_failures(say::failure::<404>(operation, "2004 no such webhook, or no such delivery"))
}
