//! Whether the contract covered the day of the loss: on the claim, in its timeline and dossier, and in what may
//! be done next.

use constat_domain::claim::{Contract, OutsideCover};
use constat_domain::tenancy::{Api, Mode};
use constat_testkit::fixtures::{self, DAMAGE_PHOTO, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Got};
use jiff::civil::date;
use reqwest::Method;
use serde_json::{Value, json};

use crate::claims::start;

/// The home contract with these dates.
fn home(from: Option<&str>, to: Option<&str>) -> Contract {
    let day = |text: Option<&str>| text.map(|text| text.parse().unwrap());
    Contract { effective_from: day(from), effective_to: day(to), ..fixtures::home_contract() }
}

/// A water damage at an instant.
fn burst(at: &str) -> Value {
    let mut burst = fixtures::water_damage();
    burst["claimAt"] = at.into();
    burst
}

async fn import(caller: &ClaimsCaller, contract: &Contract) {
    let request = caller.request(Method::POST, "/contracts/import").header("content-type", "application/jsonl");
    Got::read(request.body(json!(contract).to_string()).send().await.unwrap()).await.data();
}

async fn cover(caller: &ClaimsCaller, id: &str) -> Value {
    caller.get(&format!("/claims/{id}")).await.data()["cover"].clone()
}

fn action<'a>(claim: &'a Value, name: &str) -> &'a Value {
    claim["allowedActions"].as_array().unwrap().iter().find(|told| told["action"] == name).unwrap()
}

#[tokio::test]
async fn a_claim_shows_whether_its_contract_covered_the_day_of_the_loss() {
    let (server, caller) = start().await;
    for (from, to, loss, state, reason) in [
        (Some("2020-01-01"), Some("2024-01-01"), "2026-11-20T07:00:00Z", "outside", "after_end"),
        (Some("2026-11-20"), None, "2026-11-20T07:00:00Z", "covered", "in_force"),
        (Some("2026-11-20"), None, "2026-11-19T22:59:00Z", "outside", "before_start"),
        // 23:00 UTC is the first instant of the 20th in Paris.
        (Some("2026-11-20"), Some("2027-11-20"), "2026-11-19T23:00:00Z", "covered", "in_force"),
        (Some("2025-11-20"), Some("2026-11-20"), "2026-11-19T22:59:00Z", "covered", "in_force"),
        (Some("2025-11-20"), Some("2026-11-20"), "2026-11-19T23:00:00Z", "outside", "after_end"),
        (None, Some("2026-11-21"), "2026-11-20T07:00:00Z", "unknown", "start_unknown"),
        (None, Some("2026-11-20"), "2026-11-20T07:00:00Z", "outside", "after_end"),
        (None, None, "2026-11-20T07:00:00Z", "unknown", "dates_unknown"),
    ] {
        server.contract(caller.tenant, home(from, to)).await;
        let id = caller.declare(&burst(loss)).await;
        let shown = cover(&caller, &id).await;
        assert_eq!((&shown["state"], &shown["reason"]), (&json!(state), &json!(reason)), "{from:?} {to:?} {loss}");
        assert_eq!((&shown["effectiveFrom"], &shown["effectiveTo"]), (&json!(from), &json!(to)));
        let created = caller.get(&format!("/claims/{id}/timeline")).await.data()[0].clone();
        assert_eq!(created["data"]["cover"], shown, "the timeline says it too");
        let dossier = caller.get(&format!("/claims/{id}/dossier")).await;
        assert_eq!(dossier.data()["cover"]["dates"], shown);
    }
}

