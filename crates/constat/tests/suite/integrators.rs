//! Two integrators of one platform: each declares and follows its own claims, hears of no others, and the
//! platform sees them all.

use std::collections::BTreeSet;

use constat_client::wire::claims::{CreateWebhook, DeliveriesQuery, ReplayDeliveries};
use constat_core::WebhookSettings;
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::Api;
use constat_store::queries::claims;
use constat_testkit::fixtures::{self, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Got, document, expert};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::platform_support::{self, booking, claims_client, search, submitted};
use crate::receiver::Receiver;
use crate::shared::{integrator, integrator_of};

struct World {
    inner: platform_support::World,
    platform: ClaimsCaller,
    broker: ClaimsCaller,
    lessor: ClaimsCaller,
}

impl World {
    async fn start() -> Self {
        let inner = platform_support::World::set_to(vec![expert(1), expert(2)], &[ServiceKind::OnSite], |settings| {
            settings.webhooks = WebhookSettings { allow_private: true, ..WebhookSettings::default() };
        })
        .await;
        let platform = inner.caller.clone();
        let broker = integrator(&inner.server, &platform, "Courtier").await;
        let lessor = integrator(&inner.server, &platform, "Loueur").await;
        Self { inner, platform, broker, lessor }
    }
}

/// What a request for a claim is made of.
struct Ids {
    claim: String,
    document: String,
    settlement: String,
    appointment: String,
}

/// The bodies that operations ask for, by operation. One that is not here is asked with `{}`.
fn body_of(operation: &str, slots: &Value) -> Option<Value> {
    Some(match operation {
        "cancelClaim" | "settlementPaid" => json!({}),
        "editClaim" => json!({ "location": { "city": "Paris 12" } }),
        "changeStatus" => json!({ "to": "in_progress" }),
        "setNote" => json!({ "note": "Bonjour" }),
        "addInternalNote" => json!({ "text": "À revoir" }),
        "uploadDocuments" => document(fixtures::DAMAGE_PHOTO, &fixtures::png()),
        "correctClaim" => json!({ "location": { "city": "Lyon" } }),
        "editClaimDossier" => json!({ "conservationMeasures": true }),
        "recordMilestone" => json!({ "kind": "visit", "date": "2026-11-23" }),
        "rejectDocument" => json!({ "reason": "Illisible" }),
        "requestDocument" => json!({ "title": "Devis" }),
        "createSettlement" => json!({ "type": "refund", "amount": 10 }),
        "searchClaimAppointments" => json!(search("ESS")),
        "bookClaimAppointment" => json!({ "sessionID": slots["sessionID"], "timeslot": slots["timeslots"][0] }),
        "moveClaimAppointment" => json!({
            "sessionID": slots["sessionID"], "timeslot": slots["timeslots"][0], "reason": "ClientIndisponible",
        }),
        "modifyClaimAppointment" => json!({ "notes": "Sonner deux fois" }),
        "deleteClaimAppointment" | "cancelClaimAppointment" => json!({ "reason": "ErreurDeSaisie" }),
        _ => return None,
    })
}

/// Every operation of the contract with a claim's id, asked once: what each answered.
async fn ask_everything(caller: &ClaimsCaller, ids: &Ids, slots: &Value, query: &str) -> Vec<(String, Got)> {
    let documents = constat_http::documents();
    let contract = documents.iter().find(|document| document.name == "claims").unwrap();
    let mut answers = Vec::new();
    for (path, item) in contract.json["paths"].as_object().unwrap() {
        if !path.starts_with("/claims/{id}") {
            continue;
        }
        let filled = path
            .replace("{id}", &ids.claim)
            .replace("{documentId}", &ids.document)
            .replace("{settlementId}", &ids.settlement)
            .replace("{appointmentId}", &ids.appointment)
            .replace("{kind}", "visit");
        assert!(!filled.contains('{'), "{path}: say here what stands for this");
        for (method, operation) in item.as_object().unwrap() {
            let Some(id) = operation["operationId"].as_str() else { continue };
            let method: Method = method.to_uppercase().parse().unwrap();
            let query = if method == Method::GET { "" } else { query };
            let mut request = caller.request(method, &format!("{filled}{query}"));
            if operation.get("requestBody").is_some() {
                let body = body_of(id, slots);
                assert!(body.is_some(), "{id} has a body: say here what it is sent");
                request = request.json(&body);
            }
            answers.push((id.to_owned(), Got::read(request.send().await.unwrap()).await));
        }
    }
    assert!(answers.len() > 30, "{}", answers.len());
    answers
}

