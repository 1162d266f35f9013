//! Where a visit is when only its address is known: asked of a geocoder, else of the gazetteer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use constat_domain::gazetteer::Gazetteer;
use constat_store::queries::appointments;
use constat_testkit::expert;
use serde_json::{Value, json};

use crate::partner_support::{Partner, booking, by_video, on_site};

/// The front door of 48 boulevard des Batignolles, as the service has it.
const FRONT_DOOR: (f64, f64) = (48.881_822_1, 2.319_462_3);

/// What the service does.
#[derive(Debug, Clone, Copy)]
enum Mood {
    Sure,
    Score(f64),
    Town,
    OtherPostcode,
    Nowhere,
    Silent,
    Garbage,
    Endless,
    Status(u16),
}

/// A service that speaks as the Base Adresse Nationale does, on a port of its own.
struct Service {
    url: String,
    mood: Mood,
    asked: Arc<Mutex<Vec<HashMap<String, String>>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Shared = (Mood, Arc<Mutex<Vec<HashMap<String, String>>>>);

async fn answer(State((mood, asked)): State<Shared>, Query(query): Query<HashMap<String, String>>) -> Response {
    asked.lock().unwrap().push(query);
    let (lat, lon) = FRONT_DOOR;
    let place = |score: f64, kind: &str, postcode: &str| {
        axum::Json(json!({
            "type": "FeatureCollection",
            "features": [{
                "type": "Feature",
                "geometry": { "type": "Point", "coordinates": [lon, lat] },
                "properties": {
                    "label": "48 Boulevard des Batignolles 75017 Paris", "score": score, "type": kind,
                    "housenumber": "48", "postcode": postcode, "citycode": "75117", "city": "Paris"
                }
            }],
            "attribution": "BAN", "licence": "ETALAB-2.0", "limit": 1
        }))
        .into_response()
    };
    match mood {
        Mood::Sure => place(0.97, "housenumber", "75017"),
        Mood::Score(score) => place(score, "housenumber", "75017"),
        Mood::Town => place(0.97, "municipality", "75017"),
        Mood::OtherPostcode => place(0.97, "housenumber", "75008"),
        Mood::Nowhere => axum::Json(json!({ "type": "FeatureCollection", "features": [] })).into_response(),
        Mood::Silent => std::future::pending().await,
        Mood::Garbage => "<html>moved</html>".into_response(),
        Mood::Endless => " ".repeat(2_000_000).into_response(),
        Mood::Status(status) => axum::http::StatusCode::from_u16(status).unwrap().into_response(),
    }
}

impl Service {
    async fn start(mood: Mood) -> Self {
        let asked = Arc::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/geocodage", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .route("/geocodage/search/", axum::routing::get(answer))
            .with_state((mood, Arc::clone(&asked)));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, mood, asked, task }
    }

    fn asked(&self) -> Vec<HashMap<String, String>> {
        self.asked.lock().unwrap().clone()
    }
}

/// A firm that asks this service. Only of a silent one is the answer not waited for.
async fn partner_of(url: &str, mood: Mood) -> Partner {
    let mut partner = Partner::with(vec![expert(1)]).await;
    partner
        .server
        .configure(|settings| {
            url.clone_into(&mut settings.geocoder.url);
            settings.geocoder.timeout_ms = if matches!(mood, Mood::Silent) { 300 } else { 10_000 };
        })
        .await;
    partner
}

/// What an operator sees: found, unsure, failed, skipped, remembered.
async fn counted(partner: &Partner) -> [u64; 5] {
    let mut counts = [0; 5];
    for (count, name) in counts.iter_mut().zip(["found", "unsure", "failed", "skipped", "remembered"]) {
        *count = partner.server.metric(&format!("constat_geocoder_{name}_total")).await;
    }
    counts
}

/// Where the expert is sent: the contract tells the address only, so the calendar is asked.
fn position(partner: &Partner, booked: &Value) -> (f64, f64) {
    let id = booked["appointmentID"].as_str().unwrap().parse().unwrap();
    let tenant = partner.firm.tenant;
    let known =
        partner.server.services.core.store.read(|connection| appointments::of_tenant_by_id(connection, &tenant, id));
    let position = known.unwrap().unwrap().place.position.unwrap();
    (position.lat, position.lon)
}

fn of_the_commune() -> (f64, f64) {
    let position = Gazetteer::embedded().locate("75017", None).unwrap().position;
    (position.lat, position.lon)
}

