//! A claim's life over the claims API, from the published stolen-bike example.

use constat_core::delete_old_answers;
use constat_domain::Money;
use constat_domain::claim::{Claim, Settlement, SettlementKind};
use constat_domain::ids::{ClaimId, DeclarationId, SettlementId};
use constat_domain::tenancy::{Mode, TenantId};
use constat_store::StoreError;
use constat_store::queries::{claims as queries, events};
use constat_testkit::fixtures::{self, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Got, Server};
use reqwest::Method;
use serde_json::{Value, json};

pub async fn start() -> (Server, ClaimsCaller) {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    (server, caller)
}

fn entry<'a>(claim: &'a Value, kind: &str) -> &'a Value {
    let entries = claim["documentEntries"].as_array().unwrap();
    entries.iter().find(|entry| entry["type"] == kind).unwrap_or_else(|| panic!("no entry {kind} in {entries:?}"))
}

#[tokio::test]
async fn a_stolen_bike_goes_from_draft_to_submitted() {
    let (_server, caller) = start().await;
    let created = caller.post("/claims", &fixtures::stolen_bike()).await;
    let claim = created.data();
    let id = claim["id"].as_str().unwrap();
    assert!(id.starts_with("dcl_"));
    assert_eq!(created.header("etag"), "\"1\"");
    assert_eq!(claim["claimId"], Value::Null);
    assert_eq!(claim["status"], "draft");
    assert_eq!(claim["canSubmit"], false);
    assert_eq!(claim["claimAt"], "2024-01-15T14:30:00Z");
    assert_eq!(claim["declarationAt"], "2026-11-23T07:00:00Z");
    assert_eq!(claim["product"]["brand"], "VanMoof");
    assert_eq!(claim["product"]["internalId"], "bk-123456789");
    assert_eq!(claim["contractProductId"], fixtures::BIKE_PRODUCT);
    assert_eq!(claim["questions"]["Le vélo était-il attaché à un point fixe ?"], true);
    assert_eq!(entry(claim, POLICE_REPORT)["category"], "mandatory");
    assert_eq!(entry(claim, POLICE_REPORT)["status"], "waiting_for");
    assert_eq!(entry(claim, POLICE_REPORT)["document"], Value::Null);
    assert_eq!(entry(claim, "Facture d'achat")["category"], "expected");
    for null in ["closedAt", "reopenedAt", "abandonedAt", "note"] {
        assert_eq!(claim.get(null), Some(&Value::Null), "{null} is there and null");
    }

    // 3004 DOCUMENTS_INCOMPLETE names what is missing.
    let refused = caller.post(&format!("/claims/{id}/submit"), &json!({})).await;
    refused.is_error(409, 3004);
    let details = refused.body["error"]["details"].to_string();
    assert!(details.contains(POLICE_REPORT) && details.contains(KEYS_PHOTO), "{details}");

    caller.upload(id, &[POLICE_REPORT]).await.data();
    assert_eq!(caller.get(&format!("/claims/{id}")).await.data()["canSubmit"], false);
    let uploaded = caller.upload(id, &[KEYS_PHOTO]).await;
    assert_eq!(uploaded.data()[0]["type"], KEYS_PHOTO);
    assert_eq!(uploaded.data()[0]["status"], "to_verify");
    let ready = caller.get(&format!("/claims/{id}")).await;
    assert_eq!(ready.data()["canSubmit"], true);
    assert_eq!(entry(ready.data(), KEYS_PHOTO)["document"]["mimeType"], "application/pdf");

    let submitted = caller.post(&format!("/claims/{id}/submit"), &json!({})).await;
    let response = submitted.data();
    let claim_id = response["claimId"].as_str().unwrap();
    assert!(claim_id.starts_with("clm_"));
    assert_eq!(response["id"], id);
    assert_eq!(response["status"], "submitted");
    assert_eq!(response["canSubmit"], false);
    assert_eq!(response["autoSubmitted"], false);
    assert_eq!(response["submittedAt"], "2026-11-23T07:00:00Z");

    // 3002 CLAIM_NOT_SUBMITTABLE the second time.
    caller.post(&format!("/claims/{id}/submit"), &json!({})).await.is_error(409, 3002);

    let by_id = caller.get(&format!("/claims/{id}")).await;
    let by_claim_id = caller.get(&format!("/claims/{claim_id}")).await;
    assert_eq!(by_id.data(), by_claim_id.data());
    assert_eq!(by_id.data()["claimId"], claim_id);
    assert_eq!(by_id.data()["status"], "submitted");
}

