//! The OpenAPI documents: complete, as checked in, served, and readable without a network.

use constat_domain::event_kinds::EventKind;
use std::collections::BTreeSet;
use std::path::Path;

use constat_testkit::{Exchange, OpenApiChecker, Server};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value};

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// Each operation of a document with its name for messages.
fn operations(document: &Value) -> Vec<(String, &Map<String, Value>)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(operation) = item.get(method).and_then(Value::as_object) {
                found.push((format!("{method} {path}"), operation));
            }
        }
    }
    found
}

/// The checked-in documents are what this build serves. To refresh them:
/// `cargo xtask openapi`, or the same with `UPDATE_OPENAPI=1` in the environment of this test.
#[test]
fn the_checked_in_documents_are_what_is_served() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi");
    let update = std::env::var_os("UPDATE_OPENAPI").is_some();
    for document in constat_http::documents() {
        let path = folder.join(format!("{}.json", document.name));
        let fresh = serde_json::to_string_pretty(&document.json).unwrap() + "\n";
        if update {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, fresh).unwrap();
            continue;
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == fresh,
            "openapi/{}.json is not what the code says. If the change is meant, refresh it:\n  \
             cargo xtask openapi",
            document.name
        );
    }
}

#[test]
fn every_operation_says_what_it_does_and_how_it_may_end() {
    for document in constat_http::documents() {
        assert!(document.json["openapi"].as_str().unwrap().starts_with("3.1"));
        let mut ids = BTreeSet::new();
        for (name, operation) in operations(&document.json) {
            let name = format!("{} {name}", document.name);
            let text = |field: &str| operation.get(field).and_then(Value::as_str).unwrap_or_default();
            assert!(!text("summary").is_empty(), "{name} has no summary");
            assert!(ids.insert(text("operationId").to_owned()), "{name} has the operationId of another");
            assert!(!operation["tags"].as_array().unwrap().is_empty(), "{name} has no tag");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{name} never succeeds");
            let open = operation.get("security") == Some(&serde_json::json!([{}]));
            assert!(open || responses.contains_key("401"), "{name} does not say what happens without a key");
            for (status, response) in responses {
                assert!(
                    !response["description"].as_str().unwrap_or_default().is_empty(),
                    "{name} {status} says nothing"
                );
                if status.starts_with('4') || status.starts_with('5') {
                    let schema = &response["content"]["application/json"]["schema"];
                    assert!(schema.is_object(), "{name} {status} has no error body");
                }
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(target)) = fields.get("$ref") {
                    found.insert(target.clone());
                }
                fields.values().for_each(|field| references(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    for document in constat_http::documents() {
        let mut found = BTreeSet::new();
        references(&document.json, &mut found);
        for target in found {
            let pointer = target.strip_prefix('#').unwrap();
            assert!(document.json.pointer(pointer).is_some(), "{}: {target}", document.name);
        }
    }
}

#[test]
fn the_claims_document_describes_every_message_to_a_webhook() {
    let documents = constat_http::documents();
    let claims = &documents.iter().find(|document| document.name == "claims").unwrap().json;
    let webhooks = claims["webhooks"].as_object().unwrap();
    let mut names: Vec<&str> = EventKind::for_webhooks().map(EventKind::name).collect();
    names.push("v2.webhook.ping");
    names.sort_unstable();
    let mut described: Vec<&str> = webhooks.keys().map(String::as_str).collect();
    described.sort_unstable();
    assert_eq!(described, names);
    for (name, item) in webhooks {
        let message = &item["post"];
        assert_ne!(message["summary"], name.as_str(), "{name} says nothing");
        let headers = message["parameters"].as_array().unwrap().iter().map(|header| header["name"].as_str().unwrap());
        assert_eq!(headers.collect::<Vec<_>>(), ["webhook-id", "webhook-timestamp", "webhook-signature"]);
        let faults = OpenApiChecker::shared().message_faults(name, &serde_json::json!({ "event_type": name }));
        assert!(!faults.is_empty(), "{name}: a message without data is none");
    }
    assert!(documents.iter().filter(|document| document.name != "claims").all(|one| one.json["webhooks"].is_null()));
}

#[test]
fn the_checker_sees_an_undocumented_answer() {
    let checker = OpenApiChecker::shared();
    let mut exchange = Exchange {
        method: &Method::GET,
        path: "/v1/claims/01914e1c-7f00-7000-8000-000000000000",
        status: StatusCode::OK,
        content_type: "application/json",
        json: Some(br#"{"date": "yesterday"}"#),
    };
    let faults = checker.faults(&exchange).join("\n");
    for part in ["company", "guarantee", "yesterday"] {
        assert!(faults.contains(part), "{faults}");
    }
    exchange.status = StatusCode::IM_A_TEAPOT;
    assert!(checker.faults(&exchange)[0].contains("not documented"));
    (exchange.status, exchange.content_type, exchange.json) = (StatusCode::NOT_FOUND, "text/plain", None);
    assert!(checker.faults(&exchange)[0].contains("media type"));
    exchange.path = "/v1/nothing";
    assert!(checker.faults(&exchange).is_empty(), "an unknown path is 404");
    exchange.status = StatusCode::INTERNAL_SERVER_ERROR;
    assert!(!checker.faults(&exchange).is_empty());
}

#[tokio::test]
async fn the_documents_can_be_read_in_a_browser_without_a_network() {
    let server = Server::start().await;
    for document in constat_http::documents() {
        let url = format!("{}/openapi/{}.json", server.url, document.name);
        let given: Value = server.http.get(url).send().await.unwrap().json().await.unwrap();
        assert_eq!(given, document.json);
        let page = server.http.get(format!("{}/openapi/{}", server.url, document.name)).send().await.unwrap();
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    }
    for path in ["", "/claims", "/assets/reader.js", "/assets/style.css"] {
        let answer = server.http.get(format!("{}/openapi{path}", server.url)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let text = answer.text().await.unwrap();
        assert!(!text.contains("://"), "{path} must not point elsewhere");
    }
}
