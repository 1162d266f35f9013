//! `GET /appointment/{id}/schedule`: the time of an appointment.

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_wire::partner::Timeslot;

use super::{AppointmentPath, docs};
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::{Problem, Reply};

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<AppointmentPath>,
) -> Result<Reply, Problem> {
    let known = request.scheduler.find_live_appointment(&request.caller, path.id()?)?;
    Ok(Reply::ok(&Timeslot::new(&known.slot, known.id.to_string()))?.with_version(known.version))
}

fn described(op: TransformOperation) -> TransformOperation {
    let op = op
        .summary("Read the time of an appointment")
        .description("Published with `appointment` in the singular; the plural is taken too.");
    let op = docs::answers::<200, Timeslot>(op, "The time; its id is the appointment's.");
    let op = docs::refuses::<404>(op, "No such appointment for this key.");
    docs::usual(docs::refuses::<409>(op, "The appointment is cancelled: the time is no longer held."))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    described(op.id("findScheduleOfAppointments"))
}

pub fn published_docs(op: TransformOperation) -> TransformOperation {
    described(op.id("findSchedule"))
}
