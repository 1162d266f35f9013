//! A claim in handlers' hands: every move and every refusal, money, requested documents, notes, and
//! `allowedActions` against what the calls then do.

use constat_client::wire::claims::{
    AddInternalNote, ChangeStatus, ClaimStatus, CreateSettlement, NextStatus, PaySettlement, RejectDocument,
    RequestDocument, SetNote, SettlementDirection, SettlementType,
};
use constat_domain::tenancy::{Api, Mode, OrganisationKind};
use constat_testkit::fixtures::{self, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Got, Server, document};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::platform_support::{claims_client, events, refusal, refused};

/// A platform, and an integrator that it gave a key.
struct World {
    server: Server,
    handler: ClaimsCaller,
    integrator: ClaimsCaller,
}

impl World {
    async fn start() -> Self {
        let server = Server::start().await;
        let handler = server.platform("Plateforme").await;
        let broker = server.organisation(OrganisationKind::Platform, "Courtier").await;
        let key = server.key(Api::Claims, handler.tenant.org, broker, Mode::Test).await;
        let integrator = ClaimsCaller { key, ..handler.clone() };
        Self { server, handler, integrator }
    }

    async fn draft(&self) -> String {
        self.integrator.declare(&fixtures::stolen_bike()).await
    }

    async fn submitted(&self) -> String {
        self.integrator.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await.0
    }

    async fn to(&self, id: &str, status: &str) -> Got {
        let reason = (status == "rejected").then_some("Le contrat ne couvre pas les accessoires.");
        self.handler.post(&format!("/claims/{id}/transitions"), &json!({ "to": status, "reason": reason })).await
    }

    /// A claim brought into a status along a shortest way.
    async fn in_status(&self, status: &str) -> String {
        let path: &[&str] = match status {
            "draft" | "archived" => &[],
            "submitted" => &["submitted"],
            "in_progress" => &["submitted", "in_progress"],
            "pending_info" => &["submitted", "in_progress", "pending_info"],
            "closed" => &["submitted", "in_progress", "closed"],
            "rejected" => &["submitted", "in_progress", "rejected"],
            "abandoned" => &["submitted", "abandoned"],
            other => panic!("no such status: {other}"),
        };
        if path.is_empty() {
            let id = self.draft().await;
            if status == "archived" {
                self.integrator.send(Method::DELETE, &format!("/claims/{id}")).await.data();
            }
            return id;
        }
        let id = self.submitted().await;
        for step in &path[1..] {
            self.to(&id, step).await.data();
        }
        id
    }

    async fn settle(&self, id: &str, amount: f64) -> String {
        let body = json!({ "type": "refund", "amount": amount });
        let created = self.handler.post(&format!("/claims/{id}/settlements"), &body).await;
        created.data()["id"].as_str().unwrap().to_owned()
    }

    async fn read(&self, id: &str) -> Value {
        self.handler.get(&format!("/claims/{id}")).await.data().clone()
    }

    fn told(&self, id: &str) -> Vec<String> {
        events(&self.server, &self.handler, id)
    }
}

const STATUSES: [&str; 8] =
    ["draft", "submitted", "in_progress", "pending_info", "closed", "rejected", "abandoned", "archived"];

#[tokio::test]
async fn every_move_of_the_contract_is_made_and_no_other() {
    let world = World::start().await;
    let allowed = [
        ("submitted", "in_progress", vec!["v2.claim.status.updated"]),
        ("submitted", "abandoned", vec!["v2.claim.status.updated", "v2.claim.abandoned"]),
        ("in_progress", "pending_info", vec!["v2.claim.status.updated"]),
        ("in_progress", "closed", vec!["v2.claim.status.updated", "v2.claim.closed"]),
        ("in_progress", "rejected", vec!["v2.claim.status.updated", "v2.claim.refused"]),
        ("pending_info", "in_progress", vec!["v2.claim.status.updated"]),
        ("pending_info", "closed", vec!["v2.claim.status.updated", "v2.claim.closed"]),
        ("pending_info", "rejected", vec!["v2.claim.status.updated", "v2.claim.refused"]),
        ("pending_info", "abandoned", vec!["v2.claim.status.updated", "v2.claim.abandoned"]),
        ("closed", "in_progress", vec!["v2.claim.status.updated", "v2.claim.reopened"]),
    ];
    for from in STATUSES {
        for to in ["in_progress", "pending_info", "closed", "rejected", "abandoned"] {
            let id = world.in_status(from).await;
            let (before, told) = (world.read(&id).await, world.told(&id).len());
            let moved = world.to(&id, to).await;
            let arrow = allowed.iter().find(|(source, target, _)| (*source, *target) == (from, to));
            if let Some((_, _, kinds)) = arrow {
                assert_eq!(moved.data()["status"], to, "{from} -> {to}");
                assert_eq!(world.told(&id)[told..], *kinds, "{from} -> {to}");
                assert_eq!(world.read(&id).await, *moved.data());
            } else {
                moved.is_error(409, 3003);
                assert_eq!(world.read(&id).await, before, "{from} -> {to}");
                assert_eq!(world.told(&id).len(), told);
            }
        }
    }
}