#[tokio::test]
async fn the_day_is_that_of_the_risk_overseas() {
    let (server, caller) = start().await;
    for (zip, city, loss, loss_on, state) in [
        ("97110", "Pointe-à-Pitre", "2026-01-01T01:00:00Z", "2025-12-31", "covered"),
        ("97110", "Pointe-à-Pitre", "2026-01-01T04:00:00Z", "2026-01-01", "outside"),
        ("97400", "Saint-Denis", "2025-12-31T20:30:00Z", "2026-01-01", "outside"),
        ("97150", "Saint-Martin", "2026-01-01T03:59:00Z", "2025-12-31", "covered"),
        ("98714", "Papeete", "2026-01-01T09:59:00Z", "2025-12-31", "covered"),
    ] {
        let mut contract = home(Some("2025-01-01"), Some("2026-01-01"));
        let address = &mut contract.products[0].risk.as_mut().unwrap().address;
        (address.zip_code, address.city) = (zip.to_owned(), city.to_owned());
        server.contract(caller.tenant, contract).await;
        let id = caller.declare(&burst(loss)).await;
        let shown = cover(&caller, &id).await;
        assert_eq!((&shown["lossOn"], &shown["state"]), (&json!(loss_on), &json!(state)), "{zip} {loss}");
    }
}

#[tokio::test]
async fn outside_the_cover_a_warning_stands_at_what_should_be_looked_at() {
    let (server, caller) = start().await;
    server.contract(caller.tenant, home(Some("2020-01-01"), Some("2024-01-01"))).await;
    let (id, claim_id) = caller.submitted(&burst("2026-11-20T07:00:00Z"), &[DAMAGE_PHOTO]).await;
    let claim = caller.get(&format!("/claims/{id}")).await.data().clone();
    let warning = &action(&claim, "create_settlement")["warning"];
    assert_eq!(warning["reason"], "after_end");
    assert!(warning["message"].as_str().unwrap().contains("2023-12-31"), "the last day of cover: {warning}");
    assert_eq!(action(&claim, "set_note")["warning"], Value::Null);
    let timeline = caller.get(&format!("/claims/{id}/timeline")).await;
    let submitted = timeline.data().as_array().unwrap().iter().find(|entry| entry["type"] == "v2.claim.created");
    assert_eq!(submitted.unwrap()["data"]["cover"]["state"], "outside");
    // The claim file that a partner or an insurer pulls.
    let key = server.key(Api::Dossier, caller.tenant.org, caller.tenant.org, Mode::Test).await;
    let url = format!("{}/v1/claims/{claim_id}", server.url);
    let file: Value = server.http.get(url).header("ctoken", &key).send().await.unwrap().json().await.unwrap();
    assert_eq!(file["cover"], claim["cover"], "{file}");
    // Within the cover there is none.
    server.contract(caller.tenant, home(Some("2020-01-01"), None)).await;
    let (id, _) = caller.submitted(&burst("2026-11-20T07:00:00Z"), &[DAMAGE_PHOTO]).await;
    let claim = caller.get(&format!("/claims/{id}")).await.data().clone();
    assert!(claim["allowedActions"].as_array().unwrap().iter().all(|told| told["warning"].is_null()));
}