#[tokio::test]
async fn every_operation_with_a_claims_id_is_a_404_to_another_integrator() {
    let world = World::start().await;
    let broker = claims_client(&world.inner.server, &world.broker.key);
    let (id, claim_id) = submitted(&broker).await;
    let found = broker.search_appointments(&id, &search("ESS")).await.unwrap();
    let appointment = broker.book_appointment(&id, &booking(&found, 0)).await.unwrap().id;
    let slots = serde_json::to_value(&found).unwrap();
    let refund = json!({ "type": "refund", "amount": 10 });
    let settled = world.platform.post(&format!("/claims/{id}/settlements"), &refund).await;
    let entries = world.broker.get(&format!("/claims/{id}")).await.data()["documentEntries"].clone();
    let ids = |claim: &str| Ids {
        claim: claim.to_owned(),
        document: entries[0]["document"]["id"].as_str().unwrap().to_owned(),
        settlement: settled.data()["id"].as_str().unwrap().to_owned(),
        appointment: appointment.clone(),
    };
    let is_missing = |got: &Got| (got.status, got.code()) == (404, 2001);

    // By either id, tried out or meant: there is no such claim for the lessor, not even one that it may not touch.
    for claim in [&id, &claim_id] {
        for query in ["?dryRun=true", ""] {
            for (operation, got) in ask_everything(&world.lessor, &ids(claim), &slots, query).await {
                assert!(is_missing(&got), "{operation}: {} {}", got.status, got.body);
            }
        }
    }
    world.lessor.get(&format!("/catalogue?claimId={id}")).await.is_error(404, 2001);
    // For the platform and for the broker there is, with the very same requests; handlers' verbs are refused.
    for caller in [&world.platform, &world.broker] {
        for (operation, got) in ask_everything(caller, &ids(&id), &slots, "?dryRun=true").await {
            assert!(!is_missing(&got) && got.status != 400, "{operation}: {} {}", got.status, got.body);
        }
    }
    let refused: BTreeSet<String> = ask_everything(&world.broker, &ids(&id), &slots, "?dryRun=true")
        .await
        .into_iter()
        .filter(|(_, got)| got.code() == 98_888)
        .map(|(operation, _)| operation)
        .collect();
    assert!(refused.contains("exportClaim") && refused.contains("claimAppointmentDone"), "{refused:?}");
    // A claim that does not exist is the same to all.
    for caller in [&world.platform, &world.broker] {
        for (operation, got) in ask_everything(caller, &ids("dcl_0000000000000000000000000X"), &slots, "").await {
            assert!(is_missing(&got), "{operation}: {} {}", got.status, got.body);
        }
    }
}

#[tokio::test]
async fn reads_from_memory_keep_integrators_apart_too() {
    let world = World::start().await;
    let id = world.broker.declare(&fixtures::stolen_bike()).await;
    let path = format!("/claims/{id}");
    // Rendered for a handler and for an integrator, then asked for again and again.
    for _ in 0..3 {
        world.broker.get(&path).await.data();
        world.lessor.get(&path).await.is_error(404, 2001);
        world.platform.get(&path).await.data();
    }
    // Another key of the same integrator is the same integrator.
    let holder =
        constat_core::authenticate(&world.inner.server.services.core, Api::Claims, &world.broker.key).unwrap().holder;
    let second = integrator_of(&world.inner.server, &world.broker, holder).await;
    assert_eq!(second.get(&path).await.data(), world.broker.get(&path).await.data());
}

