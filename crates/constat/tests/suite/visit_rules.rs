//! Partner API: what is offered across water and at night, positions that cannot be, windows that hold no
//! visit, and a claim that is booked twice.

use constat_availability::{Crossing, Estimator};
use constat_core::Settings;
use constat_domain::expert::{Expert, WeeklyHours};
use constat_domain::geo::Position;
use constat_domain::ids::OrgId;
use constat_domain::tenancy::OrganisationKind;
use constat_testkit::{Server, ServerOptions, expert};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use reqwest::Method;
use serde_json::{Value, json};

use crate::partner_support::{Got, Partner, booking, by_video, on_site, send};

const QUIBERON: Position = Position { lat: 47.4837, lon: -3.1199 };
const NICE: Position = Position { lat: 43.7032, lon: 7.2661 };

async fn with(settings: Settings, experts: Vec<Expert>) -> Partner {
    let server = Server::with(ServerOptions { settings, ..ServerOptions::default() }).await;
    let firm = server.firm_with_experts("Cabinet d'expertise", experts).await;
    let platform = server.organisation(OrganisationKind::Platform, "Plateforme").await;
    let key = server.partner_key(&firm, platform).await;
    Partner { server, firm, platform, key }
}

fn based(number: u16, base: Position) -> Expert {
    Expert { base, ..expert(number) }
}

/// The request for a visit at an address, with a position or without.
fn at(mut request: Value, zip: &str, city: &str, position: Option<(f64, f64)>) -> Value {
    request["appointmentLocation"] = json!({
        "address": { "street1": "1 place du Marché", "zipCode": zip, "city": city, "countryCode": "FR" },
    });
    if let Some((lat, long)) = position {
        request["appointmentLocation"]["position"] = json!({ "lat": lat, "long": long });
    }
    request
}

/// How many slots are offered, and why none is.
async fn offered(partner: &Partner, request: &Value) -> (usize, Vec<String>) {
    let found = partner.search(request).await;
    let reasons = found["reasons"].as_array().cloned().unwrap_or_default();
    let codes = reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect();
    (found["timeslots"].as_array().unwrap().len(), codes)
}

#[tokio::test]
async fn an_island_without_a_bridge_is_not_driven_to() {
    let partner = Partner::with(vec![based(1, QUIBERON)]).await;
    for (zip, city, position) in [
        ("56360", "Le Palais", None),
        ("56360", "Sauzon", Some((47.3705, -3.2190))),
        ("56590", "Groix", None),
        ("56170", "Île-d'Houat", None),
        ("56780", "Île-aux-Moines", Some((47.5990, -2.8440))),
    ] {
        let request = at(on_site(), zip, city, position);
        assert_eq!(offered(&partner, &request).await, (0, vec!["too_far".to_owned()]), "{city}");
    }
    let (count, _) = offered(&partner, &at(on_site(), "56170", "Quiberon", None)).await;
    assert!(count > 0);
    // By video the island is as near as any place.
    assert!(offered(&partner, &at(by_video(), "56360", "Le Palais", None)).await.0 > 0);

    let south = Partner::with(vec![based(2, NICE)]).await;
    assert_eq!(offered(&south, &at(on_site(), "20260", "Calvi", None)).await.0, 0);
    // Porquerolles is a part of Hyères: the position tells.
    let toulon = Partner::with(vec![based(3, Position { lat: 43.1204, lon: 6.1286 })]).await;
    assert_eq!(offered(&toulon, &at(on_site(), "83400", "Hyères", Some((43.0005, 6.2010)))).await.0, 0);
    assert!(offered(&toulon, &at(on_site(), "83400", "Hyères", None)).await.0 > 0);
}

