//! Hostile requests: hostile bodies, ids and queries to every operation of the served OpenAPI
//! documents, and the faults that an attack on the running server once found.

use std::collections::BTreeMap;

use constat_domain::tenancy::{Api, Mode};
use constat_testkit::{ClaimsCaller, Server, expert, fixtures};
use reqwest::Method;
use serde_json::{Value, json};

use crate::partner_support::{Partner, booking, on_site};

/// An operation of a contract, and how to ask it.
struct Operation {
    contract: &'static str,
    base: String,
    method: Method,
    path: String,
    queries: Vec<String>,
}

fn operations() -> Vec<Operation> {
    let mut found = Vec::new();
    for document in constat_http::documents() {
        let base = document.json["servers"][0]["url"].as_str().unwrap().to_owned();
        for (path, item) in document.json["paths"].as_object().unwrap() {
            for method in [Method::GET, Method::PUT, Method::POST, Method::PATCH, Method::DELETE] {
                let Some(operation) = item.get(method.as_str().to_lowercase()) else { continue };
                let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
                let of_query = parameters.iter().filter(|parameter| parameter["in"] == "query");
                let queries = of_query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
                let (base, path) = (base.clone(), path.clone());
                found.push(Operation { contract: document.name, base, method, path, queries });
            }
        }
    }
    assert!(found.len() > 30, "every contract is looked at");
    found
}

/// A server with a valid key of every contract, by the contract's name: header and secret.
async fn world() -> (Server, BTreeMap<&'static str, (&'static str, String)>) {
    let server = Server::start().await;
    let firm = server.firm_with_experts("Cabinet d'expertise", vec![expert(1)]).await;
    let platform = server.platform("Plateforme").await;
    let insurer = server.insurer("Allianz", "02000402").await;
    let dossier = server.key(Api::Dossier, platform.tenant.org, insurer, Mode::Test).await;
    let partner = server.partner_key(&firm, platform.tenant.org).await;
    let keys = BTreeMap::from([
        ("claims", ("key", platform.key)),
        ("partner", ("pid", partner)),
        ("dossier", ("ctoken", dossier)),
    ]);
    (server, keys)
}

fn nested(open: &str, close: &str) -> Vec<u8> {
    format!("{}{}", open.repeat(10_000), close.repeat(10_000)).into_bytes()
}

/// Bodies that no operation may take.
fn hostile_bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        "{",
        "null",
        "[]",
        "[[]]",
        "[null]",
        "\"\"",
        "1",
        "true",
        "{} {}",
        "NaN",
        "\0",
        "{\"type\":1,\"type\":2}",
        "{\"type\":1e400}",
        "{\"limit\":18446744073709551616}",
        "{\"type\":\"\\ud800\"}",
        "{\"a\":\"\u{1}\"}",
        "\u{feff}{}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    bodies.push(b"{\"type\":\"\xc3\x28\"}".to_vec());
    bodies.push(nested("[", "]"));
    bodies.push(nested("{\"a\":", "}"));
    bodies.push(format!("[{}{{}}]", "{},".repeat(100_000)).into_bytes());
    bodies.push(format!("{{\"type\":\"{}\"}}", "x".repeat(900_000)).into_bytes());
    bodies
}

const HOSTILE_IDS: [&str; 12] = [
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e",
    "%00",
    "%ff",
    "%27%20OR%201=1--",
    "x;y=z",
    "%F0%9F%92%A5",
    "dcl_ZZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "apt_00000000000000000000000000",
    "0199a1b2-0000-7000-8000-000000000001",
    "%25",
];

const HOSTILE_VALUES: [&str; 9] =
    ["", "%00", "-1", "1e9", "99999999999999999999", "2026-01-01", "9999-12-31T00:00:00Z", "%27", "%ff%fe"];

