//! `PUT /appointments/{id}/schedule`: move an appointment.

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_scheduling::look_up_drives;
use constat_scheduling::{MoveAppointment as Command, move_appointment, open_promised};
use constat_wire::partner::{AppointmentEnvelope, MoveAppointment};

use super::{AppointmentPath, docs};
use crate::asked::{Asked, Partner};
use crate::body::JsonOrForm;
use crate::{Problem, Reply};

pub async fn handle(
    asked: Asked<Partner>,
    Path(path): Path<AppointmentPath>,
    body: JsonOrForm<MoveAppointment>,
) -> Result<Reply, Problem> {
    let wanted = body.value.into_domain().map_err(Problem::invalid)?;
    let id = path.id()?;
    let attempt = asked.attempt(&body.raw).await?;
    let scheduler = asked.scheduler.clone();
    let promised = match open_promised(&scheduler.core.sealer, &asked.caller, &wanted.session_id, &wanted.slot_id) {
        Ok(promised) => promised,
        Err(unknown) => return asked.refuse(&attempt, unknown.into()).await,
    };
    let command = Command {
        id,
        promised,
        slot: wanted.slot,
        reason: wanted.reason,
        if_match: asked.if_match(),
        has_idempotency_key: attempt.is_keyed(),
    };
    look_up_drives(&scheduler, &command.promised.offer).await;
    let moved = asked
        .command_of(&attempt, move |tx, act| super::changed(&move_appointment(tx, act, &scheduler, &command)?))
        .await;
    super::counted(&asked, moved)
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("moveAppointment").summary("Move an appointment").description(
        "Moves it to a slot of a session that was searched with its `appointmentId`, so that its own time counted \
         as free. When anything fails the appointment keeps the time it has. A joint one takes everybody along; a part \
         of it does not move alone.",
    );
    let op = docs::answers::<200, AppointmentEnvelope>(op, "The appointment at its new time.");
    let op = docs::usual_of_a_change(docs::also_as_form(op));
    let op = docs::refuses::<404>(op, "No such appointment, or the slot or session is unknown to this key.");
    let op = docs::refuses::<409>(op, "The slot is taken, the session was used, or the appointment is not open.");
    docs::refuses::<410>(op, "The session's 300 seconds are over: search again.")
}