#[tokio::test]
async fn an_expert_on_an_island_visits_it_and_bridges_are_driven() {
    let islander = based(1, Position { lat: 47.3463, lon: -3.1558 });
    let partner = Partner::with(vec![islander]).await;
    assert!(offered(&partner, &at(on_site(), "56360", "Bangor", None)).await.0 > 0);
    assert_eq!(offered(&partner, &at(on_site(), "56170", "Quiberon", None)).await.0, 0);
    let rochelle = Partner::with(vec![based(2, Position { lat: 46.1603, lon: -1.1511 })]).await;
    for (zip, city) in [("17580", "Le Bois-Plage-en-Ré"), ("17310", "Saint-Pierre-d'Oléron")] {
        assert!(offered(&rochelle, &at(on_site(), zip, city, None)).await.0 > 0, "{city}");
    }
    assert_eq!(offered(&rochelle, &at(on_site(), "17123", "Île-d'Aix", None)).await.0, 0);
}

#[tokio::test]
async fn a_configured_crossing_is_offered_booked_and_planned() {
    let ferry = Crossing { between: ["metropole".to_owned(), "belle-ile".to_owned()], minutes: 60 };
    let travel = Estimator { crossings: vec![ferry].into(), ..Estimator::default() };
    let partner = with(Settings { travel, ..Settings::default() }, vec![based(1, QUIBERON)]).await;
    let request = at(on_site(), "56360", "Le Palais", None);
    let mut body = booking(&partner.search(&request).await, 0, "ILE");
    body["location"] = json!({ "address": request["appointmentLocation"]["address"] });
    let made = partner.post("/appointments", &body).await.expect(201);
    let day = made["schedule"]["startTime"].as_str().unwrap()[..10].to_owned();
    let path = format!("/experts/{}/day/{day}", partner.firm.experts[0]);
    let plan = own(&partner, Method::GET, &path, None).await.expect(200);
    assert_eq!(plan["data"]["drivable"], true, "{plan}");
    let minutes: Vec<i64> =
        plan["data"]["legs"].as_array().unwrap().iter().map(|leg| leg["minutes"].as_i64().unwrap()).collect();
    assert!(minutes.len() == 2 && minutes.iter().all(|minutes| (70..150).contains(minutes)), "{minutes:?}");
    // Another island has no crossing.
    assert_eq!(offered(&partner, &at(on_site(), "56590", "Groix", None)).await.0, 0);
}

async fn own(partner: &Partner, method: Method, path: &str, body: Option<&Value>) -> Got {
    let url = format!("{}/claims/api/v1{path}", partner.server.url);
    let request = partner.server.http.request(method, url).header("pid", &partner.firm.own_key);
    send(match body {
        Some(body) => request.json(body),
        None => request,
    })
    .await
}

