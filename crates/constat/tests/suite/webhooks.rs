//! Webhooks: registered, signed, in order, again until they are taken, and never to private addresses.

use constat_claims::webhooks::{delete_delivered, lease};
use constat_client::ClaimsClient;
use constat_client::wire::claims::{
    CreateWebhook, DeliveriesQuery, EventsQuery, PatchWebhook, ReplayDeliveries, RotateSecret, WantedStatus, Webhook,
    WebhookDeliveryStatus, WebhookStatus,
};
use constat_core::Settings;
use constat_core::WebhookSettings;
use constat_domain::tenancy::Api;
use constat_store::StoreError;
use constat_testkit::fixtures::{self, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Server, ServerOptions};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::json;

use crate::platform_support::claims_client;
use crate::receiver::{Received, Receiver};
use crate::shared::revoke;

struct World {
    server: Server,
    caller: ClaimsCaller,
    client: ClaimsClient,
    receiver: Receiver,
}

fn allowing() -> Settings {
    let webhooks = WebhookSettings { allow_private: true, timeout_ms: 2_000, ..WebhookSettings::default() };
    Settings { webhooks, ..Settings::default() }
}

impl World {
    async fn start() -> Self {
        Self::with(allowing()).await
    }

    async fn with(settings: Settings) -> Self {
        let server = Server::with(ServerOptions { settings, ..ServerOptions::default() }).await;
        let caller = server.platform("Plateforme").await;
        let client = claims_client(&server, &caller.key);
        Self { server, caller, client, receiver: Receiver::start().await }
    }

    async fn register(&self, events: &[&str]) -> Webhook {
        let events = events.iter().map(|&kind| kind.to_owned()).collect();
        let new = CreateWebhook { url: self.receiver.url(), events, ..CreateWebhook::default() };
        self.client.create_webhook(&new).await.unwrap()
    }

    async fn declare(&self) -> String {
        self.caller.declare(&fixtures::stolen_bike()).await
    }

    async fn drain(&self) -> usize {
        self.server.deliverer().drain().await.unwrap()
    }

    fn advance(&self, minutes: i64) {
        self.server.clock.advance(SignedDuration::from_mins(minutes));
    }

    async fn edit(&self, id: &str) {
        let patch = json!({ "location": { "city": "Paris 12" } });
        self.caller.patch(&format!("/claims/{id}"), &patch).await.data();
    }

    async fn archive(&self, id: &str) {
        self.caller.send(Method::DELETE, &format!("/claims/{id}")).await.data();
    }

    async fn set(&self, id: &str, status: WantedStatus) -> Webhook {
        let patch = PatchWebhook { status: Some(status), ..PatchWebhook::default() };
        self.client.patch_webhook(id, &patch).await.unwrap()
    }
}

fn kinds(messages: &[Received]) -> Vec<&str> {
    messages.iter().map(Received::kind).collect()
}

#[tokio::test]
async fn a_receiver_gets_the_whole_claim_signed() {
    let world = World::start().await;
    let before = world.declare().await;
    let webhook = world.register(&[]).await;
    let secret = webhook.secret.clone().unwrap();
    assert!(webhook.id.starts_with("whk_") && secret.starts_with("whsec_"), "{webhook:?}");
    assert_eq!((webhook.status, webhook.secrets.len()), (WebhookStatus::Active, 1));

    let (id, claim_id) = world.caller.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await;
    assert_eq!(world.drain().await, 5);
    let messages = world.receiver.messages();
    assert_eq!(
        kinds(&messages),
        [
            "v2.claim.draft.created",
            "v2.claim.document.uploaded",
            "v2.claim.document.uploaded",
            "v2.claim.draft.ready",
            "v2.claim.created"
        ]
    );
    let last = &messages[4];
    let mut claim = world.caller.get(&format!("/claims/{id}")).await.data().clone();
    claim["allowedActions"] = last.body["data"]["allowedActions"].clone();
    assert_eq!(last.body["data"], claim, "data is the whole claim");
    let actions = claim["allowedActions"].as_array().unwrap();
    let allowed = actions.iter().filter(|action| action["allowed"] == true).map(|action| &action["action"]);
    assert_eq!(allowed.collect::<Vec<_>>(), ["upload_document", "cancel"], "as an integrator reads it");
    assert_eq!(last.body["event"]["data"]["claimId"], claim_id.as_str());
    let feed = world.client.events(&EventsQuery::default()).await.unwrap();
    assert_eq!(last.body["event"], serde_json::to_value(feed.data.last().unwrap()).unwrap());
    assert_eq!(last.header("webhook-id"), feed.data.last().unwrap().id);
    assert_eq!(last.header("webhook-timestamp"), "1795417200");
    assert_eq!(last.header("content-type"), "application/json");
    assert!(messages.iter().all(|message| message.signatures_of(&secret) == 1));
    // Nothing of what happened before, nothing twice, and no secret in any later answer.
    assert!(messages.iter().all(|message| message.claim() != before));
    assert_eq!(world.drain().await, 0);
    let read = world.client.read_webhook(&webhook.id).await.unwrap();
    assert_eq!((read.secret, read.pending, read.failures), (None, 0, 0));
    assert!(read.last_success_at.is_some());
}

