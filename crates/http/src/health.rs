//! Whether the server is up. Outside the contracts: no key, no envelope.

use axum::Router;
use axum::routing::get;
use http::header::CONTENT_TYPE;

use crate::Shared;

/// `GET /health`. Also the empty JSON endpoint that the benchmark compares reads with.
pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/health", get(|| async { ([(CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#) }))
}
