//! `POST /experts/{id}/day/{date}/proposal`: a better order of one expert's day.

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_scheduling::Team;
use constat_wire::partner::ProposalAnswer;

use super::day::proposed;
use super::docs;
use super::read_day::ExpertDayPath;
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::NoBody;
use crate::{Problem, Reply};

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<ExpertDayPath>,
    _body: NoBody,
) -> Result<Reply, Problem> {
    let (id, date) = path.read()?;
    let found = request.scheduler.propose_days(&request.caller, Team::One(id), date).await?;
    Reply::ok(&ProposalAnswer::ok(proposed(&found)))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("proposeExpertDay").summary("Propose a better order of an expert's day").description(
        "Looks for an order of the day's visits that drives less. Every agreed time is kept: a HoraireFixe stays, a \
         HorairePlage moves within its window. Nothing is changed; a day that cannot be improved says so. At most \
         15 visits. For the firm's own key only.",
    );
    let op = docs::answers::<200, ProposalAnswer>(op, "What is proposed; perhaps nothing.");
    let op = docs::refuses::<404>(op, "The firm has no such expert.");
    docs::usual_of_the_firm(docs::refuses::<413>(op, "The body is larger than 1 MiB."))
}
