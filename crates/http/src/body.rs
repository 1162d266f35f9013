//! Request bodies: JSON, or JSON in a form's `data` field where the contract says so.

use std::time::Duration;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::{Bytes, BytesMut};
use constat_wire::common::read_json;
use futures_util::StreamExt as _;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::encoding::{Encoding, inflate};
use crate::problem::Cause;
use crate::{Problem, Shared};

/// Largest JSON body of an endpoint that takes no documents: 1 MiB.
pub const MAX_JSON_BYTES: usize = 1024 * 1024;

/// A body read as `T`, with the raw bytes for the idempotency digest.
pub struct Json<T> {
    /// What it says.
    pub value: T,
    /// As it was sent; inflated, when it was compressed.
    pub raw: Bytes,
}

/// The same, where an absent body means the default of `T`.
pub struct OptionalJson<T> {
    /// What it says.
    pub value: T,
    /// As it was sent; inflated, when it was compressed.
    pub raw: Bytes,
}

/// A command without a body. A body that is sent anyway is read and ignored.
pub struct NoBody {
    /// As it was sent; inflated, when it was compressed.
    pub raw: Bytes,
}

impl FromRequest<Shared> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        // Whatever its encoding: nothing is read out of it.
        Ok(Self { raw: read_bytes(request.into_body(), MAX_JSON_BYTES, shared).await? })
    }
}

impl OperationInput for NoBody {}

/// A body that arrives as JSON or as a form with the JSON in its field `data`.
pub struct JsonOrForm<T> {
    /// What it says.
    pub value: T,
    /// As it was sent; inflated, when it was compressed.
    pub raw: Bytes,
}

/// Maximum bytes of an oversized body that are read and discarded, so that the client receives the answer instead of
/// a broken connection.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// Reads a whole body, up to `limit` bytes both as it came and inflated.
///
/// # Errors
/// Its `Content-Encoding` is not taken, or it is not what that says; and what [`read_bytes`] refuses.
pub(crate) async fn read_body(request: Request, limit: usize, shared: &Shared) -> Result<Bytes, Problem> {
    let encoding = Encoding::of(&request)?;
    let raw = read_bytes(request.into_body(), limit, shared).await?;
    match encoding {
        // Without a body there is nothing to inflate, whatever the client sends with each request.
        Encoding::Gzip if !raw.is_empty() => inflate(&raw, limit),
        Encoding::Identity | Encoding::Gzip => Ok(raw),
    }
}

/// Reads a whole body of up to `limit` bytes, within the time allowed for each MiB of the limit. The request
/// holds a permit meanwhile and loses it when the body is slow and other requests wait.
async fn read_bytes(body: Body, limit: usize, shared: &Shared) -> Result<Bytes, Problem> {
    let seconds = shared.core.settings.requests.body_seconds;
    let patience = Duration::from_secs(seconds.saturating_mul(limit.div_ceil(MAX_JSON_BYTES) as u64));
    tokio::select! {
        biased;
        read = tokio::time::timeout(patience, read_all(body, limit)) => {
            read.unwrap_or_else(|_too_slow| Err(Problem::field("", "the body did not arrive in time")))
        }
        refused = shared.admission.wait_until_slow_sender_must_yield(Duration::ZERO) => Err(refused.into()),
    }
}

async fn read_all(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut stream = body.into_data_stream();
    let mut kept = BytesMut::new();
    let mut seen = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_broken| Problem::field("", "the body ended early"))?;
        seen += chunk.len();
        if seen <= limit {
            kept.extend_from_slice(&chunk);
        } else if seen - limit > MAX_DISCARDED_BYTES {
            break;
        }
    }
    if seen > limit { Err(Cause::BodyTooLarge { limit }.into()) } else { Ok(kept.freeze()) }
}

