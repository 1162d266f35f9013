//! A caller of the claims API with a key, over plain HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use constat_domain::tenancy::TenantId;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// A caller of the claims API.
#[derive(Debug, Clone)]
pub struct ClaimsCaller {
    /// Whose data its key opens.
    pub tenant: TenantId,
    /// Its key.
    pub key: String,
    /// Base of the API, with `/v2`.
    pub url: String,
    /// Speaks HTTP.
    pub http: reqwest::Client,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Got {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The JSON body; null when it is none.
    pub body: Value,
}

impl Got {
    /// Reads an answer.
    pub async fn read(answer: reqwest::Response) -> Self {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.expect("a whole answer");
        Self { status, headers, body: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    /// The code of an error; 0 when it is none.
    pub fn code(&self) -> u64 {
        self.body["error"]["code"].as_u64().unwrap_or_default()
    }

    /// The fields that an error names.
    pub fn fields(&self) -> Vec<&str> {
        let details = self.body["error"]["details"].as_array();
        details.into_iter().flatten().filter_map(|detail| detail["field"].as_str()).collect()
    }

    /// What a success holds.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert_eq!(self.status, 200, "{}", self.body);
        assert_eq!(self.body["success"], true);
        &self.body["data"]
    }

    /// A header's text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Panics unless it is this error, complete: envelope, message, execution id in body and header.
    #[track_caller]
    pub fn is_error(&self, status: u16, code: u64) {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        assert_eq!(self.body["success"], false);
        assert!(self.body["error"]["message"].as_str().is_some_and(|message| !message.is_empty()));
        assert_eq!(self.body["error"]["executionId"].as_str(), Some(self.header("x-execution-id")));
    }
}

impl ClaimsCaller {
    /// A request with the key on it. `path` is below `/v2` and starts with a slash.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).header("key", &self.key)
    }

    /// Sends a request without a body.
    pub async fn send(&self, method: Method, path: &str) -> Got {
        Got::read(self.request(method, path).send().await.expect("an answer")).await
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Got {
        self.send(Method::GET, path).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Got {
        Got::read(self.request(Method::POST, path).json(body).send().await.expect("an answer")).await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Got {
        Got::read(self.request(Method::PUT, path).json(body).send().await.expect("an answer")).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Got {
        Got::read(self.request(Method::PATCH, path).json(body).send().await.expect("an answer")).await
    }

    /// Creates a claim and gives its id.
    pub async fn declare(&self, declaration: &Value) -> String {
        let created = self.post("/claims", declaration).await;
        created.data()["id"].as_str().expect("an id").to_owned()
    }

    /// Uploads a small PDF for each document type, in one request.
    pub async fn upload(&self, claim: &str, types: &[&str]) -> Got {
        let body: Vec<Value> = types.iter().map(|kind| document(kind, &crate::fixtures::pdf())).collect();
        self.put(&format!("/claims/{claim}/documents"), &Value::Array(body)).await
    }

    /// Creates a claim with the mandatory documents given and submits it; gives (id, claimId).
    pub async fn submitted(&self, declaration: &Value, types: &[&str]) -> (String, String) {
        let id = self.declare(declaration).await;
        self.upload(&id, types).await.data();
        let submitted = self.post(&format!("/claims/{id}/submit"), &json!({})).await;
        let claim_id = submitted.data()["claimId"].as_str().expect("a claim id").to_owned();
        (id, claim_id)
    }
}

/// One document of an upload in JSON.
pub fn document(kind: &str, content: &[u8]) -> Value {
    json!({ "type": kind, "title": "Pièce", "filename": "piece.pdf", "content": STANDARD.encode(content) })
}
