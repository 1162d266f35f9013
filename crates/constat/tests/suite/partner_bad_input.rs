//! Partner API: every malformed request gets the listed status, names the field, changes nothing.

use constat_testkit::expert;
use reqwest::Method;
use serde_json::{Value, json};

use crate::partner_support::{Partner, booking, by_video, on_site, repair, send};

/// A change to a good body, and the fields that must be blamed for it.
type Case = (&'static str, Value, &'static [&'static str]);

/// `null` removes the field.
fn spoilt(good: &Value, pointer: &str, value: &Value) -> Value {
    let mut body = good.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(name);
    } else {
        parent.insert(name.to_owned(), value.clone());
    }
    body
}

async fn refuses_each(partner: &Partner, method: Method, path: &str, good: &Value, cases: &[Case]) {
    for (pointer, value, fields) in cases {
        let body = spoilt(good, pointer, value);
        let got = send(partner.request(method.clone(), path).json(&body)).await;
        assert_eq!(got.status, 400, "{method} {path} {pointer} = {value}: {}", got.text);
        assert_eq!(got.fields(), *fields, "{method} {path} {pointer} = {value}: {}", got.text);
        assert_eq!(got.json()["value"], 1);
    }
}

#[tokio::test]
async fn searches() {
    let partner = Partner::with(vec![expert(1)]).await;
    let cases: &[Case] = &[
        ("/type", Value::Null, &["type"]),
        ("/type", json!("ESS"), &["type"]),
        ("/type/name", json!("ROBOT"), &["type.name"]),
        ("/dateFrom", Value::Null, &["dateFrom"]),
        ("/dateFrom", json!("2026-11-24T00:00:00"), &["dateFrom"]),
        ("/dateFrom", json!("tomorrow"), &["dateFrom"]),
        ("/dateFrom", json!(1_795_417_200), &["dateFrom"]),
        ("/dateTo", json!("2026-11-23T00:00:00Z"), &["dateTo"]),
        ("/customerType", Value::Null, &["customerType"]),
        ("/customerType", json!("company"), &["customerType"]),
        ("/insurerClaimId", Value::Null, &["insurerClaimId"]),
        ("/insurerClaimId", json!(" "), &["insurerClaimId"]),
        ("/limit", json!(0), &["limit"]),
        ("/limit", json!(31), &["limit"]),
        ("/limit", json!("ten"), &["limit"]),
        ("/desiredGranularity", json!("minute"), &["desiredGranularity"]),
        ("/riskType", json!({ "name": "Chateau" }), &["riskType.name"]),
        ("/missionType", json!("RenDirect"), &["missionType"]),
        ("/damages", json!([{ "damageNature": "Toiture" }]), &["damages[0].damageNature"]),
        (
            "/damages",
            json!([{ "damageNature": "AmenagementExterieur", "damageDetail": "x" }]),
            &["damages[0].damageDetail"],
        ),
        ("/damages", json!([{}]), &["damages[0].damageNature"]),
        ("/damages", json!("none"), &["damages"]),
        ("/appointmentLocation", Value::Null, &["appointmentLocation"]),
        ("/appointmentLocation/address", Value::Null, &["appointmentLocation.address"]),
        ("/appointmentLocation/address/street1", json!("x".repeat(39)), &["appointmentLocation.address.street1"]),
        ("/appointmentLocation/address/zipCode", json!("750170"), &["appointmentLocation.address.zipCode"]),
        ("/appointmentLocation/address/zipCode", json!("00000"), &["appointmentLocation.address.zipCode"]),
        ("/appointmentLocation/address/zipCode", json!("7501"), &["appointmentLocation.address.zipCode"]),
        ("/appointmentLocation/address/countryCode", json!("Atlantide"), &["appointmentLocation.address.countryCode"]),
        ("/appointmentLocation/position", json!({ "lat": 91, "long": 2 }), &["appointmentLocation.position.lat"]),
        ("/appointmentLocation/position", json!({ "lat": 48 }), &["appointmentLocation.position.long"]),
        ("/claim/date", Value::Null, &["claim.date"]),
        ("/claim/guarantee", Value::Null, &["claim.guarantee"]),
        ("/claim/company", Value::Null, &["claim.company"]),
        ("/claim/company/id", Value::Null, &["claim.company.id"]),
        ("/claim/claimId", Value::Null, &["claim.claimId"]),
        (
            "/claim/accident/characteristics",
            json!({ "nature": "DegatsDesEaux", "cause": "Meteorite" }),
            &["claim.accident.characteristics"],
        ),
        ("/claim/accident/characteristics", json!({ "nature": "Inondation" }), &["claim.accident.characteristics"]),
        ("/claim/valuation/totalCost", json!({ "value": -1, "currency": "EUR" }), &["claim.valuation.totalCost.value"]),
        ("/claim/valuation/totalCost", json!({ "value": 1 }), &["claim.valuation.totalCost.currency"]),
        ("/appointmentId", json!("one"), &["appointmentId"]),
    ];
    refuses_each(&partner, Method::POST, "/intervention", &on_site(), cases).await;
    // Several faults are listed at once, and what would be right is named.
    let mut body = on_site();
    body["limit"] = 99.into();
    body["insurerClaimId"] = "".into();
    assert_eq!(partner.post("/intervention", &body).await.fields(), ["limit", "insurerClaimId"]);
    let mut body = repair();
    body["missionType"] = "RenDirect".into();
    let got = partner.post("/intervention", &body).await;
    assert!(got.text.contains("RenDirecte"), "{}", got.text);
    let mut body = on_site();
    body["claim"]["accident"]["characteristics"] =
        json!({ "nature": "DegatsDesEaux", "cause": "Condensation", "detail": "PanneVmx" });
    let got = partner.post("/intervention", &body).await;
    assert!(got.text.contains("DegatsDesEaux / Condensation / PanneVMC"), "{}", got.text);
}

#[tokio::test]
async fn bookings() {
    let partner = Partner::with(vec![expert(1)]).await;
    let good = partner.first_booking(&on_site(), "CASE").await;
    let cases: &[Case] = &[
        ("/timeslot", Value::Null, &["timeslot"]),
        ("/timeslot/id", Value::Null, &["timeslot.id"]),
        ("/timeslot/id", json!(" "), &["timeslot.id"]),
        ("/timeslot/type", json!("Fixe"), &["timeslot.type"]),
        ("/timeslot/duration", json!("sixty"), &["timeslot.duration"]),
        ("/timeslot/startTime", json!("2026-11-24T09:00"), &["timeslot.startTime"]),
        ("/sessionID", Value::Null, &["sessionID"]),
        ("/sessionID", json!(12), &["sessionID"]),
        ("/location", Value::Null, &["location"]),
        ("/location/address/city", json!(""), &["location.address.city"]),
        ("/caseNumber", Value::Null, &["caseNumber"]),
        ("/caseNumber", json!(""), &["caseNumber"]),
        ("/caseNumber", json!("x".repeat(101)), &["caseNumber"]),
        ("/notes", json!("x".repeat(4001)), &["notes"]),
        ("/contact", json!({ "firstName": "Jean" }), &["contact.lastName"]),
        (
            "/contact",
            json!({ "firstName": "Jean", "lastName": "Dupont", "userInfo": { "mobilePhone": "0".repeat(21) } }),
            &["contact.userInfo.mobilePhone"],
        ),
        (
            "/contact",
            json!({ "firstName": "Jean", "lastName": "Dupont", "userInfo": { "email": "jean" } }),
            &["contact.userInfo.email"],
        ),
    ];
    refuses_each(&partner, Method::POST, "/appointments", &good, cases).await;
    assert_eq!(partner.get("/appointments").await.expect(200)["data"], json!([]), "nothing was booked");
    partner.post("/appointments", &good).await.expect(201);
}

#[tokio::test]
async fn changes() {
    let partner = Partner::with(vec![expert(1)]).await;
    let made = partner.booked(&on_site(), "CASE").await;
    let path = format!("/appointments/{}", made["id"].as_str().unwrap());
    let good = json!({ "data": made });
    let cases: &[Case] = &[
        ("/data", Value::Null, &["data"]),
        ("/data/type", Value::Null, &["data.type"]),
        ("/data/type", json!("Visio"), &["data.type"]),
        ("/data/type", json!("Lunaire"), &["data.type"]),
        ("/data/schedule", Value::Null, &["data.schedule"]),
        ("/data/schedule/duration", json!(5), &["data.schedule"]),
        ("/data/address/zipCode", json!("69001"), &["data.address.zipCode"]),
        ("/data/notes", json!("x".repeat(4001)), &["data.notes"]),
        ("/data/customer", json!({ "firstName": "", "lastName": "Dupont" }), &["data.customer.firstName"]),
    ];
    refuses_each(&partner, Method::PUT, &path, &good, cases).await;
    let contact = json!({ "firstName": "Jean", "lastName": "Dupont" });
    let cases: &[Case] = &[("/firstName", Value::Null, &["firstName"]), ("/userInfo", json!(1), &["userInfo"])];
    refuses_each(&partner, Method::PUT, &format!("{path}/contact"), &contact, cases).await;
    let cancel = json!({ "reason": "Autre" });
    let cases: &[Case] = &[
        ("/reason", Value::Null, &["reason"]),
        ("/reason", json!("Humeur"), &["reason"]),
        ("/comment", json!("x".repeat(1001)), &["comment"]),
    ];
    refuses_each(&partner, Method::POST, &format!("{path}/cancel"), &cancel, cases).await;
    refuses_each(&partner, Method::DELETE, &path, &cancel, cases).await;
    let mut request = on_site();
    request["appointmentId"] = made["id"].clone();
    let found = partner.search(&request).await;
    let mut schedule = booking(&found, 0, "unused");
    schedule["reason"] = "Autre".into();
    let cases: &[Case] = &[
        ("/timeslot", Value::Null, &["timeslot"]),
        ("/sessionID", Value::Null, &["sessionID"]),
        ("/reason", Value::Null, &["reason"]),
        ("/reason", json!("Humeur"), &["reason"]),
    ];
    refuses_each(&partner, Method::PUT, &format!("{path}/schedule"), &schedule, cases).await;
    let unchanged = partner.get(&path).await;
    assert_eq!(unchanged.headers["etag"], "\"1\"", "nothing was changed");

    // An address has no place in a remote appointment; another street in the same postcode is fine.
    let mut moved = made.clone();
    moved["address"]["street1"] = "50 boulevard des Batignolles".into();
    let changed = partner.put(&path, &json!({ "data": moved })).await.expect(200);
    assert_eq!(changed["data"]["address"]["street1"], "50 boulevard des Batignolles");
    let remote = partner.booked(&by_video(), "REMOTE").await;
    let mut odd = remote.clone();
    odd["address"] = made["address"].clone();
    let refused =
        partner.put(&format!("/appointments/{}", remote["id"].as_str().unwrap()), &json!({ "data": odd })).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["data.address".to_owned()]));
}

