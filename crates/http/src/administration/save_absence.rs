//! `POST /experts/{id}/absences`

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_administration::absences::{self, save_absence};
use constat_core::Answer;
use constat_wire::partner::{Absence, Envelope, SaveAbsence, SavedAbsence, VisitWithin};

use super::{ExpertPath, actor, record_of};
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::Json;
use crate::scheduling::docs;
use crate::{Problem, Reply};

pub(super) async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<ExpertPath>,
    body: Json<SaveAbsence>,
) -> Result<Reply, Problem> {
    let record = record_of(&body.value)?;
    let core = Arc::clone(&request.core);
    request
        .command(&body.raw, move |tx, context| {
            let saved = save_absence(tx, &actor(&core, context), &context.caller, &path.id, record.clone())?;
            Answer::json(200, &Envelope::ok(render(&saved)))
        })
        .await
}

fn render(saved: &absences::SavedAbsence) -> SavedAbsence {
    SavedAbsence {
        absence_id: saved.id.to_string(),
        occurrences: saved.occurrences.iter().map(|row| Absence::new(saved.id, row)).collect(),
        visits: saved.visits.iter().map(VisitWithin::new).collect(),
    }
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = operation.id("saveAbsence").summary("Add or replace an absence").description(
        "Extension. An absence with a known reference, or without a reference and with known times, is replaced with all \
         its occurrences. Booked visits stay: those that lie in the absence are in the answer. The next search sees the \
         change. For the firm's own key only.",
    );
    let operation = docs::answers::<200, Envelope<SavedAbsence>>(operation, "The absence as saved.");
    let operation = docs::refuses::<404>(operation, "The firm has no such expert.");
    docs::usual_of_a_write(docs::usual_of_the_firm(operation))
}
