//! Pages to read the documents in a browser: static, embedded, nothing from elsewhere, so they work
//! without a network.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

use crate::Shared;

const INDEX: &str = include_str!("assets/index.html");
const READER: &str = include_str!("assets/reader.html");
const SCRIPT: &str = include_str!("assets/reader.js");
const STYLE: &str = include_str!("assets/style.css");

/// `/openapi` lists the three documents, `/openapi/<name>` shows one.
pub(super) fn routes() -> Router<Shared> {
    let reader = || async { asset("text/html; charset=utf-8", READER) };
    Router::new()
        .route("/openapi", get(|| async { asset("text/html; charset=utf-8", INDEX) }))
        .route("/openapi/claims", get(reader))
        .route("/openapi/partner", get(reader))
        .route("/openapi/dossier", get(reader))
        .route("/openapi/assets/reader.js", get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }))
        .route("/openapi/assets/style.css", get(|| async { asset("text/css; charset=utf-8", STYLE) }))
}

fn asset(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"),
    ];
    (headers, text)
}
