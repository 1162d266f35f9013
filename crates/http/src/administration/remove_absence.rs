//! `DELETE /experts/{id}/absences/{absenceId}`

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_administration::absences::remove_absence;
use constat_core::Answer;
use constat_domain::ids::AbsenceId;
use constat_domain::refusal::AdministrationRefusal;
use constat_wire::partner::{Absence, ListEnvelope};

use super::{AbsencePath, actor};
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::NoBody;
use crate::scheduling::docs;
use crate::{Problem, Reply};

pub(super) async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<AbsencePath>,
    body: NoBody,
) -> Result<Reply, Problem> {
    let core = Arc::clone(&request.core);
    request
        .command(&body.raw, move |tx, context| {
            let id: AbsenceId = path.absence_id.parse().map_err(|_not_an_id| AdministrationRefusal::AbsenceNotFound)?;
            let removed = remove_absence(tx, &actor(&core, context), &context.caller, &path.id, id)?;
            let removed: Vec<Absence> = removed.iter().map(|(absence, row)| Absence::new(*absence, row)).collect();
            Answer::json(200, &ListEnvelope::ok(removed))
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = operation.id("removeAbsence").summary("Remove an absence").description(
        "Extension. `absenceId` removes an absence with all its occurrences; the `id` of one occurrence removes that one. \
         The time is free for the next search. For the firm's own key only.",
    );
    let operation = docs::answers::<200, ListEnvelope<Absence>>(operation, "The removed occurrences.");
    let operation = docs::refuses::<404>(operation, "The firm has no such expert, or the expert no such absence.");
    docs::usual_of_a_write(docs::usual_of_the_firm(operation))
}
