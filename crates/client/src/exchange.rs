//! A request and its answer, as an onlooker sees them.

use std::sync::Arc;
use std::time::Duration;

use constat_domain::tenancy::Api;
use http::HeaderMap;
use serde_json::Value;

/// One request and its answer. The key is not in it; the bodies hold personal data, so an observer
/// shows or checks them and does not log them.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The contract spoken.
    pub api: Api,
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query as sent, base path included: `/v2/claims?userId=...`.
    pub path: String,
    /// The request's JSON; of an upload in multipart form, its `meta`.
    pub request: Option<Value>,
    /// HTTP status of the answer.
    pub status: u16,
    /// Headers of the answer.
    pub headers: HeaderMap,
    /// The answer's JSON, when it is JSON.
    pub response: Option<Value>,
    /// How many bytes the answer has.
    pub response_bytes: usize,
    /// From the first byte sent to the last byte read.
    pub elapsed: Duration,
}

/// Receives every exchange of a client, including errors.
pub type Observer = Arc<dyn Fn(&Exchange) + Send + Sync>;

/// The bytes of a document with what the server says of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent {
    /// 200, or 206 for a part.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: String,
    /// `Content-Disposition`, when given.
    pub disposition: Option<String>,
    /// `ETag`, when given.
    pub etag: Option<String>,
    /// The bytes.
    pub bytes: Vec<u8>,
}
