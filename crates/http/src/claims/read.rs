//! `GET /claims/{id}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_app::claims::{ClaimStamp, claim_stamp, read_claim};
use constat_domain::claim::Asker;
use constat_wire::claims::{Claim, Success};

use super::{ClaimPath, docs as say, view};
use crate::Problem;
use crate::answer::Ready;
use crate::asked::{Asked, Claims};

pub(super) async fn read(asked: Asked<Claims>, Path(path): Path<ClaimPath>) -> Result<Ready, Problem> {
    let reader = Asker::from(&asked.caller);
    let stamp = claim_stamp(&asked.app, &asked.caller, &path.id)?;
    if let Some(answer) = asked.shared.rendered.get(stamp, reader) {
        return Ok(answer);
    }
    let claim = read_claim(&asked.app, &asked.caller, &path.id)?;
    // The claim may have changed since the stamp was taken: the answer belongs to what was read.
    let body = view::answered(asked.catalogue(), &claim, reader)?.body;
    asked.shared.rendered.keep(ClaimStamp { version: claim.version, ..stamp }, reader, body)
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
