//! A claim's life over the claims API, from the published stolen-bike example.

use constat_testkit::fixtures::{self, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Server};
use serde_json::{Value, json};

async fn start() -> (Server, ClaimsCaller) {
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
