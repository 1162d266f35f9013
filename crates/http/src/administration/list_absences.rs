//! `GET /experts/{id}/absences`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_administration::absences::list_absences;
use constat_wire::partner::{Absence, AbsenceQuery, ListEnvelope};

use super::ExpertPath;
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::Params;
use crate::scheduling::docs;
use crate::{Problem, Reply};

pub(super) async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<ExpertPath>,
    Params(query): Params<AbsenceQuery>,
) -> Result<Reply, Problem> {
    let (from, to) = query.into_domain(request.core.clock.now()).map_err(Problem::invalid)?;
    let found = request.core.store.read(|connection| list_absences(connection, &request.caller, &path.id, from, to))?;
    let absences: Vec<Absence> = found.iter().map(|(absence, row)| Absence::new(*absence, row)).collect();
    Reply::ok(&ListEnvelope::ok(absences))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = operation.id("listAbsences").summary("List an expert's absences").description(
        "Extension. Each occurrence of a recurring absence, by start. Reasons are not answered. For the firm's own key \
         only.",
    );
    let operation = docs::answers::<200, ListEnvelope<Absence>>(operation, "The absences.");
    docs::usual_of_the_firm(docs::refuses::<404>(operation, "The firm has no such expert."))
}
