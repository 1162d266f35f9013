//! Partner API: what changes a calendar is seen by the next search, whoever changed it.

use constat_domain::expert::Territory;
use constat_testkit::expert;
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::partner_support::{Partner, booking, by_video, on_site, send};

#[tokio::test]
async fn an_absence_and_a_changed_record_are_seen_by_the_next_search() {
    let partner = Partner::with(vec![expert(1)]).await;
    assert!(!partner.search(&on_site()).await["timeslots"].as_array().unwrap().is_empty());
    let stale = partner.first_booking(&on_site(), "STALE").await;
    let at = |text: &str| text.parse().unwrap();
    let absent = (at("2026-11-23T00:00:00+01:00"), at("2026-12-10T00:00:00+01:00"));
    partner.server.put_absence(partner.firm.tenant, partner.firm.experts[0], absent.0, absent.1).await;
    let found = partner.search(&on_site()).await;
    assert_eq!((&found["timeslots"], &found["reasons"]), (&json!([]), &json!([{ "code": "absent", "count": 1 }])));
    // What was offered before cannot be booked any more, nor is it told to be free.
    assert_eq!(
        partner.get(&format!("/availabilities/{}", stale["timeslot"]["id"].as_str().unwrap())).await.status,
        404
    );
    partner.post("/appointments", &stale).await.expect(409);

    partner.server.put_experts(partner.firm.tenant, vec![expert(2)]).await;
    assert!(!partner.search(&on_site()).await["timeslots"].as_array().unwrap().is_empty());
    let mut elsewhere = expert(2);
    elsewhere.territory = Territory::Departments(["69".to_owned()].into_iter().collect());
    partner.server.put_experts(partner.firm.tenant, vec![elsewhere]).await;
    let found = partner.search(&on_site()).await;
    assert_eq!(found["reasons"], json!([{ "code": "territory", "count": 1 }, { "code": "absent", "count": 1 }]));
}

#[tokio::test]
async fn a_remote_visit_knows_no_territory_and_a_full_firm_says_so() {
    let mut near_lyon = expert(1);
    near_lyon.territory = Territory::Departments(["69".to_owned()].into_iter().collect());
    near_lyon.daily_cap = Some(1);
    let partner = Partner::with(vec![near_lyon]).await;
    let mut one_day = by_video();
    one_day["dateTo"] = "2026-11-25T00:00:00+01:00".into();
    partner.booked(&one_day, "ONE").await;
    let found = partner.search(&one_day).await;
    assert_eq!(found["reasons"], json!([{ "code": "fully_booked", "count": 1 }]));
    assert_eq!(partner.search(&on_site()).await["reasons"], json!([{ "code": "territory", "count": 1 }]));
}

#[tokio::test]
async fn weeks_later_the_days_ahead_are_still_there() {
    let partner = Partner::with(vec![expert(1)]).await;
    partner.booked(&on_site(), "ONE").await;
    for weeks in 1..8 {
        partner.server.clock.advance(SignedDuration::from_hours(7 * 24));
        let from = partner.server.services.core.clock.now();
        let mut request = on_site();
        request["dateFrom"] = from.to_string().into();
        request.as_object_mut().unwrap().remove("dateTo");
        assert_eq!(partner.search(&request).await["timeslots"].as_array().unwrap().len(), 10, "{weeks}");
        partner.booked(&request, "MORE").await;
    }
}

/// After many changes the snapshot that followed them offers what a fresh one does.
#[tokio::test]
async fn a_calendar_that_followed_every_change_equals_one_read_afresh() {
    let partner = Partner::with((1..=4).map(expert).collect()).await;
    let mut request = on_site();
    request["limit"] = 30.into();
    let mut ids: Vec<Value> = Vec::new();
    for step in 0..40 {
        match step % 4 {
            3 if !ids.is_empty() => {
                let id = ids.remove(step * 7 % ids.len());
                let path = format!("/appointments/{}/cancel", id.as_str().unwrap());
                partner.post(&path, &json!({ "reason": "Autre" })).await.expect(200);
            }
            2 if !ids.is_empty() => {
                let id = &ids[step * 5 % ids.len()];
                let mut again = request.clone();
                again["appointmentId"] = id.clone();
                let found = partner.search(&again).await;
                let slots = found["timeslots"].as_array().unwrap();
                let mut body = booking(&found, step * 3 % slots.len(), "unused");
                body["reason"] = "ClientIndisponible".into();
                partner.put(&format!("/appointments/{}/schedule", id.as_str().unwrap()), &body).await.expect(200);
            }
            _ => {
                let found = partner.search(&request).await;
                let slots = found["timeslots"].as_array().unwrap().len();
                let made = partner.post("/appointments", &booking(&found, step * 11 % slots, "CASE")).await.expect(201);
                ids.push(made["id"].clone());
            }
        }
    }
    let twin = partner.server.twin().await;
    let times = |found: &Value| -> Vec<Value> {
        let slots = found["timeslots"].as_array().unwrap();
        slots.iter().map(|slot| json!([slot["startTime"], slot["endTime"]])).collect()
    };
    let fresh = twin.http.post(format!("{}/claims/api/v1/intervention", twin.url)).header("pid", &partner.key);
    let fresh = send(fresh.json(&request)).await.expect(200);
    assert_eq!(times(&partner.search(&request).await), times(&fresh));
}

/// Two servers over one database: neither knows the other's bookings by heart, and still no time is
/// given twice.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_over_one_database_never_book_one_time_twice() {
    let partner = Partner::with(vec![expert(1)]).await;
    let twin = partner.server.twin().await;
    let urls = [partner.server.url.clone(), twin.url.clone()];
    let mut bodies = Vec::new();
    for client in 0..20 {
        // A token sealed by one server is honoured by the other.
        bodies.push((urls[client % 2].clone(), partner.first_booking(&on_site(), &format!("CASE-{client}")).await));
    }
    let sent = bodies.into_iter().map(|(url, body)| {
        let request = partner.server.http.post(format!("{url}/claims/api/v1/appointments")).header("pid", &partner.key);
        tokio::spawn(send(request.json(&body)))
    });
    let mut statuses: Vec<u16> = join_all(sent).await.into_iter().map(|got| got.unwrap().status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![201], vec![409; 19]].concat());
}
