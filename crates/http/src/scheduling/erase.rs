//! `POST /appointments/{id}/erase`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_wire::partner::AppointmentEnvelope;

use super::{AppointmentPath, docs};
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::NoBody;
use crate::{Problem, Reply};

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<AppointmentPath>,
    body: NoBody,
) -> Result<Reply, Problem> {
    let appointment = (path.id()?, request.if_match());
    let (context, idempotency) = request.for_command(&body.raw)?;
    Ok(Reply(request.scheduler.erase(context, idempotency, appointment, super::changed).await?))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("eraseAppointment").summary("Erase the personal data of an appointment").description(
        "Extension (GDPR, article 17). For the firm, and for the platform that booked it, once the visit is over or \
             cancelled. Name, phone numbers, e-mail, street, notes and comments go, here, in the answers kept for \
             `Idempotency-Key`s and in the search for texts; time, expert, town, codes and references stay. The \
             firm's key erases its own part of a joint appointment, the platform's every part. Doing it again is no \
             fault.",
    );
    let op = docs::answers::<200, AppointmentEnvelope>(op, "The appointment, without personal data.");
    let op = docs::refuses::<404>(docs::usual_of_a_write(op), "No such appointment for this key.");
    let op = docs::refuses::<409>(op, "The visit is still to come: cancel it first.");
    docs::refuses::<412>(op, "`If-Match` names another version than the present one.")
}
