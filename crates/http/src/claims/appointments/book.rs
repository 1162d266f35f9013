//! `POST /claims/{id}/appointments`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim_appointments::{BookClaimAppointment as Command, book_claim_appointment};
use constat_wire::appointments::{BookClaimAppointment, ClaimAppointment};
use constat_wire::claims::Success;

use super::{answer, partner_failures};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::claims::{ClaimPath, docs as say};
use crate::{Problem, Reply};

pub(super) async fn book(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    body: Json<BookClaimAppointment>,
) -> Result<Reply, Problem> {
    let idempotency = request.idempotency(&body.raw)?;
    let wanted = body.value.into_domain().map_err(Problem::invalid)?;
    let command = Command {
        session: wanted.session_id,
        slot_id: wanted.slot_id,
        slot: wanted.slot,
        contact: wanted.contact,
        notes: wanted.notes,
    };
    let context = request.context();
    Ok(Reply(book_claim_appointment(request.claims, context, idempotency, path.id, command, answer).await?))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimAppointment>>(
        operation.id("bookClaimAppointment"),
        "Book a slot for a claim",
        "Books one of the slots of a search at the partner, and keeps the appointment on the claim. A repeat of the \
         same booking answers the appointment already made. From now on the partner may pull the claim file.",
        "The appointment; its version is the `ETag`",
    );
    let operation = say::failure::<404>(operation, "2001 no such claim, 2004 the partner does not know the slot");
    let operation = say::failure::<409>(
        operation,
        "3003 the claim is not open, the slot is taken, the session was used, or the claim has an open appointment of \
         this kind with this partner",
    );
    partner_failures(say::failure::<410>(operation, "3003 the session's 300 seconds are over: search again"))
}
