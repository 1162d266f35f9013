//! `GET /geo/{country}/{zipcode}`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_domain::gazetteer::Gazetteer;
use constat_wire::claims::{Commune, PostcodePath, SuccessList};

use super::docs as say;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::{Problem, Reply};

pub(super) async fn communes(
    _asked: AuthenticatedRequest<Claims>,
    Path(path): Path<PostcodePath>,
) -> Result<Reply, Problem> {
    let (country, zipcode) = path.into_domain().map_err(Problem::invalid)?;
    let communes = Gazetteer::embedded().by_postcode_in(&country, &zipcode).ok_or_else(|| {
        Problem::field("country", "only France is known: FR, or RE and the like for its parts overseas")
    })?;
    Reply::ok(&SuccessList::new(communes.into_iter().map(Commune::from).collect()))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<SuccessList<Commune>>(
        operation.id("communesOfPostcode"),
        "The communes of a postcode",
        "Most peopled first. A CEDEX code is answered with the commune or arrondissement that it stands for; a \
         postcode that the tables do not have with an empty list. Answered from the gazetteer that comes with the server.",
        "The communes; perhaps none",
    );
    say::usual_failures(say::failure::<400>(operation, "1000 not five digits, or another country than France"))
}