#[tokio::test]
async fn only_the_chosen_kinds_are_sent_and_a_cursor_brings_what_was_before() {
    let world = World::start().await;
    let first = world.declare().await;
    let cursor = world.client.events(&EventsQuery::default()).await.unwrap().cursor;
    let second = world.declare().await;
    world.archive(&first).await;
    let chosen = CreateWebhook {
        url: world.receiver.url(),
        events: vec!["v2.claim.draft.created".to_owned()],
        after: cursor,
        ..CreateWebhook::default()
    };
    world.client.create_webhook(&chosen).await.unwrap();
    world.drain().await;
    let messages = world.receiver.messages();
    assert_eq!((kinds(&messages), messages[0].claim()), (vec!["v2.claim.draft.created"], second.as_str()));
}

#[tokio::test]
async fn what_a_receiver_missed_while_it_was_down_comes_in_order_once_it_is_back() {
    let mut world = World::start().await;
    let webhook = world.register(&[]).await;
    world.receiver.down().await;
    let mut claims = Vec::new();
    for _ in 0..12 {
        claims.push(world.declare().await);
    }
    // An hour of trying, while more happens.
    for minute in 0..6 {
        world.drain().await;
        world.advance(10);
        if minute == 2 {
            for claim in &claims {
                world.archive(claim).await;
            }
        }
    }
    assert_eq!(world.receiver.messages().len(), 0);
    let down = world.client.read_webhook(&webhook.id).await.unwrap();
    assert_eq!((down.status, down.pending), (WebhookStatus::Active, 24));
    assert!(down.failures >= 12, "{down:?}");

    world.receiver.up().await;
    // What waits is tried again in time; the first success calls all the others.
    world.advance(61);
    world.drain().await;
    let taken = world.receiver.taken();
    assert_eq!(taken.len(), 24);
    for claim in &claims {
        let of_claim: Vec<&str> = taken.iter().filter(|message| message.claim() == claim).map(Received::kind).collect();
        assert_eq!(of_claim, ["v2.claim.draft.created", "v2.claim.draft.archived"], "{claim}");
    }
    assert_eq!(world.receiver.overlaps(), 0);
    let back = world.client.read_webhook(&webhook.id).await.unwrap();
    assert_eq!((back.pending, back.failures), (0, 0));
}

#[tokio::test]
async fn the_next_event_of_a_claim_waits_and_other_claims_do_not() {
    let world = World::start().await;
    world.register(&[]).await;
    let (stuck, free) = (world.declare().await, world.declare().await);
    world.receiver.answer(&stuck, 500);
    world.drain().await;
    world.archive(&stuck).await;
    world.archive(&free).await;
    world.drain().await;
    let taken = world.receiver.taken();
    assert!(taken.iter().all(|message| message.claim() == free));
    assert_eq!(taken.len(), 2);
    // Not before its time: 1 minute, a tenth more or less.
    let tries = world.receiver.messages().len();
    world.server.clock.advance(SignedDuration::from_secs(53));
    world.drain().await;
    assert_eq!(world.receiver.messages().len(), tries);
    world.server.clock.advance(SignedDuration::from_secs(14));
    world.drain().await;
    assert_eq!(world.receiver.messages().len(), tries + 1);
    world.receiver.answer(&stuck, 200);
    world.advance(6);
    world.drain().await;
    let taken = world.receiver.taken();
    let of_stuck: Vec<&str> = taken.iter().filter(|message| message.claim() == stuck).map(Received::kind).collect();
    assert_eq!(of_stuck, ["v2.claim.draft.created", "v2.claim.draft.archived"]);
    assert_eq!(world.receiver.overlaps(), 0);
}

#[tokio::test]
async fn what_is_sent_again_goes_before_what_waits_behind_it() {
    let world = World::start().await;
    let webhook = world.register(&[]).await;
    let claim = world.declare().await;
    world.drain().await;
    world.receiver.answer(&claim, 500);
    world.archive(&claim).await;
    world.drain().await;
    let log = world.client.list_deliveries(&webhook.id, &DeliveriesQuery::default()).await.unwrap();
    let first = log.data.last().unwrap().id.clone();
    let again = ReplayDeliveries { delivery_id: Some(first), ..ReplayDeliveries::default() };
    assert_eq!(world.client.replay_deliveries(&webhook.id, &again).await.unwrap(), 1);
    world.receiver.answer(&claim, 200);
    world.receiver.clear();
    world.advance(5);
    world.drain().await;
    assert_eq!(kinds(&world.receiver.messages()), ["v2.claim.draft.created", "v2.claim.draft.archived"]);
}