#[tokio::test]
async fn a_claim_tells_when_it_was_closed_reopened_and_given_up() {
    let world = World::start().await;
    let id = world.in_status("closed").await;
    let closed = world.read(&id).await;
    assert_eq!(closed["closedAt"], "2026-11-23T07:00:00Z");
    world.server.clock.advance(SignedDuration::from_hours(1));
    let reopened = world.to(&id, "in_progress").await;
    assert_eq!(reopened.data()["reopenedAt"], "2026-11-23T08:00:00Z");
    assert_eq!(reopened.data()["closedAt"], "2026-11-23T07:00:00Z", "what happened stays told");
    let abandoned = world.in_status("abandoned").await;
    assert_eq!(world.read(&abandoned).await["abandonedAt"], "2026-11-23T08:00:00Z");
}

#[tokio::test]
async fn a_rejection_tells_the_insured_why() {
    let world = World::start().await;
    let id = world.in_status("in_progress").await;
    let path = format!("/claims/{id}/transitions");
    for body in [
        json!({ "to": "rejected" }),
        json!({ "to": "rejected", "reason": null }),
        json!({ "to": "rejected", "reason": " " }),
        json!({ "to": "rejected", "reason": "x".repeat(2_001) }),
    ] {
        let refused = world.handler.post(&path, &body).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), ["reason"]);
    }
    for body in [json!({}), json!({ "to": "submitted" }), json!({ "to": "draft" }), json!({ "to": 3 })] {
        let refused = world.handler.post(&path, &body).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), ["to"], "{body}");
    }
    assert_eq!(world.to(&id, "rejected").await.data()["note"], "Le contrat ne couvre pas les accessoires.");
    let seen = world.integrator.get(&format!("/claims/{id}")).await;
    assert_eq!(seen.data()["note"], "Le contrat ne couvre pas les accessoires.");
}

#[tokio::test]
async fn moves_are_guarded_by_the_version_and_made_once() {
    let world = World::start().await;
    let id = world.submitted().await;
    let path = format!("/claims/{id}/transitions");
    let tag = world.handler.get(&format!("/claims/{id}")).await.header("etag").to_owned();
    let send = async |name: &'static str, value: &str, to: &str| {
        let request = world.handler.request(Method::POST, &path).header(name, value);
        Got::read(request.json(&json!({ "to": to })).send().await.unwrap()).await
    };
    send("If-Match", "\"1\"", "in_progress").await.is_error(412, 3003);
    let moved = send("If-Match", &tag, "in_progress").await;
    assert_eq!(moved.data()["status"], "in_progress");
    assert_ne!(moved.header("etag"), tag);
    let first = send("Idempotency-Key", "k1", "pending_info").await;
    assert_eq!(first.data()["status"], "pending_info");
    let again = send("Idempotency-Key", "k1", "pending_info").await;
    assert_eq!((again.data(), again.header("etag")), (first.data(), first.header("etag")));
    send("Idempotency-Key", "k1", "closed").await.is_error(400, 1000);
}

