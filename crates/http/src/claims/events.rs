//! `GET /events`

use aide::transform::TransformOperation;
use constat_claims::claim::read_feed;
use constat_wire::claims::{EventsQuery, FeedAnswer};
use constat_wire::common::True;

use super::{docs as say, event};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Params;
use crate::{Problem, Reply};

pub(super) async fn events(
    request: AuthenticatedRequest<Claims>,
    Params(query): Params<EventsQuery>,
) -> Result<Reply, Problem> {
    let (after, limit) = query.into_domain().map_err(Problem::invalid)?;
    let feed = read_feed(&request.claims, &request.caller, after, limit)?;
    Reply::ok(&FeedAnswer {
        success: True,
        data: feed.events.into_iter().map(event::of_claim).collect(),
        cursor: feed.cursor.map(|id| id.to_string()),
        has_more: feed.has_more,
    })
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<FeedAnswer>(
        operation.id("readEvents"),
        "Read what happened to all claims",
        "In the order in which it was committed, which never changes: keep `cursor` and give it as `after` the next \
         time, and nothing is missed or read twice.",
        "The events after the cursor",
    );
    say::usual_failures(say::failure::<400>(operation, "1000 the query is not valid, or no such event"))
}