#[tokio::test]
async fn while_two_secrets_live_both_sign() {
    let world = World::start().await;
    let webhook = world.register(&[]).await;
    let old = webhook.secret.unwrap();
    let rotated = world.client.rotate_webhook_secret(&webhook.id, &RotateSecret::default()).await.unwrap();
    let new = rotated.secret.unwrap();
    assert_ne!(old, new);
    assert_eq!(rotated.secrets.len(), 2);
    let counts = async || {
        world.receiver.clear();
        world.declare().await;
        world.drain().await;
        let message = world.receiver.messages().pop().unwrap();
        let all = message.header("webhook-signature").split(' ').count();
        (message.signatures_of(&old), message.signatures_of(&new), all)
    };
    assert_eq!(counts().await, (1, 1, 2));
    world.advance(24 * 60);
    assert_eq!(counts().await, (0, 1, 1));
    // A leaked secret stops at once.
    let now = world.client.rotate_webhook_secret(&webhook.id, &RotateSecret { overlap_hours: Some(0) }).await.unwrap();
    assert_eq!((counts().await, now.secrets.len()), ((0, 0, 1), 1));
    let wrong = world.caller.post(&format!("/webhooks/{}/secret", webhook.id), &json!({ "overlapHours": 169 })).await;
    wrong.is_error(400, 1000);
}

#[tokio::test]
async fn a_paused_webhook_gets_everything_when_it_is_resumed() {
    let world = World::start().await;
    let webhook = world.register(&[]).await;
    assert_eq!(world.set(&webhook.id, WantedStatus::Paused).await.status, WebhookStatus::Paused);
    let claims = [world.declare().await, world.declare().await];
    world.client.ping_webhook(&webhook.id).await.unwrap();
    assert_eq!((world.drain().await, world.receiver.messages().len()), (0, 0));
    assert_eq!(world.set(&webhook.id, WantedStatus::Active).await.status, WebhookStatus::Active);
    world.drain().await;
    let messages = world.receiver.messages();
    assert_eq!(messages.len(), 3);
    for claim in &claims {
        assert_eq!(messages.iter().filter(|message| message.body["event"]["claim"] == claim.as_str()).count(), 1);
    }
}

#[tokio::test]
async fn deliveries_are_logged_and_sent_again_on_request() {
    let world = World::start().await;
    let webhook = world.register(&[]).await;
    let first = world.declare().await;
    world.receiver.answer("", 503);
    world.drain().await;
    world.advance(2);
    world.receiver.answer("", 200);
    world.drain().await;
    world.advance(60);
    let half = world.server.services.core.clock.now();
    world.declare().await;
    world.drain().await;

    let log = world.client.list_deliveries(&webhook.id, &DeliveriesQuery::default()).await.unwrap();
    assert_eq!(log.pagination.total, 2);
    let oldest = &log.data[1];
    assert_eq!((oldest.subject.as_str(), oldest.status), (first.as_str(), WebhookDeliveryStatus::Delivered));
    let tries: Vec<_> = oldest.attempts.iter().map(|attempt| (attempt.number, attempt.status)).collect();
    assert_eq!(tries, [(1, Some(503)), (2, Some(200))]);
    assert_eq!(oldest.attempts[1].at.to_string(), "2026-11-23T07:02:00Z");
    let text = serde_json::to_string(&log).unwrap();
    assert!(!text.contains("Dupont") && !text.contains("Lyon"), "{text}");

    // One, under the same message id.
    world.receiver.clear();
    let one = ReplayDeliveries { delivery_id: Some(oldest.id.clone()), ..ReplayDeliveries::default() };
    assert_eq!(world.client.replay_deliveries(&webhook.id, &one).await.unwrap(), 1);
    world.drain().await;
    let messages = world.receiver.messages();
    assert_eq!((messages.len(), messages[0].header("webhook-id")), (1, oldest.event_id.as_str()));
    // A span of time.
    world.receiver.clear();
    let span = |from: Timestamp, to: Timestamp, status| ReplayDeliveries {
        from: Some(from.into()),
        to: Some(to.into()),
        status,
        ..ReplayDeliveries::default()
    };
    let end = half.checked_add(SignedDuration::from_hours(1)).unwrap();
    assert_eq!(world.client.replay_deliveries(&webhook.id, &span(half, end, None)).await.unwrap(), 1);
    let failed = span(Timestamp::from_second(1_700_000_000).unwrap(), end, Some(WebhookDeliveryStatus::Failed));
    assert_eq!(world.client.replay_deliveries(&webhook.id, &failed).await.unwrap(), 0);
    world.drain().await;
    assert_eq!(world.receiver.messages().len(), 1);

    let path = format!("/webhooks/{}/replay", webhook.id);
    for wrong in [
        json!({}),
        json!({ "deliveryId": "x" }),
        json!({ "from": "2026-11-23T07:00:00Z" }),
        json!({ "from": "2026-11-23T07:00:00Z", "to": "2026-11-23T07:00:00Z" }),
        json!({ "deliveryId": oldest.id, "from": "2026-11-23T07:00:00Z", "to": "2026-11-24T07:00:00Z" }),
    ] {
        world.caller.post(&path, &wrong).await.is_error(400, 1000);
    }
    let unknown = json!({ "deliveryId": "dlv_06E3ZQK8X5V2M0TQ9R7H4B1CDS" });
    world.caller.post(&path, &unknown).await.is_error(404, 2004);
}

