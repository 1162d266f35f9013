//! Whether the server is up, and whether it should be sent requests. Outside the contracts: no key, no
//! envelope, and without admission control.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};

use crate::Shared;

/// `GET /health`: the process lives. Also the empty JSON endpoint that the benchmark compares reads
/// with. `GET /health/ready`: it takes requests. Served on the contracts' listener and on the operators'.
pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/health", get(alive)).route("/health/ready", get(ready))
}

async fn alive() -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, r#"{"status":"ok"}"#).into_response()
}

/// 200 `ready`, or 503 `stopping` or `database`.
async fn ready(State(shared): State<Shared>) -> Response {
    shared.shutdown.note_probe();
    let (status, body) = if shared.shutdown.is_ending() {
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"stopping"}"#)
    } else if shared.core.database_answers().await {
        (StatusCode::OK, r#"{"status":"ready"}"#)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"database"}"#)
    };
    let headers =
        [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    let retry = (status != StatusCode::OK).then_some([(RETRY_AFTER, "1")]);
    (status, headers, retry, body).into_response()
}
