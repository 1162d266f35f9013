//! Drives told by a routing server: offers rest on them, and a server that fails costs nothing but
//! precision.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use constat_availability::{Estimator, Travel as _};
use constat_core::{RoutingKind, RoutingSettings};
use constat_domain::expert::Expert;
use constat_domain::geo::Position;
use constat_testkit::expert;
use jiff::SignedDuration;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::partner_support::{Partner, booking, by_video, on_site};

type Point = (f64, f64);

/// What the fake does when it is asked.
#[derive(Clone, Copy)]
enum Mood {
    /// Tells the drive between two points (latitude, longitude), in seconds.
    Tells(fn(Point, Point) -> Option<f64>),
    /// Never answers.
    Hangs,
    /// Answers with an error.
    Refuses,
    /// Answers with this text.
    Says(&'static str),
    /// Leaves the last row out.
    CutsShort,
}

/// A routing server that speaks both protocols.
struct FakeRoads {
    url: String,
    world: Arc<World>,
    task: tokio::task::JoinHandle<()>,
}

struct World {
    mood: Mutex<Mood>,
    calls: AtomicUsize,
    largest: AtomicUsize,
}

impl Drop for FakeRoads {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeRoads {
    async fn start(mood: Mood) -> Self {
        let world =
            Arc::new(World { mood: Mutex::new(mood), calls: AtomicUsize::new(0), largest: AtomicUsize::new(0) });
        let router = Router::new()
            .route("/table/v1/driving/{coordinates}", get(osrm))
            .route("/sources_to_targets", post(valhalla))
            .with_state(Arc::clone(&world));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, world, task }
    }

    fn set(&self, mood: Mood) {
        *self.world.mood.lock().unwrap() = mood;
    }

    fn calls(&self) -> usize {
        self.world.calls.load(Ordering::SeqCst)
    }

