//! `PUT /appointments/{id}/contact`: the person to meet.

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_wire::common::{Checker, Customer};
use constat_wire::partner::AppointmentEnvelope;

use super::{AppointmentPath, docs};
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::JsonOrForm;
use crate::{Problem, Reply};

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<AppointmentPath>,
    body: JsonOrForm<Customer>,
) -> Result<Reply, Problem> {
    let mut checker = Checker::new();
    let contact = body.value.read(&mut checker);
    let contact = checker.finish(Some(contact)).map_err(Problem::invalid)?;
    let appointment = (path.id()?, request.if_match());
    let (context, idempotency) = request.for_command(&body.raw)?;
    Ok(Reply(request.scheduler.set_contact(context, idempotency, appointment, contact, super::changed).await?))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op
        .id("setContact")
        .summary("Say who will be met")
        .description("Replaces the appointment's contact: who will be met, when it is not the insured.");
    let op = docs::answers::<200, AppointmentEnvelope>(op, "The appointment as it is now.");
    docs::usual_of_a_change(docs::also_as_form(op))
}
