//! Partner API: a time that is kept for the caller that is about to book it.

use std::time::{Duration, Instant};

use constat_domain::tenancy::{Api, OrganisationKind};
use constat_scheduling::open_offer;
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
    // A caller that saw the time before is refused it, and one that searches now does not see it.
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
    options.settings.requests.max_holds = 2;
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
    // Keeping again what it keeps makes none more, and a booking needs no hold.
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

/// The same search on one day of November 2026.
fn on_day(mut request: Value, day: u8) -> Value {
    request["dateFrom"] = format!("2026-11-{day}T00:00:00+01:00").into();
    request["dateTo"] = format!("2026-11-{}T00:00:00+01:00", day + 1).into();
    request["limit"] = 30.into();
    request
}

/// Holds one time after the other on a day until it is refused; gives how many, and the refusal.
async fn hold_until_refused(partner: &Partner, key: &str, day: u8) -> (usize, Got) {
    for held in 0..60 {
        let found = post_as(partner, key, "/intervention", &on_day(on_site(), day)).await.expect(200);
        assert!(!starts(&found).is_empty(), "{held} holds left no offer");
        let answer = post_as(partner, key, "/holds", &hold(&found, 0)).await;
        if answer.status != 201 {
            return (held, answer);
        }
    }
    panic!("sixty holds were taken on one day");
}

#[track_caller]
fn is_over_the_share(refused: &Got) {
    assert!(refused.text.contains("you already hold 25 % of this firm's free time on that day"), "{}", refused.text);
    assert_eq!(refused.expect(429)["value"], 11);
    assert!(refused.headers.contains_key("retry-after"));
}

/// One platform's 108 holds once left another no offer in three days, at a firm of six experts.
#[tokio::test]
async fn one_platforms_holds_leave_the_others_most_of_each_day() {
    let partner = Partner::with((1..=6).map(expert).collect()).await;
    let other = partner.server.organisation(OrganisationKind::Platform, "Autre plateforme").await;
    let other = partner.server.partner_key(&partner.firm, other).await;
    for day in [24, 25, 26] {
        let (held, refused) = hold_until_refused(&partner, &partner.key, day).await;
        is_over_the_share(&refused);
        // Six experts work seven hours each: a quarter of it is ten visits of an hour.
        assert!((3..=10).contains(&held), "{held}");
    }
    for day in [24, 25, 26] {
        let (held, refused) = hold_until_refused(&partner, &other, day).await;
        is_over_the_share(&refused);
        assert!(held >= 3, "{held}");
        let found = post_as(&partner, &other, "/intervention", &on_day(on_site(), day)).await.expect(200);
        post_as(&partner, &other, "/appointments", &booking(&found, 0, "CASE")).await.expect(201);
    }
}

#[tokio::test]
async fn a_firm_of_one_expert_still_lets_every_platform_hold_two_times_a_day() {
    let (partner, other) = two_platforms().await;
    let (held, refused) = hold_until_refused(&partner, &partner.key, 24).await;
    assert_eq!(held, 2);
    is_over_the_share(&refused);
    let (held, refused) = hold_until_refused(&partner, &other, 24).await;
    assert_eq!(held, 2);
    is_over_the_share(&refused);
    // Another day has its own share, and a booking needs no hold.
    assert_eq!(hold_until_refused(&partner, &partner.key, 25).await.0, 2);
    let found = partner.search(&on_day(on_site(), 24)).await;
    partner.post("/appointments", &booking(&found, 0, "CASE")).await.expect(201);
    // The firm may hold its own time as it likes.
    for _ in 0..3 {
        let found = post_as(&partner, &partner.firm.own_key, "/intervention", &on_day(on_site(), 26)).await.expect(200);
        post_as(&partner, &partner.firm.own_key, "/holds", &hold(&found, 0)).await.expect(201);
    }
}

#[tokio::test]
async fn what_is_released_booked_or_over_gives_the_share_back() {
    let partner = Partner::with(vec![expert(1)]).await;
    let first = partner.search(&on_day(on_site(), 24)).await;
    let held = partner.post("/holds", &hold(&first, 0)).await.expect(201);
    let second = partner.search(&on_day(on_site(), 24)).await;
    partner.post("/holds", &hold(&second, 0)).await.expect(201);
    let third = partner.search(&on_day(on_site(), 24)).await;
    is_over_the_share(&partner.post("/holds", &hold(&third, 0)).await);
    // Another time in place of the session's own is none more.
    partner.post("/holds", &hold(&second, 2)).await.expect(201);
    let path = format!("/holds/{}", held["holdID"].as_str().unwrap());
    send(partner.request(Method::DELETE, &path)).await.expect(200);
    let found = partner.search(&on_day(on_site(), 24)).await;
    partner.post("/holds", &hold(&found, 0)).await.expect(201);
    partner.post("/appointments", &booking(&found, 0, "CASE")).await.expect(201);
    let found = partner.search(&on_day(on_site(), 24)).await;
    partner.post("/holds", &hold(&found, 0)).await.expect(201);
    is_over_the_share(&hold_until_refused(&partner, &partner.key, 24).await.1);
    partner.server.clock.advance(SignedDuration::from_secs(300));
    assert_eq!(hold_until_refused(&partner, &partner.key, 24).await.0, 2);
}