/// Drains through this number of hours.
async fn hours(world: &World, hours: i64) {
    for _ in 0..hours {
        world.advance(60);
        world.drain().await;
    }
}

#[tokio::test]
async fn after_three_days_without_an_answer_the_webhook_is_stopped_and_nothing_is_lost() {
    let mut world = World::start().await;
    let webhook = world.register(&[]).await;
    world.receiver.down().await;
    let claim = world.declare().await;
    world.drain().await;
    hours(&world, 71).await;
    assert_eq!(world.client.read_webhook(&webhook.id).await.unwrap().status, WebhookStatus::Active);
    hours(&world, 14).await;
    let stopped = world.client.read_webhook(&webhook.id).await.unwrap();
    assert_eq!((stopped.status, stopped.pending), (WebhookStatus::Failing, 1));
    world.archive(&claim).await;
    world.receiver.up().await;
    hours(&world, 24).await;
    assert_eq!(world.receiver.messages().len(), 0, "a stopped webhook is left alone");
    world.set(&webhook.id, WantedStatus::Active).await;
    world.drain().await;
    assert_eq!(kinds(&world.receiver.messages()), ["v2.claim.draft.created", "v2.claim.draft.archived"]);
}

#[tokio::test]
async fn one_message_that_cannot_be_taken_is_given_up_alone_and_can_be_sent_again() {
    let world = World::start().await;
    let webhook = world.register(&[]).await;
    let poison = world.declare().await;
    world.receiver.answer(&poison, 422);
    world.drain().await;
    world.archive(&poison).await;
    for _ in 0..8 {
        hours(&world, 11).await;
        world.declare().await;
    }
    world.drain().await;
    let read = world.client.read_webhook(&webhook.id).await.unwrap();
    assert_eq!(read.status, WebhookStatus::Active);
    let query = DeliveriesQuery { status: Some(WebhookDeliveryStatus::Failed), ..DeliveriesQuery::default() };
    let failed = world.client.list_deliveries(&webhook.id, &query).await.unwrap();
    assert_eq!((failed.data.len(), failed.data[0].kind.as_str()), (1, "v2.claim.draft.created"));
    assert!(failed.data[0].attempts.len() > 8, "{:?}", failed.data[0].attempts.len());
    assert!(kinds(&world.receiver.messages()).contains(&"v2.claim.draft.archived"), "the next one has its turn");
    world.receiver.answer(&poison, 200);
    world.receiver.clear();
    let again = ReplayDeliveries { delivery_id: Some(failed.data[0].id.clone()), ..ReplayDeliveries::default() };
    world.client.replay_deliveries(&webhook.id, &again).await.unwrap();
    world.drain().await;
    assert_eq!(world.receiver.taken()[0].kind(), "v2.claim.draft.created");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_gone_is_gone() {
    let world = World::start().await;
    let webhook = world.register(&[]).await;
    world.receiver.answer("", 307);
    world.declare().await;
    world.drain().await;
    assert_eq!(world.receiver.messages().len(), 1);
    assert_eq!(world.client.read_webhook(&webhook.id).await.unwrap().pending, 1);
    world.receiver.answer("", 410);
    world.advance(2);
    world.drain().await;
    assert_eq!(world.client.read_webhook(&webhook.id).await.unwrap().status, WebhookStatus::Failing);
}

#[tokio::test]
async fn addresses_inside_the_house_are_refused_at_registration() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    for inside in [
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://localhost./x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://10.1.2.3/x",
        "https://172.16.0.1/x",
        "https://192.168.1.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/x",
        "https://[fe80::1]/x",
        "https://224.0.0.1/x",
        "https://0.0.0.0/x",
        "http://93.184.216.34/x",
        "https://user:secret@93.184.216.34/x",
        "ftp://93.184.216.34/x",
        "not a url",
        "https://name.invalid/x",
    ] {
        let refused = caller.post("/webhooks", &json!({ "url": inside })).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), ["url"], "{inside}");
    }
    let created = caller.post("/webhooks", &json!({ "url": "https://93.184.216.34/x" })).await;
    let id = created.data()["id"].as_str().unwrap();
    let moved = caller.patch(&format!("/webhooks/{id}"), &json!({ "url": "https://127.0.0.1/x" })).await;
    moved.is_error(400, 1000);
}