#[tokio::test]
async fn a_visit_is_placed_at_its_front_door_and_the_answer_is_remembered() {
    let service = Service::start(Mood::Sure).await;
    let partner = partner_of(&format!("{}/", service.url), service.mood).await;
    let booked = partner.booked(&on_site(), "ONE").await;
    assert_eq!(position(&partner, &booked), FRONT_DOOR);
    let asked = service.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["q"], "48 boulevard des Batignolles 75017 Paris");
    assert_eq!((asked[0]["postcode"].as_str(), asked[0]["limit"].as_str()), ("75017", "1"));
    // The same address in another spelling is not asked again.
    let mut shouted = on_site();
    shouted["appointmentLocation"]["address"]["street1"] = "48, BOULEVARD DES BATIGNOLLES".into();
    shouted["appointmentLocation"]["address"]["city"] = "PARIS".into();
    let found = partner.search(&shouted).await;
    assert_eq!(
        position(&partner, &partner.post("/appointments", &booking(&found, 0, "TWO")).await.expect(201)),
        FRONT_DOOR
    );
    assert_eq!(service.asked().len(), 1);
    assert_eq!(counted(&partner).await, [1, 0, 0, 0, 1]);
}

#[tokio::test]
async fn only_what_is_needed_is_asked() {
    let service = Service::start(Mood::Sure).await;
    let partner = partner_of(&service.url, service.mood).await;
    let mut placed = on_site();
    placed["appointmentLocation"]["position"] = json!({ "lat": 48.9, "long": 2.4 });
    assert_eq!(position(&partner, &partner.booked(&placed, "ONE").await), (48.9, 2.4));
    partner.search(&by_video()).await;
    assert_eq!(service.asked().len(), 0);
    // Of the further lines, which may name people, nothing is sent.
    let mut flat = on_site();
    flat["appointmentLocation"]["address"]["street2"] = "chez Jean Dupont".into();
    partner.search(&flat).await;
    assert!(!format!("{:?}", service.asked()).contains("Dupont"));
}

#[tokio::test]
async fn an_unsure_answer_gives_way_to_the_gazetteer_and_is_remembered() {
    for mood in [Mood::Score(0.49), Mood::Town, Mood::OtherPostcode, Mood::Nowhere, Mood::Status(400)] {
        let service = Service::start(mood).await;
        let partner = partner_of(&service.url, service.mood).await;
        assert_eq!(position(&partner, &partner.booked(&on_site(), "ONE").await), of_the_commune(), "{mood:?}");
        partner.search(&on_site()).await;
        assert_eq!(counted(&partner).await, [0, 1, 0, 0, 1], "{mood:?}");
    }
}

#[tokio::test]
async fn a_service_out_of_order_gives_way_to_the_gazetteer_and_is_then_left_alone() {
    for mood in [Mood::Silent, Mood::Garbage, Mood::Endless, Mood::Status(500), Mood::Status(429), Mood::Status(302)] {
        let service = Service::start(mood).await;
        let partner = partner_of(&service.url, service.mood).await;
        assert_eq!(position(&partner, &partner.booked(&on_site(), "ONE").await), of_the_commune(), "{mood:?}");
        for _ in 0..4 {
            partner.search(&on_site()).await;
        }
        assert_eq!(counted(&partner).await, [0, 0, 3, 2, 0], "{mood:?}");
        assert_eq!(service.asked().len(), 3, "{mood:?}");
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_is_no_loss() {
    let gone = Service::start(Mood::Sure).await.url.clone();
    let partner = partner_of(&gone, Mood::Sure).await;
    assert_eq!(position(&partner, &partner.booked(&on_site(), "ONE").await), of_the_commune());
}

#[tokio::test]
async fn a_cedex_postcode_is_no_filter() {
    let service = Service::start(Mood::Sure).await;
    let partner = partner_of(&service.url, service.mood).await;
    let mut cedex = on_site();
    cedex["appointmentLocation"]["address"]["zipCode"] = "75880".into();
    cedex["appointmentLocation"]["address"]["city"] = "Paris CEDEX 18".into();
    partner.search(&cedex).await;
    let asked = service.asked();
    assert!(!asked[0].contains_key("postcode"), "no address has this postcode: {asked:?}");
    assert_eq!(counted(&partner).await, [1, 0, 0, 0, 0], "the answer lies in the département");
}