#[tokio::test]
async fn all_keys_of_a_platform_share_what_it_may_hold() {
    let partner = Partner::with(vec![expert(1)]).await;
    let second = partner.server.partner_key(&partner.firm, partner.platform).await;
    for key in [&partner.key, &second] {
        let found = post_as(&partner, key, "/intervention", &on_day(on_site(), 24)).await.expect(200);
        post_as(&partner, key, "/holds", &hold(&found, 0)).await.expect(201);
    }
    for key in [&partner.key, &second] {
        is_over_the_share(&hold_until_refused(&partner, key, 24).await.1);
    }
}

#[tokio::test]
async fn those_who_cannot_do_the_visit_do_not_count_as_free_time() {
    // Nine artisans are free, and none of them does an expert's visit.
    let mut people: Vec<_> = (2..=10).map(|number| constat_testkit::artisan(number, &[])).collect();
    people.push(expert(1));
    let partner = Partner::with(people).await;
    assert_eq!(hold_until_refused(&partner, &partner.key, 24).await.0, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_asked_of_two_servers_at_once_stay_within_the_share() {
    let partner = Partner::with(vec![expert(1)]).await;
    let nodes = [partner.server.twin().await, partner.server.twin().await];
    let mut wanted = Vec::new();
    for place in 0..6 {
        let found = partner.search(&on_day(on_site(), 24)).await;
        let slots = starts(&found).len();
        wanted.push(hold(&found, place * slots / 6));
    }
    let sent = wanted.iter().enumerate().map(|(place, body)| {
        let url = format!("{}/claims/api/v1/holds", nodes[place % 2].url);
        send(partner.server.http.post(url).header("pid", &partner.key).json(body))
    });
    let answers = futures_util::future::join_all(sent).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert!(statuses.iter().all(|status| matches!(status, 201 | 409 | 429 | 503)), "{statuses:?}");
    let held = statuses.iter().filter(|status| **status == 201).count();
    assert!((1..=2).contains(&held), "{statuses:?}");
}

/// The body that moves an appointment to a slot of a search's answer.
fn reschedule(found: &Value, slot: usize) -> Value {
    json!({ "timeslot": found["timeslots"][slot], "sessionID": found["sessionID"], "reason": "ClientIndisponible" })
}

/// Shortest wait behind a booking of the same time that does not end: a little under the server's 250 ms.
const MIN_WAIT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_hold_a_booking_and_a_reschedule_wait_for_a_booking_of_the_same_time() {
    let partner = Partner::with(vec![expert(1)]).await;
    let scheduler = &partner.server.services.scheduler;
    let core = &partner.server.services.core;
    let caller = constat_core::authenticate(core, Api::Partner, &partner.key).unwrap();
    let known = partner.booked(&on_site(), "CASE-1").await["appointmentID"].as_str().unwrap().to_owned();
    let mut to_reschedule = on_site();
    to_reschedule["appointmentId"] = known.as_str().into();
    for (what, request) in [("hold", on_site()), ("book", on_site()), ("reschedule", to_reschedule)] {
        let found = partner.search(&request).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (session, slot) = (text(&found["sessionID"]), text(&found["timeslots"][1]["id"]));
        let (_, offer) = open_offer(&core.sealer, &caller, &session, &slot).unwrap();
        // Another booking of this time that does not end.
        let guard = scheduler.in_flight.wait_for_in_flight(&offer).await;
        assert!(guard.is_some(), "{what}");
        let start = Instant::now();
        let answered = tokio::time::timeout(Duration::from_secs(10), async {
            match what {
                "hold" => partner.post("/holds", &hold(&found, 1)).await,
                "book" => partner.post("/appointments", &booking(&found, 1, "CASE-2")).await,
                _ => partner.put(&format!("/appointments/{known}/schedule"), &reschedule(&found, 1)).await,
            }
        });
        let got = answered.await.expect("an answer within ten seconds");
        assert!(matches!(got.status, 200 | 201), "{what}: {} {}", got.status, got.text);
        assert!(start.elapsed() >= MIN_WAIT, "{what} did not wait: {:?}", start.elapsed());
        drop(guard);
    }
}
