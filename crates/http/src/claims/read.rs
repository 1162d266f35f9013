//! `GET /claims/{id}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::ClaimStamp;
use constat_claims::claim::claim_stamp;
use constat_claims::claim::read_claim;
use constat_core::Answer;
use constat_domain::claim::Asker;
use constat_domain::deadlines::Deadline;
use constat_wire::claims::{Claim, Success};

use super::rendered::Look;
use super::{ClaimPath, docs as say, view};
use crate::Problem;
use crate::answer::Ready;
use crate::authenticated_request::{AuthenticatedCaller, Claims};

pub(super) async fn read(known: AuthenticatedCaller<Claims>, Path(path): Path<ClaimPath>) -> Result<Ready, Problem> {
    let AuthenticatedCaller { shared, caller, .. } = &known;
    let (service, asker) = (&shared.claims, Asker::from(caller));
    // The mark is taken before anything is read: what is read is then at least as new.
    let look = Look { caller: *caller, asker, now: service.core.clock.now(), mark: service.core.store.mark() };
    if let Some(answer) = path.id.parse().ok().and_then(|id| shared.rendered.unchanged(look, id)) {
        return Ok(answer);
    }
    let _permit = known.permit().await?;
    let stamp = claim_stamp(service, caller, &path.id)?;
    if let Some(answer) = shared.rendered.get(look, stamp) {
        return Ok(answer);
    }
    let claim = read_claim(service, caller, &path.id)?;
    let laid = service.core.deadlines.of_claim(&claim, look.now);
    let shown = view::claim(service.core.rules_of(&caller.tenant), &laid, &claim, asker);
    // The claim may have changed since the stamp was taken: the answer belongs to what was read.
    let stamp = ClaimStamp { version: claim.version, ..stamp };
    let until = Deadline::first_to_end(&laid);
    shared.rendered.keep(look, stamp, until, Answer::json(200, &Success::new(shown))?.body)
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Claim>>(
        operation.id("readClaim"),
        "Read a claim",
        "By the pre-declaration's id or the internal claim id. Another's claim is not found.",
        "The claim; its version is the `ETag`",
    );
    say::usual_failures(say::failure::<404>(operation, "2001 no such claim"))
}