#[tokio::test]
async fn either_id_is_taken_in_every_form() {
    let (_server, caller) = start().await;
    let (id, claim_id) = caller.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await;
    let declaration: DeclarationId = id.parse().unwrap();
    let claim: ClaimId = claim_id.parse().unwrap();
    let forms = [
        id.clone(),
        id.to_lowercase(),
        declaration.uuid().to_string(),
        claim_id.clone(),
        claim.uuid().to_string(),
        claim.uuid().to_string().to_uppercase(),
    ];
    for form in forms {
        assert_eq!(caller.get(&format!("/claims/{form}")).await.data()["id"], id.as_str(), "{form}");
    }
}

#[tokio::test]
async fn the_questions_may_be_answered_by_their_french_text() {
    let (_server, caller) = start().await;
    let mut declaration = fixtures::stolen_bike();
    declaration["questions"] = json!({
        "Le vélo était-il attaché à un point fixe ?": true,
        "le vélo était-il attaché avec l’antivol fourni?": "oui",
        "Y a-t-il eu effraction d'un lieu privé ?": true,
        "electric": true,
        "battery_on_bike": false,
        "final_police_report": false,
    });
    let created = caller.post("/claims", &declaration).await;
    let claim = created.data();
    assert_eq!(claim["questions"]["Le vélo était-il attaché avec l'antivol fourni ?"], true);
    // Other answers, other documents.
    let mandatory: Vec<&str> = claim["documentEntries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["category"] == "mandatory")
        .filter_map(|entry| entry["type"].as_str())
        .collect();
    assert_eq!(
        mandatory,
        ["Récapitulatif de plainte en ligne", KEYS_PHOTO, "Photo de la batterie", "Photo de l'effraction"]
    );
}

#[tokio::test]
async fn a_water_damage_keeps_the_flat_and_what_happened_as_codes() {
    let (server, caller) = start().await;
    let id = caller.declare(&fixtures::water_damage()).await;
    let claim = stored(&server, &caller, &id);
    let loss = claim.dossier.loss.unwrap();
    assert_eq!((loss.nature.as_str(), loss.cause.as_deref()), ("DegatsDesEaux", Some("FuiteRupture")));
    assert_eq!(claim.dossier.risk.unwrap().address.street1, "48 boulevard des Batignolles");
    assert_eq!(claim.contract.guarantee, "DegatsDesEaux");

    // What the declaration says itself goes first, in the tables' own spelling.
    let mut declaration = fixtures::water_damage();
    declaration["loss"] = json!({ "nature": "DegatsDesEaux", "cause": "Condensation", "detail": "PanneVmc" });
    declaration["insurerClaimId"] = json!("SIN-2026-17");
    declaration["valuation"] = json!({ "totalCost": { "value": 1250.5, "currency": "EUR" } });
    let id = caller.declare(&declaration).await;
    let claim = stored(&server, &caller, &id);
    assert_eq!(claim.dossier.loss.unwrap().detail.as_deref(), Some("PanneVMC"));
    assert_eq!(claim.dossier.valuation.total.unwrap().minor, 125_050);
    assert_eq!(claim.dossier.insurer_reference.as_deref(), Some("SIN-2026-17"));
}

#[tokio::test]
async fn a_draft_is_edited_and_its_version_guards_it() {
    let (_server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let path = format!("/claims/{id}");
    let description = "Le vélo a disparu entre 14h et 15h, l'arceau a été scié et l'antivol emporté avec.";
    let edited = caller.patch(&path, &json!({ "description": description, "location": { "zipcode": "75571" } })).await;
    assert_eq!(edited.data()["description"], description);
    assert_eq!(
        edited.data()["location"],
        json!({ "address": "Gare de Lyon", "city": "Paris", "country": "France", "zipcode": "75571" })
    );
    assert_eq!(edited.header("etag"), "\"2\"");
    assert_eq!(caller.get(&path).await.header("etag"), "\"2\"");

    let with_tag = |method: Method, tag: &str| {
        caller.request(method, &path).header("If-Match", tag).json(&json!({ "location": { "city": "Paris 12" } }))
    };
    for stale in ["\"1\"", "W/\"2\"", "\"x\"", "nonsense"] {
        Got::read(with_tag(Method::PATCH, stale).send().await.unwrap()).await.is_error(412, 3003);
    }
    assert_eq!(caller.get(&path).await.data()["location"]["city"], "Paris");
    for good in ["\"1\", \"2\"", "*"] {
        Got::read(with_tag(Method::PATCH, good).send().await.unwrap()).await.data();
    }
    let submit = caller.request(Method::POST, &format!("{path}/submit")).header("If-Match", "\"2\"");
    Got::read(submit.send().await.unwrap()).await.is_error(412, 3003);
    let delete = caller.request(Method::DELETE, &path).header("If-Match", "\"1\"");
    Got::read(delete.send().await.unwrap()).await.is_error(412, 3003);
    let delete = caller.request(Method::DELETE, &path).header("If-Match", "\"4\"");
    Got::read(delete.send().await.unwrap()).await.data();
}

#[tokio::test]
async fn a_draft_is_archived_and_a_submitted_claim_abandoned() {
    let (server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let gone = caller.send(Method::DELETE, &format!("/claims/{id}")).await;
    assert_eq!(gone.data(), &json!({ "id": id, "status": "archived" }));
    assert!(gone.body["message"].is_string());
    let archived = caller.get(&format!("/claims/{id}")).await;
    assert_eq!(archived.data()["status"], "archived");
    assert_eq!(archived.data()["abandonedAt"], "2026-11-23T07:00:00Z");
    // 3001 CLAIM_NOT_EDITABLE, 3002 CLAIM_NOT_SUBMITTABLE, 3003 CLAIM_STATUS_LOCKED.
    let patch = json!({ "location": { "city": "Lyon" } });
    caller.patch(&format!("/claims/{id}"), &patch).await.is_error(409, 3001);
    caller.upload(&id, &[POLICE_REPORT]).await.is_error(409, 3001);
    caller.post(&format!("/claims/{id}/submit"), &json!({})).await.is_error(409, 3002);
    caller.send(Method::DELETE, &format!("/claims/{id}")).await.is_error(409, 3003);

    let (id, claim_id) = caller.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await;
    caller.patch(&format!("/claims/{id}"), &patch).await.is_error(409, 3001);
    let body = json!({ "reason": "Le vélo a été retrouvé" });
    let gone = caller.request(Method::DELETE, &format!("/claims/{claim_id}")).json(&body);
    assert_eq!(Got::read(gone.send().await.unwrap()).await.data()["status"], "abandoned");
    assert_eq!(stored(&server, &caller, &id).abandon_reason(), Some("Le vélo a été retrouvé"));
}

#[tokio::test]
async fn money_on_its_way_keeps_a_claim_alive() {
    let (server, caller) = start().await;
    let (id, _) = caller.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await;
    change(&server, &caller, &id, |claim| {
        claim.settlements.push(Settlement {
            id: SettlementId::new(claim.updated_at, &[1; 10]),
            kind: SettlementKind::Refund,
            amount: Money::euro_cents(123_456),
            payment_at: None,
            created_at: claim.updated_at,
            was: None,
            undone_at: None,
        });
    })
    .await;
    let claim = caller.get(&format!("/claims/{id}")).await;
    assert_eq!(claim.data()["settlements"][0]["amount"], 1234.56);
    assert_eq!(claim.data()["settlements"][0]["paymentAt"], Value::Null);
    // 3007 ACTIVE_PAYMENT_BLOCKING.
    caller.send(Method::DELETE, &format!("/claims/{id}")).await.is_error(409, 3007);
    change(&server, &caller, &id, |claim| claim.settlements[0].payment_at = Some(claim.updated_at)).await;
    caller.send(Method::DELETE, &format!("/claims/{id}")).await.data();
}

#[tokio::test]
async fn claims_are_listed_by_group_in_pages() {
    let (server, caller) = start().await;
    let mut drafts = Vec::new();
    for _ in 0..3 {
        server.clock.advance(jiff::SignedDuration::from_secs(1));
        drafts.push(caller.declare(&fixtures::stolen_bike()).await);
    }
    server.clock.advance(jiff::SignedDuration::from_secs(1));
    let (submitted, _) = caller.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await;
    let archived = drafts.pop().unwrap();
    caller.send(Method::DELETE, &format!("/claims/{archived}")).await.data();
    let list = async |query: &str| {
        let got = caller.get(&format!("/claims?userId={}{query}", fixtures::BIKE_USER)).await;
        let ids: Vec<String> =
            got.data().as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        (ids, got.body["pagination"].clone())
    };
    let newest_first = vec![submitted.clone(), archived.clone(), drafts[1].clone(), drafts[0].clone()];
    assert_eq!(list("").await, (newest_first.clone(), json!({ "total": 4, "offset": 0, "limit": 20 })));
    assert_eq!(list("&status=draft").await.0, [drafts[1].clone(), drafts[0].clone()]);
    assert_eq!(list("&status=submitted").await.0, [submitted]);
    assert_eq!(list("&status=cancelled").await.0, [archived]);
    assert_eq!(
        list("&limit=2&offset=1").await,
        (newest_first[1..3].to_vec(), json!({ "total": 4, "offset": 1, "limit": 2 }))
    );
    assert_eq!(list("&skip=3").await.0, newest_first[3..]);
    assert_eq!(list("&offset=1000000").await.0, Vec::<String>::new());
    // A user who has contracts and no claims, and one who is not this key's: 9003.
    let nothing = caller.get(&format!("/claims?userId={}", fixtures::HOME_USER)).await;
    assert_eq!(nothing.data(), &json!([]));
    caller.get("/claims?userId=unknown-user").await.is_error(401, 9003);
    let row = caller.get(&format!("/claims?userId={}&status=submitted", fixtures::BIKE_USER)).await.data()[0].clone();
    let mut names: Vec<&String> = row.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "canSubmit",
            "claimAt",
            "claimId",
            "contractId",
            "contractProductId",
            "createdAt",
            "id",
            "status",
            "subtype",
            "type",
            "updatedAt"
        ]
    );
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer() {
    let (server, caller) = start().await;
    let send = async |body: &Value, key: &str| {
        let request = caller.request(Method::POST, "/claims").header("Idempotency-Key", key).json(body);
        Got::read(request.send().await.unwrap()).await
    };
    let first = send(&fixtures::stolen_bike(), "k1").await;
    server.clock.advance(jiff::SignedDuration::from_secs(60));
    let again = send(&fixtures::stolen_bike(), "k1").await;
    assert_eq!(first.data(), again.data());
    assert_eq!(again.header("etag"), "\"1\"");
    let total =
        caller.get(&format!("/claims?userId={}", fixtures::BIKE_USER)).await.body["pagination"]["total"].clone();
    assert_eq!(total, 1);
    let mut other = fixtures::stolen_bike();
    other["location"]["city"] = json!("Lyon");
    let conflict = send(&other, "k1").await;
    conflict.is_error(400, 1000);
    assert_eq!(conflict.fields(), ["Idempotency-Key"]);
    assert_ne!(send(&other, "k2").await.data()["id"], first.data()["id"]);
    send(&other, &"k".repeat(256)).await.is_error(400, 1000);
    // A refused request leaves its key free.
    let mut wrong = fixtures::stolen_bike();
    wrong["contractId"] = json!("nowhere");
    send(&wrong, "k3").await.is_error(404, 2002);
    send(&fixtures::stolen_bike(), "k3").await.data();
}

#[tokio::test]
async fn an_answer_is_kept_for_a_week_and_then_forgotten() {
    let (server, caller) = start().await;
    let send = async || {
        let request = caller.request(Method::POST, "/claims").header("Idempotency-Key", "k1");
        Got::read(request.json(&fixtures::stolen_bike()).send().await.unwrap()).await.data().clone()
    };
    let first = send().await;
    server.clock.advance(jiff::SignedDuration::from_hours(7 * 24));
    assert_eq!(delete_old_answers(&server.services.core).await.unwrap(), 0);
    assert_eq!(send().await, first);
    server.clock.advance(jiff::SignedDuration::from_secs(1));
    assert_eq!(delete_old_answers(&server.services.core).await.unwrap(), 1);
    assert_ne!(send().await["id"], first["id"]);
}

#[tokio::test]
async fn somebody_elses_claims_do_not_exist() {
    let (server, caller) = start().await;
    let (id, claim_id) = caller.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await;
    let document = caller.get(&format!("/claims/{id}")).await.data()["documentEntries"][0]["document"]["id"].clone();
    let document = document.as_str().unwrap();
    let stranger = server.platform("Autre plateforme").await;
    let live = server.caller(TenantId { org: caller.tenant.org, mode: Mode::Live }).await;
    for other in [&stranger, &live] {
        for id in [&id, &claim_id] {
            // 2001 CLAIM_NOT_FOUND, on every path.
            other.get(&format!("/claims/{id}")).await.is_error(404, 2001);
            other.get(&format!("/claims/{id}/documents/{document}")).await.is_error(404, 2001);
            other.send(Method::DELETE, &format!("/claims/{id}")).await.is_error(404, 2001);
            other.post(&format!("/claims/{id}/submit"), &json!({})).await.is_error(404, 2001);
            other.patch(&format!("/claims/{id}"), &json!({ "location": { "city": "Lyon" } })).await.is_error(404, 2001);
            other.upload(id, &[POLICE_REPORT]).await.is_error(404, 2001);
        }
        let list = other.get(&format!("/claims?userId={}", fixtures::BIKE_USER)).await;
        assert_eq!(list.body["pagination"]["total"], 0);
    }
    assert_eq!(caller.get(&format!("/claims/{id}")).await.data()["status"], "submitted");
    // A user of another tenant is none of ours: 9003.
    let mut foreign = fixtures::bike_contract();
    foreign.id = "contract_foreign".to_owned();
    foreign.user_id = "user_foreign".to_owned();
    server.contract(stranger.tenant, foreign).await;
    let mut declaration = fixtures::stolen_bike();
    declaration["userId"] = json!("user_foreign");
    declaration["contractId"] = json!("contract_foreign");
    caller.post("/claims", &declaration).await.is_error(401, 9003);
}

#[tokio::test]
async fn every_step_is_told_as_an_event() {
    let (server, caller) = start().await;
    let (id, _) = caller.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await;
    caller.send(Method::DELETE, &format!("/claims/{id}")).await.data();
    let other = caller.declare(&fixtures::stolen_bike()).await;
    caller.send(Method::DELETE, &format!("/claims/{other}")).await.data();
    let told = |id: &str| -> Vec<String> {
        let events =
            server.services.core.store.read(|connection| events::of_tenant_about(connection, &caller.tenant, id));
        let events: Result<_, StoreError> = events;
        let events = events.unwrap();
        assert!(events.iter().all(|(_, event)| !event.data.to_string().contains("Dupont")));
        events.into_iter().map(|(_, event)| event.kind.name().to_owned()).collect()
    };
    assert_eq!(
        told(&id),
        [
            "v2.claim.draft.created",
            "v2.claim.document.uploaded",
            "v2.claim.document.uploaded",
            "v2.claim.draft.ready",
            "v2.claim.created",
            "v2.claim.status.updated",
            "v2.claim.abandoned"
        ]
    );
    assert_eq!(told(&other), ["v2.claim.draft.created", "v2.claim.draft.archived"]);
}

#[tokio::test]
async fn the_server_says_that_it_is_up() {
    let server = Server::start().await;
    let got = Got::read(server.http.get(format!("{}/health", server.url)).send().await.unwrap()).await;
    assert_eq!((got.status, got.body), (200, json!({ "status": "ok" })));
}

/// The claim as the database has it.
fn stored(server: &Server, caller: &ClaimsCaller, id: &str) -> Claim {
    let found: Result<_, StoreError> =
        server.services.core.store.read(|connection| queries::of_tenant_by_either_id(connection, &caller.tenant, id));
    found.unwrap().unwrap()
}

/// Changes a claim as a handler would.
pub async fn change(server: &Server, caller: &ClaimsCaller, id: &str, how: impl Fn(&mut Claim)) {
    let mut claim = stored(server, caller, id);
    how(&mut claim);
    claim.version += 1;
    let saved: Result<(), StoreError> = server.services.core.store.write(move |tx| queries::update(tx, &claim)).await;
    saved.unwrap();
}
