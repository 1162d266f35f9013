//! `POST /holds` and `DELETE /holds/{id}`: keep a slot while a form is filled in.

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_core::Answer;
use constat_domain::ids::AppointmentId;
use constat_scheduling::{HeldSlot, RequestedSlot};
use constat_wire::partner::{HoldAnswer, HoldRequest, ReleasedHold, Timeslot};

use super::{AppointmentPath, docs};
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::{JsonOrForm, NoBody};
use crate::{Problem, Reply};

pub async fn handle(request: AuthenticatedRequest<Partner>, body: JsonOrForm<HoldRequest>) -> Result<Reply, Problem> {
    let wanted = body.value.into_domain().map_err(Problem::invalid)?;
    let slot_id = wanted.slot_id.clone();
    let slot = RequestedSlot { session_id: wanted.session_id, slot_id: wanted.slot_id, slot: wanted.slot };
    let render = move |held: &HeldSlot| {
        let answer = HoldAnswer {
            hold_id: held.id.to_string(),
            expires_at: held.expires_at.into(),
            timeslot: Timeslot::new(&held.slot, slot_id.clone()),
        };
        Answer::json(201, &answer)
    };
    let (context, idempotency) = request.for_command(&body.raw)?;
    Ok(Reply(request.scheduler.hold(context, idempotency, slot, render).await?))
}

pub async fn release(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<AppointmentPath>,
    body: NoBody,
) -> Result<Reply, Problem> {
    let id = path.id()?;
    let render = |id: &AppointmentId| Answer::json(200, &ReleasedHold { hold_id: id.to_string() });
    let (context, idempotency) = request.for_command(&body.raw)?;
    Ok(Reply(request.scheduler.release_hold(context, idempotency, id, render).await?))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("holdSlot").summary("Keep a slot for a while").description(
        "Extension. No other caller can book the slot until its session ends, 300 seconds after the search. Booking in \
         the same session consumes it. A session keeps one slot: keeping another lets the first go, unless the \
         other is taken. A hold that is not used ends by itself. Too many of them at once: 429.",
    );
    let op = docs::answers::<201, HoldAnswer>(op, "The slot is kept.");
    let op = docs::refuses::<404>(docs::also_as_form(op), "The slot or its session is unknown to this key.");
    let op = docs::refuses::<409>(op, "The slot is taken, or the session was already used.");
    let op = docs::refuses::<410>(op, "The session's 300 seconds are over: search again.");
    docs::usual_of_a_write(op)
}

pub fn release_docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("releaseSlot").summary("Let go of a slot that was kept").description(
        "Extension. Its time is free at once; the session may still book it, or anything else it offered.",
    );
    let op = docs::answers::<200, ReleasedHold>(op, "Its time is free.");
    let op = docs::refuses::<404>(op, "There is no such hold of yours, or it has ended.");
    docs::usual_of_a_write(op)
}
