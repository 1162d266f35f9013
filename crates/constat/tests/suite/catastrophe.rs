//! Catastrophe mode: an operator's switch, and who comes first from then on.

use constat_administration::{Actor, start_catastrophe, stop_catastrophe};
use constat_client::wire::appointments::SearchAppointments;
use constat_domain::catastrophe::{Catastrophe, USUAL_STAGES};
use constat_domain::service::ServiceKind;
use constat_testkit::{Server, expert, fixtures};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::cli::{done, folder_with_organisations, refused};
use crate::partner_support::{Partner, booking, by_video, send};
use crate::platform_support::{World, read};

fn operator(server: &Server) -> Actor {
    let core = &server.services.core;
    Actor::operator(core.clock.now(), core.secure_random.clone())
}

/// Declares a catastrophe, and lets every node hear of it.
async fn declare(server: &Server, department: &str) {
    let one = Catastrophe {
        name: "Tempête".to_owned(),
        departments: vec![department.to_owned()],
        postcodes: Vec::new(),
        natures: Vec::new(),
        stages: USUAL_STAGES.to_vec(),
        started_at: server.services.core.clock.now(),
        ended_at: None,
    };
    let operator = operator(server);
    server.services.core.store.write(move |tx| start_catastrophe(tx, &operator, &one)).await.unwrap();
    server.clock.advance(SignedDuration::from_secs(6));
}

/// A search of all starts of Friday 27 November 2026.
fn friday(urgency: Option<&str>) -> Value {
    let mut request = by_video();
    request["dateFrom"] = "2026-11-27T00:00:00+01:00".into();
    request["dateTo"] = "2026-11-28T00:00:00+01:00".into();
    request["limit"] = 30.into();
    if let Some(why) = urgency {
        request["urgency"] = json!({ why: true });
    }
    request
}

fn starts(found: &Value) -> Vec<String> {
    let slots = found["timeslots"].as_array().unwrap().iter();
    let mut starts: Vec<String> = slots.map(|slot| slot["startTime"].as_str().unwrap().to_owned()).collect();
    starts.sort();
    starts
}

async fn offered(partner: &Partner, urgency: Option<&str>) -> Vec<String> {
    starts(&partner.search(&friday(urgency)).await)
}

#[tokio::test]
async fn a_share_of_the_day_is_kept_for_the_urgent_and_released_in_stages() {
    let partner = Partner::with(vec![expert(1)]).await;
    let other_node = partner.server.twin().await;
    let all = offered(&partner, None).await;
    declare(&partner.server, "75").await;
    let first = offered(&partner, None).await;
    assert!(first.len() < all.len() && !first.is_empty(), "{} of {}", first.len(), all.len());
    for why in ["uninhabitable", "vulnerablePerson"] {
        assert_eq!(offered(&partner, Some(why)).await, all, "{why}");
    }
    let url = format!("{}/claims/api/v1/intervention", other_node.url);
    let there = send(other_node.http.post(url).header("pid", &partner.key).json(&friday(None))).await;
    assert_eq!(starts(&there.expect(200)), first, "every node keeps to it");

    partner.server.clock.advance(SignedDuration::from_hours(24));
    let second = offered(&partner, None).await;
    assert!(first.len() < second.len() && second.len() < all.len(), "{} then {}", first.len(), second.len());
    partner.server.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(offered(&partner, None).await, all);
}

#[tokio::test]
async fn who_can_wait_books_nothing_that_is_kept_and_the_urgent_do() {
    let partner = Partner::with(vec![expert(1)]).await;
    declare(&partner.server, "75").await;
    let usual = offered(&partner, None).await;
    let mut booked = Vec::new();
    // As many as there are: each books whatever is offered, until nothing is.
    for case in 0.. {
        let found = partner.search(&friday(None)).await;
        if starts(&found).is_empty() {
            break;
        }
        let made = partner.post("/appointments", &booking(&found, 0, &format!("WAITS-{case}"))).await.expect(201);
        booked.push(made["schedule"]["startTime"].as_str().unwrap().to_owned());
    }
    assert!(!booked.is_empty() && booked.iter().all(|start| usual.contains(start)), "{booked:?}");
    let found = partner.search(&friday(Some("uninhabitable"))).await;
    let left = starts(&found);
    assert!(!left.is_empty() && left.iter().all(|start| !usual.contains(start)), "{left:?}");
    partner.post("/appointments", &booking(&found, 0, "URGENT")).await.expect(201);
}