/// What each action sends, on the document or settlement that it may be done to, if there is one.
async fn attempt(caller: &ClaimsCaller, claim: &Value, action: &str) -> Got {
    let id = claim["id"].as_str().unwrap();
    let entries = claim["documentEntries"].as_array().unwrap();
    let held = |status: &str| entries.iter().find(|entry| entry["status"] == status);
    let open = entries.iter().find(|entry| entry["status"] != "accepted").or(entries.first()).unwrap();
    let uploaded = || {
        let some = held("to_verify").or_else(|| entries.iter().find(|entry| !entry["document"].is_null()));
        some.map_or("doc_0000000000000000000000000X", |entry| entry["document"]["id"].as_str().unwrap())
    };
    let settlements = claim["settlements"].as_array().unwrap();
    let payment = |is_paid: bool| {
        let fits = |row: &&Value| row["type"] == "refund" && row["paymentAt"].is_null() != is_paid;
        let found = settlements.iter().find(fits).or(settlements.first());
        found.map_or("stl_0000000000000000000000000X", |row| row["id"].as_str().unwrap())
    };
    let (method, path, body) = match action {
        "edit" => (Method::PATCH, String::new(), json!({ "location": { "city": "Lyon" } })),
        "upload_document" => {
            (Method::PUT, "/documents".to_owned(), document(open["type"].as_str().unwrap(), &fixtures::pdf()))
        }
        "submit" => (Method::POST, "/submit".to_owned(), json!({})),
        "cancel" => (Method::DELETE, String::new(), json!({})),
        "set_note" => (Method::PUT, "/note".to_owned(), json!({ "note": "Vu" })),
        "add_internal_note" => (Method::POST, "/notes".to_owned(), json!({ "text": "Vu" })),
        "correct" => (Method::POST, "/corrections".to_owned(), json!({ "location": { "city": "Lyon" } })),
        "request_document" => (Method::POST, "/documents/request".to_owned(), json!({ "title": "Autre pièce" })),
        "accept_document" => (Method::POST, format!("/documents/{}/accept", uploaded()), json!({})),
        "reject_document" => (Method::POST, format!("/documents/{}/reject", uploaded()), json!({ "reason": "Flou" })),
        "create_settlement" => (Method::POST, "/settlements".to_owned(), json!({ "type": "charge", "amount": 20 })),
        "pay_settlement" => (Method::POST, format!("/settlements/{}/paid", payment(false)), json!({})),
        "return_settlement" => (Method::POST, format!("/settlements/{}/returned", payment(true)), json!({})),
        "cancel_settlement" => (Method::POST, format!("/settlements/{}/cancel", payment(false)), json!({})),
        to => {
            let to = to.strip_prefix("to_").unwrap_or_else(|| panic!("no such action: {to}"));
            (Method::POST, "/transitions".to_owned(), json!({ "to": to, "reason": "Selon le contrat" }))
        }
    };
    let request = caller.request(method, &format!("/claims/{id}{path}?dryRun=true"));
    Got::read(request.json(&body).send().await.unwrap()).await
}

#[tokio::test]
async fn what_is_said_to_be_allowed_is_and_the_rest_is_refused_for_the_reason_given() {
    let world = World::start().await;
    let mut claims = Vec::new();
    for status in STATUSES {
        claims.push((status, world.in_status(status).await));
    }
    let ready = world.draft().await;
    world.integrator.upload(&ready, &[POLICE_REPORT, KEYS_PHOTO]).await.data();
    claims.push(("a complete draft", ready));
    for status in ["in_progress", "pending_info"] {
        let id = world.in_status(status).await;
        world.settle(&id, 150.0).await;
        claims.push(("money on its way", id));
    }
    for (what, last) in [("paid, all accepted", None), ("paid and closed", Some("closed"))] {
        let id = world.in_status("in_progress").await;
        let settlement = world.settle(&id, 150.0).await;
        world.handler.post(&format!("/claims/{id}/settlements/{settlement}/paid"), &json!({})).await.data();
        for entry in world.read(&id).await["documentEntries"].as_array().unwrap() {
            if let Some(document) = entry["document"]["id"].as_str() {
                world.handler.post(&format!("/claims/{id}/documents/{document}/accept"), &json!({})).await.data();
            }
        }
        if let Some(status) = last {
            world.to(&id, status).await.data();
        }
        claims.push((what, id));
    }

    let mut codes = std::collections::BTreeSet::new();
    for (what, id) in claims {
        for (who, caller) in [("handler", &world.handler), ("integrator", &world.integrator)] {
            let claim = caller.get(&format!("/claims/{id}")).await.data().clone();
            let actions = claim["allowedActions"].as_array().unwrap();
            assert_eq!(actions.len(), 19, "every action is listed, in every status");
            for told in actions {
                let action = told["action"].as_str().unwrap();
                let got = attempt(caller, &claim, action).await;
                if told["allowed"] == true {
                    assert_eq!(told["because"], Value::Null);
                    assert_eq!(got.status, 200, "{who} {what} {action}: {}", got.body);
                } else {
                    assert_eq!(got.body["success"], false, "{who} {what} {action}: {}", got.body);
                    for part in ["code", "message"] {
                        assert_eq!(
                            got.body["error"][part], told["because"][part],
                            "{who} {what} {action}: {}",
                            got.body
                        );
                    }
                    assert_eq!(got.body["error"].get("details").is_some(), told["because"].get("details").is_some());
                    codes.insert(got.code());
                }
            }
            let after = caller.get(&format!("/claims/{id}")).await.data().clone();
            assert_eq!(after, claim, "nothing was done");
        }
    }
    let expected = [2004, 3001, 3002, 3003, 3004, 3005, 3007, 98_888];
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), expected, "every reason was seen");
}

