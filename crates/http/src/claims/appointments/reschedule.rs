//! `PUT /claims/{id}/appointments/{appointmentId}/schedule`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim_appointments::{MoveClaimAppointment as Command, move_claim_appointment};
use constat_wire::appointments::{ClaimAppointment, MoveClaimAppointment};
use constat_wire::claims::Success;

use super::{AppointmentPath, answer, partner_failures};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::claims::docs as say;
use crate::{Problem, Reply};

pub(super) async fn reschedule(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<AppointmentPath>,
    body: Json<MoveClaimAppointment>,
) -> Result<Reply, Problem> {
    let idempotency = request.idempotency(&body.raw)?;
    let wanted = body.value.into_domain().map_err(Problem::invalid)?;
    let command = Command {
        claim: path.id,
        appointment: path.appointment_id,
        session: wanted.session_id,
        slot_id: wanted.slot_id,
        slot: wanted.slot,
        reason: wanted.reason,
        if_match: request.if_match(),
    };
    let context = request.context();
    Ok(Reply(move_claim_appointment(request.claims, context, idempotency, command, answer).await?))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimAppointment>>(
        operation.id("moveClaimAppointment"),
        "Move an appointment of a claim",
        "Moves it to a slot of a session that was searched with its `appointmentId`. When anything fails the \
         appointment keeps the time it has.",
        "The appointment at its new time; its version is the `ETag`",
    );
    let operation = say::failure::<404>(
        operation,
        "2001 no such claim, 2004 no such appointment, or the partner does not know the slot",
    );
    let operation = say::failure::<409>(
        operation,
        "3003 the claim or the appointment is not open, the slot is taken, or the session was used",
    );
    let operation = say::failure::<410>(operation, "3003 the session's 300 seconds are over: search again");
    partner_failures(say::failure::<412>(operation, "3003 it has changed since it was read (`If-Match`)"))
}
