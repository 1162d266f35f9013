//! Partner API: how long offers live, who may use them, and what a repeat gets.

use constat_domain::expert::Expert;
use constat_domain::tenancy::{Mode, OrganisationKind};
use constat_testkit::{Firm, expert};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::partner_support::{Got, Partner, booking, by_video, on_site, send};

async fn book_after(partner: &Partner, seconds: i64) -> Got {
    let body = partner.first_booking(&on_site(), "CASE").await;
    partner.server.clock.advance(SignedDuration::from_secs(seconds));
    partner.post("/appointments", &body).await
}

#[tokio::test]
async fn a_session_books_in_its_299th_second_and_not_from_its_300th_on() {
    let partner = Partner::with(vec![expert(1), expert(2)]).await;
    book_after(&partner, 299).await.expect(201);
    for seconds in [300, 301, 86_400] {
        let gone = book_after(&partner, seconds).await;
        let body = gone.expect(410);
        assert_eq!(body["value"], 9, "{seconds}");
        assert_eq!(body["executionId"], gone.headers["x-execution-id"].to_str().unwrap());
    }
    assert_eq!(partner.get("/appointments").await.expect(200)["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_slot_can_be_checked_again_while_its_session_lives() {
    let partner = Partner::with(vec![expert(1)]).await;
    let found = partner.search(&on_site()).await;
    let path = format!("/availabilities/{}", found["timeslots"][1]["id"].as_str().unwrap());
    partner.server.clock.advance(SignedDuration::from_secs(299));
    assert_eq!(partner.get(&path).await.expect(200), found["timeslots"][1]);
    partner.server.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(partner.get(&path).await.expect(404)["value"], 7);
    assert_eq!(partner.get("/availabilities/none").await.status, 404);
    let session = found["sessionID"].as_str().unwrap();
    assert_eq!(partner.get(&format!("/availabilities/{session}")).await.status, 404, "a session is no slot");
}

#[tokio::test]
async fn nothing_is_offered_that_has_begun_and_what_begins_is_checked_as_gone() {
    let at_once = Expert { notice_minutes: Some(0), ..expert(1) };
    let partner = Partner::with(vec![at_once]).await;
    let mut request = on_site();
    request["limit"] = 1.into();
    // Half a second into the hour at which the first visit of the day would start.
    partner.server.clock.set("2026-11-24T09:00:00.5+01:00".parse().unwrap());
    partner.booked(&request, "CASE-1").await;
    partner.server.clock.set("2026-11-25T08:59:00+01:00".parse().unwrap());
    let found = partner.search(&request).await;
    assert_eq!(found["timeslots"][0]["startTime"], "2026-11-25T08:00:00Z");
    partner.server.clock.advance(SignedDuration::from_secs(61));
    let path = format!("/availabilities/{}", found["timeslots"][0]["id"].as_str().unwrap());
    assert_eq!(partner.get(&path).await.status, 404, "it could not be booked either");
}

#[tokio::test]
async fn a_tampered_token_is_unknown() {
    let partner = Partner::with(vec![expert(1)]).await;
    let good = partner.first_booking(&on_site(), "CASE").await;
    let spoil = |token: &Value| {
        let token = token.as_str().unwrap();
        let at = token.len() / 2;
        let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{other}{}", &token[..at], &token[at + 1..])
    };
    let mut slot = good.clone();
    slot["timeslot"]["id"] = spoil(&good["timeslot"]["id"]).into();
    let mut session = good.clone();
    session["sessionID"] = spoil(&good["sessionID"]).into();
    let mut swapped = good.clone();
    swapped["sessionID"] = good["timeslot"]["id"].clone();
    let mut invented = good.clone();
    invented["timeslot"]["id"] = "slot-1".into();
    // A slot of one session does not book in another.
    let mut foreign = good.clone();
    foreign["sessionID"] = partner.search(&on_site()).await["sessionID"].clone();
    for body in [slot, session, swapped, invented, foreign] {
        assert_eq!(partner.post("/appointments", &body).await.expect(404)["value"], 7);
    }
    partner.post("/appointments", &good).await.expect(201);
}

#[tokio::test]
async fn what_is_posted_must_be_what_was_offered() {
    let partner = Partner::with(vec![expert(1)]).await;
    let good = partner.first_booking(&on_site(), "CASE").await;
    for (pointer, value, field) in [
        ("/timeslot/startTime", json!("2026-11-24T03:00:00Z"), "timeslot.startTime"),
        ("/timeslot/endTime", json!("2026-12-24T03:00:00Z"), "timeslot.endTime"),
        ("/timeslot/duration", json!(7), "timeslot.duration"),
        ("/timeslot/type", json!("HorairePlage"), "timeslot.type"),
        ("/location/address/zipCode", json!("69001"), "location.address.zipCode"),
    ] {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        let refused = partner.post("/appointments", &body).await;
        assert_eq!((refused.status, refused.fields()), (400, vec![field.to_owned()]), "{}", refused.text);
    }
    // The same instant in another offset is the same time.
    let mut body = good.clone();
    let start: jiff::Timestamp = good["timeslot"]["startTime"].as_str().unwrap().parse().unwrap();
    body["timeslot"]["startTime"] = start.display_with_offset(jiff::tz::offset(1)).to_string().into();
    partner.post("/appointments", &body).await.expect(201);
}

#[tokio::test]
async fn a_repeat_gets_the_appointment_already_made_and_another_case_does_not() {
    let partner = Partner::with(vec![expert(1), expert(2)]).await;
    let body = partner.first_booking(&on_site(), "CASE").await;
    let made = partner.post("/appointments", &body).await.expect(201);
    let again = partner.post("/appointments", &body).await.expect(201);
    assert_eq!(again["appointmentID"], made["appointmentID"]);
    let mut other = body.clone();
    other["caseNumber"] = "OTHER".into();
    assert_eq!(partner.post("/appointments", &other).await.expect(409)["value"], 10);
    // A lost answer can still be fetched when the session is over.
    partner.server.clock.advance(SignedDuration::from_secs(400));
    let late = partner.post("/appointments", &body).await.expect(201);
    assert_eq!(late["appointmentID"], made["appointmentID"]);
    assert_eq!(partner.get("/appointments").await.expect(200)["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_bytes_again_and_refuses_another_body() {
    let partner = Partner::with(vec![expert(1), expert(2)]).await;
    let body = partner.first_booking(&on_site(), "CASE").await;
    let post = async |key: &str, body: &Value| {
        send(partner.request(Method::POST, "/appointments").header("idempotency-key", key).json(body)).await
    };
    let made = post("k-1", &body).await;
    made.expect(201);
    let again = post("k-1", &body).await;
    assert_eq!((again.status, &again.text), (201, &made.text));
    for name in ["location", "etag", "content-type"] {
        assert_eq!(again.headers[name], made.headers[name]);
    }
    let mut other = body.clone();
    other["notes"] = "other".into();
    let conflict = post("k-1", &other).await;
    assert_eq!((conflict.status, conflict.fields()), (422, vec!["Idempotency-Key".to_owned()]));
    // With the header, it alone tells repeats apart: the session is spent.
    assert_eq!(post("k-2", &body).await.status, 409);
    let refused = post("", &body).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["Idempotency-Key".to_owned()]));

    let path = format!("/appointments/{}/cancel", made.json()["id"].as_str().unwrap());
    let cancel = async || {
        let request = partner.request(Method::POST, &path).header("idempotency-key", "k-3");
        send(request.json(&json!({ "reason": "Autre" }))).await
    };
    let cancelled = cancel().await;
    cancelled.expect(200);
    assert_eq!(cancel().await.text, cancelled.text);
}

#[tokio::test]
async fn a_failed_move_keeps_the_time_and_only_its_own_session_moves_an_appointment() {
    let partner = Partner::with(vec![expert(1)]).await;
    let one = partner.booked(&on_site(), "ONE").await;
    let two = partner.booked(&on_site(), "TWO").await;
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let mut request = on_site();
    request["appointmentId"] = id(&one).into();
    let found = partner.search(&request).await;
    // A time that is free for everybody, not the appointment's own.
    let own = &one["schedule"]["startTime"];
    let free = found["timeslots"].as_array().unwrap().iter().position(|slot| &slot["startTime"] != own).unwrap();
    let mut body = booking(&found, free, "unused");
    body["reason"] = "ClientIndisponible".into();
    let path = format!("/appointments/{}/schedule", id(&one));

    // A session for moving does not book, nor move another appointment.
    let refused = partner.post("/appointments", &body).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["sessionID".to_owned()]));
    let refused = partner.put(&format!("/appointments/{}/schedule", id(&two)), &body).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["sessionID".to_owned()]));
    let mut plain = partner.first_booking(&on_site(), "unused").await;
    plain["reason"] = "ClientIndisponible".into();
    let refused = partner.put(&path, &plain).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["sessionID".to_owned()]));
    let mut odd = body.clone();
    odd["reason"] = "Humeur".into();
    let refused = partner.put(&path, &odd).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["reason".to_owned()]));

    // Somebody books the slot first: the move fails, and the appointment stays where it was.
    let wanted = &found["timeslots"][free]["startTime"];
    let mut everything = on_site();
    everything["limit"] = 30.into();
    let now_free = partner.search(&everything).await;
    let slots = now_free["timeslots"].as_array().unwrap();
    let at = slots.iter().position(|slot| &slot["startTime"] == wanted).expect("others may still book that time");
    partner.post("/appointments", &booking(&now_free, at, "THREE")).await.expect(201);
    assert_eq!(partner.put(&path, &body).await.expect(409)["value"], 10);
    partner.server.clock.advance(SignedDuration::from_secs(300));
    partner.put(&path, &body).await.expect(410);
    let still = partner.get(&format!("/appointment/{}/schedule", id(&one))).await.expect(200);
    assert_eq!(still["startTime"], one["schedule"]["startTime"]);

    // A search for a move: the appointment must be open, the caller's, and of the same type.
    let mut other = by_video();
    other["appointmentId"] = id(&one).into();
    let refused = partner.post("/intervention", &other).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["type.name".to_owned()]));
    for unknown in ["apt_00000000000000000000000000", "nonsense"] {
        request["appointmentId"] = unknown.into();
        let refused = partner.post("/intervention", &request).await;
        assert_eq!((refused.status, refused.fields()), (400, vec!["appointmentId".to_owned()]));
    }
}

