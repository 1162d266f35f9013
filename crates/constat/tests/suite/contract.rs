//! The contracts as a whole: every row has a test that is named, every error code and every event is
//! produced.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use constat_core::Settings;
use constat_domain::event_kinds::EventKind;
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::{Api, Mode, OrganisationKind};
use constat_testkit::fixtures::{self, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Got, RecordedAnswer, Server, ServerOptions, document, expert, recorded_answers};
use reqwest::Method;
use serde_json::{Value, json};

use crate::platform_support::{World, booking, search, submitted};

/// The rows of `docs/contract-tests.md`: what each is about, and the tests that it names, by chapter.
fn rows() -> BTreeMap<String, Vec<(String, Vec<String>)>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract-tests.md");
    let mut chapters: BTreeMap<String, Vec<_>> = BTreeMap::new();
    let mut chapter = String::new();
    for line in std::fs::read_to_string(page).unwrap().lines() {
        if let Some(name) = line.strip_prefix("## ") {
            name.clone_into(&mut chapter);
        }
        let Some((row, tests)) =
            line.strip_prefix("| ").and_then(|line| line.trim_end_matches(" |").rsplit_once(" | "))
        else {
            continue;
        };
        if row == "row" || row.starts_with("---") {
            continue;
        }
        let named = tests.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        chapters.entry(chapter.clone()).or_default().push((row.replace('`', ""), named));
    }
    chapters
}

/// Whether the suite has this test: `module::name`.
fn is_there(named: &str) -> bool {
    let Some((module, name)) = named.split_once("::") else { return false };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/suite/{module}.rs"));
    let Ok(text) = std::fs::read_to_string(file) else { return false };
    let attributes = ["#[tokio::test", "#[test]"];
    let declared = text.split("fn ").zip(text.split("fn ").skip(1));
    declared.into_iter().any(|(before, after)| {
        after.split('(').next() == Some(name)
            && before.lines().rev().take(3).any(|line| attributes.iter().any(|start| line.starts_with(start)))
    })
}

