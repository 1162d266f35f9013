//! `GET /experts/{id}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_administration::experts::find_expert;
use constat_core::AppError;
use constat_wire::partner::{Envelope, SavedExpert};

use super::ExpertPath;
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::scheduling::docs;
use crate::{Problem, Reply};

pub(super) async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<ExpertPath>,
) -> Result<Reply, Problem> {
    let found = request.core.store.read(|connection| find_expert(connection, &request.caller, &path.id))?;
    Reply::ok(&Envelope::ok(render(&found.reference, &found.expert)?))
}

/// The expert as the contract has it.
pub(super) fn render(reference: &str, expert: &constat_domain::expert::Expert) -> Result<SavedExpert, AppError> {
    SavedExpert::new(reference, expert).map_err(|error| AppError::Fault(format!("the record of an expert: {error}")))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = operation
        .id("readExpert")
        .summary("Read an expert's record")
        .description("Extension. Skills, territory, hours and limits of one expert. For the firm's own key only.");
    let operation = docs::answers::<200, Envelope<SavedExpert>>(operation, "The expert.");
    docs::usual_of_the_firm(docs::refuses::<404>(operation, "The firm has no such expert."))
}
