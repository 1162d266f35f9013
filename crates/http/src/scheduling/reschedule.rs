//! `PUT /appointments/{id}/schedule`: move an appointment.

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_scheduling::{RequestedSlot, RescheduleAppointment};
use constat_wire::partner::{AppointmentEnvelope, MoveAppointment};

use super::{AppointmentPath, docs};
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::JsonOrForm;
use crate::{Problem, Reply};

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<AppointmentPath>,
    body: JsonOrForm<MoveAppointment>,
) -> Result<Reply, Problem> {
    let wanted = body.value.into_domain().map_err(Problem::invalid)?;
    let command = RescheduleAppointment {
        id: path.id()?,
        slot: RequestedSlot { session_id: wanted.session_id, slot_id: wanted.slot_id, slot: wanted.slot },
        reason: wanted.reason,
        if_match: request.if_match(),
    };
    let (context, idempotency) = request.for_command(&body.raw)?;
    Ok(Reply(request.scheduler.reschedule(context, idempotency, command, super::changed).await?))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("moveAppointment").summary("Move an appointment").description(
        "Moves it to a slot of a session that was searched with its `appointmentId`, so that its own time counted \
         as free. When anything fails the appointment keeps the time it has. A joint one is moved as a whole; a part \
         of it does not move alone.",
    );
    let op = docs::answers::<200, AppointmentEnvelope>(op, "The appointment at its new time.");
    let op = docs::usual_of_a_change(docs::also_as_form(op));
    let op = docs::refuses::<404>(op, "No such appointment, or the slot or session is unknown to this key.");
    let op = docs::refuses::<409>(op, "The slot is taken, the session was used, or the appointment is not open.");
    docs::refuses::<410>(op, "The session's 300 seconds are over: search again.")
}