#[tokio::test]
async fn each_reader_is_told_their_own_actions_from_a_memory_that_is_never_stale() {
    let world = World::start().await;
    let id = world.submitted().await;
    let allowed = async |caller: &ClaimsCaller| -> Vec<String> {
        let claim = caller.get(&format!("/claims/{id}")).await;
        let actions = claim.data()["allowedActions"].as_array().unwrap().clone();
        let allowed = actions.iter().filter(|told| told["allowed"] == true);
        allowed.map(|told| told["action"].as_str().unwrap().to_owned()).collect()
    };
    let handlers = ["upload_document", "cancel", "to_in_progress", "to_abandoned", "set_note", "add_internal_note"];
    for _ in 0..2 {
        assert_eq!(allowed(&world.integrator).await, ["upload_document", "cancel"]);
        assert_eq!(allowed(&world.handler).await[..6], handlers);
    }
    world.to(&id, "in_progress").await.data();
    assert_eq!(allowed(&world.integrator).await, ["upload_document"]);
    assert!(allowed(&world.handler).await.contains(&"to_closed".to_owned()));
}

#[tokio::test]
async fn what_is_for_handlers_is_refused_to_integrators() {
    let world = World::start().await;
    let id = world.in_status("in_progress").await;
    let settlement = world.settle(&id, 10.0).await;
    let before = world.read(&id).await;
    // 98888 for a claim of their own; 2001 for one that does not exist, as for another's claim.
    for (claim, status, code) in [(id.as_str(), 403, 98_888), ("dcl_0000000000000000000000000X", 404, 2001)] {
        for (method, path, body) in [
            (Method::POST, "/transitions".to_owned(), json!({ "to": "closed" })),
            (Method::PUT, "/note".to_owned(), json!({ "note": "x" })),
            (Method::POST, "/notes".to_owned(), json!({ "text": "x" })),
            (Method::GET, "/notes".to_owned(), json!({})),
            (Method::POST, "/corrections".to_owned(), json!({ "location": { "city": "Lyon" } })),
            (Method::POST, "/documents/request".to_owned(), json!({ "title": "x" })),
            (Method::POST, "/documents/doc_0000000000000000000000000X/accept".to_owned(), json!({})),
            (Method::POST, "/documents/doc_0000000000000000000000000X/reject".to_owned(), json!({ "reason": "x" })),
            (Method::POST, "/settlements".to_owned(), json!({ "type": "refund", "amount": 1 })),
            (Method::POST, format!("/settlements/{settlement}/paid"), json!({})),
            (Method::POST, format!("/settlements/{settlement}/returned"), json!({})),
            (Method::POST, format!("/settlements/{settlement}/cancel"), json!({})),
        ] {
            let request = world.integrator.request(method, &format!("/claims/{claim}{path}")).json(&body);
            Got::read(request.send().await.unwrap()).await.is_error(status, code);
        }
    }
    assert_eq!(world.read(&id).await, before);
    // Another platform's handler finds nothing: 2001.
    let stranger = world.server.platform("Autre").await;
    stranger.post(&format!("/claims/{id}/transitions"), &json!({ "to": "closed" })).await.is_error(404, 2001);
    stranger.get(&format!("/claims/{id}/settlements")).await.is_error(404, 2001);
    stranger.get(&format!("/claims/{id}/notes")).await.is_error(404, 2001);
}

