//! `GET /experts`: who there is.

use aide::transform::TransformOperation;
use constat_wire::partner::{ExpertList, KnownExpert};

use super::docs;
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::{Problem, Reply};

pub async fn handle(request: AuthenticatedRequest<Partner>) -> Result<Reply, Problem> {
    let known = request.scheduler.list_experts(&request.caller)?;
    let experts = known.into_iter().map(|known| KnownExpert {
        id: known.expert.id.to_string(),
        display_name: known.expert.display_name,
        reference: known.reference,
        active: known.expert.active,
    });
    Reply::ok(&ExpertList::ok(experts.collect()))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op
        .id("listExperts")
        .summary("List the firm's experts")
        .description("Their ids, names and the firm's own references. For the firm's own key only.");
    docs::usual_of_the_firm(docs::answers::<200, ExpertList>(op, "The experts, by reference."))
}
