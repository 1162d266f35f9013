//! Statutory deadlines: what a claim shows of them, what handlers tell, and the events that the watch
//! raises once each.

use constat_claims::import_export::claims::save;
use std::sync::Arc;

use constat_claims::import_export::claims::ReadyClaim;
use constat_client::wire::claims::{CreateClaim, DeadlineState, DeadlinesQuery, Milestone};
use constat_core::Clock as _;
use constat_domain::claim::ClaimState;
use constat_domain::ids::{ClaimId, DeclarationId, EventId};
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::Api;
use constat_testkit::fixtures::{self, DAMAGE_PHOTO, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Server, ServerOptions, expert};
use reqwest::Method;
use serde_json::{Value, json};

use crate::claims::start;
use crate::platform_support::{World, booking, claims_client, events, photo, read, search};

/// A stolen bike, by the day and place of the theft.
fn theft(at: &str, zipcode: &str, city: &str) -> Value {
    let mut theft = fixtures::stolen_bike();
    theft["claimAt"] = at.into();
    theft["location"]["zipcode"] = zipcode.into();
    theft["location"]["city"] = city.into();
    theft
}

/// A flood at the flat of the home contract, on 20 November 2026.
fn flood() -> Value {
    let mut flood = fixtures::water_damage();
    flood["type"] = "natural_catastrophe".into();
    flood["subtype"] = "flood".into();
    flood["questions"] = json!({
        "decree_published": false, "habitable": true, "building_damage": true, "contents_damage": false,
    });
    flood
}

/// The deadline with that rule.
#[track_caller]
fn rule<'a>(deadlines: &'a Value, rule: &str) -> &'a Value {
    let all = deadlines.as_array().unwrap_or_else(|| panic!("no list: {deadlines}"));
    all.iter().find(|one| one["rule"] == rule).unwrap_or_else(|| panic!("no {rule} in {deadlines}"))
}

async fn of(caller: &ClaimsCaller, claim: &str) -> Value {
    caller.get(&format!("/claims/{claim}/deadlines")).await.data()["deadlines"].clone()
}

async fn tell(caller: &ClaimsCaller, claim: &str, kind: &str, date: &str) -> Value {
    let told = caller.post(&format!("/claims/{claim}/milestones"), &json!({ "kind": kind, "date": date })).await;
    told.data()["deadlines"].clone()
}

/// The events of deadlines: the event and its rule.
fn told(server: &Server, caller: &ClaimsCaller, claim: &str) -> Vec<String> {
    let about = |connection: &mut constat_store::Connection| {
        constat_store::queries::events::of_tenant_about(connection, &caller.tenant, claim)
    };
    let all = server.services.core.store.read(about).unwrap().into_iter().map(|(_, event)| event);
    all.filter_map(|event| {
        let what = event.kind.name().strip_prefix("v2.claim.deadline.")?.to_owned();
        Some(format!("{what} {}", event.data["rule"].as_str()?))
    })
    .collect()
}

#[tokio::test]
async fn a_theft_declared_after_two_working_days_is_taken_and_shown_late_with_its_article() {
    let (_server, caller) = start().await;
    // Stolen on Wednesday; Thursday and Friday count. It is Monday.
    let late = caller.post("/claims", &theft("2026-11-18T10:00:00Z", "75012", "Paris")).await;
    let id = late.data()["id"].as_str().unwrap().to_owned();
    let claim = caller.get(&format!("/claims/{id}")).await;
    assert_eq!(late.data()["deadlines"], claim.data()["deadlines"]);
    assert_eq!(
        *rule(&claim.data()["deadlines"], "declaration_theft"),
        json!({
            "rule": "declaration_theft",
            "label": "Déclarer le vol à l'assureur",
            "article": "Code des assurances, L113-2",
            "state": "missed",
            "startsOn": "2026-11-18",
            "dueOn": "2026-11-20",
            "dueAt": "2026-11-20T23:00:00Z",
            "metOn": "2026-11-23",
        })
    );
    assert_eq!(of(&caller, &id).await, claim.data()["deadlines"]);
    // The weekend does not count.
    let id = caller.declare(&theft("2026-11-19T10:00:00Z", "75012", "Paris")).await;
    assert_eq!(rule(&of(&caller, &id).await, "declaration_theft")["state"], "met");
    // Late or not, it can be handed in.
    caller.submitted(&theft("2026-11-02T10:00:00Z", "75012", "Paris"), &[POLICE_REPORT, KEYS_PHOTO]).await;
}

