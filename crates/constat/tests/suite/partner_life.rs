//! Partner API: the life of an appointment, from search to cancellation.

use std::fmt::Write as _;

use constat_domain::expert::Trade;
use constat_testkit::{artisan, expert};
use reqwest::Method;
use serde_json::{Value, json};

use crate::partner_support::{Partner, booking, by_video, on_site, repair};

fn starts(found: &Value) -> Vec<String> {
    let slots = found["timeslots"].as_array().unwrap();
    slots.iter().map(|slot| slot["startTime"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_search_offers_slots_within_window_hours_and_limit_for_300_seconds() {
    let partner = Partner::with(vec![expert(1), expert(2)]).await;
    let found = partner.search(&on_site()).await;
    assert_eq!(found["expiresAt"], "2026-11-23T07:05:00Z");
    assert!(found.get("reasons").is_none());
    let slots = found["timeslots"].as_array().unwrap();
    assert_eq!(slots.len(), 10);
    for slot in slots {
        assert_eq!(slot["type"], "HoraireFixe");
        let start: jiff::Timestamp = slot["startTime"].as_str().unwrap().parse().unwrap();
        let end: jiff::Timestamp = slot["endTime"].as_str().unwrap().parse().unwrap();
        assert_eq!(end.duration_since(start).as_mins(), slot["duration"].as_i64().unwrap());
        let paris = jiff::tz::TimeZone::get("Europe/Paris").unwrap();
        let (from, to) = (paris.to_datetime(start), paris.to_datetime(end));
        assert!(from.hour() >= 9 && to.hour() <= 18, "{slot}");
        assert!(from.date() >= jiff::civil::date(2026, 11, 24) && to.date() <= jiff::civil::date(2026, 12, 3));
    }
    assert_eq!(
        partner
            .search(&{
                let mut fewer = on_site();
                fewer["limit"] = 3.into();
                fewer
            })
            .await["timeslots"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn arrival_windows_are_offered_by_half_day_and_by_day() {
    let partner = Partner::with(vec![expert(1)]).await;
    for (granularity, at_most) in [("halfday", 2), ("day", 1)] {
        let mut request = on_site();
        request["desiredGranularity"] = granularity.into();
        let found = partner.search(&request).await;
        let mut by_day = std::collections::BTreeMap::<String, u32>::new();
        for slot in found["timeslots"].as_array().unwrap() {
            assert_eq!(slot["type"], "HorairePlage");
            *by_day.entry(slot["startTime"].as_str().unwrap()[..10].to_owned()).or_default() += 1;
        }
        assert!(!by_day.is_empty() && by_day.values().all(|count| *count <= at_most), "{by_day:?}");
        partner.post("/appointments", &booking(&found, 0, granularity)).await.expect(201);
    }
}

#[tokio::test]
async fn an_experts_appointment_from_search_to_cancellation() {
    let partner = Partner::with(vec![expert(1)]).await;
    let found = partner.search(&on_site()).await;
    let slot = &found["timeslots"][0];
    let again = partner.get(&format!("/availabilities/{}", slot["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(&again, slot);

    let mut body = booking(&found, 0, "CASE-1");
    body["notes"] = "Digicode 1234".into();
    body["contact"] = json!({
        "firstName": "Jean", "lastName": "Dupont",
        "userInfo": { "mobilePhone": "+33612345678", "email": "jean.dupont@example.com" }
    });
    let made = partner.post("/appointments", &body).await;
    let appointment = made.expect(201);
    let id = appointment["appointmentID"].as_str().unwrap().to_owned();
    assert_eq!(made.headers["location"], format!("/claims/api/v1/appointments/{id}"));
    assert_eq!(appointment["id"], id.as_str());
    assert_eq!(appointment["type"], "Site");
    assert_eq!(appointment["status"], "booked");
    assert_eq!(appointment["schedule"]["startTime"], slot["startTime"]);
    assert_eq!(appointment["expert"]["displayName"], "Expert 001");
    assert_eq!(appointment["customer"]["lastName"], "Dupont");
    assert!(appointment.get("connection").is_none());

    // The time is gone, for the slot and for the next search.
    assert_eq!(partner.get(&format!("/availabilities/{}", slot["id"].as_str().unwrap())).await.status, 404);
    let later = partner.search(&on_site()).await;
    assert!(!starts(&later).contains(&slot["startTime"].as_str().unwrap().to_owned()));

    let read = partner.get(&format!("/appointments/{id}")).await;
    let data = read.expect(200);
    assert_eq!((&data["value"], &data["description"]), (&json!(0), &json!("OK")));
    assert_eq!(data["data"].as_array().unwrap().len(), 1);
    assert_eq!(data["data"][0]["notes"], "Digicode 1234");
    assert_eq!(read.headers["etag"], "\"1\"");
    assert_eq!(partner.get("/appointments").await.expect(200)["data"][0]["id"], id.as_str());

    // Modify: notes change, the time does not.
    let mut data = data["data"][0].clone();
    data["notes"] = "Digicode 5678".into();
    let path = format!("/appointments/{id}");
    let stale = partner.request(Method::PUT, &path).header("if-match", "\"7\"").json(&json!({ "data": data }));
    assert_eq!(partner.send(stale).await.status, 412);
    let changed = partner.put(&path, &json!({ "data": data })).await;
    assert_eq!(changed.expect(200)["data"]["notes"], "Digicode 5678");
    assert_eq!(changed.headers["etag"], "\"2\"");
    data["schedule"]["startTime"] = "2026-11-24T05:00:00Z".into();
    let refused = partner.put(&path, &json!({ "data": data })).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["data.schedule".to_owned()]));

    let contact = json!({ "firstName": "Marie", "lastName": "Dupont" });
    let changed = partner.put(&format!("{path}/contact"), &contact).await.expect(200);
    assert_eq!(changed["data"]["customer"]["firstName"], "Marie");

    // Move: its own time counts as free, so the very slot is offered again.
    let mut request = on_site();
    request["appointmentId"] = id.as_str().into();
    let found = partner.search(&request).await;
    assert!(starts(&found).contains(&slot["startTime"].as_str().unwrap().to_owned()));
    let other = starts(&found).iter().position(|start| start != slot["startTime"].as_str().unwrap()).unwrap();
    let mut body = booking(&found, other, "unused");
    body["reason"] = "ClientIndisponible".into();
    let moved = partner.put(&format!("{path}/schedule"), &body).await.expect(200);
    assert_eq!(moved["data"]["schedule"]["startTime"], found["timeslots"][other]["startTime"]);
    let schedule = partner.get(&format!("/appointment/{id}/schedule")).await.expect(200);
    assert_eq!(schedule["startTime"], found["timeslots"][other]["startTime"]);
    assert_eq!(partner.get(&format!("{path}/schedule")).await.expect(200), schedule, "plural or singular");
    let later = starts(&partner.search(&on_site()).await);
    assert!(later.contains(&slot["startTime"].as_str().unwrap().to_owned()), "the old time is free again");
    assert!(!later.contains(&found["timeslots"][other]["startTime"].as_str().unwrap().to_owned()));

    // Cancel: free at once, still there to read, closed to changes.
    let reason = json!({ "reason": "RendezVousNonUtile", "comment": "Repaired" });
    let cancelled = partner.post(&format!("{path}/cancel"), &reason).await.expect(200);
    assert_eq!(cancelled["data"]["status"], "cancelled");
    assert_eq!(cancelled["data"]["cancellation"]["reason"], "RendezVousNonUtile");
    assert_eq!(
        starts(&partner.search(&on_site()).await),
        starts(&{
            let mut request = on_site();
            request["limit"] = 10.into();
            partner.search(&request).await
        })
    );
    assert!(
        starts(&partner.search(&on_site()).await)
            .contains(&found["timeslots"][other]["startTime"].as_str().unwrap().to_owned())
    );
    let closed = partner.get(&format!("/appointment/{id}/schedule")).await;
    assert_eq!((closed.status, closed.json()["value"].clone()), (409, json!(9)));
    assert_eq!(partner.post(&format!("{path}/cancel"), &reason).await.status, 409);
    assert_eq!(partner.put(&format!("{path}/contact"), &contact).await.status, 409);
    assert_eq!(partner.get(&path).await.expect(200)["data"][0]["status"], "cancelled");
}

#[tokio::test]
async fn a_repair_from_search_to_deletion() {
    let plumber = artisan(1, &[Trade::Plumbing]);
    let painter = artisan(2, &[Trade::Painting]);
    let partner = Partner::with(vec![plumber, painter]).await;
    let mut request = repair();
    request["damages"] = json!([{ "damageNature": "AmenagementExterieur" }]);
    let made = partner.booked(&request, "REN-1").await;
    assert_eq!(made["type"], "Site");
    assert!(made["expert"]["displayName"].as_str().unwrap().starts_with("Artisan"));
    let id = made["appointmentID"].as_str().unwrap();
    let deleted = partner.send(partner.request(Method::DELETE, &format!("/appointments/{id}"))).await.expect(200);
    assert_eq!(deleted["data"]["status"], "cancelled");
    assert_eq!(deleted["data"]["cancellation"]["reason"], "Autre");
    // No expert here does expertise.
    let found = partner.search(&on_site()).await;
    assert_eq!(found["timeslots"], json!([]));
    assert_eq!(found["reasons"], json!([{ "code": "kind", "count": 2 }]));
}

#[tokio::test]
async fn a_remote_appointment_says_how_to_join_and_needs_no_place_to_search() {
    let partner = Partner::with(vec![expert(1)]).await;
    for (kind, meeting) in [("VISIO", "Visio"), ("EAD", "Visio"), ("TELE", "Telephonique")] {
        let mut request = by_video();
        request["type"]["name"] = kind.into();
        request.as_object_mut().unwrap().remove("appointmentLocation");
        let made = partner.booked(&request, kind).await;
        assert_eq!(made["type"], meeting);
        assert!(made["connection"]["url"].as_str().unwrap().starts_with(&partner.server.url));
        assert_eq!(made["connection"]["pin"].as_str().unwrap().len(), 6);
        let id = made["id"].as_str().unwrap();
        let read = partner.get(&format!("/appointments/{id}")).await.expect(200);
        assert_eq!(read["data"][0]["connection"], made["connection"]);
    }
}

#[tokio::test]
async fn the_answer_to_a_booking_comes_as_a_bare_id_or_as_xml_when_asked_so() {
    let partner = Partner::with(vec![expert(1), expert(2)]).await;
    let body = partner.first_booking(&on_site(), "A").await;
    let request = partner.request(Method::POST, "/appointments").header("prefer", "return=minimal").json(&body);
    let bare = partner.send(request).await;
    let id: String = serde_json::from_value(bare.expect(201)).unwrap();
    assert_eq!(bare.headers["location"], format!("/claims/api/v1/appointments/{id}"));
    partner.get(&format!("/appointments/{id}")).await.expect(200);

    let body = partner.first_booking(&on_site(), "B").await;
    let request = partner.request(Method::POST, "/appointments").header("accept", "application/xml").json(&body);
    let xml = partner.send(request).await;
    assert_eq!((xml.status, &xml.headers["content-type"]), (201, &"application/xml".parse().unwrap()));
    let id = xml.text.strip_prefix("<appointment><appointmentID>").unwrap();
    let id = id.strip_suffix("</appointmentID></appointment>").unwrap();
    partner.get(&format!("/appointments/{id}")).await.expect(200);
}

#[tokio::test]
async fn bodies_may_come_as_a_form_with_the_json_in_one_field() {
    let partner = Partner::with(vec![expert(1)]).await;
    let form = |data: &Value| {
        let mut text = String::from("data=");
        for byte in data.to_string().bytes() {
            write!(text, "%{byte:02X}").unwrap();
        }
        text
    };
    let post = |path: &str, method: Method, data: &Value| {
        partner.request(method, path).header("content-type", "application/x-www-form-urlencoded").body(form(data))
    };
    let body = partner.first_booking(&on_site(), "FORM").await;
    let made = partner.send(post("/appointments", Method::POST, &body)).await.expect(201);
    let path = format!("/appointments/{}", made["id"].as_str().unwrap());
    let mut data = made.clone();
    data["notes"] = "Deuxième étage".into();
    let changed = partner.send(post(&path, Method::PUT, &json!({ "data": data }))).await.expect(200);
    assert_eq!(changed["data"]["notes"], "Deuxième étage");
    let empty = partner.request(Method::POST, "/appointments");
    let empty = empty.header("content-type", "application/x-www-form-urlencoded").body("other=1");
    let refused = partner.send(empty).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["data".to_owned()]));
}

#[tokio::test]
async fn the_list_is_filtered_sorted_and_cut() {
    let partner = Partner::with(vec![expert(1), expert(2)]).await;
    let first = partner.booked(&on_site(), "ALPHA").await;
    partner.server.clock.advance(jiff::SignedDuration::from_secs(1));
    let mut late = on_site();
    late["dateFrom"] = "2026-11-30T00:00:00+01:00".into();
    let second = partner.booked(&late, "BETA").await;
    let ids = async |query: &str| -> Vec<String> {
        let list = partner.get(&format!("/appointments{query}")).await.expect(200);
        let data = list["data"].as_array().unwrap();
        data.iter().map(|known| known["caseNumber"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("").await, ["ALPHA", "BETA"]);
    assert_eq!(ids("?sort_by=created&sort_order=desc").await, ["BETA", "ALPHA"]);
    assert_eq!(ids("?num_results=1").await, ["ALPHA"]);
    assert_eq!(ids("?num_results=0").await, ["ALPHA", "BETA"]);
    assert_eq!(ids("?search_text=beta").await, ["BETA"]);
    assert_eq!(ids("?zip=75017").await, ["ALPHA", "BETA"]);
    assert_eq!(ids("?zip=69001").await, [""; 0]);
    let from = second["schedule"]["startTime"].as_str().unwrap();
    assert_eq!(ids(&format!("?start_date={from}")).await, ["BETA"]);
    assert_eq!(ids(&format!("?end_date={from}")).await, ["ALPHA"]);
    assert_ne!(first["id"], second["id"]);
    for (query, field) in [
        ("?num_results=-1", "num_results"),
        ("?num_results=x", "num_results"),
        ("?sort_by=name", "sort_by"),
        ("?sort_order=up", "sort_order"),
        ("?start_date=yesterday", "start_date"),
        ("?zip=750170", "zip"),
        ("?start_date=2026-11-25T00:00:00Z&end_date=2026-11-24T00:00:00Z", "end_date"),
    ] {
        let refused = partner.get(&format!("/appointments{query}")).await;
        assert_eq!((refused.status, refused.fields()), (400, vec![field.to_owned()]), "{query}: {}", refused.text);
    }
}
