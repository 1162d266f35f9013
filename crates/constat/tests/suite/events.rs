//! What happened: the timeline of a claim, the feed, and the chain that shows tampering.

use constat_administration::audit::{Tampering, verify_chain};
use constat_client::wire::claims::{ActorKind, EventsQuery, TimelineQuery};
use constat_domain::event_kinds::EventKind;
use constat_domain::tenancy::{Api, Mode, TenantId};
use constat_testkit::fixtures::{self, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Server};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::claims::start;
use crate::cli::{Folder, constat};
use crate::platform_support::claims_client;

fn kinds(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_claims_timeline_tells_what_happened_in_order_by_either_id() {
    let (server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    server.clock.advance(SignedDuration::from_mins(5));
    caller.upload(&id, &[POLICE_REPORT, KEYS_PHOTO]).await.data();
    let submitted = caller.post(&format!("/claims/{id}/submit"), &json!({})).await;
    let claim_id = submitted.data()["claimId"].as_str().unwrap().to_owned();

    let whole = caller.get(&format!("/claims/{id}/timeline")).await;
    assert_eq!(
        kinds(whole.data()),
        [
            "v2.claim.draft.created",
            "v2.claim.document.uploaded",
            "v2.claim.document.uploaded",
            "v2.claim.draft.ready",
            "v2.claim.created"
        ]
    );
    assert_eq!(whole.body["pagination"], json!({ "total": 5, "offset": 0, "limit": 100 }));
    let first = &whole.data()[0];
    assert_eq!(first["label"], "Pré-déclaration créée");
    assert_eq!(first["at"], "2026-11-23T07:00:00Z");
    assert_eq!(first["actor"], json!({ "kind": "handler" }));
    assert_eq!(first["data"]["id"], id.as_str());
    assert_eq!(whole.data()[4]["at"], "2026-11-23T07:05:00Z");
    assert_eq!(whole.data()[4]["label"], "Sinistre déclaré");
    assert_eq!(caller.get(&format!("/claims/{claim_id}/timeline")).await.data(), whole.data());

    let page = caller.get(&format!("/claims/{id}/timeline?limit=2&offset=3")).await;
    assert_eq!(kinds(page.data()), ["v2.claim.draft.ready", "v2.claim.created"]);
    caller.get(&format!("/claims/{id}/timeline?limit=0")).await.is_error(400, 1000);
    let other = server.platform("Autre").await;
    other.get(&format!("/claims/{id}/timeline")).await.is_error(404, 2001);

    let typed = claims_client(&server, &caller.key);
    let typed = typed.timeline(&id, &TimelineQuery::default()).await.unwrap();
    assert_eq!((typed.data.len(), typed.data[0].actor.kind), (5, ActorKind::Handler));
}

#[tokio::test]
async fn the_feed_gives_every_event_once_and_in_order_to_whoever_goes_on_from_its_cursor() {
    let (server, caller) = start().await;
    let client = claims_client(&server, &caller.key);
    assert_eq!(client.events(&EventsQuery::default()).await.unwrap().cursor, None);
    let mut declared = Vec::new();
    for _ in 0..7 {
        declared.push(caller.declare(&fixtures::stolen_bike()).await);
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let part = client.events(&EventsQuery { after: after.clone(), limit: Some(3) }).await.unwrap();
        seen.extend(part.data.iter().map(|event| event.claim.clone()));
        assert_eq!(part.has_more, seen.len() < 7);
        after.clone_from(&part.cursor);
        if !part.has_more {
            break;
        }
    }
    assert_eq!(seen, declared);
    // Nothing new: the cursor stays. Something new: only that.
    let nothing = client.events(&EventsQuery { after: after.clone(), limit: None }).await.unwrap();
    assert_eq!((nothing.data.len(), nothing.cursor), (0, after.clone()));
    let archived = caller.send(reqwest::Method::DELETE, &format!("/claims/{}", declared[0])).await;
    archived.data();
    let news = caller.get(&format!("/events?after={}", after.clone().unwrap())).await;
    assert_eq!(kinds(news.data()), ["v2.claim.draft.archived"]);
    assert_eq!(news.data()[0]["claim"], declared[0].as_str());

    for wrong in ["after=nonsense", "after=evt_06E3ZQK8X5V2M0TQ9R7H4B1CDS", "limit=501"] {
        caller.get(&format!("/events?{wrong}")).await.is_error(400, 1000);
    }
    // Others' events are not there, and their ids are no cursors.
    let other = server.platform("Autre").await;
    assert_eq!(other.get("/events").await.data(), &json!([]));
    other.get(&format!("/events?after={}", after.unwrap())).await.is_error(400, 1000);
    let live = server.caller(TenantId { mode: Mode::Live, ..caller.tenant }).await;
    assert_eq!(live.get("/events").await.data(), &json!([]));
}

#[tokio::test]
async fn a_firms_own_events_are_not_in_the_feed_of_a_claims_key() {
    use constat_store::queries::events;
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let act = server
        .services
        .core
        .context(constat_core::authenticate(&server.services.core, Api::Claims, &caller.key).unwrap());
    let recorded: Result<(), constat_store::StoreError> = server
        .services
        .core
        .store
        .write(move |tx| act.record(tx, "apt_1", EventKind::AppointmentBooked, json!({})))
        .await;
    recorded.unwrap();
    assert_eq!(caller.get("/events").await.data(), &json!([]));
    let kept = server.services.core.store.read(|c| events::of_tenant_after(c, &caller.tenant, 0, 10)).unwrap();
    assert_eq!(kept.len(), 1);
}

/// Events of two tenants, written together and apart.
async fn chained() -> (Server, ClaimsCaller) {
    let (server, caller) = start().await;
    let other = server.platform("Autre").await;
    for _ in 0..3 {
        let (mine, theirs) = (fixtures::stolen_bike(), fixtures::stolen_bike());
        tokio::join!(caller.declare(&mine), other.declare(&theirs), caller.declare(&mine));
    }
    (server, caller)
}

/// Does something to the database behind the server's back.
async fn tamper(server: &Server, sql: &str) {
    server.run_sql(sql).await;
}

#[tokio::test]
async fn an_event_of_a_kind_that_a_newer_server_wrote_is_shown_by_its_name() {
    let (server, caller) = start().await;
    let (id, other) = (caller.declare(&fixtures::stolen_bike()).await, caller.declare(&fixtures::stolen_bike()).await);
    server.run_sql(&format!("UPDATE events SET kind = 'v2.claim.yet.unknown' WHERE subject = '{id}'")).await;
    let timeline = caller.get(&format!("/claims/{id}/timeline")).await;
    assert_eq!(kinds(timeline.data()), ["v2.claim.yet.unknown"]);
    assert_eq!(timeline.data()[0]["label"], "v2.claim.yet.unknown");
    // The feed has the kinds that this server knows.
    let feed = caller.get("/events").await;
    assert_eq!(
        (kinds(feed.data()), feed.data()[0]["claim"].as_str()),
        (vec!["v2.claim.draft.created"], Some(other.as_str()))
    );
}

#[tokio::test]
async fn each_kind_of_tampering_is_found_where_it_was_done() {
    let one = "tenant = '$T' AND position";
    let copy = "INSERT INTO events (id, tenant, position, subject, kind, at, actor, data, data_hash, previous, hash) \
                SELECT 'evt_X', tenant, $P, subject, kind, at, actor, data, data_hash, $Q, hash \
                FROM events WHERE tenant = '$T' AND position = $F";
    let make_room = format!(
        "UPDATE events SET position = -position - 1 WHERE {one} > 3; \
                             UPDATE events SET position = -position WHERE {one} < 0;"
    );
    let cases: Vec<(String, Option<(Tampering, i64)>)> = vec![
        (String::new(), None),
        (format!("UPDATE events SET data = '{{\"id\":\"x\"}}' WHERE {one} = 4"), Some((Tampering::Changed, 4))),
        (format!("UPDATE events SET kind = 'v2.claim.closed' WHERE {one} = 6"), Some((Tampering::Changed, 6))),
        (format!("UPDATE events SET at = at + 1 WHERE {one} = 1"), Some((Tampering::Changed, 1))),
        (format!("UPDATE events SET actor = 'system' WHERE {one} = 2"), Some((Tampering::Changed, 2))),
        (format!("UPDATE events SET hash = x'00' WHERE {one} = 2"), Some((Tampering::Changed, 2))),
        (format!("UPDATE events SET position = 9 WHERE {one} = 6"), Some((Tampering::Changed, 9))),
        // The data and its own hash.
        (
            format!("UPDATE events SET data = 'null', data_hash = data_hash || x'' WHERE {one} = 3"),
            Some((Tampering::Changed, 3)),
        ),
        (format!("DELETE FROM events WHERE {one} = 3"), Some((Tampering::Removed, 3))),
        (format!("DELETE FROM events WHERE {one} = 1"), Some((Tampering::Removed, 1))),
        // The end, and all of it: the chain's own row tells.
        (format!("DELETE FROM events WHERE {one} >= 5"), Some((Tampering::Removed, 5))),
        (format!("DELETE FROM events WHERE {one} > 0"), Some((Tampering::Removed, 1))),
        // One removed, and the others renumbered.
        (
            format!(
                "DELETE FROM events WHERE {one} = 3; UPDATE events SET position = -position WHERE {one} > 3; \
                 UPDATE events SET position = -position - 1 WHERE {one} < 0"
            ),
            Some((Tampering::Changed, 2)),
        ),
        // Two that changed places.
        (
            format!(
                "UPDATE events SET position = 99 WHERE {one} = 3; UPDATE events SET position = 3 WHERE {one} = 4; \
                 UPDATE events SET position = 4 WHERE {one} = 99"
            ),
            Some((Tampering::Reordered, 3)),
        ),
        // Put in, with hashes that are wrong.
        (
            make_room.clone() + &copy.replace("$P", "4").replace("$F", "2").replace("$Q", "x'11'"),
            Some((Tampering::Inserted, 4)),
        ),
        // A copy put at the end.
        (copy.replace("$P", "7").replace("$F", "6").replace("$Q", "hash"), Some((Tampering::Inserted, 7))),
        (
            format!("UPDATE event_chains SET hash = x'{}' WHERE tenant = '$T'", "ab".repeat(32)),
            Some((Tampering::Changed, 6)),
        ),
    ];
    for (sql, expected) in cases {
        let (server, caller) = chained().await;
        let sql = sql.replace("$T", &caller.tenant.to_string());
        tamper(&server, &sql).await;
        let verdict = verify_chain(&server.services.core.store, &caller.tenant, &|_| ()).unwrap();
        let found = verdict.fault.as_ref().map(|fault| (fault.tampering, fault.position));
        assert_eq!(found, expected, "{sql}\n{verdict:?}");
        if expected.is_none() {
            assert_eq!(verdict.sound, 6);
        }
    }
}

#[tokio::test]
async fn an_event_put_in_with_right_hashes_is_found_by_the_one_after_it() {
    use constat_store::chain::{Content, hex};
    use constat_store::queries::events;
    let (server, caller) = chained().await;
    let stored = server.services.core.store.read(|c| events::stored_of_tenant_after(c, &caller.tenant, 0, 10)).unwrap();
    let (before, copied) = (&stored[2], &stored[1]);
    let content = Content {
        id: "evt_X",
        tenant: &copied.tenant,
        subject: &copied.subject,
        kind: &copied.kind,
        at: copied.at,
        actor: &copied.actor,
        data_hash: &copied.data_hash,
    };
    let (tenant, previous, hash) = (&copied.tenant, hex(&before.hash), hex(&content.hash_after(&before.hash)));
    tamper(
        &server,
        &format!(
            "UPDATE events SET position = -position - 1 WHERE tenant = '{tenant}' AND position > 3; \
             UPDATE events SET position = -position WHERE tenant = '{tenant}' AND position < 0; \
             INSERT INTO events (id, tenant, position, subject, kind, at, actor, data, data_hash, previous, hash) \
             SELECT 'evt_X', tenant, 4, subject, kind, at, actor, data, data_hash, x'{previous}', x'{hash}' \
             FROM events WHERE tenant = '{tenant}' AND position = 2; \
             UPDATE event_chains SET length = length + 1 WHERE tenant = '{tenant}'"
        ),
    )
    .await;
    let verdict = verify_chain(&server.services.core.store, &caller.tenant, &|_| ()).unwrap();
    let fault = verdict.fault.unwrap();
    assert_eq!((fault.tampering, fault.position, fault.event.as_deref()), (Tampering::Inserted, 4, Some("evt_X")));
}

#[tokio::test]
async fn erased_data_leaves_the_chain_whole_and_is_counted() {
    let (server, caller) = chained().await;
    let tenant = caller.tenant;
    tamper(&server, &format!("UPDATE events SET data = NULL WHERE tenant = '{tenant}' AND position = 2")).await;
    let verdict = verify_chain(&server.services.core.store, &tenant, &|_| ()).unwrap();
    assert_eq!((verdict.sound, verdict.erased, verdict.fault), (6, 1, None));
    assert_eq!(caller.get("/events").await.data()[1]["data"], Value::Null);
}

#[tokio::test]
async fn what_is_refused_leaves_no_gap_and_many_processes_share_a_chain() {
    let (server, caller) = start().await;
    let twin = server.twin().await;
    let there = ClaimsCaller { url: format!("{}/v2", twin.url), ..caller.clone() };
    let mut wrong = fixtures::stolen_bike();
    wrong["contractId"] = json!("no-such-contract");
    let right = fixtures::stolen_bike();
    let refused = format!("/claims/{}", caller.declare(&right).await);
    let patch = json!({ "location": { "city": "Lyon" } });
    for _ in 0..10 {
        let (first, second, bad, edited) = tokio::join!(
            caller.post("/claims", &right),
            there.post("/claims", &right),
            caller.post("/claims", &wrong),
            there.patch(&refused, &patch),
        );
        first.data();
        second.data();
        bad.is_error(404, 2002);
        edited.data();
    }
    let verdict = verify_chain(&server.services.core.store, &caller.tenant, &|_| ()).unwrap();
    assert_eq!((verdict.sound, verdict.fault), (31, None));
}

#[tokio::test]
async fn no_event_holds_anything_personal() {
    use constat_store::queries::events;
    let (server, caller) = start().await;
    let mut declaration = fixtures::stolen_bike();
    declaration["insured"]["company"] = json!("Atelier Dupont");
    let (id, _) = caller.submitted(&declaration, &[POLICE_REPORT, KEYS_PHOTO]).await;
    let body = json!({ "reason": "M. Dupont a retrouvé son vélo" });
    let gone = caller.request(reqwest::Method::DELETE, &format!("/claims/{id}")).json(&body);
    assert_eq!(gone.send().await.unwrap().status(), 200);
    let all = server.services.core.store.read(|c| events::of_tenant_after(c, &caller.tenant, 0, 1_000)).unwrap();
    let text = format!("{all:?}");
    for personal in ["Dupont", "Jean", "612345678", "example.com", "Lyon", "vélo", fixtures::BIKE_USER] {
        assert!(!text.contains(personal), "{personal}: {text}");
    }
}

#[test]
fn the_command_line_names_the_first_event_that_was_tampered_with() {
    let folder = Folder::new();
    let run = |arguments: &[&str]| {
        let output = constat(folder.path()).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let verify = ["audit", "verify"];
    // Without a database there is nothing to verify: the folder is probably another one.
    let elsewhere = tempfile::tempdir().unwrap();
    let refused = constat(elsewhere.path()).args(verify).env_remove("CONSTAT_DATABASE").output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("there is no database at"), "names what is missing");
    assert!(!elsewhere.path().join("constat-data").exists());
    assert_eq!(run(&["organisations", "add", "--kind", "platform", "--name", "Plateforme"]).0, Some(0));
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/samples/contracts.csv");
    for _ in 0..3 {
        let import = ["import", "contracts", samples, "--organisation", "Plateforme", "--mode", "test"];
        assert_eq!(run(&import).0, Some(0));
    }
    let (code, said) = run(&verify);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Plateforme (test): 3 events are as they were recorded"), "{said}");
    folder.run_sql("UPDATE events SET data = '{\"count\":1}' WHERE position = 2");
    let (code, said) = run(&["audit", "verify", "--organisation", "Plateforme"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("event 2 (evt_") && said.contains("was changed"), "{said}");
    assert_eq!(run(&["audit", "verify", "--organisation", "Personne"]).0, Some(1));
}