#[tokio::test]
async fn addresses_inside_the_house_are_refused_again_at_connection() {
    for host in ["127.0.0.1", "localhost"] {
        let mut world = World::start().await;
        let url = world.receiver.url().replace("127.0.0.1", host).replace("http:", "https:");
        let new = CreateWebhook { url, ..CreateWebhook::default() };
        let webhook = world.client.create_webhook(&new).await.unwrap();
        // As when the name has come to lead elsewhere since it was registered.
        world.server.configure(|settings| settings.webhooks.allow_private = false).await;
        world.caller.http = world.server.http.clone();
        world.client = claims_client(&world.server, &world.caller.key);
        world.declare().await;
        world.drain().await;
        assert_eq!(world.receiver.messages().len(), 0);
        let log = world.client.list_deliveries(&webhook.id, &DeliveriesQuery::default()).await.unwrap();
        assert_eq!(log.data[0].attempts[0].error.as_deref(), Some("address_refused"), "{host}");
    }
}

#[tokio::test]
async fn two_nodes_share_the_work_and_send_each_message_once() {
    let world = World::start().await;
    world.register(&[]).await;
    let twin = world.server.twin().await;
    let mut claims = Vec::new();
    for _ in 0..30 {
        let claim = world.declare().await;
        world.archive(&claim).await;
        claims.push(claim);
    }
    let (here, there) = (world.server.deliverer(), twin.deliverer());
    let (first, second) = tokio::join!(here.drain(), there.drain());
    assert_eq!(first.unwrap() + second.unwrap() + world.drain().await, 60);
    let messages = world.receiver.messages();
    let mut ids: Vec<&str> = messages.iter().map(|message| message.header("webhook-id")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((messages.len(), ids.len(), world.receiver.overlaps()), (60, 60, 0));
    for claim in &claims {
        let of_claim: Vec<&str> =
            messages.iter().filter(|message| message.claim() == claim).map(Received::kind).collect();
        assert_eq!(of_claim, ["v2.claim.draft.created", "v2.claim.draft.archived"]);
    }
}

#[tokio::test]
async fn what_a_node_had_in_hand_when_it_died_is_sent_by_another() {
    let world = World::start().await;
    let webhook = world.register(&[]).await;
    let claim = world.declare().await;
    world.receiver.answer("", 500);
    world.drain().await;
    world.advance(2);
    world.archive(&claim).await;
    let id = webhook.id.parse().unwrap();
    let dead = lease(&world.server.services.claims, id, "dead".to_owned()).await.unwrap().unwrap();
    assert_eq!(dead.deliveries.len(), 1);
    world.receiver.answer("", 200);
    world.receiver.clear();
    world.server.clock.advance(SignedDuration::from_secs(59));
    assert_eq!(world.drain().await, 0, "it may still be at it");
    world.server.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(world.drain().await, 2);
    assert_eq!(kinds(&world.receiver.messages()), ["v2.claim.draft.created", "v2.claim.draft.archived"]);
}

#[tokio::test]
async fn the_log_forgets_what_was_delivered_long_ago_and_nothing_else() {
    let world = World::start().await;
    let webhook = world.register(&[]).await;
    let log = async || {
        let page = world.client.list_deliveries(&webhook.id, &DeliveriesQuery::default()).await.unwrap();
        page.data.into_iter().map(|row| row.status).collect::<Vec<_>>()
    };
    let days = |days: i64| world.server.clock.advance(SignedDuration::from_hours(24 * days));
    // One message is given up, the others are taken.
    let poison = world.declare().await;
    world.receiver.answer(&poison, 422);
    for _ in 0..8 {
        world.client.ping_webhook(&webhook.id).await.unwrap();
        hours(&world, 11).await;
    }
    world.drain().await;
    let failed =
        |log: &[WebhookDeliveryStatus]| log.iter().filter(|one| **one == WebhookDeliveryStatus::Failed).count();
    assert_eq!((log().await.len(), failed(&log().await)), (9, 1));
    assert_eq!(delete_delivered(&world.server.services.claims).await.unwrap(), 0);
    days(27);
    world.client.ping_webhook(&webhook.id).await.unwrap();
    world.drain().await;
    // Thirty days and more after the first of them, and not after the others.
    let gone = delete_delivered(&world.server.services.claims).await.unwrap();
    assert!((1..8).contains(&gone), "{gone}");
    assert_eq!(log().await.len(), 10 - gone);
    world.client.ping_webhook(&webhook.id).await.unwrap();
    days(31);
    assert_eq!(delete_delivered(&world.server.services.claims).await.unwrap(), 9 - gone);
    assert_eq!(log().await, [WebhookDeliveryStatus::Pending, WebhookDeliveryStatus::Failed]);
    assert_eq!(delete_delivered(&world.server.services.claims).await.unwrap(), 0);
}

#[tokio::test]
async fn a_commit_wakes_the_deliverer() {
    let mut settings = allowing();
    settings.webhooks.poll_seconds = 60;
    let world = World::with(settings).await;
    let webhook = world.register(&[]).await;
    let running = tokio::spawn(world.server.deliverer().run());
    world.declare().await;
    world.receiver.wait_for(1).await;
    world.client.ping_webhook(&webhook.id).await.unwrap();
    world.receiver.wait_for(2).await;
    let ping = world.receiver.messages().pop().unwrap();
    assert_eq!((ping.kind(), &ping.body["data"]), ("v2.webhook.ping", &json!({ "webhookId": webhook.id })));
    assert_eq!(ping.signatures_of(&webhook.secret.unwrap()), 1);
    running.abort();
}

#[tokio::test]
async fn a_ping_after_the_receiver_is_mended_goes_out_at_once() {
    let world = World::start().await;
    let webhook = world.register(&[]).await;
    world.receiver.answer("", 500);
    world.client.ping_webhook(&webhook.id).await.unwrap();
    world.drain().await;
    let claim = world.declare().await;
    world.drain().await;
    assert!(world.receiver.messages().iter().all(|message| message.answered == 500));
    world.receiver.clear();
    world.receiver.answer("", 200);
    // Without a second's wait: neither the failed ping nor the claim's message are due.
    let ping = world.client.ping_webhook(&webhook.id).await.unwrap();
    assert_eq!(world.drain().await, 1);
    let messages = world.receiver.messages();
    assert_eq!(kinds(&messages), ["v2.webhook.ping"]);
    assert_eq!(messages[0].header("webhook-id"), ping.event_id);
    assert_eq!(ping.subject, webhook.id, "a trial is about the webhook");
    let log = world.client.list_deliveries(&webhook.id, &DeliveriesQuery::default()).await.unwrap();
    assert_eq!(
        (log.data[0].status, log.data[0].subject.clone()),
        (WebhookDeliveryStatus::Delivered, webhook.id.clone())
    );
    // What failed before comes in its own time, in order for the claim.
    world.advance(2);
    world.drain().await;
    assert!(
        world.receiver.messages().iter().any(|message| message.kind() != "v2.webhook.ping" && message.claim() == claim)
    );
}

#[tokio::test]
async fn a_ping_goes_before_a_long_queue() {
    let mut settings = allowing();
    settings.webhooks.parallel = 1;
    let world = World::with(settings).await;
    let webhook = world.register(&[]).await;
    for _ in 0..12 {
        world.declare().await;
    }
    let id = webhook.id.parse().unwrap();
    constat_claims::webhooks::fan_out(&world.server.services.claims, id).await.unwrap();
    let ping = world.client.ping_webhook(&webhook.id).await.unwrap();
    let work = lease(&world.server.services.claims, id, "node".to_owned()).await.unwrap().unwrap();
    let leased: Vec<String> = work.deliveries.iter().map(|delivery| delivery.event.to_string()).collect();
    assert_eq!(leased, [ping.event_id], "the trial first");
    let next = lease(&world.server.services.claims, id, "node".to_owned()).await.unwrap().unwrap();
    assert_eq!(next.deliveries[0].kind, "v2.claim.draft.created");
}

#[tokio::test]
async fn a_ping_does_not_wait_for_a_receiver_that_hangs() {
    let mut settings = allowing();
    settings.webhooks.timeout_ms = 20_000;
    settings.webhooks.poll_seconds = 1;
    let world = World::with(settings).await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/events", silent.local_addr().unwrap());
    let webhook = world.client.create_webhook(&CreateWebhook { url, ..CreateWebhook::default() }).await.unwrap();
    let running = tokio::spawn(world.server.deliverer().run());
    world.declare().await;
    let (_held, _peer) =
        tokio::time::timeout(std::time::Duration::from_secs(10), silent.accept()).await.unwrap().unwrap();
    world.client.ping_webhook(&webhook.id).await.unwrap();
    // A second connection comes while the first still waits for its answer.
    let second = tokio::time::timeout(std::time::Duration::from_secs(10), silent.accept()).await;
    assert!(second.is_ok(), "the ping waited behind the message that hangs");
    running.abort();
}

#[tokio::test]
async fn receivers_that_hang_with_more_due_hold_up_no_other_write() {
    let mut settings = allowing();
    settings.webhooks.timeout_ms = 20_000;
    settings.webhooks.parallel = 1;
    let world = World::with(settings).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        world.client.create_webhook(&CreateWebhook { url, ..CreateWebhook::default() }).await.unwrap();
        silent.push(listener);
    }
    let running = tokio::spawn(world.server.deliverer().run());
    for _ in 0..3 {
        world.declare().await;
    }
    for listener in &silent {
        tokio::time::timeout(std::time::Duration::from_secs(10), listener.accept()).await.unwrap().unwrap();
    }
    // Each worker waits for its receiver, and each webhook has more due.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    for _ in 0..20 {
        let declared = tokio::time::timeout(std::time::Duration::from_secs(2), world.declare()).await;
        assert!(declared.is_ok(), "a declaration waits behind the webhooks");
    }
    running.abort();
}