/// The contract's own shape of an error, and nothing of a fault of ours.
#[track_caller]
fn is_listed_error(contract: &str, what: &str, status: u16, text: &str) {
    assert!((400..500).contains(&status), "{what}: {status} {text}");
    assert!(text.len() < 100_000, "{what}: an error of {} bytes", text.len());
    let body: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{what}: {status} {text}"));
    if contract == "claims" {
        assert_eq!(body["success"], false, "{what}: {text}");
        assert!(body["error"]["code"].as_u64().is_some_and(|code| code >= 1000), "{what}: {text}");
        assert!(body["error"]["executionId"].is_string(), "{what}: {text}");
    } else {
        assert!(body["value"].as_u64().is_some_and(|value| (1..=11).contains(&value)), "{what}: {text}");
        assert!(body["description"].is_string() && body["executionId"].is_string(), "{what}: {text}");
    }
}

/// The path with one thing in the place of every id.
fn filled(path: &str, id: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.iter_mut().filter(|part| part.starts_with('{')).for_each(|part| *part = id);
    parts.join("/")
}

#[tokio::test]
async fn no_operation_takes_a_hostile_body() {
    let (server, keys) = world().await;
    let bodies = hostile_bodies();
    for operation in operations().iter().filter(|operation| operation.method != Method::GET) {
        let path = filled(&operation.path, "dcl_00000000000000000000000000");
        let (header, key) = &keys[operation.contract];
        for media_type in ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            for body in &bodies {
                let asked =
                    server.http.request(operation.method.clone(), format!("{}{}{path}", server.url, operation.base));
                let asked = asked.header(*header, key).header("content-type", media_type).body(body.clone());
                let answer = asked.send().await.expect("an answer");
                let shown = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
                let what = format!("{} {} {media_type} {shown}", operation.method, operation.path);
                let status = answer.status().as_u16();
                is_listed_error(operation.contract, &what, status, &answer.text().await.unwrap());
            }
        }
    }
}

#[tokio::test]
async fn no_operation_finds_a_hostile_id() {
    let (server, keys) = world().await;
    let all = operations();
    for operation in all.iter().filter(|operation| operation.path.contains('{')) {
        let (header, key) = &keys[operation.contract];
        for id in HOSTILE_IDS {
            // Dots would be resolved by the client.
            let id = if id == ".." { "%2E%2E;" } else { id };
            let url = format!("{}{}{}", server.url, operation.base, filled(&operation.path, id));
            let url = reqwest::Url::parse(&url).unwrap();
            // What the client resolved into the path of another operation never reached this one.
            let pieces = |path: &str| path.matches('/').count();
            let is_another = |other: &Operation| {
                pieces(&other.path) < pieces(&operation.path) && url.path() == format!("{}{}", other.base, other.path)
            };
            if all.iter().any(is_another) {
                continue;
            }
            let is_inside = url.path().starts_with(&format!("{}/", operation.base));
            let asked = server.http.request(operation.method.clone(), url).header(*header, key).json(&json!({}));
            let answer = asked.send().await.expect("an answer");
            let what = format!("{} {} {id}", operation.method, operation.path);
            let status = answer.status().as_u16();
            if !is_inside {
                // The client resolves escaped dots too; two in a row leave the contract behind.
                assert_eq!((id, status), ("%2e%2e", 404), "{what}");
                continue;
            }
            is_listed_error(operation.contract, &what, status, &answer.text().await.unwrap());
        }
    }
}