/// The media type of a request, lower case, without parameters; empty when it names none.
pub fn media_type(request: &Request) -> String {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

pub(crate) fn is_json(media_type: &str) -> bool {
    media_type.is_empty()
        || media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

fn parse<T: DeserializeOwned + JsonSchema>(raw: &[u8]) -> Result<T, Problem> {
    read_json(raw).map_err(Problem::invalid)
}

impl<T: DeserializeOwned + JsonSchema> FromRequest<Shared> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        if !is_json(&media_type(&request)) {
            return Err(Cause::UnsupportedMediaType { expected: "application/json" }.into());
        }
        let raw = read_body(request, MAX_JSON_BYTES, shared).await?;
        Ok(Self { value: parse(&raw)?, raw })
    }
}

impl<T: DeserializeOwned + JsonSchema + Default> FromRequest<Shared> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let is_json = is_json(&media_type(&request));
        let raw = read_body(request, MAX_JSON_BYTES, shared).await?;
        if raw.trim_ascii().is_empty() {
            return Ok(Self { value: T::default(), raw });
        }
        if !is_json {
            return Err(Cause::UnsupportedMediaType { expected: "application/json" }.into());
        }
        Ok(Self { value: parse(&raw)?, raw })
    }
}

impl<T: DeserializeOwned + JsonSchema> FromRequest<Shared> for JsonOrForm<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let media_type = media_type(&request);
        let raw = read_body(request, MAX_JSON_BYTES, shared).await?;
        if is_json(&media_type) {
            return Ok(Self { value: parse(&raw)?, raw });
        }
        if media_type != "application/x-www-form-urlencoded" {
            return Err(Cause::UnsupportedMediaType {
                expected: "application/json or application/x-www-form-urlencoded",
            }
            .into());
        }
        let data = form_field(&raw, "data")?
            .ok_or_else(|| Problem::field("data", "the form must have one field `data` that holds the JSON"))?;
        Ok(Self { value: parse(data.as_bytes())?, raw })
    }
}

/// A field of a urlencoded form, decoded; refused when it is given twice.
fn form_field(raw: &[u8], name: &str) -> Result<Option<String>, Problem> {
    let mut given = form_urlencoded::parse(raw).filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let first = given.next();
    if given.next().is_some() { Err(Problem::field(name, "is given twice")) } else { Ok(first) }
}

/// Query parameters read as `T`; a wrong one is named.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Shared> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Self, Problem> {
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        if let Some((name, _)) = query.clone().find(|(_, value)| value.contains('\0')) {
            return Err(Problem::field(name.replace('\0', ""), "must not contain the character U+0000"));
        }
        let reader = serde_urlencoded::Deserializer::new(query);
        serde_path_to_error::deserialize(reader).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let text = error.into_inner().to_string();
            // A parameter that is not there has no path yet; serde's message names it.
            match text.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
                Some(name) => Problem::field(name, "is required"),
                None => of_parameter(if path == "." { String::new() } else { path }, text),
            }
        })
    }
}

/// Names a wrong parameter without repeating what it held.
fn of_parameter(path: String, text: String) -> Problem {
    if let Some(name) = text.strip_prefix("duplicate field `").and_then(|rest| rest.strip_suffix('`')) {
        return Problem::field(name, "is given twice");
    }
    match text.strip_prefix("unknown variant `").and_then(|rest| rest.rsplit_once("`, expected ")) {
        Some((_given, expected)) => Problem::field(path, format!("expected {expected}")),
        None => Problem::field(path, text),
    }
}

impl<T: JsonSchema> OperationInput for Params<T> {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        axum::extract::Query::<T>::operation_input(context, operation);
    }
}

macro_rules! documented_as_json {
    ($($name:ident),+) => {$(
        impl<T: JsonSchema> OperationInput for $name<T> {
            fn operation_input(context: &mut GenContext, operation: &mut Operation) {
                axum::Json::<T>::operation_input(context, operation);
            }
        }
    )+};
}
documented_as_json!(Json, JsonOrForm);

impl<T: JsonSchema> OperationInput for OptionalJson<T> {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        axum::Json::<T>::operation_input(context, operation);
        if let Some(aide::openapi::ReferenceOr::Item(body)) = operation.request_body.as_mut() {
            body.required = false;
        }
    }
}
