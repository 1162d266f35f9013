//! `GET /claims/{id}/appointments`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim_appointments::list_claim_appointments;
use constat_wire::appointments::ClaimAppointment;
use constat_wire::claims::SuccessList;

use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::claims::{ClaimPath, docs as say};
use crate::{Problem, Reply};

pub(super) async fn list(request: AuthenticatedRequest<Claims>, Path(path): Path<ClaimPath>) -> Result<Reply, Problem> {
    let found = list_claim_appointments(&request.claims, &request.caller, &path.id)?;
    Reply::ok(&SuccessList::new(found.iter().map(ClaimAppointment::from).collect()))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<SuccessList<ClaimAppointment>>(
        operation.id("listClaimAppointments"),
        "List a claim's appointments",
        "As the platform keeps them; those cancelled too.",
        "The appointments, oldest first",
    );
    say::usual_failures(say::failure::<404>(operation, "2001 no such claim"))
}
