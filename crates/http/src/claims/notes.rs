//! `PUT /claims/{id}/note`, `POST` and `GET /claims/{id}/notes`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::{add_internal_note, internal_notes, set_note};
use constat_core::Answer;
use constat_wire::claims::{AddInternalNote, Claim, InternalNote, SetNote, Success, SuccessList};

use super::{ClaimPath, docs as say, view};
use crate::answer::entity_tag;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::{Problem, Reply};

pub(super) async fn set(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    body: Json<SetNote>,
) -> Result<Reply, Problem> {
    let faults = body.value.check();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let note = body.value.note;
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            view::answer(context, &set_note(tx, context, &path.id, note.as_deref(), if_match.as_deref())?)
        })
        .await
}

pub(super) async fn add(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    body: Json<AddInternalNote>,
) -> Result<Reply, Problem> {
    let faults = body.value.check();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let text = body.value.text;
    let if_match = request.if_match();
    request
        .command(&body.raw, move |tx, context| {
            let (claim, note) = add_internal_note(tx, context, &path.id, &text, if_match.as_deref())?;
            let answer = Success::new(InternalNote::from(&note));
            Ok(Answer::json(200, &answer)?.with_header("etag", entity_tag(claim.version)))
        })
        .await
}

pub(super) async fn list(request: AuthenticatedRequest<Claims>, Path(path): Path<ClaimPath>) -> Result<Reply, Problem> {
    let (version, notes) = internal_notes(&request.claims, &request.caller, &path.id)?;
    let answer = SuccessList::new(notes.iter().map(InternalNote::from).collect());
    Ok(Reply(Answer::json(200, &answer)?.with_header("etag", entity_tag(version))))
}

pub(super) fn set_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Claim>>(
        operation.id("setNote"),
        "Write to the insured",
        "For the platform's own keys. The claim's `note`, which the insured reads; null takes it away. In every status.",
        "The claim with its note",
    );
    finish(operation)
}

pub(super) fn add_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<InternalNote>>(
        operation.id("addInternalNote"),
        "Write a note among handlers",
        "For the platform's own keys, in every status. It is on no claim that others read, and is never changed.",
        "The note",
    );
    finish(say::failure::<409>(operation, "3003 the claim has 1000 notes among handlers"))
}

fn finish(operation: TransformOperation) -> TransformOperation {
    let operation = say::failure::<400>(operation, "1000 not valid, 1006 content type");
    let operation = say::failure::<404>(operation, "2001 no such claim");
    let operation = say::failure::<412>(operation, "3003 the claim has changed since it was read (`If-Match`)");
    say::handler_failures(operation)
}

pub(super) fn list_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<SuccessList<InternalNote>>(
        operation.id("listInternalNotes"),
        "Read the notes among handlers",
        "For the platform's own keys. Oldest first.",
        "All of the claim's notes among handlers",
    );
    say::handler_failures(say::failure::<404>(operation, "2001 no such claim"))
}