    fn settings(&self, kind: RoutingKind) -> RoutingSettings {
        // Long enough for a busy machine; the tests of a silent server wait less.
        RoutingSettings {
            kind,
            url: self.url.clone(),
            timeout_ms: 10_000,
            budget_ms: 30_000,
            ..RoutingSettings::default()
        }
    }
}

/// Writes a table as one of the two servers does.
type Writes = fn(&[Point], &[Point], Vec<Vec<Option<f64>>>) -> Value;

/// The fakes' map ends there.
const EDGE: f64 = 49.5;

impl World {
    async fn answer(&self, from: &[Point], to: &[Point], written: Writes) -> Response {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.largest.fetch_max(from.len() + to.len(), Ordering::SeqCst);
        let mood = *self.mood.lock().unwrap();
        let rows = |tells: fn(Point, Point) -> Option<f64>| -> Vec<Vec<Option<f64>>> {
            from.iter().map(|from| to.iter().map(|to| tells(*from, *to)).collect()).collect()
        };
        match mood {
            Mood::Tells(tells) => Json(written(from, to, rows(tells))).into_response(),
            Mood::Hangs => std::future::pending().await,
            Mood::Refuses => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Mood::Says(text) => text.into_response(),
            Mood::CutsShort => {
                let mut rows = rows(|_, _| Some(1.0));
                rows.pop();
                Json(written(from, to, rows)).into_response()
            }
        }
    }
}

async fn osrm(
    State(world): State<Arc<World>>,
    Path(coordinates): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let numbers =
        |text: &str, by: char| text.split(by).map(|number| number.parse::<f64>().unwrap()).collect::<Vec<_>>();
    let points: Vec<Point> =
        coordinates.split(';').map(|pair| numbers(pair, ',')).map(|pair| (pair[1], pair[0])).collect();
    let chosen = |name: &str| -> Vec<Point> {
        query[name].split(';').map(|index| points[index.parse::<usize>().unwrap()]).collect()
    };
    assert_eq!(query["annotations"], "duration");
    // Whatever lies beyond the edge is put onto the edge, and told how far that is.
    let written: Writes = |from, to, rows| {
        let streets = |points: &[Point]| -> Vec<Value> {
            let beyond = |at: &Point| (at.0 - EDGE).max(0.0) * 111_000.0 + 3.5;
            points.iter().map(|at| json!({ "location": [at.1, at.0.min(EDGE)], "distance": beyond(at) })).collect()
        };
        let beyond = |from: &Point, to: &Point| from.0 > EDGE && to.0 > EDGE;
        let mut rows = rows;
        for (from, row) in from.iter().zip(&mut rows) {
            for (to, drive) in to.iter().zip(row) {
                *drive = if beyond(from, to) { Some(0.0) } else { *drive };
            }
        }
        json!({ "code": "Ok", "durations": rows, "sources": streets(from), "destinations": streets(to) })
    };
    world.answer(&chosen("sources"), &chosen("destinations"), written).await
}

async fn valhalla(State(world): State<Arc<World>>, Json(body): Json<Value>) -> Response {
    let points = |name: &str| -> Vec<Point> {
        let list = body[name].as_array().unwrap();
        list.iter().map(|at| (at["lat"].as_f64().unwrap(), at["lon"].as_f64().unwrap())).collect()
    };
    assert_eq!(body["costing"], "auto");
    let beyond = |name: &str| points(name).iter().any(|at| at.0 > EDGE);
    if beyond("sources") || beyond("targets") {
        let refusal = json!({ "error_code": 171, "error": "No suitable edges near location", "status_code": 400 });
        return (StatusCode::BAD_REQUEST, Json(refusal)).into_response();
    }
    let written: Writes = |from, to, rows| {
        let streets = |points: &[Point]| -> Vec<Value> {
            points.iter().map(|at| json!({ "lat": at.0 + 0.0001, "lon": at.1 })).collect()
        };
        let drive = |(to, time): (usize, Option<f64>)| json!({ "time": time, "distance": null, "to_index": to });
        let rows: Vec<Vec<Value>> =
            rows.into_iter().map(|row| row.into_iter().enumerate().map(drive).collect()).collect();
        json!({ "sources_to_targets": rows, "sources": streets(from), "targets": streets(to), "units": "kilometers" })
    };
    world.answer(&points("sources"), &points("targets"), written).await
}

/// A firm whose server asks this one.
async fn firm(experts: Vec<Expert>, settings: RoutingSettings) -> Partner {
    let mut partner = Partner::with(experts).await;
    partner.server.configure(|all| all.routing = settings).await;
    partner
}

fn times(found: &Value) -> Vec<(String, String)> {
    let text = |slot: &Value, name: &str| slot[name].as_str().unwrap().to_owned();
    let slots = found["timeslots"].as_array().unwrap();
    slots.iter().map(|slot| (text(slot, "startTime"), text(slot, "endTime"))).collect()
}

fn one_day(mut request: Value) -> Value {
    request["dateTo"] = "2026-11-25T00:00:00+01:00".into();
    request["limit"] = 30.into();
    request
}

const fn minutes(minutes: u32) -> f64 {
    minutes as f64 * 60.0
}

/// Visits of the tests lie in the middle of Paris (the base) and some kilometres off.
fn is_base(at: Point) -> bool {
    (at.0 - 48.8566).abs() < 0.001 && (at.1 - 2.3522).abs() < 0.001
}

#[tokio::test]
async fn slots_that_the_roads_do_not_allow_vanish() {
    for kind in [RoutingKind::Osrm, RoutingKind::Valhalla] {
        let roads = FakeRoads::start(Mood::Tells(|_, _| Some(minutes(10)))).await;
        let partner = firm(vec![expert(1)], roads.settings(kind)).await;
        let quick = times(&partner.search(&one_day(on_site())).await);
        assert_eq!(quick[0].0, "2026-11-24T08:00:00Z", "at nine, as the expert's day begins");

        // An hour and forty minutes there, twenty back: ten minutes more than the usual way to work,
        // and four to park.
        roads.set(Mood::Tells(|from, _| Some(if is_base(from) { minutes(100) } else { minutes(20) })));
        let partner = firm(vec![expert(1)], roads.settings(kind)).await;
        let slow = times(&partner.search(&one_day(on_site())).await);
        assert_eq!(slow[0].0, "2026-11-24T08:30:00Z");
        assert!(slow.len() < quick.len() && slow.iter().all(|slot| quick.contains(slot)));

        // Ten hours: nobody gets there.
        roads.set(Mood::Tells(|_, _| Some(minutes(600))));
        let partner = firm(vec![expert(1)], roads.settings(kind)).await;
        let found = partner.search(&one_day(on_site())).await;
        assert_eq!((&found["timeslots"], &found["reasons"]), (&json!([]), &json!([{ "code": "too_far", "count": 1 }])));
        assert!(roads.world.largest.load(Ordering::SeqCst) <= 100);
    }
}

/// Each party's drives are learned, and a joint offer rests on all of them.
#[tokio::test]
async fn a_meeting_of_two_firms_rests_on_the_roads_of_both() {
    let north = |number: u16| Expert { base: Position { lat: 49.0, lon: 2.35 }, ..expert(number) };
    // From the middle of Paris ten minutes; from the north an hour and forty, as above.
    let roads = FakeRoads::start(Mood::Tells(|from, _| Some(minutes(if from.0 > 48.95 { 100 } else { 10 })))).await;
    let partner = firm(vec![expert(1)], roads.settings(RoutingKind::Osrm)).await;
    let other = partner.server.firm_with_experts("Autre cabinet", vec![north(2)]).await;
    partner.server.partner_key(&other, partner.platform).await;
    let mut request = one_day(on_site());
    request["type"]["name"] = "CONTRADICTOIRE".into();
    let alone = times(&partner.search(&request).await);
    assert_eq!(alone[0].0, "2026-11-24T08:00:00Z");
    request["parties"] = json!([{ "firm": other.org.to_string() }]);
    let found = partner.search(&request).await;
    assert_eq!(times(&found)[0].0, "2026-11-24T08:30:00Z");
    let made = partner.post("/appointments", &booking(&found, 0, "CASE")).await.expect(201);
    assert_eq!(made["joint"]["parties"].as_array().unwrap().len(), 2);
    assert_eq!(partner.server.metric("constat_routing_drives_estimated_total").await, 0);
}

#[tokio::test]
async fn the_drive_between_two_visits_is_the_roads_own() {
    // As the crow flies the visits are near each other; by road one is two hours from the other.
    let across_the_river = |from: Point, to: Point| {
        Some(if is_base(from) || is_base(to) || from == to { minutes(10) } else { minutes(120) })
    };
    let roads = FakeRoads::start(Mood::Tells(across_the_river)).await;
    let partner = firm(vec![expert(1)], roads.settings(RoutingKind::Osrm)).await;
    let first = partner.booked(&one_day(on_site()), "FIRST").await;
    assert_eq!(first["schedule"]["startTime"], "2026-11-24T08:00:00Z");
    let mut other_bank = one_day(on_site());
    other_bank["appointmentLocation"]["position"] = json!({ "lat": 48.87, "long": 2.30 });
    let found = times(&partner.search(&other_bank).await);
    // The first ends at ten: two hours, parking and a quarter later it is past noon.
    assert_eq!(found[0].0, "2026-11-24T13:00:00Z", "{found:?}");

    // The estimate would have offered the end of the morning.
    let mut estimated = partner;
    estimated.server.configure(|all| all.routing = RoutingSettings::default()).await;
    let found = times(&estimated.search(&other_bank).await);
    assert!(found[0].0.as_str() < "2026-11-24T11:00:00Z", "{found:?}");
}

#[tokio::test]
async fn what_is_offered_can_be_booked_and_what_is_known_is_not_asked_again() {
    // One way is slower than the other, and all are slower than the estimate.
    let uneven = |from: Point, to: Point| Some(minutes(15) + (to.0 - from.0) * 3000.0 + (to.1 - from.1).abs() * 5000.0);
    let roads = FakeRoads::start(Mood::Tells(uneven)).await;
    let partner = firm((1..=3).map(expert).collect(), roads.settings(RoutingKind::Osrm)).await;
    let places = [(48.8838, 2.3220), (48.80, 2.13), (48.95, 2.55), (48.70, 2.40)];
    for step in 0..24_usize {
        let (latitude, longitude) = places[step % places.len()];
        let mut request = on_site();
        request["appointmentLocation"]["position"] = json!({ "lat": latitude, "long": longitude });
        let found = partner.search(&request).await;
        let slots = found["timeslots"].as_array().unwrap().len();
        let mut body = booking(&found, step * 7 % slots, &format!("CASE-{step}"));
        body["location"]["position"] = json!({ "lat": latitude, "long": longitude });
        partner.post("/appointments", &body).await.expect(201);
    }
    let server = &partner.server;
    assert_eq!(server.metric("constat_routing_drives_estimated_total").await, 0);
    assert_eq!(server.metric("constat_routing_failures_total").await, 0);
    let before = roads.calls();
    partner.search(&on_site()).await;
    let asked = roads.calls();
    for _ in 0..5 {
        partner.search(&on_site()).await;
    }
    assert!(before > 0 && roads.calls() == asked, "the second search knows what the first has learned");
    assert_eq!(server.metric("constat_routing_calls_total").await, u64::try_from(asked).unwrap());
}

/// Roads change: after two days at the latest a drive is asked for again.
#[tokio::test]
async fn what_was_told_is_believed_for_a_day_or_two() {
    let roads = FakeRoads::start(Mood::Tells(|_, _| Some(minutes(10)))).await;
    let partner = firm(vec![expert(1)], roads.settings(RoutingKind::Osrm)).await;
    partner.search(&on_site()).await;
    assert_eq!(roads.calls(), 1);
    for (hours, calls) in [(23, 1), (2, 1), (24, 2)] {
        partner.server.clock.advance(SignedDuration::from_hours(hours));
        partner.search(&on_site()).await;
        assert_eq!(roads.calls(), calls, "{hours}");
    }
}

/// A region of experts whom the estimate would send anywhere, and roads twice as slow: the very first
/// answer rests on the roads.
#[tokio::test]
async fn a_first_search_among_many_rests_on_the_roads() {
    let twice = |from: Point, to: Point| {
        let at = |point: Point| Position { lat: point.0, lon: point.1 };
        let estimator = Estimator::default();
        Some(f64::from(estimator.seconds(at(from), at(to)).saturating_sub(estimator.access_seconds) * 2))
    };
    let roads = FakeRoads::start(Mood::Tells(twice)).await;
    let experts = (0..80_u16).map(|number| {
        let (ring, step) = (f64::from(number / 10), f64::from(number % 10));
        let (sin, cos) = (step * 0.628 + ring).sin_cos();
        let base = Position { lat: 48.8566 + sin * ring * 0.08, lon: 2.3522 + cos * ring * 0.12 };
        Expert { base, ..expert(number + 1) }
    });
    let partner = firm(experts.collect(), roads.settings(RoutingKind::Osrm)).await;
    for (limit, latitude) in [(30, 48.88), (10, 48.70), (5, 49.05)] {
        let mut request = on_site();
        request["limit"] = limit.into();
        request["appointmentLocation"]["position"] = json!({ "lat": latitude, "long": 2.40 });
        assert_eq!(times(&partner.search(&request).await).len(), limit);
    }
    assert_eq!(partner.server.metric("constat_routing_drives_estimated_total").await, 0);
    assert_eq!(roads.calls(), 6, "for each place one table there and one back");
}

/// Whoever takes over a time that was given away meanwhile is judged by the roads too.
#[tokio::test]
async fn who_steps_in_is_judged_by_the_roads_too() {
    // The second expert lives elsewhere, near as the crow flies, and hours away by road.
    let far_bank = |from: Point, to: Point| {
        let far = |at: Point| (at.0 - 48.93).abs() < 0.001;
        Some(if far(from) || far(to) { minutes(600) } else { minutes(10) })
    };
    let roads = FakeRoads::start(Mood::Tells(far_bank)).await;
    let second = Expert { base: Position { lat: 48.93, lon: 2.35 }, ..expert(2) };
    let partner = firm(vec![expert(1), second], roads.settings(RoutingKind::Osrm)).await;
    // Both sessions are offered the same time of the first expert.
    let bodies = [
        partner.first_booking(&one_day(on_site()), "ONE").await,
        partner.first_booking(&one_day(on_site()), "TWO").await,
    ];
    assert_eq!(bodies[0]["timeslot"]["startTime"], bodies[1]["timeslot"]["startTime"]);
    partner.post("/appointments", &bodies[0]).await.expect(201);
    partner.post("/appointments", &bodies[1]).await.expect(409);
}

#[tokio::test]
async fn a_remote_visit_asks_for_the_drives_that_it_stands_between() {
    let roads = FakeRoads::start(Mood::Tells(|_, _| Some(minutes(10)))).await;
    let partner = firm(vec![expert(1)], roads.settings(RoutingKind::Valhalla)).await;
    partner.search(&one_day(by_video())).await;
    assert_eq!(roads.calls(), 0, "nobody drives that day");
    partner.booked(&one_day(on_site()), "FIRST").await;
    let asked = roads.calls();
    partner.booked(&one_day(by_video()), "SECOND").await;
    assert_eq!(roads.calls(), asked, "the way there and back was learned when the visit was booked");
}

/// Without its routing server the firm answers as if it had none, and says so to whoever watches.
#[tokio::test]
async fn a_routing_server_that_fails_is_done_without_and_counted() {
    let moods = [
        ("hangs", Mood::Hangs),
        ("refuses", Mood::Refuses),
        ("no JSON", Mood::Says("<html>")),
        ("no table", Mood::Says(r#"{"code":"Ok"}"#)),
        ("not Ok", Mood::Says(r#"{"code":"NoSegment","message":"one of the supplied coordinates could not snap"}"#)),
        ("an odd table", Mood::Says(r#"{"code":"Ok","durations":[["a"]],"sources_to_targets":[[7]]}"#)),
        ("too small", Mood::CutsShort),
        ("back in time", Mood::Tells(|_, _| Some(-5.0))),
        ("for ever", Mood::Tells(|_, _| Some(1e300))),
    ];
    let plain = Partner::with(vec![expert(1), expert(2)]).await;
    let expected = times(&plain.search(&on_site()).await);
    for kind in [RoutingKind::Osrm, RoutingKind::Valhalla] {
        for (name, mood) in moods {
            let roads = FakeRoads::start(mood).await;
            let mut settings = roads.settings(kind);
            if name == "hangs" {
                (settings.timeout_ms, settings.budget_ms) = (40, 100);
            }
            let partner = firm(vec![expert(1), expert(2)], settings).await;
            assert_eq!(times(&partner.search(&on_site()).await), expected, "{kind:?} {name}");
            let server = &partner.server;
            assert!(server.metric("constat_routing_failures_total").await >= 1, "{kind:?} {name}");
            assert!(server.metric("constat_routing_drives_estimated_total").await >= 1, "{kind:?} {name}");
            partner.booked(&on_site(), "CASE").await;
        }
    }
}

#[tokio::test]
async fn a_dead_routing_server_is_left_alone_for_a_while() {
    let roads = FakeRoads::start(Mood::Refuses).await;
    let partner = firm(vec![expert(1)], roads.settings(RoutingKind::Osrm)).await;
    for _ in 0..10 {
        partner.search(&on_site()).await;
    }
    let server = &partner.server;
    assert_eq!((roads.calls(), server.metric("constat_routing_failures_total").await), (3, 3));
    assert_eq!(server.metric("constat_routing_skipped_total").await, 7);
    // After the pause one call finds out whether it is still dead.
    server.clock.advance(SignedDuration::from_secs(30));
    for _ in 0..5 {
        partner.search(&on_site()).await;
    }
    assert_eq!(roads.calls(), 4);
    roads.set(Mood::Tells(|_, _| Some(minutes(600))));
    server.clock.advance(SignedDuration::from_secs(29));
    assert!(!times(&partner.search(&on_site()).await).is_empty());
    assert_eq!(roads.calls(), 4);
    server.clock.advance(SignedDuration::from_secs(1));
    assert!(times(&partner.search(&on_site()).await).is_empty(), "it is asked again");
    assert_eq!(server.metric("constat_routing_failures_total").await, 4);

    // And one that is not there at all.
    let url = roads.url.clone();
    let settings = roads.settings(RoutingKind::Osrm);
    drop(roads);
    let gone = firm(vec![expert(1)], RoutingSettings { url, ..settings }).await;
    assert!(!times(&gone.search(&on_site()).await).is_empty());
}

#[tokio::test]
async fn where_there_is_no_way_the_drive_is_estimated_and_not_asked_for_again() {
    let roads = FakeRoads::start(Mood::Tells(|_, _| None)).await;
    let partner = firm(vec![expert(1)], roads.settings(RoutingKind::Valhalla)).await;
    let plain = Partner::with(vec![expert(1)]).await;
    let expected = times(&plain.search(&on_site()).await);
    assert_eq!(times(&partner.search(&on_site()).await), expected);
    assert_eq!(times(&partner.search(&on_site()).await), expected);
    assert_eq!(roads.calls(), 1);
    assert!(partner.server.metric("constat_routing_drives_estimated_total").await >= 4);
    assert_eq!(partner.server.metric("constat_routing_failures_total").await, 0);
}

/// A base beyond the edge of the server's map spoils nobody else's drives, and a firm that works there
/// is served by the estimate.
#[tokio::test]
async fn the_edge_of_the_map_is_no_failure() {
    let beyond = |number| Expert { base: Position { lat: 49.6, lon: 2.35 }, ..expert(number) };
    for kind in [RoutingKind::Osrm, RoutingKind::Valhalla] {
        // Ten hours by road: only whoever is estimated can come.
        let roads = FakeRoads::start(Mood::Tells(|_, _| Some(minutes(600)))).await;
        let partner = firm(vec![expert(1), beyond(2)], roads.settings(kind)).await;
        let plain = Partner::with(vec![beyond(2)]).await;
        let found = times(&partner.search(&one_day(on_site())).await);
        assert!(!found.is_empty());
        assert_eq!(found, times(&plain.search(&one_day(on_site())).await), "{kind:?}");

        let mut there = one_day(on_site());
        there["appointmentLocation"]["position"] = json!({ "lat": 49.62, "long": 2.40 });
        assert_eq!(times(&partner.search(&there).await), times(&plain.search(&there).await), "{kind:?}");
        assert_eq!(partner.server.metric("constat_routing_failures_total").await, 0, "{kind:?}");
        assert!(partner.server.metric("constat_routing_drives_estimated_total").await >= 2, "{kind:?}");
        // What is not on the map is not asked for again.
        let calls = roads.calls();
        partner.search(&there).await;
        assert_eq!(roads.calls(), calls, "{kind:?}");
    }
}

/// A slot that was offered while the roads were unknown is judged by what is known when it is booked.
#[tokio::test]
async fn a_booking_rests_on_the_roads_as_they_are_known_then() {
    let roads = FakeRoads::start(Mood::Refuses).await;
    let partner = firm(vec![expert(1)], roads.settings(RoutingKind::Osrm)).await;
    let found = partner.search(&on_site()).await;
    roads.set(Mood::Tells(|_, _| Some(minutes(600))));
    let slot = found["timeslots"][0]["id"].as_str().unwrap();
    assert_eq!(partner.get(&format!("/availabilities/{slot}")).await.status, 404);
    partner.post("/appointments", &booking(&found, 0, "CASE")).await.expect(409);
    assert_eq!(partner.server.metric("constat_booking_conflicts_total").await, 1);
}