#[tokio::test]
async fn a_platform_may_refuse_a_loss_outside_the_cover() {
    let (mut server, caller) = start().await;
    server.contract(caller.tenant, home(Some("2026-01-01"), None)).await;
    let early = caller.declare(&burst("2025-12-01T07:00:00Z")).await;
    let good = caller.declare(&burst("2026-11-20T07:00:00Z")).await;
    for id in [&early, &good] {
        caller.upload(id, &[DAMAGE_PHOTO]).await.data();
    }
    server.configure(|settings| settings.claims.outside_cover = OutsideCover::Refuse).await;
    let caller = ClaimsCaller { http: server.http.clone(), ..caller };
    let refused = caller.post("/claims", &burst("2025-12-01T07:00:00Z")).await;
    refused.is_error(400, 1000);
    assert_eq!(refused.fields(), ["claimAt"]);
    // A draft of before cannot be handed in, and says so.
    let claim = caller.get(&format!("/claims/{early}")).await.data().clone();
    let submit = action(&claim, "submit");
    assert_eq!((&claim["canSubmit"], &submit["allowed"]), (&json!(false), &json!(false)));
    let refused = caller.post(&format!("/claims/{early}/submit"), &json!({})).await;
    refused.is_error(409, 3002);
    assert_eq!((refused.fields(), &refused.body["error"]["details"]), (vec!["claimAt"], &submit["because"]["details"]));
    caller.post(&format!("/claims/{good}/submit"), &json!({})).await.data();
    // What is not known is not refused.
    server.contract(caller.tenant, home(None, None)).await;
    caller.submitted(&burst("2025-12-01T07:00:00Z"), &[DAMAGE_PHOTO]).await;
    // An insurer's own priming is refused by the date.
    server.contract(caller.tenant, home(Some("2026-01-01"), None)).await;
    let insurer = server.insurer("Allianz", "02000402").await;
    let key = server.key(Api::Dossier, caller.tenant.org, insurer, Mode::Test).await;
    let body = json!({
        "insured": { "name": "Dupont", "firstName": "Jean", "email": "jean@example.org", "mobile": "+33612345678" },
        "contract": { "number": fixtures::home_contract().number },
        "claim": { "number": "S-1", "date": "2025-12-01T08:00:00+01:00",
            "address": { "line1": "48 boulevard des Batignolles", "city": "Paris", "postCode": "75017" } },
        "type": "DDE",
    });
    let url = format!("{}/v1/claims/prime", server.url);
    let answer = server.http.post(url).header("ctoken", &key).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("claim.date"));
}

#[tokio::test]
async fn a_claim_follows_the_dates_that_its_contract_gets_later() {
    let (server, caller) = start().await;
    let (id, _) = caller.submitted(&burst("2026-11-20T07:00:00Z"), &[DAMAGE_PHOTO]).await;
    let refused = caller.submitted(&burst("2026-11-20T07:00:00Z"), &[DAMAGE_PHOTO]).await.0;
    let bike = caller.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await.0;
    for to in ["in_progress", "rejected"] {
        let body = json!({ "to": to, "reason": "Hors garantie" });
        caller.post(&format!("/claims/{refused}/transitions"), &body).await.data();
    }
    assert_eq!(cover(&caller, &id).await["state"], "unknown");
    let others = [cover(&caller, &refused).await, cover(&caller, &bike).await];
    let updates = async || {
        let timeline = caller.get(&format!("/claims/{id}/timeline")).await;
        let all = timeline.data().as_array().unwrap().clone();
        all.into_iter().filter(|entry| entry["type"] == "claim.cover.updated").collect::<Vec<_>>()
    };
    // The contract is learnt of: the claim, read before, shows it at once.
    import(&caller, &home(Some("2020-01-01"), None)).await;
    assert_eq!(cover(&caller, &id).await["state"], "covered");
    assert_eq!(updates().await.len(), 1);
    // The same file again is no news.
    import(&caller, &home(Some("2020-01-01"), None)).await;
    assert_eq!(updates().await.len(), 1);
    // It turns out to have ended before.
    import(&caller, &home(Some("2020-01-01"), Some("2024-01-01"))).await;
    let shown = cover(&caller, &id).await;
    assert_eq!((&shown["state"], &shown["effectiveTo"]), (&json!("outside"), &json!("2024-01-01")));
    let updates = updates().await;
    assert_eq!((updates.len(), &updates[1]["data"]["cover"]), (2, &shown));
    assert_eq!(updates[1]["label"], "Garantie revue d'après le contrat");
    // What was refused stays as it was decided, and so do claims on other contracts.
    assert_eq!([cover(&caller, &refused).await, cover(&caller, &bike).await], others);
    // A handler who corrects the day of the loss corrects the cover with it.
    let correction = json!({ "claimAt": "2023-12-31T22:59:00Z" });
    let corrected = caller.post(&format!("/claims/{id}/corrections"), &correction).await;
    let cover = &corrected.data()["cover"];
    assert_eq!((&cover["state"], &cover["lossOn"]), (&json!("covered"), &json!(date(2023, 12, 31).to_string())));
    constat_administration::audit::verify_chain(&server.services.core.store, &caller.tenant, &|_| ()).unwrap();
}