#[tokio::test]
async fn a_move_frees_the_old_time_even_within_the_same_day_and_repeats_are_harmless() {
    let partner = Partner::with(vec![expert(1)]).await;
    let made = partner.booked(&on_site(), "ONE").await;
    let mut request = on_site();
    request["appointmentId"] = made["id"].clone();
    request["limit"] = 30.into();
    // The place is the appointment's own.
    request.as_object_mut().unwrap().remove("appointmentLocation");
    let found = partner.search(&request).await;
    let day = &made["schedule"]["startTime"].as_str().unwrap()[..10];
    let slots = found["timeslots"].as_array().unwrap();
    let at = slots
        .iter()
        .position(|slot| {
            let start = slot["startTime"].as_str().unwrap();
            start.starts_with(day) && start != made["schedule"]["startTime"].as_str().unwrap()
        })
        .expect("another time on the same day");
    let body = json!({
        "timeslot": slots[at], "sessionID": found["sessionID"], "reason": "ErreurDeSaisie"
    });
    let path = format!("/appointments/{}/schedule", made["id"].as_str().unwrap());
    let moved = partner.put(&path, &body).await.expect(200);
    assert_eq!(moved["data"]["schedule"]["startTime"], slots[at]["startTime"]);
    assert_eq!(moved["data"]["address"]["zipCode"], "75017");
    assert_eq!(partner.put(&path, &body).await.expect(200), moved, "a repeat changes nothing");
    let read = partner.get(&format!("/appointments/{}", made["id"].as_str().unwrap())).await;
    assert_eq!(read.headers["etag"], "\"2\"");
}