#[tokio::test]
async fn bodies_that_are_no_bodies() {
    let partner = Partner::with(vec![expert(1)]).await;
    let made = partner.booked(&on_site(), "CASE").await;
    let id = made["id"].as_str().unwrap();
    for (method, path) in [
        (Method::POST, "/intervention".to_owned()),
        (Method::POST, "/appointments".to_owned()),
        (Method::PUT, format!("/appointments/{id}")),
        (Method::PUT, format!("/appointments/{id}/schedule")),
        (Method::PUT, format!("/appointments/{id}/contact")),
        (Method::POST, format!("/appointments/{id}/cancel")),
    ] {
        for text in ["", "{", "[]", "null", "\"x\"", "{\"a\": \u{1}}", "{}"] {
            let request = partner.request(method.clone(), &path).header("content-type", "application/json");
            let got = send(request.body(text)).await;
            assert_eq!(got.expect(400)["value"], 1, "{method} {path} {text:?}");
        }
        let raw = partner.request(method.clone(), &path).header("content-type", "application/json");
        assert_eq!(send(raw.body(vec![0xFF, 0xFE, 0x00])).await.status, 400, "{method} {path}");
        let odd = partner.request(method.clone(), &path).header("content-type", "text/plain").body("{}");
        assert_eq!(send(odd).await.expect(415)["value"], 1, "{method} {path}");
        let huge = partner.request(method.clone(), &path).header("content-type", "application/json");
        let got = send(huge.body(vec![b' '; 2 * 1024 * 1024])).await;
        assert_eq!(got.expect(413)["value"], 1, "{method} {path}");
        let deep = partner.request(method.clone(), &path).header("content-type", "application/json");
        assert_eq!(send(deep.body("[".repeat(100_000))).await.status, 400, "{method} {path}");
    }
    let known = partner.get("/appointments").await.expect(200);
    assert_eq!((known["data"].as_array().unwrap().len(), &known["data"][0]["status"]), (1, &json!("booked")));
}

