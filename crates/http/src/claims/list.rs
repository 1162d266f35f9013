//! `GET /claims`

use aide::transform::TransformOperation;
use constat_claims::claim::ClaimGroup;
use constat_claims::claim::list_claims;
use constat_wire::claims::{ClaimListQuery, ClaimSummary, ListScope, Pagination, SuccessPage};

use super::docs as say;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Params;
use crate::{Problem, Reply};

pub(super) async fn list(
    request: AuthenticatedRequest<Claims>,
    Params(query): Params<ClaimListQuery>,
) -> Result<Reply, Problem> {
    let filter = query.into_domain().map_err(Problem::invalid)?;
    let group = filter.scope.map(|scope| match scope {
        ListScope::Draft => ClaimGroup::Draft,
        ListScope::Submitted => ClaimGroup::Submitted,
        ListScope::Cancelled => ClaimGroup::Cancelled,
    });
    let page = list_claims(&request.claims, &request.caller, &filter.user_id, group, filter.limit, filter.offset)?;
    let rules = request.core.rules_of(&request.caller.tenant);
    let rows = page.claims.iter().map(|claim| ClaimSummary::new(claim, claim.can_submit(rules))).collect();
    let pagination = Pagination { total: page.total, offset: filter.offset.into(), limit: filter.limit.into() };
    Reply::ok(&SuccessPage::new(rows, pagination))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<SuccessPage<ClaimSummary>>(
        operation.id("listClaims"),
        "List a user's claims",
        "Newest first. `status` is `draft`, `submitted` (everything once submitted) or `cancelled` (archived drafts).",
        "One page of the list",
    );
    say::usual_failures(say::failure::<400>(operation, "1000 the query is not valid"))
}
