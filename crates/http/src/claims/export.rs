//! `GET /claims/{id}/export` and `GET /insured/{userId}/export`: a claim's whole file, or all that is known of
//! an insured, as a ZIP archive.

use aide::openapi::{MediaType, ReferenceOr, StatusCode};
use aide::transform::TransformOperation;
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use constat_claims::import_export::archive::{PathOf, WireForms, export_claim, export_insured};
use constat_core::AppError;
use constat_core::DocumentBytes;
use constat_domain::claim::{Asker, Claim};
use constat_wire::appointments::ClaimAppointment;
use constat_wire::claims::Contract;
use constat_wire::dossier::{self, Attachment};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ClaimPath, docs as say, event, view};
use crate::Problem;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::dossier::read::{attachment, documents_of};

/// How the contracts write what an archive holds.
pub const WIRE_FORMS: WireForms = WireForms {
    claim: |catalogue, deadlines, claim| text(&view::claim(catalogue, deadlines, claim, Asker::Handler)),
    dossier: |claim, path_of| text(&dossier::Claim::new(claim, attachments(claim, path_of))),
    timeline: |entries| text(&entries.into_iter().map(event::entry).collect::<Vec<_>>()),
    appointments: |all| text(&all.iter().map(ClaimAppointment::from).collect::<Vec<_>>()),
    contract: |contract| value(&Contract::from(contract)),
};

fn text(body: &impl Serialize) -> Result<String, AppError> {
    serde_json::to_string_pretty(body).map_err(|error| AppError::Fault(format!("cannot render: {error}")))
}

fn value(body: &impl Serialize) -> Result<Value, AppError> {
    serde_json::to_value(body).map_err(|error| AppError::Fault(format!("cannot render: {error}")))
}

/// The documents, by their path in the archive instead of a link.
fn attachments(claim: &Claim, path_of: &PathOf<'_>) -> Vec<Attachment> {
    documents_of(claim).filter_map(|document| Some(attachment(document, path_of(document)?))).collect()
}

/// The insured in the path.
#[derive(Deserialize, JsonSchema)]
pub(super) struct InsuredPath {
    /// The insured's user id.
    #[serde(rename = "userId")]
    user_id: String,
}

pub(super) async fn export(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
) -> Result<Response, Problem> {
    let (declaration, bytes) = export_claim(&request.claims, &request.caller, &path.id, WIRE_FORMS).await?;
    Ok(archive(bytes, &declaration.to_string()))
}

pub(super) async fn export_of_insured(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<InsuredPath>,
) -> Result<Response, Problem> {
    let bytes = export_insured(&request.claims, &request.caller, &path.user_id, WIRE_FORMS).await?;
    // Not named by the user id: that may say who it is.
    Ok(archive(bytes, "insured"))
}

fn archive(bytes: DocumentBytes, name: &str) -> Response {
    let mut response = Response::new(Body::from_stream(bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"{name}.zip\"")) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    response
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = operation.id("exportClaim").summary("Export a claim's whole file").description(
        "For the platform's own keys. A ZIP archive: `claim.json`, `record.json` (all that is kept of it, as an export \
         writes it), `dossier.json`, `timeline.json`, `appointments.json`, `summary.pdf` (to print, in French), the \
         originals of all documents below `documents/`, and `manifest.json` with the SHA-256 of each file and what was \
         withheld (documents that wait for the virus scanner or were quarantined). The archive is made while it is sent.",
    );
    finish(say::failure::<404>(operation, "2001 no such claim"))
}

pub(super) fn docs_of_insured(operation: TransformOperation) -> TransformOperation {
    let operation = operation.id("exportInsured").summary("Export all that is known of an insured").description(
        "For the platform's own keys: access and portability (GDPR, articles 15 and 20). A ZIP archive: \
         `contracts.json`, for each claim a folder below `claims/` with what its own export holds, and `manifest.json`. \
         An insured that nothing is known of is refused with 9003.",
    );
    finish(operation)
}

fn finish(mut operation: TransformOperation<'_>) -> TransformOperation<'_> {
    let mut answer =
        aide::openapi::Response { description: "The archive".to_owned(), ..aide::openapi::Response::default() };
    answer.content.insert("application/zip".to_owned(), MediaType::default());
    let responses = operation.inner_mut().responses.get_or_insert_default();
    responses.responses.insert(StatusCode::Code(200), ReferenceOr::Item(answer));
    say::handler_failures(operation)
}