#[tokio::test]
async fn no_query_makes_a_server_error() {
    let (server, keys) = world().await;
    for operation in &operations() {
        let (header, key) = &keys[operation.contract];
        for name in &operation.queries {
            for value in HOSTILE_VALUES {
                for query in [format!("{name}={value}"), format!("{name}={value}&{name}={value}")] {
                    let path = filled(&operation.path, "dcl_00000000000000000000000000");
                    let url = format!("{}{}{path}?{query}", server.url, operation.base);
                    let asked = server.http.request(operation.method.clone(), url).header(*header, key);
                    let answer = asked.send().await.expect("an answer");
                    let status = answer.status().as_u16();
                    let what = format!("{} {} ?{query}", operation.method, operation.path);
                    // A list may well take an odd text and find nothing; given twice it is refused.
                    if status != 200 || query.contains('&') {
                        is_listed_error(operation.contract, &what, status, &answer.text().await.unwrap());
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn no_operation_opens_to_the_key_of_another_contract() {
    let (server, keys) = world().await;
    for operation in operations().iter().filter(|operation| operation.path != "/files/{token}") {
        let (header, _) = keys[operation.contract];
        let others = keys.iter().filter(|(contract, _)| **contract != operation.contract);
        for key in others.map(|(_, (_, key))| key.as_str()).chain(["", "test_", "live_'--", "\u{e9}"]) {
            let path = filled(&operation.path, "dcl_00000000000000000000000000");
            let asked =
                server.http.request(operation.method.clone(), format!("{}{}{path}", server.url, operation.base));
            let answer = asked.header(header, key).send().await.expect("an answer");
            let what = format!("{} {} with a foreign key", operation.method, operation.path);
            assert_eq!(answer.status(), 401, "{what}");
            is_listed_error(operation.contract, &what, 401, &answer.text().await.unwrap());
        }
    }
}

#[tokio::test]
async fn a_contract_answers_for_its_base_path() {
    let (server, _) = world().await;
    for (contract, base) in [("claims", "/v2"), ("partner", "/claims/api/v1"), ("dossier", "/v1")] {
        for path in ["", "/", "//", "/nothing"] {
            let answer = server.http.get(format!("{}{base}{path}", server.url)).send().await.unwrap();
            is_listed_error(
                contract,
                &format!("{base}{path}"),
                answer.status().as_u16(),
                &answer.text().await.unwrap(),
            );
        }
    }
}

/// Forty megabytes of zeros once cost twelve gigabytes of memory and minutes of work: the fault of
/// each was written down.
#[tokio::test]
async fn a_large_body_of_many_values_is_refused_shortly() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    for (item, count) in [("0,", 10_000_000), ("{},", 5_000_000), ("\"\",", 5_000_000), ("[],", 5_000_000)] {
        let body = format!("[{}{}]", item.repeat(count), item.trim_end_matches(','));
        let asked = caller.request(Method::PUT, &format!("/claims/{id}/documents"));
        let answer = asked.header("content-type", "application/json").body(body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        is_listed_error("claims", item, status, &answer.text().await.unwrap());
    }
}

#[tokio::test]
async fn an_array_is_not_read_as_an_object() {
    let partner = Partner::with(vec![expert(1)]).await;
    for (pointer, value, field) in [
        ("/claim/valuation", json!([null]), "claim.valuation"),
        ("/claim/accident", json!([]), "claim.accident"),
        ("/riskType", json!(["Appartement", null]), "riskType"),
        ("/type", json!(["ESS"]), "type"),
    ] {
        let mut body = on_site();
        *body.pointer_mut(pointer).unwrap() = value;
        let got = partner.post("/intervention", &body).await;
        assert_eq!((got.status, got.fields()), (400, vec![field.to_owned()]), "{pointer}: {}", got.text);
    }
}

#[tokio::test]
async fn labels_and_control_characters_are_looked_at() {
    let partner = Partner::with(vec![expert(1)]).await;
    for (pointer, value, field) in [
        ("/riskType", json!({ "name": "Appartement", "label": "x".repeat(201) }), "riskType.label"),
        ("/insurerClaimId", json!("a\u{0}b"), "insurerClaimId"),
        ("/appointmentLocation/address/street1", json!("\u{1b}[31mrue"), "appointmentLocation.address.street1"),
    ] {
        let mut body = on_site();
        *body.pointer_mut(pointer).unwrap() = value;
        let got = partner.post("/intervention", &body).await;
        assert_eq!((got.status, got.fields()), (400, vec![field.to_owned()]), "{pointer}: {}", got.text);
    }
}

#[tokio::test]
async fn the_character_nul_is_refused_wherever_it_stands() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let mut bike = fixtures::stolen_bike();
    bike["userId"] = "a\0b".into();
    let refused = caller.post("/claims", &bike).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["userId"]));
    // A backslash before it makes it six harmless characters.
    bike["userId"] = fixtures::stolen_bike()["userId"].clone();
    bike["insurerReference"] = "a\\u0000b".into();
    assert_ne!(caller.post("/claims", &bike).await.status / 100, 5);
    for path in ["/claims?userId=a%00b", "/events?after=%00"] {
        assert_eq!(caller.get(path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn a_slot_is_not_booked_for_another_country() {
    let partner = Partner::with(vec![expert(1)]).await;
    let mut body = booking(&partner.search(&on_site()).await, 0, "C-1");
    body["location"]["address"]["countryCode"] = "US".into();
    let got = partner.post("/appointments", &body).await;
    assert_eq!((got.status, got.fields()), (400, vec!["location.address.countryCode".to_owned()]), "{}", got.text);
    body["location"]["address"]["countryCode"] = "FR".into();
    partner.post("/appointments", &body).await.expect(201);
}

#[tokio::test]
async fn a_parameter_given_twice_is_named_and_none_is_repeated() {
    let partner = Partner::with(vec![expert(1)]).await;
    assert_eq!(partner.get("/appointments?zip=1&zip=2").await.fields(), ["zip"]);
    let got = partner.get("/appointments?sort_by=Dupont").await;
    assert_eq!((got.status, got.fields()), (400, vec!["sort_by".to_owned()]));
    assert!(!got.text.contains("Dupont"), "{}", got.text);
}

/// A platform, and a water damage that its insurer opened and that was not completed.
async fn primed() -> (Server, ClaimsCaller, String) {
    let server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let insurer = server.insurer("Allianz", "02000402").await;
    let key = server.key(Api::Dossier, platform.tenant.org, insurer, Mode::Test).await;
    let body = json!({
        "insured": { "name": "Dupont", "firstName": "Jean", "email": "jean.dupont@example.com", "mobile": "+33612345678" },
        "contract": { "number": "MRH-NEW-1" },
        "claim": {
            "number": "S-2026-77", "date": "2026-11-20T08:00:00+01:00",
            "address": { "line1": "48 boulevard des Batignolles", "city": "Paris", "postCode": "75017" },
        },
        "type": "DDE",
    });
    let asked = server.http.post(format!("{}/v1/claims/prime", server.url)).header("ctoken", key).json(&body);
    let opened: Value = asked.send().await.unwrap().json().await.unwrap();
    let id = opened["result"]["claim"]["id"].as_str().unwrap().to_owned();
    (server, platform, id)
}

#[tokio::test]
async fn a_draft_that_an_insurer_opened_is_not_submitted_unanswered() {
    let (_server, caller, id) = primed().await;
    let submit = format!("/claims/{id}/submit");
    caller.post(&submit, &json!({})).await.is_error(400, 1001);
    // Nor by an upload of every document that is asked for so far.
    let documents = format!("/claims/{id}/documents?autoSubmit=true");
    let photo = constat_testkit::document(fixtures::DAMAGE_PHOTO, &fixtures::png());
    let uploaded = caller.put(&documents, &json!([photo])).await;
    uploaded.data();
    assert_eq!(uploaded.body["claim"], Value::Null);
    let draft = caller.get(&format!("/claims/{id}")).await;
    assert_eq!((&draft.data()["status"], &draft.data()["canSubmit"]), (&json!("draft"), &json!(false)));
    let refused = caller.post(&submit, &json!({})).await;
    refused.is_error(400, 1001);
    assert!(refused.fields().contains(&"description"), "{}", refused.body);
    assert!(refused.fields().iter().any(|field| field.starts_with("questions.")), "{}", refused.body);
    // Answered and described, it goes.
    let answers = &fixtures::water_damage()["questions"];
    let patch = |body: Value| {
        let (caller, path) = (caller.clone(), format!("/claims/{id}"));
        async move { caller.patch(&path, &body).await }
    };
    patch(json!({ "questions": { "leak_origin": "own_home" } })).await.is_error(400, 1001);
    patch(json!({ "questions": answers })).await.data();
    caller.post(&submit, &json!({})).await.is_error(400, 1001);
    let described = patch(json!({ "description": fixtures::water_damage()["description"] })).await;
    assert_eq!(described.data()["canSubmit"], true, "{}", described.body);
    assert_eq!(caller.post(&submit, &json!({})).await.data()["status"], "submitted");
}