fn ids_of(got: &Got) -> Vec<String> {
    got.data().as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn lists_have_what_the_integrator_declared_and_the_platforms_all() {
    let world = World::start().await;
    let bike = fixtures::stolen_bike();
    let mine = [world.broker.declare(&bike).await, world.broker.declare(&bike).await];
    let theirs = world.lessor.declare(&bike).await;
    let own = world.platform.declare(&bike).await;
    let list = format!("/claims?userId={}", fixtures::BIKE_USER);
    let seen = async |caller: &ClaimsCaller, path: &str| {
        let got = caller.get(path).await;
        (ids_of(&got).into_iter().collect::<BTreeSet<_>>(), got.body["pagination"]["total"].as_u64().unwrap())
    };
    let set = |ids: &[&String]| ids.iter().map(|&id| id.clone()).collect::<BTreeSet<_>>();
    assert_eq!(seen(&world.broker, &list).await, (set(&[&mine[0], &mine[1]]), 2));
    assert_eq!(seen(&world.lessor, &list).await, (set(&[&theirs]), 1));
    assert_eq!(seen(&world.platform, &list).await, (set(&[&mine[0], &mine[1], &theirs, &own]), 4));
    assert_eq!(seen(&world.broker, &format!("{list}&limit=1&offset=1")).await.1, 2);
    assert_eq!(seen(&world.lessor, &format!("{list}&status=submitted")).await, (BTreeSet::new(), 0));

    // A user whose contract is gone is known by claims alone, and so only to who declared them: 9003.
    let sql = format!("DELETE FROM contracts WHERE user_id = '{}'", fixtures::BIKE_USER);
    world.inner.server.run_sql(&sql).await;
    assert_eq!(seen(&world.broker, &list).await.1, 2);
    let stranger = integrator(&world.inner.server, &world.platform, "Autre courtier").await;
    stranger.get(&list).await.is_error(401, 9003);
    assert_eq!(seen(&world.platform, &list).await.1, 4);
}

/// All events that a caller reads, a few at a time.
async fn feed(caller: &ClaimsCaller) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let got = caller.get(&format!("/events?limit=3{after}")).await;
        all.extend(got.data().as_array().unwrap().iter().cloned());
        if let Some(cursor) = got.body["cursor"].as_str() {
            after = format!("&after={cursor}");
        }
        if got.body["hasMore"] == false {
            return all;
        }
    }
}

#[tokio::test]
async fn the_feed_tells_an_integrator_of_its_own_claims_alone() {
    let world = World::start().await;
    let bike = fixtures::stolen_bike();
    for _ in 0..3 {
        world.platform.declare(&bike).await;
        world.lessor.submitted(&bike, &[POLICE_REPORT, KEYS_PHOTO]).await;
        world.broker.declare(&bike).await;
    }
    let all = feed(&world.platform).await;
    for caller in [&world.broker, &world.lessor] {
        let list = caller.get(&format!("/claims?userId={}", fixtures::BIKE_USER)).await;
        let theirs = ids_of(&list);
        let wanted: Vec<&Value> =
            all.iter().filter(|event| theirs.iter().any(|id| event["claim"] == id.as_str())).collect();
        assert!(!wanted.is_empty() && wanted.len() < all.len());
        assert_eq!(feed(caller).await.iter().collect::<Vec<_>>(), wanted);
    }
    // The cursor does not tell that others do something.
    let read = world.broker.get("/events").await;
    let cursor = read.body["cursor"].as_str().unwrap().to_owned();
    world.lessor.declare(&bike).await;
    let later = world.broker.get(&format!("/events?after={cursor}")).await;
    assert_eq!((later.data(), &later.body["hasMore"]), (&json!([]), &json!(false)));
    assert_eq!(later.body["cursor"], cursor.as_str());
    let id = world.broker.declare(&bike).await;
    let last = world.broker.get(&format!("/events?after={cursor}")).await;
    assert_eq!(last.data()[0]["claim"], id.as_str());
}