#[tokio::test]
async fn a_secret_is_not_kept_with_the_answer_to_its_making() {
    let world = World::start().await;
    let url = world.receiver.url();
    let path = |path: &str| format!("{}/v2{path}", world.server.url);
    let post = async |path: String, body: serde_json::Value, key: &str| {
        let request = world.server.http.post(path).bearer_auth(&world.caller.key).header("idempotency-key", key);
        request.json(&body).send().await.unwrap().json::<serde_json::Value>().await.unwrap()
    };
    let created = post(path("/webhooks"), json!({ "url": url }), "create").await;
    let secret = created["data"]["secret"].as_str().unwrap().to_owned();
    let id = created["data"]["id"].as_str().unwrap().to_owned();
    assert!(kept_answers(&world.server).iter().all(|answer| !answer.contains("whsec_")), "no secret is kept");
    assert!(kept_answers(&world.server).iter().any(|answer| answer.contains(&id)));
    // A repeat gets the whole answer while the secret signs.
    assert_eq!(post(path("/webhooks"), json!({ "url": url }), "create").await, created);
    assert_eq!(world.client.list_webhooks().await.unwrap().len(), 1);
    let rotated = post(path(&format!("/webhooks/{id}/secret")), json!({}), "rotate").await;
    assert_ne!(rotated["data"]["secret"], created["data"]["secret"]);
    assert_eq!(post(path(&format!("/webhooks/{id}/secret")), json!({}), "rotate").await, rotated);
    assert_eq!(post(path("/webhooks"), json!({ "url": url }), "create").await["data"]["secret"], secret.as_str());
    // A day later the first one is over; after the deletion the answer has neither.
    world.advance(24 * 60 + 1);
    let repeat = post(path("/webhooks"), json!({ "url": url }), "create").await;
    assert_eq!((&repeat["data"]["id"], &repeat["data"]["secret"]), (&created["data"]["id"], &json!(null)));
    world.caller.send(Method::DELETE, &format!("/webhooks/{id}")).await.data();
    let repeat = post(path(&format!("/webhooks/{id}/secret")), json!({}), "rotate").await;
    assert_eq!((&repeat["data"]["id"], &repeat["data"]["secret"]), (&rotated["data"]["id"], &json!(null)));
    assert!(kept_answers(&world.server).iter().all(|answer| !answer.contains("whsec_")));
}

