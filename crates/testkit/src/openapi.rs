//! Holds every answer of a test's server against the served OpenAPI documents, without the test
//! having to ask: an answer that its operation does not document fails the test.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use crate::answers::{RecordedAnswer, record};

/// Faults listed for one answer at most.
const MAX_FAULTS: usize = 10;

/// The documents, and validators made from them as they are needed.
pub struct OpenApiChecker {
    documents: Vec<Document>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

struct Document {
    name: &'static str,
    base: String,
    json: Value,
}

/// One answer, as it went over the wire.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The request's path, without the query.
    pub path: &'a str,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's media type with its parameters; empty when it has none.
    pub content_type: &'a str,
    /// The answer's body, when it is JSON.
    pub json: Option<&'a [u8]>,
}

impl OpenApiChecker {
    /// The checker of this build's documents: the same ones as the server serves.
    pub fn shared() -> &'static Self {
        static CHECKER: OnceLock<OpenApiChecker> = OnceLock::new();
        CHECKER.get_or_init(|| {
            let documents = constat_http::documents()
                .into_iter()
                .map(|document| Document {
                    name: document.name,
                    base: document.json["servers"][0]["url"].as_str().unwrap_or_default().to_owned(),
                    json: document.json,
                })
                .collect();
            Self { documents, validators: Mutex::default() }
        })
    }

    /// Everything in which an answer differs from its operation's documentation. Paths under no
    /// contract belong to none, and are always right.
    pub fn faults(&self, exchange: &Exchange<'_>) -> Vec<String> {
        let under = |base: &str| exchange.path.strip_prefix(base).filter(|rest| rest.starts_with('/'));
        let Some((document, path)) =
            self.documents.iter().find_map(|document| Some((document, under(&document.base)?)))
        else {
            return Vec::new();
        };
        let said = |fault: String| {
            format!("{} {} -> {}: {fault} ({}.json)", exchange.method, exchange.path, exchange.status, document.name)
        };
        if exchange.status == StatusCode::INTERNAL_SERVER_ERROR {
            return vec![said("no request may be answered with 500".to_owned())];
        }
        match document.operation(path, exchange.method) {
            Found::Operation { pointer, template } => {
                record(&document.recorded(template, exchange));
                self.check(document, &pointer, exchange)
            }
            Found::PathOnly if exchange.status == StatusCode::METHOD_NOT_ALLOWED => Vec::new(),
            Found::Nothing if exchange.status == StatusCode::NOT_FOUND => Vec::new(),
            Found::PathOnly => vec!["the path does not document this method".to_owned()],
            Found::Nothing => vec!["no documented path matches".to_owned()],
        }
        .into_iter()
        .map(said)
        .collect()
    }

    /// Everything in which a message to a webhook differs from what the claims contract's document says of
    /// its kind.
    pub fn message_faults(&self, kind: &str, body: &Value) -> Vec<String> {
        let pointer = format!("/webhooks/{}/post/requestBody/content/application~1json/schema", escaped(kind));
        let Some(document) = self.documents.iter().find(|document| document.json.pointer(&pointer).is_some()) else {
            return vec![format!("{kind} is not documented")];
        };
        match self.validator(document, &pointer) {
            Ok(validator) => validator
                .iter_errors(body)
                .take(MAX_FAULTS)
                .map(|error| format!("{kind}: at `{}`: {error}", error.instance_path()))
                .collect(),
            Err(error) => vec![format!("{kind}: the documented schema cannot be used: {error}")],
        }
    }

    fn check(&self, document: &Document, operation: &str, exchange: &Exchange<'_>) -> Vec<String> {
        let pointer = format!("{operation}/responses/{}", exchange.status.as_u16());
        let Some(response) = document.json.pointer(&pointer) else {
            return vec!["this status is not documented".to_owned()];
        };
        if *exchange.method == Method::HEAD {
            return Vec::new();
        }
        let media_type = exchange.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let Some(content) = response.get("content").and_then(Value::as_object).filter(|content| !content.is_empty())
        else {
            return match exchange.json {
                Some(body) if !body.is_empty() => vec!["a body came where none is documented".to_owned()],
                _ => Vec::new(),
            };
        };
        let family = media_type.split('/').next().unwrap_or_default();
        let wanted = [media_type.clone(), format!("{family}/*"), "*/*".to_owned()];
        let Some(name) = wanted.into_iter().find(|name| content.contains_key(name)) else {
            let documented: Vec<&str> = content.keys().map(String::as_str).collect();
            return vec![format!("the media type is `{media_type}`, documented are {}", documented.join(", "))];
        };
        let Some(body) = exchange.json.filter(|_| content[&name].get("schema").is_some()) else { return Vec::new() };
        let body = match serde_json::from_slice::<Value>(body) {
            Ok(body) => body,
            Err(error) => return vec![format!("the body is not JSON: {error}")],
        };
        let pointer = format!("{pointer}/content/{}/schema", escaped(&name));
        match self.validator(document, &pointer) {
            Ok(validator) => validator
                .iter_errors(&body)
                .take(MAX_FAULTS)
                .map(|error| format!("at `{}`: {error}", error.instance_path()))
                .collect(),
            Err(error) => vec![format!("the documented schema cannot be used: {error}")],
        }
    }

    fn validator(&self, document: &Document, pointer: &str) -> Result<Arc<Validator>, String> {
        let key = format!("{} {pointer}", document.name);
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = validators.get(&key) {
            return Ok(Arc::clone(known));
        }
        let schema = json!({
            "allOf": [document.json.pointer(pointer)],
            "components": { "schemas": document.json.pointer("/components/schemas") },
        });
        let built = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .build(&schema)
            .map_err(|error| error.to_string())?;
        let built = Arc::new(built);
        validators.insert(key, Arc::clone(&built));
        Ok(built)
    }
}

