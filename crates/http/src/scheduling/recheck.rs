//! `GET /availabilities/{id}`: one slot of a session, checked again.

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_wire::partner::Timeslot;
use schemars::JsonSchema;
use serde::Deserialize;

use super::docs;
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::{Problem, Reply};

/// The path of an offered slot.
#[derive(Deserialize, JsonSchema)]
pub struct SlotPath {
    /// The slot's id, as the search gave it.
    id: String,
}

pub async fn handle(request: AuthenticatedRequest<Partner>, Path(path): Path<SlotPath>) -> Result<Reply, Problem> {
    let slot = request.scheduler.recheck(&request.caller, &path.id).await?;
    Reply::ok(&Timeslot::new(&slot, path.id))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("recheckSlot").summary("Check one slot again").description(
        "Tells whether an offered slot can still be booked now. 404 when it is unknown, expired or taken.",
    );
    let op = docs::answers::<200, Timeslot>(op, "The slot is still free.");
    docs::usual(docs::refuses::<404>(op, "The slot is unknown, its session is over, or it is taken."))
}