fn operations(contract: &str) -> BTreeSet<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../openapi/{contract}.json"));
    let document: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "put", "post", "patch", "delete"] {
            if item.get(method).is_some() {
                found.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    found
}

#[test]
fn every_row_of_the_contracts_names_its_tests() {
    let rows = rows();
    for (chapter, contract) in [("Claims API v2", "claims"), ("Dossier API", "dossier"), ("Partner API", "partner")] {
        let named: BTreeSet<String> = rows[chapter].iter().map(|(row, _)| row.clone()).collect();
        let operations = operations(contract);
        let missing: Vec<_> = operations.difference(&named).collect();
        assert!(missing.is_empty(), "{contract}: no row in docs/contract-tests.md for {missing:?}");
        let is_operation = |row: &&String| {
            ["GET /", "PUT /", "POST /", "PATCH /", "DELETE /"].iter().any(|start| row.starts_with(start))
        };
        let gone: Vec<_> = named.iter().filter(is_operation).filter(|row| !operations.contains(*row)).collect();
        assert!(gone.is_empty(), "{contract}: rows of operations that are not there: {gone:?}");
    }
    for code in CODES {
        assert!(rows["Claims API v2"].iter().any(|(row, _)| *row == code.to_string()), "no row for {code}");
    }
    for (row, tests) in rows.values().flatten() {
        assert!(!tests.is_empty(), "{row}: no test");
        let lost: Vec<_> = tests.iter().filter(|test| !is_there(test)).collect();
        assert!(lost.is_empty(), "{row}: no such tests: {lost:?}");
    }
    assert!(!is_there("contract::operations") && !is_there("contract::no_such_test"));
}

/// Reads the record that `cargo xtask test` makes of the whole suite.
#[test]
#[ignore = "needs the answers of a whole run, which `cargo xtask test` records"]
fn each_named_test_exercises_its_row() {
    let answers = recorded_answers().unwrap().expect("CONSTAT_ANSWERS names the folder of the record");
    let mut faults = Vec::new();
    for (chapter, contract) in [("Claims API v2", "claims"), ("Dossier API", "dossier"), ("Partner API", "partner")] {
        let operations = operations(contract);
        for (row, tests) in &rows()[chapter] {
            let code = row.parse::<u64>().ok().filter(|code| CODES.contains(code));
            if code.is_none() && !operations.contains(row) {
                continue;
            }
            let exercises = |answer: &&RecordedAnswer| match code {
                Some(code) => answer.code == Some(code),
                None => answer.contract == contract && answer.operation == *row,
            };
            let mut succeeds = code.is_some();
            for test in tests {
                let seen: Vec<_> = answers.get(test).into_iter().flatten().filter(exercises).collect();
                if seen.is_empty() {
                    faults.push(format!("{row}: {test} does not exercise it"));
                }
                succeeds |= seen.iter().any(|answer| answer.status < 300);
            }
            if !succeeds {
                faults.push(format!("{row}: no named test sees it succeed"));
            }
        }
    }
    assert!(faults.is_empty(), "docs/contract-tests.md:\n{}", faults.join("\n"));
}

/// Every error code of the claims contract, as it lists them.
const CODES: [u64; 25] = [
    1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 2001, 2002, 2003, 2004, 3001, 3002, 3003, 3004, 3005, 3006,
    3007, 9001, 9002, 9003, 98_888, 99_888,
];

fn bike(change: impl FnOnce(&mut Value)) -> Value {
    let mut declaration = fixtures::stolen_bike();
    change(&mut declaration);
    declaration
}

#[tokio::test]
async fn every_error_code_of_the_contract_is_produced() {
    let settings = Settings { requests_per_minute: 60, ..Settings::default() };
    let server = Server::with(ServerOptions { settings, ..ServerOptions::default() }).await;
    let handler = server.platform("Plateforme").await;
    let mut seen = BTreeMap::new();
    let mut meet = |got: Got, status: u16, code: u64| {
        got.is_error(status, code);
        seen.insert(code, status);
    };
    let draft = handler.declare(&fixtures::stolen_bike()).await;
    let documents = format!("/claims/{draft}/documents");

    meet(handler.post("/claims", &json!({})).await, 400, 1000);
    meet(handler.post("/claims", &bike(|bike| bike["questions"] = json!({}))).await, 400, 1001);
    let large = [fixtures::pdf(), vec![b' '; 20_971_520]].concat();
    meet(handler.put(&documents, &document(POLICE_REPORT, &large)).await, 400, 1002);
    meet(handler.put(&documents, &document(POLICE_REPORT, b"just words")).await, 400, 1003);
    meet(handler.post("/claims", &bike(|bike| bike["subtype"] = json!("pipe_leak"))).await, 400, 1004);
    let mut scrambled = document(POLICE_REPORT, &fixtures::pdf());
    scrambled["content"] = json!("not base64 at all!");
    meet(handler.put(&documents, &scrambled).await, 400, 1005);
    let words = handler.request(Method::PUT, &documents).header("content-type", "text/plain").body("x");
    meet(Got::read(words.send().await.unwrap()).await, 400, 1006);
    meet(handler.post("/claims", &bike(|bike| bike["type"] = json!("break"))).await, 400, 1007);
    let mut contract = fixtures::bike_contract();
    "spaceship".clone_into(&mut contract.products[0].product.kind);
    "contract_space".clone_into(&mut contract.id);
    server.contract(handler.tenant, contract).await;
    meet(handler.post("/claims", &bike(|bike| bike["contractId"] = json!("contract_space"))).await, 400, 1008);

    meet(handler.get("/claims/dcl_0000000000000000000000000X").await, 404, 2001);
    meet(handler.post("/claims", &bike(|bike| bike["contractId"] = json!("contract_x"))).await, 404, 2002);
    meet(handler.post("/claims", &bike(|bike| bike["contractProductId"] = json!("product_x"))).await, 404, 2003);
    meet(handler.get(&format!("{documents}/doc_0000000000000000000000000X")).await, 404, 2004);

    meet(handler.post(&format!("/claims/{draft}/submit"), &json!({})).await, 409, 3004);
    meet(handler.put(&documents, &document("Photo de la lune", &fixtures::pdf())).await, 409, 3006);
    let (id, _) = handler.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await;
    let story = json!({ "description": "Le vélo était attaché dans la cour de l'immeuble, et n'y est plus." });
    meet(handler.patch(&format!("/claims/{id}"), &story).await, 409, 3001);
    meet(handler.post(&format!("/claims/{id}/submit"), &json!({})).await, 409, 3002);
    let read = handler.get(&format!("/claims/{id}")).await;
    let report = read.data()["documentEntries"].as_array().unwrap().iter();
    let report = report.clone().find(|entry| entry["type"] == POLICE_REPORT).unwrap()["document"]["id"].clone();
    let accept = format!("/claims/{id}/documents/{}/accept", report.as_str().unwrap());
    handler.post(&accept, &json!({})).await.data();
    meet(handler.put(&format!("/claims/{id}/documents"), &document(POLICE_REPORT, &fixtures::pdf())).await, 409, 3005);
    let refund = json!({ "type": "refund", "amount": 850.5 });
    handler.post(&format!("/claims/{id}/settlements"), &refund).await.data();
    meet(handler.send(Method::DELETE, &format!("/claims/{id}")).await, 409, 3007);
    handler.send(Method::DELETE, &format!("/claims/{draft}")).await.data();
    meet(handler.send(Method::DELETE, &format!("/claims/{draft}")).await, 409, 3003);

    let bare = server.http.get(format!("{}/claims/{id}", handler.url));
    meet(Got::read(bare.send().await.unwrap()).await, 401, 9001);
    let stranger = ClaimsCaller { key: "test_nobody".to_owned(), ..handler.clone() };
    meet(stranger.get(&format!("/claims/{id}")).await, 401, 9002);
    meet(handler.post("/claims", &bike(|bike| bike["userId"] = json!("unknown"))).await, 401, 9003);
    let broker = server.organisation(OrganisationKind::Platform, "Courtier").await;
    let key = server.key(Api::Claims, handler.tenant.org, broker, Mode::Test).await;
    let integrator = ClaimsCaller { key, ..handler.clone() };
    meet(integrator.post(&accept, &json!({})).await, 404, 2001);
    let own = integrator.declare(&fixtures::stolen_bike()).await;
    meet(integrator.post(&format!("/claims/{own}/transitions"), &json!({ "to": "closed" })).await, 403, 98_888);
    for _ in 0..60 {
        integrator.get(&format!("/claims/{own}")).await;
    }
    meet(integrator.get(&format!("/claims/{own}")).await, 429, 99_888);
    assert_eq!(seen.into_keys().collect::<Vec<_>>(), CODES);
}

#[tokio::test]
async fn every_event_of_the_contract_is_raised() {
    let world = World::with(vec![expert(1), expert(2)], &[ServiceKind::OnSite]).await;
    let handler = &world.caller;
    let post = async |path: &str, body: Value| handler.post(path, &body).await.data().clone();
    let id_of = |made: &Value| made["id"].as_str().unwrap().to_owned();

    // A draft that is given up; one that is completed, submitted, refused.
    let draft = handler.declare(&fixtures::stolen_bike()).await;
    handler.send(Method::DELETE, &format!("/claims/{draft}")).await.data();
    let mandatory = [POLICE_REPORT, KEYS_PHOTO];
    let (refused, _) = handler.submitted(&fixtures::stolen_bike(), &mandatory).await;
    let (abandoned, _) = handler.submitted(&fixtures::stolen_bike(), &mandatory).await;
    handler.send(Method::DELETE, &format!("/claims/{abandoned}")).await.data();
    let moved = async |id: &str, to: Value| post(&format!("/claims/{id}/transitions"), to).await;
    moved(&refused, json!({ "to": "in_progress" })).await;
    moved(&refused, json!({ "to": "rejected", "reason": "Le contrat ne couvre pas ce vol." })).await;

    // One whose documents are looked at, that is paid, closed and opened again.
    let (id, _) = handler.submitted(&fixtures::stolen_bike(), &mandatory).await;
    moved(&id, json!({ "to": "in_progress" })).await;
    let read = handler.get(&format!("/claims/{id}")).await;
    let entries = read.data()["documentEntries"].as_array().unwrap().iter();
    let documents: Vec<String> =
        entries.filter_map(|entry| entry["document"]["id"].as_str().map(str::to_owned)).collect();
    post(&format!("/claims/{id}/documents/{}/accept", documents[0]), json!({})).await;
    post(&format!("/claims/{id}/documents/{}/reject", documents[1]), json!({ "reason": "Illisible" })).await;
    post(&format!("/claims/{id}/documents/request"), json!({ "type": "Facture d'achat", "waitForIt": true })).await;
    let settlements = format!("/claims/{id}/settlements");
    let refund = id_of(&post(&settlements, json!({ "type": "refund", "amount": 850.5 })).await);
    post(&format!("{settlements}/{refund}/paid"), json!({})).await;
    post(&format!("{settlements}/{refund}/returned"), json!({})).await;
    moved(&id, json!({ "to": "in_progress" })).await;
    moved(&id, json!({ "to": "closed" })).await;
    moved(&id, json!({ "to": "in_progress" })).await;

    // One that is visited.
    let (home, _) = submitted(&world.claims).await;
    let visits = format!("/claims/{home}/appointments");
    let found = world.claims.search_appointments(&home, &search("ESS")).await.unwrap();
    let visit = world.claims.book_appointment(&home, &booking(&found, 0)).await.unwrap();
    let one = format!("{visits}/{}", visit.id);
    let mut again = search("ESS");
    again.appointment_id = Some(visit.id.clone());
    let free = world.claims.search_appointments(&home, &again).await.unwrap();
    let mut to = serde_json::to_value(booking(&free, 2)).unwrap();
    to["reason"] = "ClientIndisponible".into();
    handler.put(&format!("{one}/schedule"), &to).await.data();
    handler.patch(&one, &json!({ "notes": "Sonner au portail" })).await.data();
    world.server.clock.advance(jiff::SignedDuration::from_hours(24 * 20));
    post(&format!("{one}/done"), json!({})).await;
    world.server.clock.advance(-jiff::SignedDuration::from_hours(24 * 20));
    let found = world.claims.search_appointments(&home, &search("ESS")).await.unwrap();
    let visit = world.claims.book_appointment(&home, &booking(&found, 4)).await.unwrap();
    post(&format!("{visits}/{}/cancel", visit.id), json!({ "reason": "Autre" })).await;

    let feed = handler.get("/events?limit=500").await;
    let told: BTreeSet<&str> =
        feed.data().as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    // Those of deadlines come with time: deadlines::events_are_raised_once_...
    let wanted = EventKind::for_webhooks().map(EventKind::name).filter(|kind| !kind.starts_with("v2.claim.deadline."));
    let missing: Vec<&str> = wanted.filter(|kind| !told.contains(kind)).collect();
    assert!(missing.is_empty(), "never raised: {missing:?}; raised: {told:?}");
}
