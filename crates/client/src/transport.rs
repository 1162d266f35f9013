//! One connection to one base URL: writes requests, reads answers, tells the observer.

use std::time::{Duration, Instant as Moment};

use constat_domain::tenancy::Api;
use constat_wire::claims::Failure;
use constat_wire::common::ResponseStatus;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::{RequestBuilder, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{ClientError, Exchange, FileContent, Observer, Refused};

/// How a client behaves.
#[derive(Clone)]
pub struct Options {
    /// Longest wait for a whole answer.
    pub timeout: Duration,
    /// Receives every exchange.
    pub observer: Option<Observer>,
}

impl Default for Options {
    /// A timeout of 30 seconds and no observer.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), observer: None }
    }
}

impl Options {
    /// The usual options with an observer.
    pub fn observed(observer: Observer) -> Self {
        Self { observer: Some(observer), ..Self::default() }
    }
}

/// Speaks one contract to one server. Cheap to clone: the connections are shared.
#[derive(Clone)]
pub(crate) struct Transport {
    api: Api,
    base: Url,
    key: (HeaderName, HeaderValue),
    more: HeaderMap,
    http: reqwest::Client,
    observer: Option<Observer>,
}

/// How long a connection is kept for the next request: less than servers keep it (this one 60 seconds), so
/// that no request goes into one that is being closed.
const KEPT_IDLE: Duration = Duration::from_secs(30);

/// An answer as it came.
struct Came {
    method: Method,
    path: String,
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Transport {
    pub(crate) fn new(
        api: Api,
        header: &'static str,
        base: &str,
        key: &str,
        options: Options,
    ) -> Result<Self, ClientError> {
        let setup = |what: &str, error: &dyn std::fmt::Display| ClientError::Setup(format!("{what}: {error}"));
        let base = Url::parse(base).map_err(|error| setup("base URL", &error))?;
        if base.cannot_be_a_base() || !matches!(base.scheme(), "http" | "https") {
            return Err(ClientError::Setup("base URL: expected http:// or https://".to_owned()));
        }
        let mut value = HeaderValue::from_str(key).map_err(|error| setup("key", &error))?;
        value.set_sensitive(true);
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Fails only when another thread was faster, which is as good.
            let _installed = rustls::crypto::ring::default_provider().install_default();
        }
        let builder = reqwest::Client::builder()
            .timeout(options.timeout)
            .pool_idle_timeout(KEPT_IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("constat/", env!("CARGO_PKG_VERSION")));
        // Plain HTTP needs no certificates: loading the machine's takes time, and may find none.
        let builder = if base.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
        let http = builder.build().map_err(|error| setup("HTTP client", &error.without_url()))?;
        let key = (HeaderName::from_static(header), value);
        Ok(Self { api, base, key, more: HeaderMap::new(), http, observer: options.observer })
    }

    /// The same connection, where every request carries one more header.
    pub(crate) fn with_header(&self, name: &'static str, value: &str) -> Self {
        let mut same = self.clone();
        // A value that no header can carry is written as an empty one: the server will name it.
        let value = HeaderValue::from_str(value).unwrap_or_else(|_invalid| HeaderValue::from_static(""));
        same.more.insert(HeaderName::from_static(name), value);
        same
    }