#[tokio::test]
async fn a_day_that_cannot_be_driven_is_not_called_a_day_with_nothing_to_save() {
    // Booked while the expert lived on the island; then the base moved to the coast.
    let partner = Partner::with(vec![based(1, Position { lat: 47.3463, lon: -3.1558 })]).await;
    let request = at(on_site(), "56360", "Bangor", None);
    let mut body = booking(&partner.search(&request).await, 0, "ILE");
    body["location"] = json!({ "address": request["appointmentLocation"]["address"] });
    let made = partner.post("/appointments", &body).await.expect(201);
    partner.server.put_experts(partner.firm.tenant, vec![based(1, QUIBERON)]).await;
    let day = made["schedule"]["startTime"].as_str().unwrap()[..10].to_owned();
    let path = format!("/experts/{}/day/{day}", partner.firm.experts[0]);
    let plan = own(&partner, Method::GET, &path, None).await.expect(200);
    assert_eq!(plan["data"]["drivable"], false);
    let codes: Vec<&str> =
        plan["data"]["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["no_road", "no_road"], "there and back: {plan}");
    assert_eq!((&plan["data"]["legs"], &plan["data"]["drivingMinutes"]), (&json!([]), &json!(0)));
    let proposal = own(&partner, Method::POST, &format!("{path}/proposal"), Some(&json!({}))).await.expect(200);
    assert_eq!(proposal["data"]["outcome"], "not_drivable");
    let team = json!({ "experts": [partner.firm.experts[0]] });
    let proposal = own(&partner, Method::POST, &format!("/day/{day}/proposal"), Some(&team)).await.expect(200);
    assert_eq!(proposal["data"]["outcome"], "not_drivable");
    // A day that is late, or outside the hours, is not drivable either.
    let late = Expert { week: WeeklyHours::default(), ..based(1, Position { lat: 47.3463, lon: -3.1558 }) };
    partner.server.put_experts(partner.firm.tenant, vec![late]).await;
    let proposal = own(&partner, Method::POST, &format!("{path}/proposal"), Some(&json!({}))).await.expect(200);
    assert_eq!(proposal["data"]["outcome"], "not_drivable");
    // An empty day has nothing to save.
    let empty = format!("/experts/{}/day/2026-12-24/proposal", partner.firm.experts[0]);
    let proposal = own(&partner, Method::POST, &empty, Some(&json!({}))).await.expect(200);
    assert_eq!(proposal["data"]["outcome"], "nothing_to_save");
}

#[tokio::test]
async fn calls_are_offered_in_the_hours_of_the_place() {
    let partner = Partner::with(vec![expert(1)]).await;
    for kind in ["TELE", "VISIO", "EAD"] {
        for (zip, city, zone) in [
            ("97110", "Pointe-à-Pitre", "America/Guadeloupe"),
            ("97400", "Saint-Denis", "Indian/Reunion"),
            ("98800", "Nouméa", "Pacific/Noumea"),
            ("97600", "Mamoudzou", "Indian/Mayotte"),
            ("75017", "Paris", "Europe/Paris"),
        ] {
            let mut request = at(by_video(), zip, city, None);
            request["type"]["name"] = kind.into();
            request["limit"] = 30.into();
            let found = partner.search(&request).await;
            let zone = TimeZone::get(zone).unwrap();
            let slots = found["timeslots"].as_array().unwrap();
            assert!(!slots.is_empty(), "{kind} {city} {found}");
            for slot in slots {
                let hour = |field: &str| {
                    let instant: jiff::Timestamp = slot[field].as_str().unwrap().parse().unwrap();
                    let civil = zone.to_datetime(instant);
                    i32::from(civil.hour()) * 60 + i32::from(civil.minute())
                };
                assert!(hour("startTime") >= 480 && hour("endTime") <= 1200, "{city} {slot}");
            }
        }
        // 09:00 to 18:00 in Paris is 22:00 to 07:00 in Tahiti.
        let mut tahiti = at(by_video(), "98714", "Papeete", None);
        tahiti["type"]["name"] = kind.into();
        assert_eq!(offered(&partner, &tahiti).await, (0, vec!["remote_hours".to_owned()]));
    }
    // What was offered can be booked.
    let request = at(by_video(), "97110", "Pointe-à-Pitre", None);
    let mut body = booking(&partner.search(&request).await, 0, "CALL");
    body["location"] = json!({ "address": request["appointmentLocation"]["address"] });
    partner.post("/appointments", &body).await.expect(201);
}

#[tokio::test]
async fn the_operator_says_when_people_may_be_called() {
    let mut settings = Settings::default();
    settings.availability.remote_hours = "06:00-07:00".parse().unwrap();
    let partner = with(settings, vec![expert(1)]).await;
    // 14:00 in Paris is 09:00 in Guadeloupe, 06:00 there is 11:00 in Paris.
    let found = partner.search(&at(by_video(), "97110", "Pointe-à-Pitre", None)).await;
    for slot in found["timeslots"].as_array().unwrap() {
        let start = slot["startTime"].as_str().unwrap();
        assert!(start.contains("T10:00") || start.contains("T10:30"), "{start}");
    }
    assert!(!found["timeslots"].as_array().unwrap().is_empty());
    // A visit on site keeps the expert's hours alone.
    assert!(offered(&partner, &on_site()).await.0 > 0);
}

#[tokio::test]
async fn swapped_coordinates_are_refused_with_a_hint() {
    let partner = Partner::with(vec![expert(1)]).await;
    for (zip, city, (lat, long)) in [
        ("75017", "Paris", (2.3199, 48.8824)),
        ("97400", "Saint-Denis", (55.4504, -20.8823)),
        ("20000", "Ajaccio", (8.7386, 41.9192)),
        ("97110", "Pointe-à-Pitre", (-61.5343, 16.2422)),
    ] {
        let request = at(on_site(), zip, city, Some((lat, long)));
        let got = partner.post("/intervention", &request).await;
        let fields = ["appointmentLocation.position.lat", "appointmentLocation.position.long"].map(str::to_owned);
        assert_eq!((got.status, got.fields()), (400, fields.to_vec()), "{city} {}", got.text);
        assert!(got.text.contains("swapped?"), "{}", got.text);
        // The other way round it is taken.
        let right = at(on_site(), zip, city, Some((long, lat)));
        partner.post("/intervention", &right).await.expect(200);
    }
    // A remote visit has a place too.
    let video = at(by_video(), "75017", "Paris", Some((2.3199, 48.8824)));
    assert_eq!(partner.post("/intervention", &video).await.status, 400);
}

#[tokio::test]
async fn a_position_outside_the_territory_of_a_french_address_is_refused() {
    let partner = Partner::with(vec![expert(1)]).await;
    for (zip, city, position, territory) in [
        ("75017", "Paris", (-20.88, 55.45), "mainland France"),
        ("75017", "Paris", (0.0, 0.0), "mainland France"),
        ("64000", "Pau", (40.41, -3.70), "mainland France"),
        ("97400", "Saint-Denis", (48.88, 2.32), "La Réunion"),
        ("98800", "Nouméa", (-17.53, -149.56), "Nouvelle-Calédonie"),
    ] {
        let got = partner.post("/intervention", &at(on_site(), zip, city, Some(position))).await;
        assert_eq!(got.status, 400, "{city} {}", got.text);
        assert!(got.text.contains(territory), "{}", got.text);
    }
    // Another country's address may be anywhere.
    let mut abroad = at(on_site(), "28001", "Madrid", Some((40.41, -3.70)));
    abroad["appointmentLocation"]["address"]["countryCode"] = "ES".into();
    partner.post("/intervention", &abroad).await.expect(200);
    // A booking's place is judged like a search's.
    let mut body = booking(&partner.search(&on_site()).await, 0, "CASE");
    body["location"]["position"] = json!({ "lat": 2.32, "long": 48.88 });
    let got = partner.post("/appointments", &body).await;
    assert_eq!((got.status, got.fields()[0].as_str()), (400, "location.position.lat"), "{}", got.text);
}

#[tokio::test]
async fn windows_that_hold_no_visit_say_why() {
    let partner = Partner::with(vec![expert(1)]).await;
    let now = partner.server.services.core.clock.now();
    let window = |from: i64, to: i64| {
        let mut request = on_site();
        request["dateFrom"] = (now + SignedDuration::from_mins(from)).to_string().into();
        request["dateTo"] = (now + SignedDuration::from_mins(to)).to_string().into();
        request
    };
    for (from, to, code) in [
        (-3000, -60, "window_past"),
        (-60, 30, "window_too_short"),
        (1500, 1540, "window_too_short"),
        (100 * 1440, 110 * 1440, "beyond_horizon"),
    ] {
        assert_eq!(offered(&partner, &window(from, to)).await, (0, vec![code.to_owned()]), "{from} {to}");
    }
    assert!(offered(&partner, &window(0, 3 * 1440)).await.0 > 0);
}

/// Books the first slot with a key.
async fn book_with(partner: &Partner, key: &str, request: &Value, case: &str) -> Got {
    let url = |path: &str| format!("{}/claims/api/v1{path}", partner.server.url);
    let post = |path: &str, body: &Value| partner.server.http.post(url(path)).header("pid", key).json(body);
    let found = send(post("/intervention", request)).await.expect(200);
    send(post("/appointments", &booking(&found, 0, case))).await
}

fn warned(got: &Got) -> Vec<Value> {
    got.expect(201)["warnings"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_claim_that_is_booked_twice_is_warned_of() {
    let partner = Partner::with((1..=6).map(expert).collect()).await;
    let (firm, platform) = (partner.firm.own_key.clone(), partner.key.clone());
    let first = book_with(&partner, &firm, &on_site(), "DOSSIER-1").await;
    assert_eq!(warned(&first), Vec::<Value>::new());

    // The platform does not read the firm's own appointments: it hears when, not which.
    let second = book_with(&partner, &platform, &on_site(), "SIN-1").await;
    let warnings = warned(&second);
    assert_eq!(warnings.len(), 1, "{}", second.text);
    assert_eq!(warnings[0]["code"], "already_booked");
    assert_eq!(warnings[0]["startTime"], first.json()["schedule"]["startTime"]);
    assert_eq!(warnings[0].get("appointmentID"), None);
    assert_eq!(second.headers["appointment-warning"], "already_booked");

    // The firm reads both.
    let third = book_with(&partner, &firm, &on_site(), "DOSSIER-2").await;
    let ids: Vec<Value> = warned(&third).iter().map(|warning| warning["appointmentID"].clone()).collect();
    assert_eq!(ids, [first.json()["appointmentID"].clone(), second.json()["appointmentID"].clone()]);

    // Another spelling is the same reference; another kind, reference or insurer is another visit.
    let mut spelt = on_site();
    spelt["insurerClaimId"] = "sin 2026/001".into();
    assert!(!warned(&book_with(&partner, &firm, &spelt, "A").await).is_empty());
    assert_eq!(warned(&book_with(&partner, &firm, &by_video(), "B").await), Vec::<Value>::new());
    let mut other = on_site();
    other["insurerClaimId"] = "SIN-2026-002".into();
    assert_eq!(warned(&book_with(&partner, &firm, &other, "C").await), Vec::<Value>::new());
    let mut insurer = on_site();
    insurer["claim"]["company"] = json!({ "id": "04050000", "name": "MAIF" });
    assert_eq!(warned(&book_with(&partner, &firm, &insurer, "D").await), Vec::<Value>::new());
}

#[tokio::test]
async fn a_warning_of_a_double_booking_is_repeated_as_it_was_and_ends_with_the_other() {
    let partner = Partner::with((1..=4).map(expert).collect()).await;
    let first = book_with(&partner, &partner.firm.own_key, &on_site(), "DOSSIER").await.expect(201);
    let body = partner.first_booking(&on_site(), "SIN").await;
    let ask = || partner.request(Method::POST, "/appointments").header("idempotency-key", "once").json(&body);
    let once = send(ask()).await;
    assert_eq!(warned(&once).len(), 1);
    // The other is cancelled meanwhile: a repeat has the same bytes.
    let path = format!("/appointments/{}", first["appointmentID"].as_str().unwrap());
    assert_eq!(own(&partner, Method::DELETE, &path, None).await.status / 100, 2);
    assert_eq!(send(ask()).await.text, once.text);
    // A new booking is only warned of what is open.
    let again = book_with(&partner, &partner.key, &on_site(), "SIN-2").await;
    let ids: Vec<Value> = warned(&again).iter().map(|warning| warning["appointmentID"].clone()).collect();
    assert_eq!(ids, [once.json()["appointmentID"].clone()]);
}

#[tokio::test]
async fn a_platform_is_told_nothing_of_another_platforms_booking() {
    let partner = Partner::with((1..=4).map(expert).collect()).await;
    let other: OrgId = partner.server.organisation(OrganisationKind::Platform, "Autre").await;
    let theirs = partner.server.partner_key(&partner.firm, other).await;
    book_with(&partner, &theirs, &on_site(), "AUTRE").await.expect(201);
    let got = book_with(&partner, &partner.key, &on_site(), "SIN").await;
    assert_eq!(warned(&got), Vec::<Value>::new());
    assert!(got.headers.get("appointment-warning").is_none());
    // The firm hears of both.
    assert_eq!(warned(&book_with(&partner, &partner.firm.own_key, &on_site(), "DOSSIER").await).len(), 2);
}
