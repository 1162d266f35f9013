//! `GET /claims/{id}/timeline`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::claim_timeline;
use constat_wire::claims::{Pagination, SuccessPage, TimelineEntry, TimelineQuery};

use super::{ClaimPath, docs as say, event};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Params;
use crate::{Problem, Reply};

pub(super) async fn timeline(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    Params(query): Params<TimelineQuery>,
) -> Result<Reply, Problem> {
    let (limit, offset) = query.into_domain().map_err(Problem::invalid)?;
    let page = claim_timeline(&request.claims, &request.caller, &path.id, limit, offset)?;
    let pagination = Pagination { total: page.total, offset: offset.into(), limit: limit.into() };
    Reply::ok(&SuccessPage::new(page.entries.into_iter().map(event::entry).collect(), pagination))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<SuccessPage<TimelineEntry>>(
        operation.id("readTimeline"),
        "Read what happened to a claim",
        "Oldest first, by the pre-declaration's id or the internal claim id. Each entry has a stable `type` and a \
         French `label`; entries are never changed or removed.",
        "One page of the timeline",
    );
    let operation = say::failure::<400>(operation, "1000 the query is not valid");
    say::usual_failures(say::failure::<404>(operation, "2001 no such claim"))
}