#[tokio::test]
async fn a_settlement_in_another_currency_is_refused() {
    let world = World::start().await;
    let path = format!("/claims/{}/settlements", world.submitted().await);
    let dollars = json!({ "type": "refund", "amount": 10, "currency": "USD" });
    let refused = world.handler.post(&path, &dollars).await;
    refused.is_error(400, 1000);
    assert_eq!(refused.fields(), ["currency"]);
    let euros = json!({ "type": "refund", "amount": 10, "currency": "EUR" });
    world.handler.post(&path, &euros).await.data();
}

#[tokio::test]
async fn money_is_decided_on_paid_returned_and_withdrawn() {
    let world = World::start().await;
    let client = claims_client(&world.server, &world.handler.key);
    let id = world.submitted().await;
    let refund = |amount| CreateSettlement { kind: SettlementDirection::Refund, amount, currency: None };
    let created = client.create_settlement(&id, &refund(1234.56)).await.unwrap();
    assert_eq!((created.kind, created.amount, created.payment_at), (SettlementType::Refund, 1234.56, None));
    assert_eq!(client.list_settlements(&id).await.unwrap(), std::slice::from_ref(&created));
    assert_eq!(client.read_settlement(&id, &created.id).await.unwrap(), created);
    // 3007 ACTIVE_PAYMENT_BLOCKING, for the insured and for the handler.
    world.integrator.send(Method::DELETE, &format!("/claims/{id}")).await.is_error(409, 3007);
    world.to(&id, "abandoned").await.is_error(409, 3007);
    world.to(&id, "in_progress").await.data();
    world.to(&id, "closed").await.is_error(409, 3007);
    world.to(&id, "rejected").await.is_error(409, 3007);
    assert_eq!(refusal(client.settlement_returned(&id, &created.id).await), (409, 3003));
    let path = format!("/claims/{id}/settlements/{}/paid", created.id);
    for (at, why) in [("2026-11-23T07:06:00Z", "future"), ("2026-11-23T06:59:59Z", "before"), ("hier", "expected")] {
        let refused = world.handler.post(&path, &json!({ "paymentAt": at })).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), ["paymentAt"]);
        assert!(refused.body["error"]["details"][0]["message"].as_str().unwrap().contains(why), "{}", refused.body);
    }
    world.server.clock.advance(SignedDuration::from_hours(2));
    let paid = PaySettlement { payment_at: Some("2026-11-23T09:30:00+01:00".parse().unwrap()) };
    let settlement = client.settlement_paid(&id, &created.id, &paid).await.unwrap();
    assert_eq!(settlement.payment_at.unwrap().to_string(), "2026-11-23T08:30:00Z");
    assert_eq!(refusal(client.settlement_paid(&id, &created.id, &paid).await), (409, 3003));
    assert_eq!(refusal(client.cancel_settlement(&id, &created.id).await), (409, 3003));
    let mistaken = client.create_settlement(&id, &refund(9.99)).await.unwrap();
    let withdrawn = client.cancel_settlement(&id, &mistaken.id).await.unwrap();
    assert_eq!((withdrawn.kind, withdrawn.amount, withdrawn.payment_at), (SettlementType::Cancel, 9.99, None));
    world.to(&id, "closed").await.data();
    assert_eq!(refusal(client.create_settlement(&id, &refund(1.0)).await), (409, 3003));
    // The bank tells after the claim was closed.
    let returned = client.settlement_returned(&id, &created.id).await.unwrap();
    assert_eq!((returned.kind, returned.payment_at), (SettlementType::Returned, settlement.payment_at));
    assert_eq!(refusal(client.settlement_returned(&id, &created.id).await), (409, 3003));
    let claim = client.read_claim(&id).await.unwrap();
    assert_eq!((claim.status, &claim.settlements), (ClaimStatus::Closed, &vec![returned, withdrawn]));
    for unknown in ["stl_0000000000000000000000000X", "nonsense"] {
        assert_eq!(refusal(client.read_settlement(&id, unknown).await), (404, 2004));
        assert_eq!(refusal(client.cancel_settlement(&id, unknown).await), (404, 2004));
    }
    let told = world.told(&id);
    let about_money: Vec<&str> = told.iter().map(String::as_str).filter(|kind| kind.contains("settlement")).collect();
    assert_eq!(
        about_money,
        [
            "v2.claim.settlement.created",
            "v2.claim.settlement.paid",
            "v2.claim.settlement.created",
            "claim.settlement.cancelled",
            "v2.claim.settlement.returned",
        ]
    );
}

