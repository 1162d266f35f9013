//! The OpenAPI 3.1 documents, one for each contract, made from the routes themselves.

mod complete;
mod pages;
mod webhooks;

use aide::openapi::{OpenApi, SecurityScheme, Server};
use aide::transform::TransformOpenApi;
use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use constat_domain::tenancy::Api;
use http::header::CONTENT_TYPE;

use crate::contract::{CLAIMS, Contract, DOSSIER, PARTNER};
use crate::routes::Routes;
use crate::{Shared, claims, dossier, scheduling};

/// What a 503 means, in every contract. A commit that was cut off may stand.
pub(crate) const UNAVAILABLE: &str = "The server has too much to do, and nothing was changed; or its storage does not \
    answer, and what was asked for may have been done: repeat it with the same `Idempotency-Key`. `Retry-After` says \
    how many seconds to wait.";

/// A contract's document.
#[derive(Clone)]
pub struct OpenApiDocument {
    /// `claims`, `partner` or `dossier`: served as `/openapi/<name>.json`.
    pub name: &'static str,
    /// The document, as JSON.
    pub json: serde_json::Value,
}

pub(crate) struct Part {
    pub(crate) router: Router<Shared>,
}

pub(crate) struct Built {
    pub(crate) claims: Part,
    pub(crate) partner: Part,
    pub(crate) dossier: Part,
    pub(crate) documents: Vec<OpenApiDocument>,
}

/// The documents alone: for snapshots and tools.
pub fn documents() -> Vec<OpenApiDocument> {
    build().documents
}

pub(crate) fn build() -> Built {
    let mut documents = Vec::new();
    let mut part = |routes: Routes, contract: Contract, title: &str, description: &str| {
        let mut api = OpenApi::default();
        let router = routes.finish(&mut api, |api| describe(api, contract, title, description));
        let mut json = serde_json::to_value(&api).unwrap_or_default();
        without_base(&mut json, contract.base);
        complete::complete(&mut json, contract.api);
        if contract.api == Api::Claims {
            webhooks::describe(&mut json);
        }
        documents.push(OpenApiDocument { name: contract.api.as_str(), json });
        Part { router }
    };
    let claims = part(
        claims::routes(),
        CLAIMS,
        "Constat: claims API v2",
        "Declare a loss, answer the questions, upload the documents, submit, follow. Answers are \
         `{success: true, data}`; errors `{success: false, error: {code, message, details, executionId}}`.",
    );
    let partner = part(
        scheduling::routes(),
        PARTNER,
        "Constat: partner appointment API",
        "What a firm of loss adjusters or a repair network exposes, so that a claims platform can search \
         and book appointments. A search session lasts 300 seconds.",
    );
    let dossier = part(
        dossier::routes(),
        DOSSIER,
        "Constat: dossier API",
        "What a claims platform exposes, so that a partner that holds an appointment on a claim can pull \
         its file and documents, and an insurer can open a declaration.",
    );
    Built { claims, partner, dossier, documents }
}

/// Paths in a document are below its server's URL, which has the base path.
fn without_base(document: &mut serde_json::Value, base: &str) {
    let Some(paths) = document.get_mut("paths").and_then(serde_json::Value::as_object_mut) else { return };
    *paths = std::mem::take(paths)
        .into_iter()
        .map(|(path, item)| (path.strip_prefix(base).map_or(path.clone(), str::to_owned), item))
        .collect();
}

fn describe<'a>(api: TransformOpenApi<'a>, contract: Contract, title: &str, description: &str) -> TransformOpenApi<'a> {
    let key = |name: &str, location| SecurityScheme::ApiKey {
        location,
        name: name.to_owned(),
        description: Some("The key, as issued: `test_…` or `live_…`.".to_owned()),
        extensions: nothing(),
    };
    let http = |scheme: &str, description: &str| SecurityScheme::Http {
        scheme: scheme.to_owned(),
        bearer_format: None,
        description: Some(description.to_owned()),
        extensions: nothing(),
    };
    api.title(title)
        .description(description)
        .version(env!("CARGO_PKG_VERSION"))
        .server(Server { url: contract.base.to_owned(), ..Server::default() })
        .security_scheme("key", key(contract.key_header, aide::openapi::ApiKeyLocation::Header))
        .security_scheme("bearer", http("bearer", "The key as a bearer token."))
        .security_scheme("basic", http("basic", "The key as the user name, with an empty password."))
        .security_requirement("key")
        .security_requirement("bearer")
        .security_requirement("basic")
}

/// An empty map of a type that aide does not hand out.
fn nothing<T: Default>() -> T {
    T::default()
}

/// Serves the documents at `/openapi/<name>.json`, and pages to read them at `/openapi`.
pub(crate) fn routes(documents: Vec<OpenApiDocument>) -> Router<Shared> {
    documents.into_iter().fold(pages::routes(), |router, document| {
        let text = Bytes::from(document.json.to_string());
        router.route(
            &format!("/openapi/{}.json", document.name),
            get(move || async move { ([(CONTENT_TYPE, "application/json")], text) }),
        )
    })
}
