//! The right to erasure: nothing of the insured is left in any file, and the audit trail still holds.

use std::path::{Path, PathBuf};

use constat_app::exchange::erasure::{Erasure, erase, look};
use constat_domain::service::ServiceKind;
use constat_testkit::fixtures::{self, BIKE_CONTRACT, BIKE_USER, HOME_USER, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Got, document};
use serde_json::{Value, json};

use crate::cli::{Running, done, install_tls, refused};
use crate::exchange::{archive, contract, record};
use crate::platform_support::{World, booking, search, submitted};

const WHO: [&str; 6] = ["--user", BIKE_USER, "--organisation", "Plateforme", "--mode", "test"];

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The files that hold a text.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    files(folder).into_iter().filter(holds).collect()
}

#[tokio::test]
async fn nothing_of_the_insured_is_left_in_any_file_and_the_chain_verifies() {
    install_tls();
    let folder = tempfile::tempdir().unwrap();
    let (path, data) = (folder.path(), folder.path().join("constat-data"));
    done(path, &["organisations", "add", "--kind", "platform", "--name", "Plateforme"]);
    let import =
        |what: &str, name: &str| done(path, &["import", what, name, "--organisation", "Plateforme", "--mode", "test"]);
    let mut neighbour = contract("contract-2");
    (neighbour["user_id"], neighbour["holder"]["last_name"]) = (json!("U-2"), json!("Martin"));
    std::fs::write(path.join("contracts.jsonl"), format!("{}\n{neighbour}\n", contract(BIKE_CONTRACT))).unwrap();
    import("contracts", "contracts.jsonl");
    // A claim of long ago, with a document.
    let mut pdf = fixtures::pdf();
    pdf.extend_from_slice(b"%% plainte de Jean Dupont\n");
    std::fs::write(path.join("plainte.pdf"), &pdf).unwrap();
    let mut old = record(1);
    old["documents"] = json!([{ "type": POLICE_REPORT, "file": "plainte.pdf", "note": "Voir avec Jean Dupont" }]);
    old["note"] = json!("Rappeler Jean Dupont");
    std::fs::write(path.join("claims.jsonl"), format!("{old}\n")).unwrap();
    import("claims", "claims.jsonl");
    let create = ["keys", "create", "--api", "claims", "--issuer", "Plateforme", "--holder", "Plateforme"];
    let key = done(path, &[&create[..], &["--mode", "test"]].concat());
    let server = Running::serve(path);
    let caller = ClaimsCaller {
        tenant: "org_00000000000000000000000000/test".parse().unwrap(),
        key,
        url: format!("{}/v2", server.url),
        http: reqwest::Client::new(),
    };
    // And one under way, declared with an Idempotency-Key: the kept answer is a copy of it all.
    let declare = async || {
        let request = caller.request(reqwest::Method::POST, "/claims").header("idempotency-key", "once");
        Got::read(request.json(&fixtures::stolen_bike()).send().await.unwrap()).await
    };
    let id = declare().await.data()["id"].as_str().unwrap().to_owned();
    for (kind, content) in [(POLICE_REPORT, &pdf), (KEYS_PHOTO, &fixtures::png())] {
        caller.put(&format!("/claims/{id}/documents"), &document(kind, content)).await.data();
    }
    caller.post(&format!("/claims/{id}/submit"), &json!({})).await.data();
    // The answer to a note among handlers names neither claim nor insured.
    let note = caller.request(reqwest::Method::POST, &format!("/claims/{id}/notes")).header("idempotency-key", "note");
    Got::read(note.json(&json!({ "text": "Le voisin du dessus a tout vu." })).send().await.unwrap()).await.data();

    let given = done(path, &[&["gdpr", "export"], &WHO[..], &["--output", "insured.zip"]].concat());
    assert!(given.contains("insured.zip"));
    let held = archive(&std::fs::read(path.join("insured.zip")).unwrap());
    let names: Vec<&str> = held.keys().map(String::as_str).collect();
    assert_eq!(names.iter().filter(|name| name.ends_with("/claim.json")).count(), 2);
    assert_eq!(names.iter().filter(|name| name.ends_with("/summary.pdf")).count(), 2);
    assert_eq!(names.iter().filter(|name| name.contains("/documents/")).count(), 3);
    let contracts: Value = serde_json::from_slice(&held["contracts.json"]).unwrap();
    assert_eq!((contracts.as_array().unwrap().len(), &contracts[0]["holder"]["lastName"]), (1, &json!("Dupont")));

    let erase = |more: &[&'static str]| [&["gdpr", "erase", "--reason", "request"], &WHO[..], more].concat();
    let said = refused(path, &erase(&[]));
    assert!(said.contains("nothing erased") && said.contains("--override-retention"), "{said}");
    let why = ["--override-retention", "court-order"];
    let dry = done(path, &erase(&[&why[..], &["--dry-run"]].concat()));
    assert!(dry.contains("2 claims with 3 documents") && dry.contains(&format!("{id} must be kept: it is under way")));
    assert!(!holding(&data, "Dupont").is_empty());
    let said = done(path, &erase(&why));
    assert!(said.contains("2 claims, 1 contracts, 3 files, 2 kept answers"), "{said}");

    let personal = [
        "Dupont",
        "+33612345678",
        "jean.dupont@example.com",
        "Gare de Lyon",
        "attaché",
        "dossier repris",
        "voisin du dessus",
        BIKE_USER,
        "bk-123456789",
    ];
    for text in personal {
        // The neighbour keeps a first name, a phone and an address of the same make.
        let expected = usize::from(text.starts_with("+33") || text.contains('@') || text.starts_with("bk-"));
        let found = holding(&data, text);
        assert_eq!(found.len(), expected, "{text} is left in {found:?}");
    }
    assert_eq!(files(&data.join("documents")), Vec::<PathBuf>::new());
    let read = caller.get(&format!("/claims/{id}")).await;
    assert_eq!(read.data()["insured"]["lastName"], "(effacé)");
    assert_eq!((&read.data()["status"], &read.data()["location"]["zipcode"]), (&json!("submitted"), &json!("75012")));
    let timeline = caller.get(&format!("/claims/{id}/timeline")).await;
    let last = timeline.data().as_array().unwrap().last().unwrap();
    assert_eq!((&last["type"], &last["data"]["overriding"]), (&json!("insured.erased"), &json!("court_order")));
    declare().await.is_error(400, 1000);
    assert_eq!(caller.get(&format!("/claims?userId={BIKE_USER}")).await.status, 401);
    assert_eq!(caller.get("/contracts/contract-2").await.data()["holder"]["lastName"], "Martin");
    drop(server);
    assert!(done(path, &["audit", "verify"]).contains("as they were recorded"));
    assert!(done(path, &["documents", "sweep"]).contains("Every document has its bytes"));
    assert!(refused(path, &erase(&[])).contains("knows no insured"));
    assert!(done(path, &["gdpr", "finish"]).starts_with("0 files removed"));
}

#[tokio::test]
async fn the_platforms_own_copies_of_appointments_go_and_a_claim_of_the_last_two_years_is_kept() {
    let world = World::with(vec![constat_testkit::expert(1)], &[ServiceKind::OnSite]).await;
    let (id, _) = submitted(&world.claims).await;
    let found = world.claims.search_appointments(&id, &search("ESS")).await.unwrap();
    world.claims.book_appointment(&id, &booking(&found, 0)).await.unwrap();
    let tenant = world.caller.tenant;
    let wanted = Erasure { tenant, user_id: HOME_USER.to_owned(), reason: "request", overriding: None };
    let app = &world.server.app;
    let now = app.clock.now();
    let catalogue = app.catalogues.of(&tenant);
    let kept = look(&app.store, &wanted, now).unwrap();
    assert!(kept.is_kept() && kept.appointments == 1);
    let refused = erase(&app.store, &app.documents, catalogue, &wanted, now, app.chance.as_ref()).await;
    assert!(refused.is_err());
    assert_eq!(world.caller.get(&format!("/claims/{id}")).await.data()["insured"]["lastName"], "Dupont");
    let wanted = Erasure { overriding: Some("test_data"), ..wanted };
    erase(&app.store, &app.documents, catalogue, &wanted, now, app.chance.as_ref()).await.unwrap();
    let got = world.caller.get(&format!("/claims/{id}/appointments")).await;
    let text = got.data().to_string();
    assert!(text.contains("(effacé)") && !text.contains("Batignolles"), "{text}");
    assert_eq!(world.caller.get(&format!("/claims/{id}")).await.data()["insured"]["lastName"], "(effacé)");
}
