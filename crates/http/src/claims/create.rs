//! `POST /claims`

use aide::transform::TransformOperation;
use constat_app::claims::create_claim;
use constat_wire::claims::{Claim, CreateClaim, Success};

use super::{docs as say, view};
use crate::asked::{Asked, Claims};
use crate::body::Json;
use crate::{Problem, Reply};

pub(super) async fn create(asked: Asked<Claims>, body: Json<CreateClaim>) -> Result<Reply, Problem> {
    let declaration = body.value.into_domain().map_err(Problem::invalid)?;
    asked.command(&body.raw, move |tx, act| view::answer(act, &create_claim(tx, act, &declaration)?)).await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Claim>>(
        operation.id("createClaim"),
        "Declare a loss",
        "Creates a draft. Contract and product come from the contract registry; the product is kept as it is now.",
        "The draft",
    );
    let operation = say::failure::<400>(
        operation,
        "1000 not valid, 1001 questions, 1004 subtype, 1006 content type, 1007 type, 1008 product type",
    );
    let operation = say::failure::<404>(operation, "2002 no such contract, 2003 no such product on it");
    say::usual_failures(operation)
}
