//! `GET /claims/{id}/deadlines` and `GET /deadlines`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::read_claim;
use constat_claims::deadlines::Terms;
use constat_claims::deadlines::due_claims;
use constat_domain::claim::Claim;
use constat_domain::deadlines::{Deadline, DeadlineState, Deadlines};
use constat_wire::claims::{
    ClaimDeadlines, DeadlinesFilter, DeadlinesQuery, DueClaim, Pagination, Success, SuccessPage, WantedDeadlines,
};
use jiff::Timestamp;

use super::{ClaimPath, docs as say};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Params;
use crate::{Problem, Reply};

pub(super) async fn of_claim(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
) -> Result<Reply, Problem> {
    let claim = read_claim(&request.claims, &request.caller, &path.id)?;
    let deadlines = request.core.deadlines.of_claim(&claim, request.core.clock.now());
    Ok(Reply::ok(&Success::new(ClaimDeadlines::new(&claim, &deadlines)))?.with_version(claim.version))
}

pub(super) fn of_claim_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimDeadlines>>(
        operation.id("readDeadlines"),
        "Read a claim's statutory deadlines",
        "By the pre-declaration's id or the internal claim id: which terms wait, run, were met or missed, each with \
         its article, and the milestones that they count from. Terms warn and count; they never refuse anything.",
        "The deadlines",
    );
    say::usual_failures(say::failure::<404>(operation, "2001 no such claim"))
}

pub(super) async fn worklist(
    request: AuthenticatedRequest<Claims>,
    Params(query): Params<DeadlinesQuery>,
) -> Result<Reply, Problem> {
    let now = request.core.clock.now();
    let filter = query.into_domain(now).map_err(Problem::invalid)?;
    let which = match filter.state {
        WantedDeadlines::Running => Terms::Running,
        WantedDeadlines::Missed => Terms::Missed,
    };
    let DeadlinesFilter { before, limit, offset, .. } = filter;
    let page = due_claims(&request.claims, &request.caller, which, before, limit, offset)?;
    let rows = page.claims.iter().map(|claim| due_claim(&request.core.deadlines, claim, filter, now)).collect();
    let pagination = Pagination { total: page.total, offset: offset.into(), limit: limit.into() };
    Reply::ok(&SuccessPage::new(rows, pagination))
}

fn due_claim(rules: &Deadlines, claim: &Claim, filter: DeadlinesFilter, now: Timestamp) -> DueClaim {
    let is_wanted = |deadline: &Deadline<'_>| {
        let state = match filter.state {
            WantedDeadlines::Running => deadline.state == DeadlineState::Running,
            WantedDeadlines::Missed => deadline.state == DeadlineState::Missed && deadline.met_on.is_none(),
        };
        state && deadline.due_at.is_some_and(|at| at < filter.before)
    };
    let mut wanted: Vec<_> = rules.of_claim(claim, now).into_iter().filter(is_wanted).collect();
    wanted.sort_by_key(|deadline| deadline.due_at);
    DueClaim {
        id: claim.declaration_id.to_string(),
        claim_id: claim.claim_id().map(|id| id.to_string()),
        status: claim.status().into(),
        deadlines: wanted.iter().map(Into::into).collect(),
    }
}

pub(super) fn worklist_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<SuccessPage<DueClaim>>(
        operation.id("listDeadlines"),
        "List the claims with deadlines that end soon, or are over",
        "For the platform's own keys: the most urgent claim first. It follows what happens by some seconds.",
        "One page of claims, each with the deadlines that were asked for",
    );
    say::handler_failures(say::failure::<400>(operation, "1000 the query is not valid"))
}