    /// The URL of a path below the base, each segment escaped.
    fn url(&self, segments: &[&str]) -> Result<Url, ClientError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| ClientError::Setup("base URL: has no path".to_owned()))?
            .pop_if_empty()
            .extend(segments);
        Ok(url)
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let (name, value) = self.key.clone();
        self.http.request(method, url).header(name, value).headers(self.more.clone())
    }

    async fn send(&self, request: RequestBuilder, body: Option<Value>) -> Result<Came, ClientError> {
        let request = request.build().map_err(|error| ClientError::Setup(error.without_url().to_string()))?;
        let method = request.method().clone();
        let url = request.url();
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let lost = |cause: reqwest::Error| ClientError::Transport {
            method: method.to_string(),
            path: path.clone(),
            cause: cause.without_url(),
        };
        let begun = Moment::now();
        let answer = self.http.execute(request).await.map_err(lost)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.map_err(lost)?.to_vec();
        if let Some(observer) = &self.observer {
            observer(&Exchange {
                api: self.api,
                method: method.to_string(),
                path: path.clone(),
                request: body,
                status,
                headers: headers.clone(),
                response: serde_json::from_slice(&bytes).ok(),
                response_bytes: bytes.len(),
                elapsed: begun.elapsed(),
            });
        }
        Ok(Came { method, path, status, headers, body: bytes })
    }

    /// Sends a request without a body below the base, with query pairs, and reads its JSON answer.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        segments: &[&str],
        query: &[(String, String)],
    ) -> Result<T, ClientError> {
        let mut url = self.url(segments)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(self.request(method, url), None).await?.success()?.json(self.api)
    }

    /// Sends JSON and reads the JSON answer.
    pub(crate) async fn tell<T: DeserializeOwned>(
        &self,
        method: Method,
        segments: &[&str],
        query: &[(String, String)],
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let mut url = self.url(segments)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let body = serde_json::to_value(body).map_err(|error| ClientError::Setup(format!("body: {error}")))?;
        let request = self.request(method, url).json(&body);
        self.send(request, Some(body)).await?.success()?.json(self.api)
    }

    /// Sends a document in multipart form and reads the JSON answer.
    pub(crate) async fn upload<T: DeserializeOwned>(
        &self,
        segments: &[&str],
        query: &[(String, String)],
        meta: Value,
        file: reqwest::multipart::Part,
    ) -> Result<T, ClientError> {
        let mut url = self.url(segments)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let form = reqwest::multipart::Form::new().text("meta", meta.to_string()).part("file", file);
        let request = self.request(Method::PUT, url).multipart(form);
        self.send(request, Some(meta)).await?.success()?.json(self.api)
    }

    /// Posts a file as it is and reads the JSON answer.
    pub(crate) async fn send_file<T: DeserializeOwned>(
        &self,
        segments: &[&str],
        media_type: &str,
        file: Vec<u8>,
    ) -> Result<T, ClientError> {
        let request = self.request(Method::POST, self.url(segments)?).header(CONTENT_TYPE, media_type).body(file);
        self.send(request, None).await?.success()?.json(self.api)
    }

    /// Fetches the bytes of a document below the base.
    pub(crate) async fn fetch(&self, segments: &[&str]) -> Result<FileContent, ClientError> {
        let url = self.url(segments)?;
        self.send(self.request(Method::GET, url), None).await?.success().map(Came::file)
    }

    /// Fetches the bytes behind a signed link. The key is not sent: the link is enough, and may lead
    /// to another server.
    pub(crate) async fn download(&self, link: &str) -> Result<FileContent, ClientError> {
        let url = Url::parse(link).map_err(|error| ClientError::Setup(format!("link: {error}")))?;
        self.send(self.http.get(url), None).await?.success().map(Came::file)
    }
}

impl Came {
    fn success(self) -> Result<Self, ClientError> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let retry_after = self.header(&RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
        match refused(self.status, &self.body) {
            Some(refused) => Err(ClientError::Status {
                method: self.method.to_string(),
                path: self.path,
                refused: Box::new(Refused { retry_after, ..refused }),
            }),
            None => Err(self.not_the_contract("the error has no body of the contract".to_owned())),
        }
    }

    fn json<T: DeserializeOwned>(self, api: Api) -> Result<T, ClientError> {
        // Some partners answer a change with no body at all: that reads as null.
        let body: &[u8] = if self.body.is_empty() { b"null" } else { &self.body };
        serde_json::from_slice(body).map_err(|error| {
            // Serde's message may quote values: only the position in the body is reported.
            let place = format!("line {}, column {}", error.line(), error.column());
            self.not_the_contract(format!("cannot read the {} answer at {place}", api.as_str()))
        })
    }

