//! `POST /claims/{id}/appointments/{appointmentId}/done`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim_appointments::claim_appointment_done;
use constat_wire::appointments::ClaimAppointment;
use constat_wire::claims::Success;

use super::{AppointmentPath, answer};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::NoBody;
use crate::claims::docs as say;
use crate::{Problem, Reply};

pub(super) async fn done(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<AppointmentPath>,
    body: NoBody,
) -> Result<Reply, Problem> {
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            answer(&claim_appointment_done(tx, context, &path.id, &path.appointment_id, if_match.as_deref())?)
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimAppointment>>(
        operation.id("claimAppointmentDone"),
        "Tell that a visit took place",
        "Platform's own keys only, from the start of the visit on, in any claim status. The partner can still read the \
         claim file. An expert's visit sets the milestone `visit`, unless that is recorded already.",
        "The appointment, done; its version is the `ETag`",
    );
    let operation = say::failure::<404>(operation, "2001 no such claim, 2004 no such appointment");
    let operation = say::failure::<409>(
        operation,
        "3003 the visit has not begun, the appointment was cancelled or is done already",
    );
    say::handler_failures(say::failure::<412>(operation, "3003 it has changed since it was read (`If-Match`)"))
}
