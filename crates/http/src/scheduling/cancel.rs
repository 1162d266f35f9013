//! `POST /appointments/{id}/cancel` and `DELETE /appointments/{id}`.

use aide::transform::TransformOperation;
use axum::extract::Path;
use bytes::Bytes;
use constat_scheduling::CancelAppointment as Command;
use constat_wire::partner::{AppointmentEnvelope, CancelAppointment};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{AppointmentPath, docs};
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::{JsonOrForm, OptionalJson};
use crate::{Problem, Reply};

/// The reason of a `DELETE` without a body.
const UNSAID: &str = "Autre";

/// The body of a `DELETE`, which many clients cannot send.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct MaybeReason(CancelAppointment);

impl Default for MaybeReason {
    fn default() -> Self {
        Self(CancelAppointment { reason: UNSAID.to_owned(), comment: None })
    }
}

async fn cancel(
    request: AuthenticatedRequest<Partner>,
    path: AppointmentPath,
    body: CancelAppointment,
    raw: Bytes,
) -> Result<Reply, Problem> {
    let faults = body.check();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let command = Command { id: path.id()?, reason: body.reason, comment: body.comment, if_match: request.if_match() };
    let (context, idempotency) = request.for_command(&raw)?;
    Ok(Reply(request.scheduler.cancel(context, idempotency, command, super::changed).await?))
}

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<AppointmentPath>,
    body: JsonOrForm<CancelAppointment>,
) -> Result<Reply, Problem> {
    cancel(request, path, body.value, body.raw).await
}

pub async fn delete(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<AppointmentPath>,
    body: OptionalJson<MaybeReason>,
) -> Result<Reply, Problem> {
    cancel(request, path, body.value.0, body.raw).await
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op
        .id("cancelAppointment")
        .summary("Cancel an appointment")
        .description("Cancels it, with a reason of `appointment_change_reason`. Its time is free at once. Of a joint appointment, all are cancelled.");
    let op = docs::answers::<200, AppointmentEnvelope>(op, "The appointment, cancelled.");
    docs::usual_of_a_change(docs::also_as_form(op))
}

pub fn delete_docs(op: TransformOperation) -> TransformOperation {
    let op = op
        .id("deleteAppointment")
        .summary("Cancel an appointment")
        .description("The same as `POST /appointments/{id}/cancel`. Without a body the reason is `Autre`.");
    let op = docs::answers::<200, AppointmentEnvelope>(op, "The appointment, cancelled.");
    docs::usual_of_a_change(op)
}
