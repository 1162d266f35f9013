//! `GET /claims/{id}/appointments/{appointmentId}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim_appointments::read_claim_appointment;
use constat_wire::appointments::ClaimAppointment;
use constat_wire::claims::Success;

use super::{AppointmentPath, answer};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::claims::docs as say;
use crate::{Problem, Reply};

pub(super) async fn read(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<AppointmentPath>,
) -> Result<Reply, Problem> {
    let found = read_claim_appointment(&request.claims, &request.caller, &path.id, &path.appointment_id)?;
    Ok(Reply(answer(&found)?))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimAppointment>>(
        operation.id("readClaimAppointment"),
        "Read an appointment of a claim",
        "As the platform keeps it; the partner is not asked.",
        "The appointment; its version is the `ETag`",
    );
    say::usual_failures(say::failure::<404>(operation, "2001 no such claim, 2004 no such appointment"))
}
