//! `GET /webhooks/{id}/deliveries`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::webhooks::list_deliveries;
use constat_wire::claims::{DeliveriesQuery, Pagination, SuccessPage, WebhookDelivery};

use super::super::docs as say;
use super::WebhookPath;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Params;
use crate::{Problem, Reply};

pub(super) async fn deliveries(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<WebhookPath>,
    Params(query): Params<DeliveriesQuery>,
) -> Result<Reply, Problem> {
    let (limit, offset) = query.page().map_err(Problem::invalid)?;
    let status = query.status.map(Into::into);
    let page = list_deliveries(&request.claims, &request.caller, &path.id, status, limit, offset)?;
    let pagination = Pagination { total: page.total, offset: offset.into(), limit: limit.into() };
    let rows = page.deliveries.iter().map(|(delivery, attempts)| WebhookDelivery::new(delivery, attempts));
    Reply::ok(&SuccessPage::new(rows.collect(), pagination))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<SuccessPage<WebhookDelivery>>(
        operation.id("listWebhookDeliveries"),
        "Read the delivery log",
        "Newest first: where each delivery stands, and its tries with their status and duration. What was sent and \
         answered is not kept.",
        "One page of the log",
    );
    let operation = say::failure::<400>(operation, "1000 the query is not valid");
    say::usual_failures(say::failure::<404>(operation, "2004 no such webhook"))
}
