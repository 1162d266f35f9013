//! `GET /claims/{id}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim::ClaimVersion;
use constat_claims::claim::claim_version;
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
    // The counter is read first: what is read afterwards is at least as new.
    let look =
        Look { caller: *caller, asker, now: service.core.clock.now(), commits: service.core.store.commit_counter() };
    if let Some(answer) = path.id.parse().ok().and_then(|id| shared.rendered.unchanged(look, id)) {
        return Ok(answer);
    }
    let _permit = known.permit().await?;
    let of_claim = claim_version(service, caller, &path.id)?;
    if let Some(answer) = shared.rendered.get(look, of_claim) {
        return Ok(answer);
    }
    let claim = read_claim(service, caller, &path.id)?;
    let deadlines = service.core.deadlines.of_claim(&claim, look.now);
    let shown = view::claim(service.core.rules_of(&caller.tenant), &deadlines, &claim, asker);
    // The claim may have changed since its version was read: the answer belongs to what was read.
    let of_claim = ClaimVersion { version: claim.version, ..of_claim };
    let until = Deadline::first_to_end(&deadlines);
    shared.rendered.keep(look, of_claim, until, Answer::json(200, &Success::new(shown))?.body)
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
