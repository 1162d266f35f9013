//! Holds of joint slots: the time of all is kept, given back, and consumed together.

use constat_core::delete_expired_holds;
use constat_domain::expert::Trade;
use constat_testkit::{artisan, expert};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::holds::hold;
use crate::joint::{Two, alone_within, appointments, standing, start, two_trades};
use crate::partner_support::{Partner, all_of_first_day, booking, offer_at, on_site, send};

/// Two firms with one expert each.
async fn two() -> Two {
    Two::with(vec![expert(1)], vec![expert(2)]).await
}

/// Whether each firm would offer the start of a slot for a visit alone, now.
async fn is_free(two: &Two, slot: &Value) -> [bool; 2] {
    let here = two.partner.search(&alone_within(slot)).await;
    let there = two.there(Method::POST, "/intervention", &alone_within(slot)).await.expect(200);
    [here, there].map(|found| found["timeslots"].as_array().unwrap().iter().any(|offer| start(offer) == start(slot)))
}

#[tokio::test]
async fn a_joint_slot_that_is_held_keeps_everybodys_time_and_its_booking_consumes_it_all() {
    let two = two().await;
    let partner = &two.partner;
    let mine = partner.search(&two.request()).await;
    let slot = &mine["timeslots"][0];
    let rival = partner.search(&two.request()).await;
    assert_eq!(start(&rival["timeslots"][0]), start(slot));
    let alone = two.there(Method::POST, "/intervention", &alone_within(slot)).await.expect(200);
    assert_eq!(is_free(&two, slot).await, [true, true]);
    let held = partner.post("/holds", &hold(&mine, 0)).await.expect(201);
    assert_eq!(is_free(&two, slot).await, [false, false]);

    // A caller that saw the time before is refused it: the meeting, and the other firm's part of it.
    let refused = partner.post("/appointments", &booking(&rival, 0, "RIVAL")).await;
    assert_eq!((refused.status, &refused.json()["value"]), (409, &json!(10)));
    assert_eq!(partner.post("/holds", &hold(&rival, 0)).await.status, 409);
    assert_eq!(two.there(Method::POST, "/appointments", &booking(&alone, 0, "ALONE")).await.status, 409);
    assert_eq!(two.standing().await, (Vec::new(), Vec::new()));

    // The session that holds it books both, under the id that it got.
    let main = partner.post("/appointments", &booking(&mine, 0, "CASE-1")).await.expect(201);
    assert_eq!(main["id"], held["holdID"]);
    assert_eq!(main["joint"]["parties"].as_array().unwrap().len(), 2);
    assert_eq!(two.standing().await, (vec![slot["startTime"].clone()], vec![slot["startTime"].clone()]));
    let used = format!("/holds/{}", held["holdID"].as_str().unwrap());
    assert_eq!(send(partner.request(Method::DELETE, &used)).await.status, 404, "the booking has consumed it");
    // Called off, the time is free on both sides: nothing was left of the hold.
    let cancel = format!("/appointments/{}/cancel", main["id"].as_str().unwrap());
    partner.post(&cancel, &json!({ "reason": "RendezVousNonUtile" })).await.expect(200);
    assert_eq!(is_free(&two, slot).await, [true, true]);
}

#[tokio::test]
async fn a_joint_hold_is_given_back_for_everybody_at_once() {
    let two = two().await;
    let partner = &two.partner;
    let mine = partner.search(&two.request()).await;
    let slot = &mine["timeslots"][0];
    let held = partner.post("/holds", &hold(&mine, 0)).await.expect(201);
    let path = format!("/holds/{}", held["holdID"].as_str().unwrap());
    assert_eq!(two.there(Method::DELETE, &path, &json!({})).await.status, 404, "with a key of the other firm");
    assert_eq!(is_free(&two, slot).await, [false, false]);
    assert_eq!(send(partner.request(Method::DELETE, &path)).await.expect(200)["holdID"], held["holdID"]);
    assert_eq!(is_free(&two, slot).await, [true, true]);
    assert_eq!(send(partner.request(Method::DELETE, &path)).await.status, 404);

    // Another slot in its place lets both go; one that is taken on the other side leaves both.
    partner.post("/holds", &hold(&mine, 0)).await.expect(201);
    let day = |slot: &Value| start(slot)[..10].to_owned();
    let offers = mine["timeslots"].as_array().unwrap();
    let elsewhere: Vec<usize> = (1..offers.len()).filter(|at| day(&offers[*at]) != day(slot)).collect();
    let good = elsewhere[0];
    let taken = *elsewhere.iter().find(|at| day(&offers[**at]) != day(&offers[good])).unwrap();
    partner.post("/holds", &hold(&mine, good)).await.expect(201);
    assert_eq!((is_free(&two, slot).await, is_free(&two, &offers[good]).await), ([true, true], [false, false]));
    two.take_there(&offers[taken]).await;
    assert_eq!(partner.post("/holds", &hold(&mine, taken)).await.expect(409)["value"], 10);
    assert_eq!(is_free(&two, &offers[good]).await, [false, false]);
}