#[tokio::test]
async fn holidays_are_those_of_the_place() {
    // Tuesday 29 December 2026, in the morning.
    let now = "2026-12-29T07:00:00Z".parse().unwrap();
    let server = Server::with(ServerOptions { now, ..ServerOptions::default() }).await;
    let caller = server.platform("Plateforme").await;
    for (at, zipcode, city, due_on, due_at) in [
        ("2026-12-24T10:00:00Z", "75012", "Paris", "2026-12-29", "2026-12-29T23:00:00Z"),
        // On La Réunion the day ends three hours earlier.
        ("2026-12-24T10:00:00Z", "97400", "Saint-Denis", "2026-12-29", "2026-12-29T20:00:00Z"),
        // Wednesday 20 December 2023 is one holiday there.
        ("2023-12-18T10:00:00Z", "97400", "Saint-Denis", "2023-12-21", "2023-12-21T20:00:00Z"),
        ("2023-12-18T10:00:00Z", "75012", "Paris", "2023-12-20", "2023-12-20T23:00:00Z"),
        // Tuesday 26 December 2023 is one in Moselle.
        ("2023-12-21T10:00:00Z", "57000", "Metz", "2023-12-27", "2023-12-27T23:00:00Z"),
        ("2023-12-21T10:00:00Z", "54000", "Nancy", "2023-12-26", "2023-12-26T23:00:00Z"),
    ] {
        let id = caller.declare(&theft(at, zipcode, city)).await;
        let deadlines = of(&caller, &id).await;
        let declaration = rule(&deadlines, "declaration_theft");
        assert_eq!((&declaration["dueOn"], &declaration["dueAt"]), (&json!(due_on), &json!(due_at)), "{city} {at}");
    }
}

#[tokio::test]
async fn the_order_of_a_natural_catastrophe_starts_its_terms() {
    let (server, caller) = start().await;
    let (id, claim_id) = caller.submitted(&flood(), &[DAMAGE_PHOTO]).await;
    let before = of(&caller, &claim_id).await;
    assert_eq!(rule(&before, "declaration_natural_catastrophe")["state"], "met");
    assert_eq!(rule(&before, "natural_catastrophe_order_expertise")["state"], "waiting");
    assert_eq!(rule(&before, "natural_catastrophe_order_expertise")["dueOn"], Value::Null);

    server.clock.set("2026-12-14T09:00:00Z".parse().unwrap());
    let after = tell(&caller, &id, "decree_published", "2026-12-10").await;
    let order = rule(&after, "natural_catastrophe_order_expertise");
    // 10 January 2027 is a Sunday.
    assert_eq!((&order["state"], &order["dueOn"]), (&json!("running"), &json!("2027-01-11")));
    assert_eq!(order["article"], "Code des assurances, L125-2");
    // Told again, it is corrected; taken back, the terms wait again.
    let corrected = tell(&caller, &id, "decree_published", "2026-12-11").await;
    assert_eq!(rule(&corrected, "natural_catastrophe_order_expertise")["startsOn"], "2026-12-11");
    let removed = caller.send(Method::DELETE, &format!("/claims/{id}/milestones/decree_published")).await;
    assert_eq!(removed.data()["milestones"], json!([]));
    assert_eq!(rule(&removed.data()["deadlines"], "natural_catastrophe_inform")["state"], "waiting");
    caller.send(Method::DELETE, &format!("/claims/{id}/milestones/decree_published")).await.is_error(404, 2004);
    caller.send(Method::DELETE, &format!("/claims/{id}/milestones/nothing")).await.is_error(404, 2004);
    let kinds = events(&server, &caller, &id);
    assert_eq!(
        kinds[kinds.len() - 3..],
        ["claim.milestone.recorded", "claim.milestone.recorded", "claim.milestone.removed"]
    );
    let last = caller.get(&format!("/claims/{id}/timeline")).await.data().as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["label"], &last["data"]["date"]), (&json!("Date clé retirée"), &json!("2026-12-11")));
}

