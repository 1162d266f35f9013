//! `GET /claims/{id}/export`: a claim's whole file as a ZIP archive.

use aide::openapi::{MediaType, ReferenceOr, StatusCode};
use aide::transform::TransformOperation;
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use constat_app::AppError;
use constat_app::exchange::archive::{PathOf, WireForms, export_claim};
use constat_domain::claim::{Asker, Claim, Document};
use constat_domain::codes::Codes;
use constat_wire::appointments::ClaimAppointment;
use constat_wire::claims::Contract;
use constat_wire::dossier::{self, Attachment};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use serde::Serialize;
use serde_json::Value;

use super::{ClaimPath, docs as say, event, view};
use crate::Problem;
use crate::asked::{Asked, Claims};

/// How the contracts write what an archive holds.
pub const WIRE_FORMS: WireForms = WireForms {
    claim: |catalogue, laid, claim| text(&view::claim(catalogue, laid, claim, Asker::Handler)),
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
    let attachment = |document: &Document| {
        Some(Attachment {
            id: Some(document.id.to_string()),
            description: Some(document.title.clone()).filter(|title| !title.is_empty()),
            file_name: Some(document.filename.clone()),
            mime_type: Some(document.mime_type.clone()),
            kind: Codes::embedded().attachment_of_document(&document.kind).to_owned(),
            href: path_of(document)?,
        })
    };
    claim.documents.iter().filter_map(attachment).collect()
}

pub(super) async fn export(asked: Asked<Claims>, Path(path): Path<ClaimPath>) -> Result<Response, Problem> {
    asked.act().require_handler()?;
    let (declaration, bytes) = export_claim(&asked.app, &asked.caller, &path.id, WIRE_FORMS).await?;
    let mut response = Response::new(Body::from_stream(bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"{declaration}.zip\"")) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let mut operation = operation.id("exportClaim").summary("Export a claim's whole file").description(
        "A ZIP archive: `claim.json`, `record.json` (all that is kept of it, as an export writes it), `dossier.json`, `timeline.json`, `appointments.json`, `summary.pdf` (to print, \
         in French), the originals of all documents below `documents/`, and `manifest.json` with the SHA-256 of each \
         file and what was withheld (documents that wait for the virus scanner or were quarantined). The handler's \
         own keys only. The archive is made while it is sent.",
    );
    let mut answer =
        aide::openapi::Response { description: "The archive".to_owned(), ..aide::openapi::Response::default() };
    answer.content.insert("application/zip".to_owned(), MediaType::default());
    let responses = operation.inner_mut().responses.get_or_insert_default();
    responses.responses.insert(StatusCode::Code(200), ReferenceOr::Item(answer));
    let operation = say::failure::<403>(operation, "98888 only the handler's own keys may");
    say::usual_failures(say::failure::<404>(operation, "2001 no such claim"))
}