/// The answers that are kept for repeats, as they lie in the database.
fn kept_answers(server: &Server) -> Vec<String> {
    use diesel::prelude::*;

    #[derive(QueryableByName)]
    struct Kept {
        #[diesel(sql_type = diesel::sql_types::Text)]
        answer: String,
    }
    let read: Result<Vec<Kept>, StoreError> = server
        .services
        .core
        .store
        .read(|connection| Ok(diesel::sql_query("SELECT answer FROM idempotent_answers").load(connection)?));
    read.unwrap().into_iter().map(|kept| kept.answer).collect()
}

#[tokio::test]
async fn registering_a_webhook_tells_nothing_of_the_names_of_this_network() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let said = async |url: &str| {
        let got = caller.post("/webhooks", &json!({ "url": url })).await;
        (got.status, got.body["error"]["message"].clone(), got.body["error"]["details"].clone())
    };
    // Names that exist on every machine, and the same that exist nowhere: one answer.
    for (exists, missing) in [
        ("https://localhost/x", "https://no-such-name/x"),
        ("https://localhost.localdomain/x", "https://no-such-name.localdomain/x"),
        ("https://vault.internal/x", "https://no-such-name.internal/x"),
        ("https://printer.local/x", "https://no-such-name.local/x"),
    ] {
        let (one, other) = (said(exists).await, said(missing).await);
        assert_eq!(one, other, "{exists}");
        assert_eq!(one.0, 400);
    }
    // Nothing is looked up: a public name is taken whether it exists or not, and judged when something is sent.
    assert_eq!(said("https://no-such-name.no-such-receiver.fr/x").await.0, 200);
}

