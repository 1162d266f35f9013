//! `PATCH /claims/{id}/appointments/{appointmentId}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim_appointments::{ModifyClaimAppointment as Command, modify_claim_appointment};
use constat_wire::appointments::{ClaimAppointment, ModifyClaimAppointment};
use constat_wire::claims::Success;

use super::{AppointmentPath, answer, partner_failures};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::claims::docs as say;
use crate::{Problem, Reply};

pub(super) async fn modify(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<AppointmentPath>,
    body: Json<ModifyClaimAppointment>,
) -> Result<Reply, Problem> {
    let idempotency = request.idempotency(&body.raw)?;
    let wanted = body.value.into_domain().map_err(Problem::invalid)?;
    let command = Command {
        claim: path.id,
        appointment: path.appointment_id,
        contact: wanted.contact,
        notes: wanted.notes,
        if_match: request.if_match(),
    };
    let context = request.context();
    Ok(Reply(modify_claim_appointment(request.claims, context, idempotency, command, answer).await?))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimAppointment>>(
        operation.id("modifyClaimAppointment"),
        "Change an appointment of a claim",
        "Changes who is met, or the notes: at the partner first, then here. What is left out stays. Its time is moved \
         with `PUT .../schedule`.",
        "The appointment as it is now; its version is the `ETag`",
    );
    let operation = say::failure::<404>(operation, "2001 no such claim, 2004 no such appointment");
    let operation = say::failure::<409>(operation, "3003 the claim or the appointment is not open");
    partner_failures(say::failure::<412>(operation, "3003 it has changed since it was read (`If-Match`)"))
}
