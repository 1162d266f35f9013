//! Whether the server is up, and whether it should be sent requests. Outside the contracts: no key, no
//! envelope, and never behind the gate.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};

use crate::Shared;

/// `GET /health`: the process lives. Also the empty JSON endpoint that the benchmark compares reads
/// with. `GET /health/ready`: it takes requests.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/health", get(|| async { ([(CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#) }))
        .route("/health/ready", get(ready))
}

/// 200 `ready`, or 503 `stopping` or `database`.
async fn ready(State(shared): State<Shared>) -> Response {
    shared.life.asked();
    let (status, body) = if shared.life.is_ending() {
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"stopping"}"#)
    } else if shared.app.database_answers().await {
        (StatusCode::OK, r#"{"status":"ready"}"#)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"database"}"#)
    };
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    let retry = (status != StatusCode::OK).then_some([(RETRY_AFTER, "1")]);
    (status, headers, retry, body).into_response()
}
