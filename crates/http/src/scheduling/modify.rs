//! `PUT /appointments/{id}`: notes, address and customer.

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_scheduling::ModifyAppointment;
use constat_wire::partner::{AppointmentEnvelope, AppointmentUpdate};

use super::{AppointmentPath, docs};
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::JsonOrForm;
use crate::{Problem, Reply};

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<AppointmentPath>,
    body: JsonOrForm<AppointmentUpdate>,
) -> Result<Reply, Problem> {
    let update = body.value.into_domain().map_err(Problem::invalid)?;
    let command = ModifyAppointment {
        id: path.id()?,
        kind: update.kind,
        slot: update.slot,
        address: update.address,
        notes: update.notes,
        contact: update.contact,
        if_match: request.if_match(),
    };
    let (context, idempotency) = request.for_command(&body.raw)?;
    Ok(Reply(request.scheduler.modify(context, idempotency, command, super::changed).await?))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("modifyAppointment").summary("Modify an appointment").description(
        "Takes over notes, customer, and an address within the same postcode; what is left out stays as it is. \
         `type` and `schedule` must be what they are: the time is moved by `PUT /appointments/{id}/schedule`.",
    );
    let op = docs::answers::<200, AppointmentEnvelope>(op, "The appointment as it is now.");
    docs::usual_of_a_change(docs::also_as_form(op))
}
