//! `POST /claims/prime`

use aide::transform::TransformOperation;
use axum::Json as AxumJson;
use constat_claims::dossier::Primed;
use constat_claims::dossier::prime_claim;
use constat_core::Answer;
use constat_wire::dossier::{
    PreviouslyExisting, PrimeAnswer, PrimeClaimResult, PrimeContractResult, PrimeDeclaration, PrimeRequest,
    PrimeResult, PrimeSuccess, PrimeUser,
};

use super::docs as say;
use crate::authenticated_request::{AuthenticatedRequest, Dossier};
use crate::body::Json;
use crate::{Problem, Reply, sign_in};

pub(super) async fn prime(request: AuthenticatedRequest<Dossier>, body: Json<PrimeRequest>) -> Result<Reply, Problem> {
    let email = body.value.insured.email.clone();
    let prime = body.value.into_domain().map_err(Problem::invalid)?;
    let public_url = request.core.settings.public_url.clone();
    let context = request.core.context(request.caller);
    // Without the idempotency key: a kept answer would keep the link's secret with it. The claim
    // number already makes a repeat find the same claim.
    let answer = request
        .core
        .command(context, None, move |tx, context| {
            let primed = prime_claim(tx, context, &prime)?;
            let answer = Answer::json(200, &answer(&primed, &email, &prime.claim_number, &public_url))?;
            Ok(answer.with_header("cache-control", "no-store"))
        })
        .await?;
    Ok(Reply(answer))
}

fn answer(primed: &Primed, email: &str, case_number: &str, public_url: &str) -> PrimeAnswer {
    let claim = &primed.claim;
    PrimeAnswer {
        kind: PrimeSuccess::Success,
        result: PrimeResult {
            previously_existing: PreviouslyExisting {
                claim: primed.claim_existed,
                user: primed.user_existed,
                contract: primed.contract_existed,
            },
            user: PrimeUser { email: claim.insured.email.clone().unwrap_or_else(|| email.to_owned()) },
            contract: PrimeContractResult { number: claim.contract.number.clone() },
            claim: PrimeClaimResult {
                case_number: case_number.to_owned(),
                id: claim.declaration_id.uuid().to_string(),
            },
            declaration: PrimeDeclaration { url: sign_in::url(public_url, &primed.secret) },
        },
    }
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = operation
        .id("primeClaim")
        .summary("Open a declaration for an insured")
        .description(
            "For insurers and the platform itself. Creates, or finds, the user (by e-mail), the contract (by its \
             number) and the claim (by the insurer's number), and gives a sign-in link for the insured, which works \
             once and for seven days.\n\n\
             The claim number makes it repeatable: the same number finds the same claim, with a new link each time; \
             an `Idempotency-Key` is not needed and not looked at.",
        )
        .response_with::<200, AxumJson<PrimeAnswer>, _>(|answer| answer.description("The declaration is open"));
    say::failure::<401>(operation, "The key is missing or not valid, or is a partner's")
}