enum Found<'a> {
    /// JSON pointer of the operation, and its path in the document.
    Operation {
        pointer: String,
        template: &'a str,
    },
    PathOnly,
    Nothing,
}

impl Document {
    /// Finds the operation of a path. A path with fewer parameters wins, as in the router.
    fn operation(&self, path: &str, method: &Method) -> Found<'_> {
        let Some(paths) = self.json["paths"].as_object() else { return Found::Nothing };
        let matching = paths.keys().filter(|template| matches(template, path));
        let Some(template) = matching.min_by_key(|template| template.matches('{').count()) else {
            return Found::Nothing;
        };
        let name = if *method == Method::HEAD { "get".to_owned() } else { method.as_str().to_ascii_lowercase() };
        if paths[template].get(&name).is_some() {
            Found::Operation { pointer: format!("/paths/{}/{name}", escaped(template)), template }
        } else {
            Found::PathOnly
        }
    }
}

impl Document {
    /// An answer as the record keeps it.
    fn recorded(&self, template: &str, exchange: &Exchange<'_>) -> RecordedAnswer {
        let body = exchange.json.filter(|_| exchange.status.as_u16() >= 400);
        let body: Option<Value> = body.and_then(|body| serde_json::from_slice(body).ok());
        RecordedAnswer {
            contract: self.name.to_owned(),
            operation: format!("{} {template}", exchange.method),
            status: exchange.status.as_u16(),
            code: body.and_then(|body| body["error"]["code"].as_u64()),
        }
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given => {}
            (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}

/// A key as a JSON pointer writes it.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// What went wrong with a server's answers so far.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<String>>>);

impl Faults {
    fn add(&self, faults: Vec<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(faults);
    }

    /// Takes all that was noted.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Checks one answer on its way out. Only JSON is held back until it is whole.
pub(crate) async fn check(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let (head, body) = next.run(request).await.into_parts();
    let content_type =
        head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let is_json = content_type.starts_with("application/json");
    let (json, body): (Option<Bytes>, Body) = if is_json {
        let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
        (Some(bytes.clone()), Body::from(bytes))
    } else {
        (None, body)
    };
    let exchange = Exchange {
        method: &method,
        path: &path,
        status: head.status,
        content_type: &content_type,
        json: json.as_deref(),
    };
    let mut found = OpenApiChecker::shared().faults(&exchange);
    if head.status == StatusCode::METHOD_NOT_ALLOWED && !head.headers.contains_key(ALLOW) {
        found.push(format!("{method} {path} -> 405 without an Allow header"));
    }
    faults.add(found);
    Response::from_parts(head, body)
}
