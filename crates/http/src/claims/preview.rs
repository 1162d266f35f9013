//! `GET /claims/{id}/documents/{documentId}/preview`

use aide::openapi::{MediaType, ReferenceOr, StatusCode};
use aide::transform::TransformOperation;
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use constat_claims::claim::preview as make_preview;
use constat_claims::claim::{Copy, copy_facts, has_failed_preview, read_document};
use constat_core::AppError;
use constat_domain::refusal::ClaimRefusal;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};

use super::docs as say;
use super::document::DocumentPath;
use crate::Problem;
use crate::authenticated_request::{AuthenticatedRequest, Claims};

pub(super) async fn preview(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<DocumentPath>,
) -> Result<Response, Problem> {
    let (_claim, document) = read_document(&request.claims, &request.caller, &path.id, &path.document_id)?;
    let tag = format!("\"{}-preview\"", copy_facts(&document, Copy::Original)?.tag);
    let known = request.headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let known = known.is_some_and(|tags| tags.split(',').any(|given| given.trim() == tag));
    let mut response = if known {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = http::StatusCode::NOT_MODIFIED;
        response
    } else {
        if has_failed_preview(&request.claims, &document) {
            return Err(AppError::from(ClaimRefusal::NoPreview).into());
        }
        let _permit = request.preview_permit().await?;
        let mut response = Response::new(Body::from(make_preview(&request.claims, &document).await?));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
        response
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    // A document never changes, and neither does its preview; whether it may still be seen is asked each time.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let mut operation = operation.id("previewDocument").summary("A small picture of a document").description(
        "A JPEG of at most 512 pixels a side of a photo or of the first page of a PDF, the right way up, without what \
         the file tells beside the picture. There is none of pictures of more than 50 million pixels, nor of files that \
         cannot be drawn within 5 seconds, nor of a PDF that takes a password to open. One is drawn at a time: of \
         the platform's own keys first, then of each key's in turn.",
    );
    let mut picture = aide::openapi::Response { description: "The picture".to_owned(), ..Default::default() };
    picture.content.insert("image/jpeg".to_owned(), MediaType::default());
    let unchanged = aide::openapi::Response {
        description: "The caller has it already (`If-None-Match`)".to_owned(),
        ..Default::default()
    };
    operation.inner_mut().responses.get_or_insert_default().responses.extend([
        (StatusCode::Code(200), ReferenceOr::Item(picture)),
        (StatusCode::Code(304), ReferenceOr::Item(unchanged)),
    ]);
    let operation =
        say::failure::<409>(operation, "3003 the document is being checked for viruses, or was quarantined");
    say::usual_failures(say::failure::<404>(
        operation,
        "2001 no such claim, 2004 no such document on it, or no preview of it",
    ))
}