    fn file(self) -> FileContent {
        FileContent {
            status: self.status,
            content_type: self.header(&CONTENT_TYPE).unwrap_or_default().to_owned(),
            disposition: self.header(&CONTENT_DISPOSITION).map(str::to_owned),
            etag: self.header(&ETAG).map(str::to_owned),
            bytes: self.body,
        }
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn not_the_contract(&self, why: String) -> ClientError {
        ClientError::NotTheContract {
            method: self.method.to_string(),
            path: self.path.clone(),
            status: self.status,
            why,
        }
    }
}

/// Reads an error body of either kind.
fn refused(status: u16, body: &[u8]) -> Option<Refused> {
    let body: Value = serde_json::from_slice(body).ok()?;
    if let Ok(Failure { error, .. }) = serde_json::from_value::<Failure>(body.clone()) {
        return Some(Refused {
            status,
            code: i64::from(error.code),
            message: error.message,
            fields: error.details,
            execution_id: error.execution_id,
            retry_after: None,
            body,
        });
    }
    let told: ResponseStatus = serde_json::from_value(body.clone()).ok()?;
    Some(Refused {
        status,
        code: i64::from(told.value),
        message: told.description,
        fields: told.errors,
        execution_id: told.execution_id,
        retry_after: None,
        body,
    })
}

/// The pairs of a query type, those left out left out.
pub(crate) fn pairs(query: &impl Serialize) -> Result<Vec<(String, String)>, ClientError> {
    let Ok(Value::Object(fields)) = serde_json::to_value(query) else {
        return Err(ClientError::Setup("query: expected named values".to_owned()));
    };
    let text = |value| match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    Ok(fields.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect())
}

/// What every client offers beside its calls.
macro_rules! client_basics {
    ($name:ident, $api:expr, $header:literal, $base:literal) => {
        impl $name {
            /// Where the contract's paths start on a server of this software.
            pub const BASE_PATH: &'static str = $base;

            /// A client of the server at `base` (up to and including the contract's base path) with a
            /// key that it issued.
            pub fn new(base: &str, key: &str, options: crate::Options) -> Result<Self, crate::ClientError> {
                Ok(Self(crate::transport::Transport::new($api, $header, base, key, options)?))
            }

            /// The same client, whose writes carry this `Idempotency-Key`: the same request gets the
            /// same answer, done once.
            #[must_use]
            pub fn idempotent(&self, key: &str) -> Self {
                Self(self.0.with_header("idempotency-key", key))
            }

            /// The same client, whose requests carry `If-Match`: a change is made only if the
            /// resource still has this entity tag.
            #[must_use]
            pub fn if_match(&self, tag: &str) -> Self {
                Self(self.0.with_header("if-match", tag))
            }

            /// The same client, whose requests carry one more header. The name is in lower case.
            #[must_use]
            pub fn with_header(&self, name: &'static str, value: &str) -> Self {
                Self(self.0.with_header(name, value))
            }
        }
    };
}
pub(crate) use client_basics;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_every_contract_are_read_and_anything_else_is_told_apart() {
        let claims = br#"{"success":false,"error":{"code":1000,"message":"no","details":[{"field":"userId","message":"is required"}]}}"#;
        let read = refused(400, claims).unwrap();
        assert_eq!((read.status, read.code, read.fields[0].field.as_str()), (400, 1000, "userId"));
        let read = refused(409, br#"{"value":10,"description":"SLOT_OCCUPIED","more":1}"#).unwrap();
        assert_eq!((read.status, read.code, read.message.as_str()), (409, 10, "SLOT_OCCUPIED"));
        assert_eq!(refused(502, b"<html>bad gateway</html>"), None);
    }

    #[test]
    fn ids_are_escaped_and_the_base_may_end_in_a_slash() {
        for base in ["http://127.0.0.1:1/v2", "http://127.0.0.1:1/v2/"] {
            let transport = Transport::new(Api::Claims, "key", base, "test_x", Options::default()).unwrap();
            let url = transport.url(&["claims", "a/b ?c", "documents"]).unwrap();
            assert_eq!(url.as_str(), "http://127.0.0.1:1/v2/claims/a%2Fb%20%3Fc/documents");
        }
        assert!(Transport::new(Api::Claims, "key", "file:///x", "test_x", Options::default()).is_err());
    }
}
