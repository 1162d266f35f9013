//! `GET /catalogue`

use aide::openapi::{ReferenceOr, StatusCode};
use aide::transform::TransformOperation;
use constat_claims::claim::read_claim;
use constat_core::Answer;
use constat_domain::catalogue::Family;
use constat_domain::refusal::ClaimRefusal;
use constat_wire::claims::{CatalogueFamily, CatalogueQuery, SuccessList};
use http::header::IF_NONE_MATCH;
use sha2::{Digest as _, Sha256};

use super::docs as say;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Params;
use crate::{Problem, Reply};

pub(super) async fn catalogue(
    request: AuthenticatedRequest<Claims>,
    Params(query): Params<CatalogueQuery>,
) -> Result<Reply, Problem> {
    let faults = query.check();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let known = request.catalogue();
    let families: Vec<&Family> = if let Some(id) = &query.claim_id {
        let claim = read_claim(&request.claims, &request.caller, id)?;
        claim.declared_as(known).map(|(family, _)| family).into_iter().collect()
    } else if let Some(product) = &query.product {
        vec![known.family_for_product(product).ok_or(ClaimRefusal::UnsupportedProductType)?]
    } else {
        known.families.iter().collect()
    };
    let body = SuccessList::new(families.into_iter().map(CatalogueFamily::from).collect());
    let mut answer = Answer::json(200, &body)?;
    let tag = format!("\"{:.16x}\"", Sha256::digest(&answer.body));
    let given = request.headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    if given.split(',').any(|one| one.trim().trim_start_matches("W/") == tag) {
        answer.status = 304;
        answer.body.clear();
    }
    Ok(Reply(answer.with_header("etag", tag)))
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let mut operation = say::endpoint::<SuccessList<CatalogueFamily>>(
        operation.id("readCatalogue"),
        "What can be declared, what is asked, which documents it needs",
        "Extension. The catalogue of the organisation whose data the key opens: families, loss types, subtypes, \
         questions and document rules with their conditions, in the version that new claims are declared with. \
         `claimId` gives the family of one claim in the version that this claim was declared with; nothing when that \
         version is gone.",
        "The families; the `ETag` changes only when what they say does",
    );
    let unchanged = aide::openapi::Response {
        description: "The caller has it already (`If-None-Match`)".to_owned(),
        ..Default::default()
    };
    let responses = operation.inner_mut().responses.get_or_insert_default();
    responses.responses.insert(StatusCode::Code(304), ReferenceOr::Item(unchanged));
    let operation = say::failure::<400>(operation, "1000 not valid, 1008 no family covers this product type");
    say::usual_failures(say::failure::<404>(operation, "2001 no such claim"))
}