#[tokio::test]
async fn keys_methods_and_unknown_ids() {
    let partner = Partner::with(vec![expert(1)]).await;
    let url = format!("{}/claims/api/v1/appointments", partner.server.url);
    let http = &partner.server.http;
    assert_eq!(send(http.get(&url)).await.expect(401)["value"], 2);
    assert_eq!(send(http.get(&url).header("pid", "test_nonsense")).await.expect(401)["value"], 2);
    send(http.get(&url).basic_auth(&partner.key, Some(""))).await.expect(200);
    send(http.get(&url).bearer_auth(&partner.key)).await.expect(200);
    let got = send(partner.request(Method::PATCH, "/appointments")).await;
    assert_eq!(got.expect(405)["value"], 8);
    assert!(got.headers.contains_key("allow"));
    for id in
        ["apt_00000000000000000000000000", "exp_00000000000000000000000000", "1", "%00", "%F0%9F%98%80", "..%2F.."]
    {
        for path in
            [format!("/appointments/{id}"), format!("/appointment/{id}/schedule"), format!("/availabilities/{id}")]
        {
            assert_eq!(partner.get(&path).await.expect(404)["value"], 7, "{path}");
        }
        let got = partner.post(&format!("/appointments/{id}/cancel"), &json!({ "reason": "Autre" })).await;
        assert_eq!(got.status, 404, "{id}");
    }
}

