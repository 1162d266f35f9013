//! `POST /day/{date}/proposal`: a better sharing of a team's day.

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_scheduling::Team;
use constat_wire::partner::{ProposalAnswer, ProposalRequest};

use super::day::proposed;
use super::docs;
use super::read_team_day::TeamDayPath;
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::Json;
use crate::{Problem, Reply};

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<TeamDayPath>,
    body: Json<ProposalRequest>,
) -> Result<Reply, Problem> {
    let date = path.read()?;
    let experts = body.value.into_domain().map_err(Problem::invalid)?;
    let found = request.scheduler.propose_days(&request.caller, Team::Many(experts), date).await?;
    Reply::ok(&ProposalAnswer::ok(proposed(&found)))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("proposeTeamDay").summary("Propose a better sharing of a team's day").description(
        "As for one expert; besides, a visit may go to another of the experts who is eligible for it, works then, \
         and has not reached a cap, unless it has begun or begins within that person's notice. A CONTRADICTOIRE \
         keeps its expert. Nothing is changed. At most 10 experts with 15 visits each. For the firm's own key only.",
    );
    let op = docs::answers::<200, ProposalAnswer>(op, "What is proposed; perhaps nothing.");
    docs::usual_with_body(docs::refuses::<403>(op, "The key is not the firm's own."))
}