#[tokio::test]
async fn amounts_that_are_no_amounts_are_refused() {
    let world = World::start().await;
    let id = world.submitted().await;
    let path = format!("/claims/{id}/settlements");
    for amount in ["0", "-1", "0.001", "10.005", "100000000", "1e300", "\"12\"", "null"] {
        let body = format!("{{\"type\": \"refund\", \"amount\": {amount}}}");
        let request = world.handler.request(Method::POST, &path).header("content-type", "application/json").body(body);
        let refused = Got::read(request.send().await.unwrap()).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), ["amount"], "{amount}");
    }
    for kind in ["cancel", "returned", "gift"] {
        let refused = world.handler.post(&path, &json!({ "type": kind, "amount": 1 })).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), ["type"], "{kind}");
    }
    for (amount, shown) in [(json!(0.07), 0.07), (json!(99_999_999.99), 99_999_999.99), (json!(19.90), 19.9)] {
        let made = world.handler.post(&path, &json!({ "type": "charge", "amount": amount })).await;
        assert_eq!(made.data()["amount"], shown);
    }
    let draft = world.draft().await;
    let settle = json!({ "type": "refund", "amount": 1 });
    world.handler.post(&format!("/claims/{draft}/settlements"), &settle).await.is_error(409, 3003);
}

fn entry<'a>(claim: &'a Value, kind: &str) -> &'a Value {
    let entries = claim["documentEntries"].as_array().unwrap();
    entries.iter().find(|entry| entry["type"] == kind).unwrap_or_else(|| panic!("no entry {kind} in {entries:?}"))
}

#[tokio::test]
async fn a_handler_asks_for_documents_and_uploads_fill_them() {
    let world = World::start().await;
    let id = world.in_status("in_progress").await;
    let path = format!("/claims/{id}/documents/request");
    let other = "Attestation de l'employeur";
    let wanted = json!({ "title": other, "comment": "Datée de ce mois", "waitForIt": true });
    let asked = world.handler.post(&path, &wanted).await;
    assert_eq!(asked.data()["status"], "pending_info");
    let free = entry(asked.data(), other);
    assert_eq!(
        (&free["category"], &free["status"], &free["document"]),
        (&json!("mandatory"), &json!("waiting_for"), &Value::Null)
    );
    assert_eq!(free["request"], json!({ "comment": "Datée de ce mois", "requestedAt": "2026-11-23T07:00:00Z" }));
    assert_eq!(entry(asked.data(), KEYS_PHOTO).get("request"), None);
    assert_eq!(
        world.told(&id).iter().rev().take(2).collect::<Vec<_>>(),
        ["v2.claim.status.updated", "v2.claim.document.requested"]
    );
    // A document of the bike's catalogue that a theft does not ask for, by stable id and by label.
    let asked = world.handler.post(&path, &json!({ "type": "repair_quote", "category": "expected" })).await;
    assert_eq!(entry(asked.data(), "Devis de réparation")["category"], "expected");
    let asked = world.handler.post(&path, &json!({ "type": "Devis de réparation" })).await;
    assert_eq!(entry(asked.data(), "Devis de réparation")["category"], "mandatory", "asked for again");
    assert_eq!(asked.data()["status"], "pending_info");
    // The insured's front end uploads it by the label that it was shown.
    let uploaded = world.integrator.upload(&id, &[other]).await;
    assert_eq!(uploaded.data()[0]["type"], other);
    let document = uploaded.data()[0]["id"].as_str().unwrap().to_owned();
    let client = claims_client(&world.server, &world.handler.key);
    client.reject_document(&id, &document, &RejectDocument { reason: "Illisible".to_owned() }).await.unwrap();
    let uploaded = world.integrator.upload(&id, &[other]).await;
    let document = uploaded.data()[0]["id"].as_str().unwrap().to_owned();
    client.accept_document(&id, &document).await.unwrap();
    assert_eq!(entry(&world.read(&id).await, other)["status"], "accepted");
    // 3005: it was accepted, neither uploaded nor asked for again.
    world.integrator.upload(&id, &[other]).await.is_error(409, 3005);
    world.handler.post(&path, &json!({ "title": other })).await.is_error(409, 3005);
    // 3006: not of this family; the message names those that are.
    let unknown = world.handler.post(&path, &json!({ "type": "Carte grise" })).await;
    unknown.is_error(409, 3006);
    assert_eq!(unknown.fields(), ["type"]);
    assert!(unknown.body["error"]["details"][0]["message"].as_str().unwrap().contains("Facture d'achat"));
    for (body, field) in [
        (json!({}), "type"),
        (json!({ "type": "x", "title": "y" }), "title"),
        (json!({ "title": "x", "category": "optional" }), "category"),
        (json!({ "title": " " }), "title"),
        (json!({ "title": "x", "waitForIt": "yes" }), "waitForIt"),
    ] {
        let refused = world.handler.post(&path, &body).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), [field], "{body}");
    }
    // 3003: a submitted claim waits for nothing before a handler took it up; a draft's documents are the rules'.
    let waiting = json!({ "title": "x", "waitForIt": true });
    for status in ["submitted", "draft", "closed"] {
        let id = world.in_status(status).await;
        world.handler.post(&format!("/claims/{id}/documents/request"), &waiting).await.is_error(409, 3003);
    }
}