#[tokio::test]
async fn a_webhook_belongs_to_its_key_and_ends_with_it() {
    let world = World::start().await;
    let webhook = world.register(&[]).await;
    let path = format!("/webhooks/{}", webhook.id);
    let same_platform = world.server.caller(world.caller.tenant).await;
    let other = world.server.platform("Autre").await;
    for stranger in [&same_platform, &other] {
        assert_eq!(stranger.get("/webhooks").await.data(), &json!([]));
        stranger.get(&path).await.is_error(404, 2004);
        stranger.get(&format!("{path}/deliveries")).await.is_error(404, 2004);
        stranger.patch(&path, &json!({ "status": "paused" })).await.is_error(404, 2004);
        stranger.post(&format!("{path}/ping"), &json!({})).await.is_error(404, 2004);
        stranger.post(&format!("{path}/secret"), &json!({})).await.is_error(404, 2004);
        stranger.send(Method::DELETE, &path).await.is_error(404, 2004);
    }
    world.caller.get("/webhooks/nonsense").await.is_error(404, 2004);
    // Another tenant's claims are not sent.
    other.declare(&fixtures::stolen_bike()).await;
    assert_eq!(world.drain().await, 0);
    // Once the key is revoked nothing leaves, not even what was queued.
    world.declare().await;
    revoke(&world.server.services.core, Api::Claims, &world.caller.key).await;
    assert_eq!((world.drain().await, world.receiver.messages().len()), (0, 0));
}

#[tokio::test]
async fn a_webhook_is_changed_under_its_version_and_removed_with_its_log() {
    let world = World::start().await;
    let webhook = world.register(&["v2.claim.closed"]).await;
    let path = format!("/webhooks/{}", webhook.id);
    let read = world.caller.get(&path).await;
    assert_eq!(read.header("etag"), "\"1\"");
    assert_eq!(read.data()["events"], json!(["v2.claim.closed"]));
    let edited = world.caller.patch(&path, &json!({ "events": [], "description": "Essai" })).await;
    assert_eq!((edited.header("etag"), &edited.data()["description"]), ("\"2\"", &json!("Essai")));
    let stale = world.caller.request(Method::DELETE, &path).header("If-Match", "\"1\"").send().await.unwrap();
    assert_eq!(stale.status(), 412);
    world.declare().await;
    world.drain().await;
    assert_eq!(world.receiver.messages().len(), 1);
    world.client.delete_webhook(&webhook.id).await.unwrap();
    assert!(world.client.list_webhooks().await.unwrap().is_empty());
    world.caller.get(&path).await.is_error(404, 2004);
    world.declare().await;
    assert_eq!(world.drain().await, 0);

    for (body, field) in [
        (json!({}), "url"),
        (json!({ "url": world.receiver.url(), "events": ["v2.claim.exploded"] }), "events[0]"),
        (json!({ "url": world.receiver.url(), "events": ["claim.draft.edited"] }), "events[0]"),
        (json!({ "url": world.receiver.url(), "after": "x" }), "after"),
        (json!({ "url": world.receiver.url(), "after": "evt_06E3ZQK8X5V2M0TQ9R7H4B1CDS" }), "after"),
        (json!({ "url": world.receiver.url(), "description": "x".repeat(201) }), "description"),
    ] {
        let refused = world.caller.post("/webhooks", &body).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), [field], "{body}");
    }
    for _ in 0..20 {
        world.register(&[]).await;
    }
    let refused = world.caller.post("/webhooks", &json!({ "url": world.receiver.url() })).await;
    refused.is_error(400, 1000);
}

#[tokio::test]
async fn the_same_registration_is_made_once() {
    let world = World::start().await;
    let once = world.client.idempotent("webhook-1");
    let new = CreateWebhook { url: world.receiver.url(), ..CreateWebhook::default() };
    let (first, again) = (once.create_webhook(&new).await.unwrap(), once.create_webhook(&new).await.unwrap());
    assert_eq!(first, again);
    assert_eq!(world.client.list_webhooks().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_edited_draft_is_in_the_feed_and_is_not_sent() {
    let world = World::start().await;
    world.register(&[]).await;
    let id = world.declare().await;
    world.edit(&id).await;
    world.drain().await;
    assert_eq!(kinds(&world.receiver.messages()), ["v2.claim.draft.created"]);
}
