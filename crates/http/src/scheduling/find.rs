//! `GET /appointments/{id}`.

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_wire::partner::AppointmentList;

use super::{AppointmentPath, docs};
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::{Problem, Reply};

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<AppointmentPath>,
) -> Result<Reply, Problem> {
    let known = request.scheduler.find_appointment(&request.caller, path.id()?)?;
    Ok(Reply::ok(&AppointmentList::ok(vec![(&known).into()]))?.with_version(known.version))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op
        .id("findAppointment")
        .summary("Read one appointment")
        .description("As published, `data` is an array of one. `ETag` names the version, for `If-Match`.");
    let op = docs::answers::<200, AppointmentList>(op, "The appointment.");
    docs::usual(docs::refuses::<404>(op, "No such appointment for this key."))
}