#[tokio::test]
async fn a_joint_hold_ends_for_everybody_with_its_300th_second() {
    let two = two().await;
    let partner = &two.partner;
    let mine = partner.search(&two.request()).await;
    let slot = &mine["timeslots"][0];
    partner.post("/holds", &hold(&mine, 0)).await.expect(201);
    partner.server.clock.advance(SignedDuration::from_secs(299));
    assert_eq!(is_free(&two, slot).await, [false, false]);
    partner.server.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(is_free(&two, slot).await, [true, true]);
    // And others meet then.
    let rival = partner.search(&all_of_first_day(two.request())).await;
    let same = offer_at(&rival, &slot["startTime"]);
    partner.post("/appointments", &booking(&rival, same, "RIVAL")).await.expect(201);
    assert_eq!(partner.post("/appointments", &booking(&mine, 0, "CASE-1")).await.status, 410);
    assert_eq!(two.standing().await, (vec![slot["startTime"].clone()], vec![slot["startTime"].clone()]));
}

#[tokio::test]
async fn what_is_left_of_a_joint_hold_is_removed_in_every_firm() {
    let two = two().await;
    let (app, clock) = (&two.partner.server.services.core, &two.partner.server.clock);
    let mine = two.partner.search(&two.request()).await;
    two.partner.post("/holds", &hold(&mine, 0)).await.expect(201);
    assert_eq!(delete_expired_holds(app).await.unwrap(), 0);
    clock.advance(SignedDuration::from_secs(300));
    assert_eq!(delete_expired_holds(app).await.unwrap(), 2);
    assert_eq!(delete_expired_holds(app).await.unwrap(), 0);
}

#[tokio::test]
async fn a_team_that_is_held_is_the_team_that_comes() {
    let artisans = vec![artisan(1, &[Trade::Plumbing]), artisan(2, &[Trade::Painting]), artisan(3, &[])];
    let partner = Partner::with(artisans).await;
    for round in 0..6 {
        let mine = partner.search(&two_trades()).await;
        let slot = &mine["timeslots"][0];
        let held = partner.post("/holds", &hold(&mine, 0)).await.expect(201);
        // The only two who hold both trades together are kept.
        let rival = partner.search(&two_trades()).await;
        assert!(rival["timeslots"].as_array().unwrap().iter().all(|offer| start(offer) != start(slot)));
        // The main appointment has the id that was given, whichever of the two it is.
        let main = partner.post("/appointments", &booking(&mine, 0, &format!("REN-{round}"))).await.expect(201);
        assert_eq!(main["id"], held["holdID"], "{round}");
        let known = standing(&appointments(&partner, &partner.key).await);
        assert_eq!(known.iter().filter(|at| **at == slot["startTime"]).count(), 2);
    }
}

#[tokio::test]
async fn a_joint_hold_counts_in_the_share_of_every_firm_whose_time_it_takes() {
    let two = Two::with((1..=4).map(expert).collect(), vec![expert(9)]).await;
    let partner = &two.partner;
    // The other firm has one expert: two holds a day there, whichever firm is asked.
    for _ in 0..2 {
        let found = two.there(Method::POST, "/intervention", &all_of_first_day(on_site())).await.expect(200);
        two.there(Method::POST, "/holds", &hold(&found, 0)).await.expect(201);
    }
    let found = partner.search(&all_of_first_day(two.request())).await;
    let refused = partner.post("/holds", &hold(&found, 0)).await;
    assert_eq!(refused.expect(429)["value"], 11, "{}", refused.text);
    assert!(refused.text.contains("of this firm's free time on that day"), "{}", refused.text);
    // Nothing of it is held at the firm that was asked either.
    let slot = &found["timeslots"][0];
    assert_eq!(is_free(&two, slot).await, [true, true]);
}
