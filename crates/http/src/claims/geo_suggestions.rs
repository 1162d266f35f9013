//! `GET /geo/suggestions`

use aide::transform::TransformOperation;
use constat_domain::gazetteer::Gazetteer;
use constat_wire::claims::{SuccessList, Suggestion, SuggestionQuery};

use super::docs as say;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Params;
use crate::{Problem, Reply};

pub(super) async fn suggest(
    _asked: AuthenticatedRequest<Claims>,
    Params(query): Params<SuggestionQuery>,
) -> Result<Reply, Problem> {
    let (query, limit) = query.into_domain().map_err(Problem::invalid)?;
    let found = Gazetteer::embedded().suggest(&query, limit);
    Reply::ok(&SuccessList::new(found.into_iter().map(Suggestion::from).collect()))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<SuccessList<Suggestion>>(
        operation.id("suggestCommunes"),
        "Suggest communes while the user types",
        "Takes a name or its start, the start of a postcode, or a name and its postcode, in any spelling of capitals, \
         accents, hyphens and abbreviations (St, Gd, s/, s/s, a slash). The name of a former commune gives today's, \
         with `matchedName`. Best first: exact, then the start of a name or postcode, then the start of a \
         later word, then names but for a slip of the pen (one in four to seven letters, two in eight and more); \
         among equals the most peopled first. The same query always has the same answer.",
        "The communes, best first; perhaps none",
    );
    say::usual_failures(say::failure::<400>(operation, "1000 the query is not valid"))
}
