//! `?dryRun=true`: what would come of a command, and no trace of it.

use constat_client::wire::partner::AppointmentQuery;
use constat_domain::service::ServiceKind;
use constat_testkit::fixtures::{self, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Got, Server, document, expert};
use reqwest::Method;
use serde_json::{Value, json};

use crate::platform_support::{World, booking, search, submitted};

/// All that a trace could be left in: what happened, and the documents' bytes.
async fn traces(server: &Server, caller: &ClaimsCaller) -> (u64, usize) {
    let feed = caller.get("/events?limit=500").await;
    let events = feed.data().as_array().unwrap().len() as u64;
    let files = futures_util::StreamExt::count(server.services.claims.documents.list()).await;
    (events, files)
}

/// Tries a command out: answered like one that is done, and marked.
#[track_caller]
fn tried(got: &Got) -> &Value {
    assert_eq!((got.status, got.header("x-dry-run")), (200, "true"), "{}", got.body);
    &got.body["data"]
}

async fn send(caller: &ClaimsCaller, method: Method, path: &str, body: &Value) -> Got {
    Got::read(caller.request(method, path).json(body).send().await.unwrap()).await
}

#[tokio::test]
async fn a_command_that_is_tried_answers_as_ever_and_leaves_no_trace() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let before = traces(&server, &caller).await;

    let declared = caller.post("/claims?dryRun=true", &fixtures::stolen_bike()).await;
    let ghost = tried(&declared)["id"].as_str().unwrap().to_owned();
    assert_eq!(tried(&declared)["status"], "draft");
    caller.get(&format!("/claims/{ghost}")).await.is_error(404, 2001);
    // A draft can be made after it all the same, with the same idempotency key.
    let keyed = |path: &str| {
        caller.request(Method::POST, path).header("Idempotency-Key", "bike-1").json(&fixtures::stolen_bike())
    };
    tried(&Got::read(keyed("/claims?dryRun=true").send().await.unwrap()).await);
    assert_eq!(traces(&server, &caller).await, before);
    let made = Got::read(keyed("/claims?dryRun=false").send().await.unwrap()).await;
    assert_eq!((made.status, made.header("x-dry-run")), (200, ""));
    let id = made.data()["id"].as_str().unwrap().to_owned();
    let claim = format!("/claims/{id}");
    let (now, read) = (traces(&server, &caller).await, caller.get(&claim).await);

    let story = "Le vélo a été volé dans la cour de l'immeuble pendant la nuit.";
    let edited = caller.patch(&format!("{claim}?dryRun=true"), &json!({ "description": story })).await;
    assert_eq!(tried(&edited)["description"], story);
    let path = format!("{claim}/documents?autoSubmit=true&dryRun=true");
    let both = json!([document(POLICE_REPORT, &fixtures::pdf()), document(KEYS_PHOTO, &fixtures::pdf())]);
    let uploaded = caller.put(&path, &both).await;
    assert_eq!(tried(&uploaded).as_array().unwrap().len(), 2);
    assert_eq!(uploaded.body["claim"]["status"], "submitted");
    tried(&send(&caller, Method::DELETE, &format!("{claim}?dryRun=true"), &json!({ "reason": "Retrouvé" })).await);
    // What would be refused is refused, in the same words.
    caller.post(&format!("{claim}/submit?dryRun=true"), &json!({})).await.is_error(409, 3004);
    caller.get(&claim).await.data();
    assert_eq!((traces(&server, &caller).await, caller.get(&claim).await.body), (now, read.body));

    caller.upload(&id, &[POLICE_REPORT, KEYS_PHOTO]).await.data();
    let document = caller.get(&claim).await.data()["documentEntries"][0]["document"]["id"].as_str().unwrap().to_owned();
    let submitted = caller.post(&format!("{claim}/submit?dryRun=true"), &json!({})).await;
    assert_eq!(tried(&submitted)["status"], "submitted");
    assert_eq!(caller.get(&claim).await.data()["status"], "draft");
    caller.post(&format!("{claim}/submit"), &json!({})).await.data();
    let (now, read) = (traces(&server, &caller).await, caller.get(&claim).await);
    tried(&caller.post(&format!("{claim}/documents/{document}/accept?dryRun=true"), &json!({})).await);
    let reason = json!({ "reason": "Illisible" });
    let refused = caller.post(&format!("{claim}/documents/{document}/reject?dryRun=true"), &reason).await;
    assert_eq!(tried(&refused)["status"], "rejected");
    assert_eq!((traces(&server, &caller).await, caller.get(&claim).await.body), (now, read.body));

    let wrong = caller.post("/claims?dryRun=perhaps", &fixtures::stolen_bike()).await;
    wrong.is_error(400, 1000);
    assert_eq!(wrong.fields(), ["dryRun"]);
    // A misspelt one means no command.
    for misspelt in ["dryrun", "DryRun", "dry_run", "dry-run"] {
        let wrong = caller.post(&format!("/claims?{misspelt}=true"), &fixtures::stolen_bike()).await;
        wrong.is_error(400, 1000);
        assert_eq!(wrong.fields(), ["dryRun"], "{misspelt}");
    }
    assert_eq!(traces(&server, &caller).await, now);
}