fn with_key(partner: &Partner, key: &str, firm: &Firm, platform: constat_domain::ids::OrgId) -> KeyOf {
    KeyOf { url: partner.server.url.clone(), key: key.to_owned(), _of: (firm.org, platform) }
}

/// Another key on the same server.
struct KeyOf {
    url: String,
    key: String,
    _of: (constat_domain::ids::OrgId, constat_domain::ids::OrgId),
}

impl KeyOf {
    fn request(&self, partner: &Partner, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/claims/api/v1{path}", self.url);
        partner.server.http.request(method, url).bearer_auth(&self.key)
    }
}

#[tokio::test]
async fn what_a_key_does_not_own_does_not_exist_for_it() {
    let partner = Partner::with(vec![expert(1)]).await;
    let server = &partner.server;
    let made = partner.booked(&on_site(), "MINE").await;
    let id = made["id"].as_str().unwrap();
    let open = partner.first_booking(&on_site(), "OPEN").await;

    let other = server.organisation(OrganisationKind::Platform, "Autre plateforme").await;
    let other_key = server.partner_key(&partner.firm, other).await;
    let other_firm = server.firm_with_experts("Autre cabinet", vec![expert(50)]).await;
    let elsewhere_key = server.partner_key(&other_firm, partner.platform).await;
    let live = Firm {
        tenant: constat_domain::tenancy::TenantId { org: partner.firm.org, mode: Mode::Live },
        ..partner.firm.clone()
    };
    let live_key = server.partner_key(&live, partner.platform).await;
    let strangers = [
        with_key(&partner, &other_key, &partner.firm, other),
        with_key(&partner, &elsewhere_key, &other_firm, partner.platform),
        with_key(&partner, &live_key, &live, partner.platform),
    ];
    let schedule = json!({ "timeslot": open["timeslot"], "sessionID": open["sessionID"], "reason": "Autre" });
    for stranger in &strangers {
        let ask = async |method: Method, path: &str, body: Option<&Value>| {
            let request = stranger.request(&partner, method, path);
            send(if let Some(body) = body { request.json(body) } else { request }).await
        };
        let one = format!("/appointments/{id}");
        for (method, path, body) in [
            (Method::GET, one.clone(), None),
            (Method::GET, format!("/appointment/{id}/schedule"), None),
            (Method::PUT, one.clone(), Some(json!({ "data": made }))),
            (Method::PUT, format!("{one}/contact"), Some(json!({ "firstName": "A", "lastName": "B" }))),
            (Method::PUT, format!("{one}/schedule"), Some(schedule.clone())),
            (Method::POST, format!("{one}/cancel"), Some(json!({ "reason": "Autre" }))),
            (Method::DELETE, one.clone(), None),
            (Method::POST, "/appointments".to_owned(), Some(open.clone())),
            (Method::GET, format!("/availabilities/{}", open["timeslot"]["id"].as_str().unwrap()), None),
        ] {
            let got = ask(method.clone(), &path, body.as_ref()).await;
            assert_eq!(got.expect(404)["value"], 7, "{method} {path}");
        }
        assert_eq!(ask(Method::GET, "/appointments", None).await.expect(200)["data"], json!([]));
        let mut request = on_site();
        request["appointmentId"] = id.into();
        let got = ask(Method::POST, "/intervention", Some(&request)).await;
        assert_eq!((got.status, got.fields()), (400, vec!["appointmentId".to_owned()]));
    }
    // The firm itself sees everything, and may cancel.
    let own = with_key(&partner, &partner.firm.own_key, &partner.firm, partner.firm.org);
    let list = send(own.request(&partner, Method::GET, "/appointments")).await.expect(200);
    assert_eq!(list["data"][0]["id"], id);
    let cancel = own.request(&partner, Method::POST, &format!("/appointments/{id}/cancel"));
    send(cancel.json(&json!({ "reason": "ExpertIndisponible" }))).await.expect(200);
}
