//! Times offered to other callers in the last 300 seconds rank behind other times.

use constat_client::wire::partner::Points;
use constat_domain::tenancy::OrganisationKind;
use constat_testkit::expert;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::partner_support::{Partner, booking, on_site, send};

/// A search for a claim of its own.
fn of_claim(number: usize, limit: u8) -> Value {
    let mut request = on_site();
    request["insurerClaimId"] = json!(format!("SIN-{number}"));
    request["claim"]["claimId"] = json!(format!("0199a1b2-0000-7000-8000-{number:012}"));
    request["limit"] = limit.into();
    request
}

fn starts(found: &Value) -> Vec<String> {
    let slots = found["timeslots"].as_array().unwrap().iter();
    slots.map(|slot| slot["startTime"].as_str().unwrap().to_owned()).collect()
}

async fn search_with(partner: &Partner, key: &str, query: &str, request: &Value) -> Value {
    let url = format!("{}/claims/api/v1/intervention{query}", partner.server.url);
    send(partner.server.http.post(url).header("pid", key).json(request)).await.expect(200)
}

#[tokio::test]
async fn two_claims_are_offered_different_times_and_each_the_same_again() {
    let partner = Partner::with(vec![expert(1)]).await;
    let first = starts(&partner.search(&of_claim(1, 3)).await);
    let second = starts(&partner.search(&of_claim(2, 3)).await);
    assert!(second.iter().all(|start| !first.contains(start)), "{first:?} {second:?}");
    for _ in 0..2 {
        assert_eq!(starts(&partner.search(&of_claim(1, 3)).await), first);
        assert_eq!(starts(&partner.search(&of_claim(2, 3)).await), second);
    }
    // A claim that is not fully named is distinguished by who asks.
    let other = partner.server.organisation(OrganisationKind::Platform, "Autre plateforme").await;
    let key = partner.server.partner_key(&partner.firm, other).await;
    let mut unnamed = of_claim(3, 3);
    unnamed.as_object_mut().unwrap().remove("claim");
    let third = starts(&partner.search(&unnamed).await);
    assert!(third.iter().all(|start| !first.contains(start) && !second.contains(start)));
    assert_ne!(starts(&search_with(&partner, &key, "", &unnamed).await), third);
    assert_eq!(starts(&partner.search(&unnamed).await), third);
}

#[tokio::test]
async fn offers_are_open_for_300_seconds() {
    let partner = Partner::with(vec![expert(1)]).await;
    let first = starts(&partner.search(&of_claim(1, 3)).await);
    partner.server.clock.advance(SignedDuration::from_secs(299));
    let second = starts(&partner.search(&of_claim(2, 3)).await);
    assert_ne!(second[0], first[0]);
    partner.server.clock.advance(SignedDuration::from_secs(1));
    let third = starts(&partner.search(&of_claim(3, 3)).await);
    assert_eq!(third[0], first[0], "it cannot be booked from the first session any more");
    partner.server.clock.advance(SignedDuration::from_secs(300));
    assert_eq!(starts(&partner.search(&of_claim(4, 3)).await), first);
}

#[tokio::test]
async fn a_booking_closes_the_other_offers_of_its_session() {
    let partner = Partner::with(vec![expert(1)]).await;
    let found = partner.search(&of_claim(1, 3)).await;
    let made = partner.post("/appointments", &booking(&found, 0, "CASE")).await.expect(201);
    let path = format!("/appointments/{}/cancel", made["id"].as_str().unwrap());
    partner.post(&path, &json!({ "reason": "Autre" })).await.expect(200);
    assert_eq!(starts(&partner.search(&of_claim(2, 3)).await), starts(&found));
}

#[tokio::test]
async fn the_last_time_is_offered_to_all_and_one_gets_it() {
    let partner = Partner::with(vec![expert(1)]).await;
    let narrow = |number| {
        let mut request = of_claim(number, 10);
        request["dateFrom"] = "2026-11-24T09:00:00+01:00".into();
        request["dateTo"] = "2026-11-24T10:00:00+01:00".into();
        request
    };
    let first = partner.search(&narrow(1)).await;
    let second = partner.search(&narrow(2)).await;
    assert_eq!((starts(&first).len(), starts(&first)), (1, starts(&second)));
    partner.post("/appointments", &booking(&second, 0, "CASE-2")).await.expect(201);
    partner.post("/appointments", &booking(&first, 0, "CASE-1")).await.expect(409);
}

#[tokio::test]
async fn the_firms_own_key_sees_the_points_of_open_offers() {
    let partner = Partner::with(vec![expert(1)]).await;
    for (number, is_free) in [(1, true), (2, false)] {
        let mut request = of_claim(number, 30);
        request["dateTo"] = "2026-11-25T00:00:00+01:00".into();
        let found = search_with(&partner, &partner.firm.own_key, "?explain=true", &request).await;
        let points: Points = serde_json::from_value(found["explanations"][0]["points"].clone()).unwrap();
        assert_eq!(points.promised == 0, is_free, "{found}");
    }
}