#[tokio::test]
async fn a_webhook_that_is_tried_is_not_registered() {
    let mut server = Server::start().await;
    server.configure(|settings| settings.webhooks.allow_private = true).await;
    let caller = server.platform("Plateforme").await;
    let hook = json!({ "url": "https://127.0.0.1:9/hook", "events": ["v2.claim.created"] });
    tried(&caller.post("/webhooks?dryRun=true", &hook).await);
    assert_eq!(caller.get("/webhooks").await.data(), &json!([]));
    let made = caller.post("/webhooks", &hook).await;
    let path = format!("/webhooks/{}", made.data()["id"].as_str().unwrap());
    tried(&caller.post(&format!("{path}/ping?dryRun=true"), &json!({})).await);
    tried(&caller.patch(&format!("{path}?dryRun=true"), &json!({ "status": "paused" })).await);
    let gone = caller.send(Method::DELETE, &format!("{path}?dryRun=true")).await;
    assert_eq!((gone.status, gone.header("x-dry-run")), (200, "true"));
    assert_eq!(caller.get(&path).await.data()["status"], "active");
    assert_eq!(caller.get(&format!("{path}/deliveries")).await.data(), &json!([]));
}

#[tokio::test]
async fn a_partner_is_not_asked_for_an_appointment_that_is_tried() {
    let world = World::with(vec![expert(1)], &[ServiceKind::OnSite]).await;
    let (id, _) = submitted(&world.claims).await;
    let path = format!("/claims/{id}/appointments");
    let found = world.claims.search_appointments(&id, &search("ESS")).await.unwrap();
    let body = serde_json::to_value(booking(&found, 0)).unwrap();
    let tried_out = world.caller.post(&format!("{path}?dryRun=true"), &body).await;
    assert_eq!(tried(&tried_out)["timeslot"]["startTime"], body["timeslot"]["startTime"]);
    assert_eq!(world.caller.get(&path).await.data(), &json!([]));
    let calendar = || async { world.partner.list_appointments(&AppointmentQuery::default()).await.unwrap().data.len() };
    assert_eq!(calendar().await, 0);

    let made = world.claims.book_appointment(&id, &booking(&found, 0)).await.unwrap();
    let one = format!("{path}/{}", made.id);
    let mut wanted = search("ESS");
    wanted.appointment_id = Some(made.id.clone());
    let free = world.claims.search_appointments(&id, &wanted).await.unwrap();
    let mut to = serde_json::to_value(booking(&free, 3)).unwrap();
    to["reason"] = "ClientIndisponible".into();
    let moved = world.caller.put(&format!("{one}/schedule?dryRun=true"), &to).await;
    assert_eq!(tried(&moved)["timeslot"]["startTime"], to["timeslot"]["startTime"]);
    let cancelled = world.caller.post(&format!("{one}/cancel?dryRun=true"), &json!({ "reason": "Autre" })).await;
    tried(&cancelled);
    let kept = world.caller.get(&one).await;
    assert_eq!(kept.data()["timeslot"]["startTime"], body["timeslot"]["startTime"]);
    assert_eq!((kept.header("etag"), calendar().await), ("\"1\"", 1));
}