#[tokio::test]
async fn terms_overseas_and_in_alsace_count_by_their_own_holidays_and_clock() {
    let (_server, caller) = start().await;
    for (zipcode, city, country, loss, due_on, due_at) in [
        ("97744", "SAINT DENIS CEDEX 9", "France", "2024-12-18T08:00:00Z", "2024-12-23", "2024-12-23T20:00:00Z"),
        ("97 410", "Saint-Pierre", "La Réunion", "2024-12-18T08:00:00Z", "2024-12-23", "2024-12-23T20:00:00Z"),
        ("97133", "Saint-Barthélemy", "BL", "2026-10-07T16:00:00Z", "2026-10-12", "2026-10-13T04:00:00Z"),
        ("97150", "Saint-Martin", "MF", "2026-05-26T16:00:00Z", "2026-05-29", "2026-05-30T04:00:00Z"),
        ("67 000", "Strasbourg", "France", "2024-12-24T08:00:00Z", "2024-12-30", "2024-12-30T23:00:00Z"),
        ("75 012", "Paris", "France", "2024-12-24T08:00:00Z", "2024-12-27", "2024-12-27T23:00:00Z"),
        ("98800", "Nouméa", "NCL", "2026-09-22T00:00:00Z", "2026-09-25", "2026-09-25T13:00:00Z"),
    ] {
        let mut theft = theft(loss, zipcode, city);
        theft["location"]["country"] = country.into();
        let id = caller.declare(&theft).await;
        let deadlines = of(&caller, &id).await;
        let term = rule(&deadlines, "declaration_theft");
        assert_eq!((&term["dueOn"], &term["dueAt"]), (&json!(due_on), &json!(due_at)), "{zipcode} {city}");
    }
}

#[tokio::test]
async fn an_advance_is_due_two_months_after_the_statement_of_losses_or_the_publication() {
    let (server, caller) = start().await;
    let (id, _) = caller.submitted(&flood(), &[DAMAGE_PHOTO]).await;
    let name = "natural_catastrophe_advance";
    assert_eq!(rule(&of(&caller, &id).await, name)["state"], "waiting");
    tell(&caller, &id, "estimate", "2026-11-21").await;
    assert_eq!(rule(&of(&caller, &id).await, name)["state"], "waiting", "the order is not published yet");
    let deadlines = tell(&caller, &id, "decree_published", "2026-11-23").await;
    let advance = rule(&deadlines, name);
    assert_eq!((&advance["startsOn"], &advance["dueOn"]), (&json!("2026-11-23"), &json!("2027-01-25")));
    assert_eq!(advance["article"], "Code des assurances, L125-2");
    server.clock.set("2027-01-20T09:00:00Z".parse().unwrap());
    let deadlines = tell(&caller, &id, "advance_paid", "2027-01-20").await;
    let advance = rule(&deadlines, name);
    assert_eq!((&advance["state"], &advance["metOn"]), (&json!("met"), &json!("2027-01-20")));
}

#[tokio::test]
async fn milestones_are_told_by_handlers_only_and_checked() {
    let (server, caller) = start().await;
    let (id, _) = caller.submitted(&flood(), &[DAMAGE_PHOTO]).await;
    let path = format!("/claims/{id}/milestones");
    let good = json!({ "kind": "decree_published", "date": "2026-11-23" });
    for (body, field) in [
        (json!({ "kind": "decree_published", "date": "2026-11-24" }), "date"),
        (json!({ "kind": "decree_published", "date": "23/11/2026" }), "date"),
        (json!({ "kind": "decree_published", "date": "2026-11-31" }), "date"),
        (json!({ "kind": "decree_published", "date": "1926-11-23" }), "date"),
        (json!({ "kind": "rain", "date": "2026-11-23" }), "kind"),
        (json!({ "date": "2026-11-23" }), "kind"),
    ] {
        let refused = caller.post(&path, &body).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), [field], "{body}");
    }
    let firm = server.organisation(constat_domain::tenancy::OrganisationKind::Partner, "Courtier").await;
    let key = server.key(Api::Claims, caller.tenant.org, firm, caller.tenant.mode).await;
    let broker = ClaimsCaller { key, ..caller.clone() };
    broker.post(&path, &good).await.is_error(404, 2001);
    let (own, _) = broker.submitted(&flood(), &[DAMAGE_PHOTO]).await;
    let theirs = format!("/claims/{own}/milestones");
    broker.post(&theirs, &good).await.is_error(403, 98888);
    broker.send(Method::DELETE, &format!("{theirs}/decree_published")).await.is_error(403, 98888);
    broker.get("/deadlines").await.is_error(403, 98888);
    // What runs is shown to all who may read the claim.
    assert_eq!(rule(&of(&broker, &own).await, "natural_catastrophe_offer")["state"], "waiting");
    server.platform("Autre").await.post(&path, &good).await.is_error(404, 2001);

    let stale = caller.request(Method::POST, &path).header("If-Match", "\"1\"").json(&good).send().await.unwrap();
    assert_eq!(stale.status(), 412);
    let tried = caller.post(&format!("{path}?dryRun=true"), &good).await;
    assert_eq!(rule(&tried.data()["deadlines"], "natural_catastrophe_inform")["state"], "running");
    assert_eq!(rule(&of(&caller, &id).await, "natural_catastrophe_inform")["state"], "waiting");
    let told = caller.post(&path, &good).await;
    let tag = told.header("etag").to_owned();
    assert_eq!(caller.get(&format!("/claims/{id}/deadlines")).await.header("etag"), tag);
}