#[tokio::test]
async fn windows_at_odd_times_are_answered() {
    let partner = Partner::with(vec![expert(1)]).await;
    let search = async |from: &str, to: Option<&str>| {
        let mut request = on_site();
        request["dateFrom"] = from.into();
        request["dateTo"] = to.map_or(Value::Null, Into::into);
        partner.search(&request).await
    };
    // Over: no expert, and why.
    let found = search("2021-08-02T07:00:00Z", Some("2021-08-04T16:00:00Z")).await;
    assert_eq!((&found["timeslots"], &found["reasons"]), (&json!([]), &json!([{ "code": "window_past", "count": 1 }])));
    // Begun: from now on. Without an end: 14 days.
    let found = search("2026-11-01T00:00:00Z", Some("2026-11-27T00:00:00Z")).await;
    for slot in found["timeslots"].as_array().unwrap() {
        assert!(slot["startTime"].as_str().unwrap() > "2026-11-23T07:00:00Z");
    }
    assert!(!found["timeslots"].as_array().unwrap().is_empty());
    let found = search("2026-11-24T00:00:00Z", None).await;
    for slot in found["timeslots"].as_array().unwrap() {
        assert!(slot["startTime"].as_str().unwrap() < "2026-12-08T00:00:00Z");
    }
    // Beyond the horizon, a weekend, one minute, all of time.
    assert_eq!(search("2199-01-01T00:00:00Z", None).await["timeslots"], json!([]));
    assert_eq!(search("2026-11-28T00:00:00Z", Some("2026-11-29T23:00:00Z")).await["timeslots"], json!([]));
    assert_eq!(search("2026-11-24T09:00:00Z", Some("2026-11-24T09:01:00Z")).await["timeslots"], json!([]));
    assert!(
        !search("1900-01-01T00:00:00Z", Some("2199-12-31T00:00:00Z")).await["timeslots"].as_array().unwrap().is_empty()
    );
}
