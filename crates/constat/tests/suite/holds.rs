//! Partner API: a time that is kept for whoever is about to book it.

use constat_domain::tenancy::OrganisationKind;
use constat_testkit::{Server, ServerOptions, expert};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::partner_support::{Got, Partner, all_of_first_day, booking, offer_at, on_site, send};

/// The body that keeps a slot of a search's answer.
pub fn hold(found: &Value, slot: usize) -> Value {
    json!({ "timeslot": found["timeslots"][slot], "sessionID": found["sessionID"] })
}

/// A firm with one expert, and a second platform with a key of its own.
async fn two_platforms() -> (Partner, String) {
    let partner = Partner::with(vec![expert(1)]).await;
    let other = partner.server.organisation(OrganisationKind::Platform, "Autre plateforme").await;
    let key = partner.server.partner_key(&partner.firm, other).await;
    (partner, key)
}

async fn post_as(partner: &Partner, key: &str, path: &str, body: &Value) -> Got {
    let url = format!("{}/claims/api/v1{path}", partner.server.url);
    send(partner.server.http.post(url).header("pid", key).json(body)).await
}

fn starts(found: &Value) -> Vec<&str> {
    found["timeslots"].as_array().unwrap().iter().map(|slot| slot["startTime"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_kept_time_is_offered_to_nobody_else_and_booked_by_its_holder_alone() {
    let (partner, other) = two_platforms().await;
    let mine = partner.search(&on_site()).await;
    let theirs = post_as(&partner, &other, "/intervention", &all_of_first_day(on_site())).await.expect(200);
    let same = offer_at(&theirs, &mine["timeslots"][0]["startTime"]);
    let held = partner.post("/holds", &hold(&mine, 0)).await.expect(201);
    assert_eq!(held["timeslot"]["startTime"], mine["timeslots"][0]["startTime"]);
    assert_eq!(held["expiresAt"], mine["expiresAt"]);
    // Whoever saw the time before is refused it, and whoever searches now does not see it.
    assert_eq!(post_as(&partner, &other, "/appointments", &booking(&theirs, same, "C")).await.expect(409)["value"], 10);
    assert_eq!(post_as(&partner, &other, "/holds", &hold(&theirs, same)).await.status, 409);
    let now = post_as(&partner, &other, "/intervention", &on_site()).await.expect(200);
    assert!(!starts(&now).contains(&starts(&mine)[0]));
    // To its holder it is still there.
    let path = format!("/availabilities/{}", mine["timeslots"][0]["id"].as_str().unwrap());
    partner.get(&path).await.expect(200);
    let booked = partner.post("/appointments", &booking(&mine, 0, "CASE")).await.expect(201);
    assert_eq!(booked["id"], held["holdID"]);
    let used = format!("/holds/{}", held["holdID"].as_str().unwrap());
    assert_eq!(send(partner.request(Method::DELETE, &used)).await.status, 404, "the booking has consumed it");
    assert_eq!(partner.post("/holds", &hold(&mine, 1)).await.status, 409, "a session books once");
    assert_eq!(partner.get("/appointments").await.expect(200)["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_hold_ends_with_its_300th_second_and_nobody_has_to_do_anything() {
    for (seconds, status) in [(299, 409), (300, 201), (301, 201)] {
        let (partner, other) = two_platforms().await;
        let mine = partner.search(&on_site()).await;
        partner.post("/holds", &hold(&mine, 0)).await.expect(201);
        partner.server.clock.advance(SignedDuration::from_secs(seconds - 1));
        // Before the second search: it must not find the time free before it is.
        let early = post_as(&partner, &other, "/intervention", &on_site()).await.expect(200);
        assert_eq!(starts(&early).contains(&starts(&mine)[0]), seconds > 300, "{seconds}");
        partner.server.clock.advance(SignedDuration::from_secs(1));
        let theirs = post_as(&partner, &other, "/intervention", &on_site()).await.expect(200);
        let free = starts(&theirs).contains(&starts(&mine)[0]);
        assert_eq!(free, status == 201, "{seconds}");
        if free {
            post_as(&partner, &other, "/appointments", &booking(&theirs, 0, "C")).await.expect(201);
            assert_eq!(partner.post("/appointments", &booking(&mine, 0, "CASE")).await.status, 410, "{seconds}");
        }
    }
}

#[tokio::test]
async fn a_hold_that_is_let_go_is_free_at_once_and_only_its_holder_can() {
    let (partner, other) = two_platforms().await;
    let mine = partner.search(&on_site()).await;
    let held = partner.post("/holds", &hold(&mine, 0)).await.expect(201);
    let path = format!("/holds/{}", held["holdID"].as_str().unwrap());
    let url = format!("{}/claims/api/v1{path}", partner.server.url);
    assert_eq!(send(partner.server.http.delete(url).header("pid", &other)).await.status, 404);
    assert_eq!(send(partner.request(Method::DELETE, "/holds/none")).await.status, 404);
    assert_eq!(send(partner.request(Method::DELETE, &path)).await.expect(200)["holdID"], held["holdID"]);
    assert_eq!(send(partner.request(Method::DELETE, &path)).await.status, 404);
    let theirs = post_as(&partner, &other, "/intervention", &on_site()).await.expect(200);
    assert_eq!(starts(&theirs)[0], starts(&mine)[0]);
    post_as(&partner, &other, "/appointments", &booking(&theirs, 0, "C")).await.expect(201);
}

#[tokio::test]
async fn a_session_keeps_one_time_and_a_choice_that_fails_keeps_the_first() {
    let (partner, other) = two_platforms().await;
    let mine = partner.search(&on_site()).await;
    let theirs = post_as(&partner, &other, "/intervention", &all_of_first_day(on_site())).await.expect(200);
    let same = offer_at(&theirs, &mine["timeslots"][0]["startTime"]);
    partner.post("/holds", &hold(&mine, 0)).await.expect(201);
    // Another in its place: the first is free again.
    partner.post("/holds", &hold(&mine, 3)).await.expect(201);
    post_as(&partner, &other, "/appointments", &booking(&theirs, same, "C")).await.expect(201);
    // Back to the first, which is taken now: what is kept stays kept.
    assert_eq!(partner.post("/holds", &hold(&mine, 0)).await.expect(409)["value"], 10);
    let late = post_as(&partner, &other, "/intervention", &on_site()).await.expect(200);
    assert!(!starts(&late).contains(&starts(&mine)[3]));
    partner.post("/appointments", &booking(&mine, 3, "CASE")).await.expect(201);
}

#[tokio::test]
async fn what_is_wrong_with_a_hold_is_named() {
    let partner = Partner::with(vec![expert(1)]).await;
    let found = partner.search(&on_site()).await;
    let mut body = hold(&found, 0);
    body["timeslot"]["startTime"] = "2026-11-24T03:00:00Z".into();
    assert_eq!(partner.post("/holds", &body).await.fields(), ["timeslot.startTime"]);
    let mut body = hold(&found, 0);
    body["sessionID"] = "none".into();
    assert_eq!(partner.post("/holds", &body).await.status, 404);
    assert_eq!(partner.post("/holds", &json!({ "sessionID": "x" })).await.status, 400);
    partner.server.clock.advance(SignedDuration::from_secs(300));
    assert_eq!(partner.post("/holds", &hold(&found, 0)).await.status, 410);
}

/// One platform once kept every free time of a firm from all others, 300 seconds at a time.
#[tokio::test]
async fn a_platform_keeps_so_many_times_at_one_firm_and_no_more() {
    let mut options = ServerOptions::default();
    options.settings.requests.most_holds = 2;
    let server = Server::with(options).await;
    let firm = server.firm_with_experts("Cabinet d'expertise", vec![expert(1)]).await;
    let platform = server.organisation(OrganisationKind::Platform, "Plateforme").await;
    let key = server.partner_key(&firm, platform).await;
    let partner = Partner { server, firm, platform, key };
    let other = partner.server.organisation(OrganisationKind::Platform, "Autre plateforme").await;
    let other = partner.server.partner_key(&partner.firm, other).await;
    let mut kept = Vec::new();
    for _ in 0..2 {
        let found = partner.search(&on_site()).await;
        partner.post("/holds", &hold(&found, 0)).await.expect(201);
        kept.push(found);
    }
    let third = partner.search(&on_site()).await;
    let refused = partner.post("/holds", &hold(&third, 0)).await;
    assert!(refused.text.contains("2 times are kept at this firm already"), "{}", refused.text);
    assert_eq!(refused.expect(429)["value"], 11);
    assert!(refused.headers.contains_key("retry-after"));
    // Keeping again what it keeps makes none more, and whoever books needs no hold.
    partner.post("/holds", &hold(&kept[0], 0)).await.expect(201);
    partner.post("/appointments", &booking(&third, 3, "CASE-3")).await.expect(201);
    // Another platform keeps its own.
    let theirs = post_as(&partner, &other, "/intervention", &on_site()).await.expect(200);
    post_as(&partner, &other, "/holds", &hold(&theirs, 0)).await.expect(201);
    // One that is booked is none any more.
    partner.post("/appointments", &booking(&kept[1], 0, "CASE-1")).await.expect(201);
    let found = partner.search(&on_site()).await;
    partner.post("/holds", &hold(&found, 0)).await.expect(201);
}
