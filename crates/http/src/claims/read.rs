//! `GET /claims/{id}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_app::Answer;
use constat_app::claims::{ClaimStamp, claim_stamp, read_claim};
use constat_domain::claim::Asker;
use constat_domain::deadlines::Deadline;
use constat_wire::claims::{Claim, Success};

use super::{ClaimPath, docs as say, view};
use crate::Problem;
use crate::answer::Ready;
use crate::asked::{Asked, Claims};

pub(super) async fn read(asked: Asked<Claims>, Path(path): Path<ClaimPath>) -> Result<Ready, Problem> {
    let reader = Asker::from(&asked.caller);
    let stamp = claim_stamp(&asked.app, &asked.caller, &path.id)?;
    let now = asked.app.clock.now();
    if let Some(answer) = asked.shared.rendered.get(stamp, reader, now) {
        return Ok(answer);
    }
    let claim = read_claim(&asked.app, &asked.caller, &path.id)?;
    let laid = asked.app.deadlines.of_claim(&claim, now);
    let shown = view::claim(asked.catalogue(), &laid, &claim, reader);
    // The claim may have changed since the stamp was taken: the answer belongs to what was read.
    let stamp = ClaimStamp { version: claim.version, ..stamp };
    let until = Deadline::first_to_end(&laid);
    asked.shared.rendered.keep(stamp, reader, until, Answer::json(200, &Success::new(shown))?.body)
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Claim>>(
        operation.id("readClaim"),
        "Read a claim",
        "By the pre-declaration's id or the internal claim id. Somebody else's claim is not found.",
        "The claim; its version is the `ETag`",
    );
    say::usual_failures(say::failure::<404>(operation, "2001 no such claim"))
}