#[tokio::test]
async fn webhooks_tell_an_integrator_of_its_own_claims_alone() {
    let world = World::start().await;
    let server = &world.inner.server;
    let register = async |caller: &ClaimsCaller, receiver: &Receiver| {
        let new = CreateWebhook { url: receiver.url(), ..CreateWebhook::default() };
        claims_client(server, &caller.key).create_webhook(&new).await.unwrap()
    };
    let (to_all, to_broker) = (Receiver::start().await, Receiver::start().await);
    register(&world.platform, &to_all).await;
    let webhook = register(&world.broker, &to_broker).await;
    let bike = fixtures::stolen_bike();
    let mine = world.broker.declare(&bike).await;
    let theirs = world.lessor.declare(&bike).await;
    server.deliverer().drain().await.unwrap();
    let claims_at = |receiver: &Receiver| {
        receiver.messages().iter().map(|message| message.claim().to_owned()).collect::<BTreeSet<String>>()
    };
    assert_eq!(claims_at(&to_all), BTreeSet::from([mine.clone(), theirs.clone()]));
    assert_eq!(claims_at(&to_broker), BTreeSet::from([mine.clone()]));

    // What waits for the broker about a claim that is another's is not sent, listed or replayed.
    let foreign = world.broker.declare(&bike).await;
    to_broker.answer("", 500);
    server.deliverer().drain().await.unwrap();
    let org = world.platform.tenant.org;
    let tenant = world.platform.tenant;
    let moved = server.services.core.store.write(move |tx| {
        let mut claim = claims::of_tenant_by_either_id(tx, &tenant, &foreign)?.expect("the claim");
        claim.set_declarer(org);
        claim.version += 1;
        claims::update(tx, &claim)
    });
    moved.await.unwrap();
    to_broker.clear();
    to_broker.answer("", 204);
    let client = claims_client(server, &world.broker.key);
    let log = client.list_deliveries(&webhook.id, &DeliveriesQuery::default()).await.unwrap();
    assert_eq!((log.data.len(), log.pagination.total), (1, 1));
    let to = webhook.created_at.0.checked_add(SignedDuration::from_hours(1)).unwrap();
    let again = ReplayDeliveries { from: Some(webhook.created_at), to: Some(to.into()), ..ReplayDeliveries::default() };
    client.replay_deliveries(&webhook.id, &again).await.unwrap();
    server.clock.advance(SignedDuration::from_hours(1));
    server.deliverer().drain().await.unwrap();
    assert_eq!(claims_at(&to_broker), BTreeSet::from([mine]));
    // A trial is the webhook's own.
    to_broker.clear();
    client.ping_webhook(&webhook.id).await.unwrap();
    server.deliverer().drain().await.unwrap();
    assert_eq!(to_broker.messages().len(), 1);
}

#[tokio::test]
async fn answers_kept_for_repeats_are_their_keys_own() {
    let world = World::start().await;
    let once = async |caller: &ClaimsCaller| {
        let request = caller.request(Method::POST, "/claims").header("idempotency-key", "once");
        let got = Got::read(request.json(&fixtures::stolen_bike()).send().await.unwrap()).await;
        got.data()["id"].as_str().unwrap().to_owned()
    };
    let (mine, theirs) = (once(&world.broker).await, once(&world.lessor).await);
    assert_ne!(mine, theirs);
    assert_eq!(once(&world.broker).await, mine);
    world.lessor.get(&format!("/claims/{mine}")).await.is_error(404, 2001);
}

#[tokio::test]
async fn the_same_bytes_on_anothers_claim_are_told_to_the_platform_alone() {
    let world = World::start().await;
    let upload = async |caller: &ClaimsCaller| {
        let id = caller.declare(&fixtures::stolen_bike()).await;
        let uploaded = caller.upload(&id, &[POLICE_REPORT]).await;
        (format!("/claims/{id}/documents/{}", uploaded.data()[0]["id"].as_str().unwrap()), id)
    };
    let (_, first) = upload(&world.lessor).await;
    world.inner.server.clock.advance(SignedDuration::from_mins(1));
    let (document, id) = upload(&world.broker).await;
    assert_eq!(world.broker.get(&document).await.data()["duplicateOf"], Value::Null);
    assert_eq!(world.platform.get(&document).await.data()["duplicateOf"]["claimId"], first.as_str());
    let told = world.broker.get(&format!("/claims/{id}/timeline")).await.body.to_string();
    assert!(!told.contains(&first), "{told}");
    // On an integrator's own claims it is shown, whether others had the same before or not.
    for (caller, own) in [(&world.lessor, &first), (&world.broker, &id)] {
        world.inner.server.clock.advance(SignedDuration::from_mins(1));
        let (document, _) = upload(caller).await;
        assert_eq!(caller.get(&document).await.data()["duplicateOf"]["claimId"], own.as_str());
    }
}