#[tokio::test]
async fn a_booking_orders_the_expertise_in_time() {
    let world = World::with(vec![expert(17)], &[ServiceKind::OnSite]).await;
    let World { server, caller, claims, .. } = &world;
    let claim = claims.create_claim(&read::<CreateClaim>(flood())).await.unwrap();
    claims.upload_file(&claim.id, &photo(), "degats.png", fixtures::png(), false).await.unwrap();
    claims.submit_claim(&claim.id).await.unwrap();
    let decree: Milestone = read(json!({ "kind": "decree_published", "date": "2026-11-23" }));
    claims.record_milestone(&claim.id, &decree).await.unwrap();
    server.clock.advance(jiff::SignedDuration::from_mins(90));
    let found = claims.search_appointments(&claim.id, &search("ESS")).await.unwrap();
    claims.book_appointment(&claim.id, &booking(&found, 0)).await.unwrap();
    let shown = claims.deadlines(&claim.id).await.unwrap();
    let order = shown.deadlines.iter().find(|one| one.rule == "natural_catastrophe_order_expertise").unwrap();
    assert_eq!((order.state, order.met_on.as_deref()), (DeadlineState::Met, Some("2026-11-23")));
    assert_eq!(order.due_on.as_deref(), Some("2026-12-23"));
    assert_eq!(shown.milestones, [decree]);
    // That the declaration was in time is no news, it came with the claim.
    server.deadline_watch().drain().await.unwrap();
    assert_eq!(told(server, caller, &claim.id), ["met natural_catastrophe_order_expertise"]);
}

#[tokio::test]
async fn events_are_raised_once_before_and_at_the_term_over_restarts_and_by_several_nodes() {
    let (mut server, caller) = start().await;
    let (id, claim_id) = caller.submitted(&flood(), &[DAMAGE_PHOTO]).await;
    tell(&caller, &id, "decree_published", "2026-11-20").await;
    tell(&caller, &id, "cover_told", "2026-11-23").await;
    // One month from the declaration ends on Wednesday 23 December; the warning is due a week before.
    let order = "natural_catastrophe_order_expertise";
    let (warn, due) = ("2026-12-15T23:00:00Z".parse().unwrap(), "2026-12-23T23:00:00Z".parse().unwrap());
    let micro = jiff::SignedDuration::from_micros(1);
    server.deadline_watch().drain().await.unwrap();
    server.clock.set(warn - micro);
    assert_eq!(server.deadline_watch().drain().await.unwrap(), 0);
    assert_eq!(told(&server, &caller, &id), [""; 0]);

    server.clock.set(warn);
    let twin = server.twin().await;
    let (here, there) = (server.deadline_watch(), twin.deadline_watch());
    let (one, other) = tokio::join!(here.drain(), there.drain());
    assert!(one.unwrap() + other.unwrap() >= 1);
    assert_eq!(told(&server, &caller, &id), [format!("approaching {order}")]);
    server.configure(|_| ()).await;
    server.deadline_watch().drain().await.unwrap();
    assert_eq!(told(&server, &caller, &id), [format!("approaching {order}")]);
    assert_eq!(rule(&of(&caller, &id).await, order)["state"], "running");

    // A claim that was read before its term shows it missed after, although nothing was written.
    let caller = ClaimsCaller { http: server.http.clone(), ..caller };
    server.clock.set(due - micro);
    let shown = caller.get(&format!("/claims/{id}")).await.data()["deadlines"].clone();
    assert_eq!(rule(&shown, order)["state"], "running");
    server.clock.set(due);
    let shown = caller.get(&format!("/claims/{id}")).await.data()["deadlines"].clone();
    assert_eq!(rule(&shown, order)["state"], "missed");
    let (here, there) = (server.deadline_watch(), twin.deadline_watch());
    let (one, other) = tokio::join!(here.drain(), there.drain());
    assert!(one.unwrap() + other.unwrap() >= 1);
    let both = [format!("approaching {order}"), format!("missed {order}")];
    assert_eq!(told(&server, &caller, &id), both);
    let timeline = caller.get(&format!("/claims/{id}/timeline")).await;
    let last = timeline.data().as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["type"], &last["actor"]["kind"]), (&json!("v2.claim.deadline.missed"), &json!("system")));
    assert_eq!(last["label"], "Échéance dépassée");
    let data = &last["data"];
    assert_eq!((&data["article"], &data["dueOn"]), (&json!("Code des assurances, L125-2"), &json!("2026-12-23")));
    assert_eq!((&data["claimId"], &data["dueAt"]), (&json!(claim_id), &json!("2026-12-23T23:00:00Z")));

    // Done late it stays missed; what is done in time has its event.
    tell(&caller, &id, "expertise_ordered", "2026-12-24").await;
    tell(&caller, &id, "estimate", "2026-12-23").await;
    tell(&caller, &id, "offer_made", "2026-12-24").await;
    server.deadline_watch().drain().await.unwrap();
    server.deadline_watch().drain().await.unwrap();
    let all = [both.as_slice(), &["met natural_catastrophe_offer".to_owned()]].concat();
    assert_eq!(told(&server, &caller, &id), all);
    constat_administration::audit::verify_chain(&server.services.core.store, &caller.tenant, &|_| ()).unwrap();
}

