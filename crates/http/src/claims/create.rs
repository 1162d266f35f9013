//! `POST /claims`

use aide::transform::TransformOperation;
use constat_claims::claim::SentTwice;
use constat_claims::claim::create_claim;
use constat_wire::claims::{Claim, CreateClaim, Success};

use jiff::SignedDuration;

use super::{docs as say, view};
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::{Problem, Reply};

/// Marks the answer to a declaration that had made its draft a moment before.
const REPEATED_HEADER: &str = "x-repeated";

pub(super) async fn create(request: AuthenticatedRequest<Claims>, body: Json<CreateClaim>) -> Result<Reply, Problem> {
    let declaration = body.value.into_domain().map_err(Problem::invalid)?;
    let within = SignedDuration::from_secs(request.core.settings.requests.repeat_seconds.into());
    let is_guarded = request.idempotency(&body.raw)?.is_none() && !within.is_zero();
    let twice = is_guarded.then(|| SentTwice::new(&request.context(), &body.raw, within));
    request
        .command(&body.raw, move |tx, context| {
            let declared = create_claim(tx, context, &declaration, twice.as_ref())?;
            let answer = view::answer(context, &declared.claim)?;
            Ok(if declared.is_repeat { answer.with_header(REPEATED_HEADER, "true") } else { answer })
        })
        .await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Claim>>(
        operation.id("createClaim"),
        "Declare a loss",
        "Creates a draft. Contract and product come from the contract registry; the product is kept as it is now.\n\n\
         An integrator names user, contract and product as the registry has them; if any is wrong it gets 2002, \
         whichever it is. The same declaration sent twice with one key within some seconds, without an \
         `Idempotency-Key`, gives the first draft again, with the header `X-Repeated: true`; to declare the same \
         twice on purpose, give each its own `Idempotency-Key`.",
        "The draft",
    );
    let operation = say::failure::<400>(
        operation,
        "1000 not valid, 1001 questions, 1004 subtype, 1006 content type, 1007 type, 1008 product type",
    );
    let operation = say::failure::<404>(operation, "2002 no such contract, 2003 no such product on it");
    say::usual_failures(operation)
}