#[tokio::test]
async fn it_ends_when_the_operator_says_so_and_touches_nobody_elsewhere() {
    let partner = Partner::with(vec![expert(1)]).await;
    let all = offered(&partner, None).await;
    declare(&partner.server, "34").await;
    assert_eq!(offered(&partner, None).await, all, "Paris is not struck");
    let at = partner.server.services.core.clock.now();
    let stop = move |name: &'static str| {
        let store = partner.server.services.core.store.clone();
        let operator = operator(&partner.server);
        async move { store.write(move |tx| stop_catastrophe(tx, &operator, name)).await.unwrap() }
    };
    assert_eq!(stop("Tempête").await.unwrap().ended_at, Some(at));
    assert!(stop("Grêle").await.is_none());
}

#[tokio::test]
async fn a_claim_that_calls_the_home_uninhabitable_comes_first_at_the_partner() {
    let world = World::with(vec![expert(1)], &[ServiceKind::Video]).await;
    declare(&world.server, "75").await;
    let mut counts = Vec::new();
    for habitable in [true, false] {
        let mut flood = fixtures::water_damage();
        flood["type"] = "natural_catastrophe".into();
        flood["subtype"] = "flood".into();
        flood["questions"] = json!({
            "decree_published": false, "habitable": habitable, "building_damage": true, "contents_damage": false,
        });
        let (id, _) = world.caller.submitted(&flood, &[fixtures::DAMAGE_PHOTO]).await;
        let wanted = read::<SearchAppointments>(json!({
            "type": "VISIO", "dateFrom": "2026-11-27T00:00:00+01:00", "dateTo": "2026-11-28T00:00:00+01:00",
            "limit": 30,
        }));
        counts.push(world.claims.search_appointments(&id, &wanted).await.unwrap().timeslots.len());
    }
    assert!(0 < counts[0] && counts[0] < counts[1], "{counts:?}");
}

#[test]
fn an_operator_declares_it_looks_at_it_and_ends_it() {
    let folder = folder_with_organisations();
    let path = folder.path();
    assert!(done(path, &["catastrophe", "status"]).contains("no catastrophe"));
    let start = ["catastrophe", "start", "Crue", "--department", "2a", "--nature", "CatastropheNaturelle"];
    let said = done(path, &start);
    assert!(said.contains("40 %") && said.contains("20 % after 24 hours") && said.contains("2A"), "{said}");
    assert!(refused(path, &start).contains("choose another name"));
    for (wrong, named) in [
        (["--nature", "Grippe"], "CatastropheNaturelle"),
        (["--postcode", "7501"], "five digits"),
        (["--stage", "0:95"], "90 percent"),
    ] {
        let said = refused(path, &[&["catastrophe", "start", "Autre", "--department", "75"], &wrong[..]].concat());
        assert!(said.contains(named), "{said}");
    }
    // Postcodes that no commune and no CEDEX has, alone or beside a right one.
    for unknown in ["99999", "00000", "75099", "69999"] {
        let said = refused(path, &["catastrophe", "start", "Autre", "--postcode", "75017", "--postcode", unknown]);
        assert!(said.contains(&format!("--postcode {unknown}: no commune and no CEDEX")), "{said}");
        assert!(!said.contains("75017"), "{said}");
    }
    let listed: Value = serde_json::from_str(&done(path, &["catastrophe", "status", "--json"])).unwrap();
    assert_eq!((&listed[0]["name"], &listed[0]["natures"][0]), (&json!("Crue"), &json!("CatastropheNaturelle")));
    assert!(done(path, &["catastrophe", "status"]).contains("40 %"));
    assert_eq!(listed.as_array().unwrap().len(), 1, "what was refused is not there");
    // A commune's postcode however it is spaced, a CEDEX, and one overseas.
    let start = ["catastrophe", "start", "Grêle", "--postcode", "75 017", "--postcode", "69431", "--postcode", "97400"];
    assert!(done(path, &start).contains("75017, 69431, 97400"));
    assert!(done(path, &["catastrophe", "stop", "Crue"]).contains("is over"));
    assert!(done(path, &["catastrophe", "status"]).contains("0 %"));
    assert!(refused(path, &["catastrophe", "stop", "Personne"]).contains("Personne"));
}