#[tokio::test]
async fn a_note_is_read_by_the_insured_and_internal_ones_by_handlers_alone() {
    let world = World::start().await;
    let client = claims_client(&world.server, &world.handler.key);
    let id = world.submitted().await;
    let note = "Nous attendons le rapport de l'expert.";
    assert_eq!(
        client.set_note(&id, &SetNote { note: Some(note.to_owned()) }).await.unwrap().note.as_deref(),
        Some(note)
    );
    assert_eq!(world.integrator.get(&format!("/claims/{id}")).await.data()["note"], note);
    assert_eq!(client.set_note(&id, &SetNote { note: None }).await.unwrap().note, None);
    let missing = world.handler.put(&format!("/claims/{id}/note"), &json!({})).await;
    missing.is_error(400, 1000);
    assert_eq!(missing.fields(), ["note"]);
    let text = "Appelé le garage, devis attendu.";
    let first = client.add_internal_note(&id, &AddInternalNote { text: text.to_owned() }).await.unwrap();
    let second = client.add_internal_note(&id, &AddInternalNote { text: "Rappelé.".to_owned() }).await.unwrap();
    assert_eq!(client.list_internal_notes(&id).await.unwrap(), [first, second]);
    assert!(!world.read(&id).await.to_string().contains("garage"), "not on the claim");
    let shown = async |caller: &ClaimsCaller| -> (Vec<String>, u64) {
        let timeline = caller.get(&format!("/claims/{id}/timeline?offset=5")).await;
        let labels =
            timeline.data().as_array().unwrap().iter().map(|entry| entry["label"].as_str().unwrap().to_owned());
        (labels.collect(), timeline.body["pagination"]["total"].as_u64().unwrap())
    };
    let to_all = ["Message à l'assuré modifié"; 2].map(str::to_owned);
    assert_eq!(shown(&world.integrator).await, (to_all.to_vec(), 7));
    let among_handlers = ["Note interne ajoutée"; 2].map(str::to_owned);
    assert_eq!(shown(&world.handler).await, ([to_all, among_handlers].concat(), 9));
    let feed = world.integrator.get("/events").await;
    assert!(!feed.data().to_string().contains("internal_note"));
    let told = world.told(&id);
    assert_eq!(
        told[told.len() - 3..],
        ["claim.note.updated", "claim.internal_note.added", "claim.internal_note.added"]
    );
    let blank = refused(client.add_internal_note(&id, &AddInternalNote { text: " ".to_owned() }).await);
    assert_eq!((blank.status, blank.code), (400, 1000));
    let moved = ChangeStatus { to: NextStatus::InProgress, reason: Some("Pris en charge".to_owned()) };
    assert_eq!(client.change_status(&id, &moved).await.unwrap().note.as_deref(), Some("Pris en charge"));
    let wanted = RequestDocument { title: Some("Photo de la rue".to_owned()), ..RequestDocument::default() };
    assert_eq!(client.request_document(&id, &wanted).await.unwrap().status, ClaimStatus::InProgress);
}
