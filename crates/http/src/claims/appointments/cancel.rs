//! `POST /claims/{id}/appointments/{appointmentId}/cancel`, and `DELETE` of the appointment.

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim_appointments::{CancelClaimAppointment as Command, cancel_claim_appointment};
use constat_wire::appointments::{CancelAppointment, ClaimAppointment};
use constat_wire::claims::Success;

use super::{AppointmentPath, answer, partner_failures};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::claims::docs as say;
use crate::{Problem, Reply};

pub(super) async fn cancel(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<AppointmentPath>,
    body: Json<CancelAppointment>,
) -> Result<Reply, Problem> {
    let idempotency = request.idempotency(&body.raw)?;
    let faults = body.value.check();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let command = Command {
        claim: path.id,
        appointment: path.appointment_id,
        reason: body.value.reason,
        comment: body.value.comment,
        if_match: request.if_match(),
    };
    let context = request.context();
    Ok(Reply(cancel_claim_appointment(request.claims, context, idempotency, command, answer).await?))
}

fn say_all<'t>(operation: TransformOperation<'t>, id: &str) -> TransformOperation<'t> {
    let operation = say::endpoint::<Success<ClaimAppointment>>(
        operation.id(id),
        "Cancel an appointment of a claim",
        "Cancels it at the partner: the time is free at once, and the partner can no longer pull the claim file.",
        "The appointment, cancelled; its version is the `ETag`",
    );
    let operation = say::failure::<404>(operation, "2001 no such claim, 2004 no such appointment");
    let operation = say::failure::<409>(operation, "3003 the appointment is cancelled already, or over");
    partner_failures(say::failure::<412>(operation, "3003 it has changed since it was read (`If-Match`)"))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    say_all(operation, "cancelClaimAppointment")
}

pub(super) fn docs_of_delete(operation: TransformOperation) -> TransformOperation {
    say_all(operation, "deleteClaimAppointment")
}
