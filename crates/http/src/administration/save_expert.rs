//! `PUT /experts/{id}`

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_administration::experts::save_expert;
use constat_core::Answer;
use constat_wire::partner::{Envelope, ExpertRecord, SavedExpert};

use super::read_expert::render;
use super::{ExpertPath, actor, record_of};
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::Json;
use crate::scheduling::docs;
use crate::{Problem, Reply};

pub(super) async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<ExpertPath>,
    body: Json<ExpertRecord>,
) -> Result<Reply, Problem> {
    let record = record_of(&body.value)?;
    let core = Arc::clone(&request.core);
    request
        .command(&body.raw, move |tx, context| {
            let saved = save_expert(tx, &actor(&core, context), &context.caller, &path.id, record.clone())?;
            Answer::json(200, &Envelope::ok(render(&saved.reference, &saved.expert)?))
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = operation.id("saveExpert").summary("Add or replace an expert").description(
        "Extension. Replaces the whole record of the expert with this id or reference; an unknown reference adds an \
         expert. Booked visits stay. The next search sees the change. For the firm's own key only.",
    );
    let operation = docs::answers::<200, Envelope<SavedExpert>>(operation, "The expert as saved.");
    let operation = docs::refuses::<404>(operation, "The firm has no expert with this id.");
    docs::usual_of_a_write(docs::usual_of_the_firm(operation))
}