#[tokio::test]
async fn the_worklist_gives_the_most_urgent_claim_first() {
    let (server, caller) = start().await;
    let (later, _) = caller.submitted(&flood(), &[DAMAGE_PHOTO]).await;
    let (sooner, _) = caller.submitted(&flood(), &[DAMAGE_PHOTO]).await;
    tell(&caller, &later, "decree_published", "2026-11-23").await;
    tell(&caller, &sooner, "complaint_received", "2026-11-16").await;
    let watch = server.deadline_watch();
    watch.drain().await.unwrap();
    let month = caller.get("/deadlines?before=2026-12-31T00:00:00Z").await;
    let ids: Vec<&str> = month.data().as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [sooner.as_str(), later.as_str()]);
    assert_eq!(month.body["pagination"], json!({ "total": 2, "offset": 0, "limit": 20 }));
    let rules: Vec<&str> =
        month.data()[1]["deadlines"].as_array().unwrap().iter().map(|one| one["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["natural_catastrophe_inform", "natural_catastrophe_order_expertise"]);
    // Within a week: the complaint is to be acknowledged by 30 November.
    let week = caller.get("/deadlines").await;
    assert_eq!((week.body["pagination"]["total"].clone(), &week.data()[0]["id"]), (json!(0), &Value::Null));
    assert_eq!(caller.get("/deadlines?before=2026-12-01T00:00:00Z&limit=1").await.data()[0]["id"], sooner.as_str());
    assert_eq!(caller.get("/deadlines?state=missed").await.data(), &json!([]));

    server.clock.set("2026-12-02T08:00:00Z".parse().unwrap());
    watch.drain().await.unwrap();
    let missed = caller.get("/deadlines?state=missed").await;
    assert_eq!(missed.data()[0]["deadlines"][0]["rule"], "complaint_acknowledge");
    tell(&caller, &sooner, "complaint_acknowledged", "2026-12-02").await;
    watch.drain().await.unwrap();
    assert_eq!(caller.get("/deadlines?state=missed").await.data(), &json!([]));
    caller.get("/deadlines?limit=0").await.is_error(400, 1000);
    caller.get("/deadlines?before=tomorrow").await.is_error(400, 1000);
    let typed = claims_client(&server, &caller.key);
    let query = DeadlinesQuery { before: Some("2027-02-01T00:00:00Z".parse().unwrap()), ..DeadlinesQuery::default() };
    assert_eq!(typed.list_deadlines(&query).await.unwrap().data.len(), 2);
    assert_eq!(server.platform("Autre").await.get("/deadlines?before=2026-12-31T00:00:00Z").await.data(), &json!([]));
}

#[tokio::test]
async fn rules_that_are_turned_on_later_are_laid_on_claims_that_are_there() {
    let (mut server, caller) = start().await;
    let mut hail = flood();
    hail["type"] = "storm".into();
    hail["subtype"] = "hail".into();
    hail["claimAt"] = "2026-11-17T10:00:00Z".into();
    hail["questions"] = json!({
        "roof_open": false, "neighbourhood_damaged": true, "habitable": true, "building_damage": true,
        "contents_damage": false,
    });
    let id = caller.declare(&hail).await;
    tell(&caller, &id, "visit", "2026-11-20").await;
    server.deadline_watch().drain().await.unwrap();
    let names = |deadlines: &Value| -> Vec<String> {
        let all = deadlines.as_array().unwrap().iter();
        all.map(|one| one["rule"].as_str().unwrap().to_owned()).collect()
    };
    let deadlines = of(&caller, &id).await;
    assert_eq!(rule(&deadlines, "declaration_general")["state"], "met");
    assert!(!names(&deadlines).contains(&"mission_report".to_owned()));
    let rules = ["mission_report", "declaration_hail"].map(str::to_owned);
    server.configure(|settings| settings.deadlines.enable = rules.to_vec()).await;
    let caller = ClaimsCaller { http: server.http.clone(), ..caller };
    let deadlines = of(&caller, &id).await;
    assert_eq!(rule(&deadlines, "mission_report")["dueOn"], "2026-11-23");
    // The four days of hail are about crops: a home keeps the general term, even where the rule is on.
    assert_eq!(rule(&deadlines, "declaration_general")["state"], "met");
    assert!(!names(&deadlines).contains(&"declaration_hail".to_owned()));
    assert_eq!(server.deadline_watch().drain().await.unwrap(), 1);
    assert_eq!(server.deadline_watch().drain().await.unwrap(), 0);
}

#[tokio::test]
async fn what_a_claim_missed_before_it_came_from_another_system_is_no_news() {
    let (mut server, caller) = start().await;
    // A rule that is off by itself, and counts here.
    server.configure(|settings| settings.deadlines.enable = vec!["mission_report".to_owned()]).await;
    let caller = ClaimsCaller { http: server.http.clone(), ..caller };
    let (model, _) = caller.submitted(&flood(), &[DAMAGE_PHOTO]).await;
    tell(&caller, &model, "decree_published", "2026-11-20").await;
    tell(&caller, &model, "visit", "2026-11-20").await;
    server.deadline_watch().drain().await.unwrap();
    // The same claim of half a year ago, still open, as a portfolio brings it.
    let (store, now) = (&server.services.core.store, server.clock.now());
    let long_ago = |instant: jiff::Timestamp| instant - jiff::SignedDuration::from_hours(24 * 180);
    let found = store.read(|c| constat_store::queries::claims::of_tenant_by_either_id(c, &caller.tenant, &model));
    let mut claim = found.unwrap().unwrap();
    claim.declaration_id = DeclarationId::new(now, &[7; 10]);
    for instant in [&mut claim.claim_at, &mut claim.declaration_at, &mut claim.created_at, &mut claim.updated_at] {
        *instant = long_ago(*instant);
    }
    claim.state = ClaimState::submitted(ClaimId::new(now, &[7; 10]), long_ago(claim.submitted_at().unwrap()));
    for day in claim.milestones.values_mut() {
        *day = day.checked_sub(jiff::Span::new().days(180)).unwrap();
    }
    let id = claim.declaration_id.to_string();
    let batch = [ReadyClaim { claim, files: Vec::new() }];
    let (event, rules) = ([EventId::new(now, &[8; 10])], Arc::clone(&server.services.core.deadlines));
    let saved = store.write(move |tx| save(tx, &rules, &batch, &event, now)).await.unwrap();
    assert_eq!(saved.imported, 1);
    server.deadline_watch().drain().await.unwrap();
    for missed in ["natural_catastrophe_order_expertise", "mission_report"] {
        assert_eq!(rule(&of(&caller, &id).await, missed)["state"], "missed", "{missed}");
    }
    assert_eq!(told(&server, &caller, &id), [""; 0]);
    // What happens from now on has its event: the offer that is due a month after the estimate.
    tell(&caller, &id, "estimate", "2026-11-23").await;
    server.clock.set("2026-12-30T12:00:00Z".parse().unwrap());
    server.deadline_watch().drain().await.unwrap();
    assert_eq!(told(&server, &caller, &id), ["missed natural_catastrophe_offer"]);
}
