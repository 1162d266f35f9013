//! A claim's appointments with partners that are other servers: they speak the contract in their own
//! way, refuse, fall over, or tell less than ours.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use constat_client::wire::appointments::{BookClaimAppointment, ClaimAppointment};
use constat_client::wire::partner::{AppointmentStatus, Kind};
use constat_client::{ClaimsClient, ClientError};
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::{Api, Mode};
use constat_store::Database;
use constat_testkit::postgres::Programs;
use constat_testkit::{ClaimsCaller, Server, fixtures};
use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use serde_json::{Value, json};

use crate::platform_support::{PARTNER, claims_client, events, link, read, refusal, refused, search, submitted, uuid};
use crate::repeats::until;

/// A request that the fake partner got.
#[derive(Debug, Clone)]
struct Asked {
    what: String,
    key: String,
    idempotency: Option<String>,
    body: Value,
}

type Script = Arc<dyn Fn(&Asked) -> Option<(u16, Value)> + Send + Sync>;

/// A partner of two hundred lines, written by another party: it answers a booking with the bare id, as
/// v0.9.1 writes it, and changes with next to nothing.
#[derive(Clone)]
struct Fake {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    script: Arc<Mutex<Option<Script>>>,
}

impl Fake {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/somewhere/api", listener.local_addr().unwrap());
        let fake = Self { url, asked: Arc::default(), script: Arc::default() };
        let router = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    /// From now on answers what the script says; where it says nothing, the usual.
    fn play(&self, script: impl Fn(&Asked) -> Option<(u16, Value)> + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Some(Arc::new(script));
    }

    /// Answers this to everything.
    fn always(&self, status: u16, body: Value) {
        self.play(move |_| Some((status, body.clone())));
    }

    fn usual(&self) {
        *self.script.lock().unwrap() = None;
    }

    /// What it was asked since the last look.
    fn heard(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn slot(id: &str, hour: u8) -> Value {
    json!({
        "type": "HorairePlage", "startTime": format!("2026-11-25T{hour:02}:00:00+01:00"),
        "endTime": format!("2026-11-25T{:02}:00:00+01:00", hour + 2), "duration": 45, "id": id, "colour": "blue",
    })
}

async fn answer(State(fake): State<Fake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let path = parts.uri.path();
    let what = format!("{} {}", parts.method, path.strip_prefix("/somewhere/api").unwrap_or(path));
    let (key, idempotency) = (header("pid").unwrap_or_default(), header("idempotency-key"));
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let asked = Asked { what, key, idempotency, body: serde_json::from_slice(&bytes).unwrap_or_default() };
    fake.asked.lock().unwrap().push(asked.clone());
    let script = fake.script.lock().unwrap().clone();
    // Scripts may call the platform back and wait for it.
    let scripted = tokio::task::spawn_blocking({
        let asked = asked.clone();
        move || script.and_then(|script| script(&asked))
    });
    if let Some((status, body)) = scripted.await.unwrap() {
        return (axum::http::StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response();
    }
    match asked.what.as_str() {
        "POST /intervention" => axum::Json(json!({
            "sessionID": "opaque session/42", "timeslots": [slot("a/1", 9), slot("b 2", 14)], "version": "0.9.1",
        }))
        .into_response(),
        "POST /appointments" => (axum::http::StatusCode::CREATED, axum::Json("RDV 2026/17")).into_response(),
        "PUT /appointments/RDV%202026%2F17/schedule" => axum::http::StatusCode::OK.into_response(),
        "PUT /appointments/RDV%202026%2F17" => axum::http::StatusCode::NO_CONTENT.into_response(),
        "POST /appointments/RDV%202026%2F17/cancel" => {
            axum::Json(json!({ "value": 0, "description": "OK" })).into_response()
        }
        _ => (axum::http::StatusCode::NOT_FOUND, axum::Json(json!({ "value": 7, "description": "NOT_FOUND" })))
            .into_response(),
    }
}

/// A platform whose partner is the fake one.
struct Abroad {
    server: Server,
    caller: ClaimsCaller,
    claims: ClaimsClient,
    fake: Fake,
}

impl Abroad {
    async fn start() -> Self {
        let fake = Fake::start().await;
        let mut server = Server::start().await;
        let caller = server.platform("Plateforme").await;
        let linked = link(&fake.url, "test_key_of_the_fake", &[ServiceKind::OnSite, ServiceKind::RepairInKind]);
        server
            .configure(|settings| {
                settings.partners = vec![linked];
                settings.partner_timeout_seconds = 1;
            })
            .await;
        let claims = claims_client(&server, &caller.key);
        Self { server, caller, claims, fake }
    }

    /// Searches on site, and gives the body that books the first slot.
    async fn booking(&self, claim: &str) -> BookClaimAppointment {
        let found = self.claims.search_appointments(claim, &search("ESS")).await.unwrap();
        read(json!({ "sessionID": found.session_id, "timeslot": found.timeslots[0] }))
    }
}

#[tokio::test]
async fn a_partner_that_answers_bare_ids_is_as_good_as_ours() {
    let world = Abroad::start().await;
    let (id, claim_id) = submitted(&world.claims).await;
    let found = world.claims.search_appointments(&id, &search("ESS")).await.unwrap();
    assert_eq!(found.partner, PARTNER);
    let ids: Vec<&str> = found.timeslots.iter().map(|slot| slot.id.as_str()).collect();
    assert_eq!((ids, found.expires_at), (vec!["a/1", "b 2"], None));

    let body = read::<BookClaimAppointment>(json!({
        "sessionID": found.session_id, "timeslot": found.timeslots[0], "notes": "Digicode 1234",
    }));
    let booked = world.claims.book_appointment(&claim_id, &body).await.unwrap();
    assert_eq!(booked.partner_appointment_id, "RDV 2026/17");
    assert_eq!((booked.timeslot.start_time, booked.expert), (found.timeslots[0].start_time, None));

    let heard = world.fake.heard();
    assert!(heard.iter().all(|asked| asked.key == "test_key_of_the_fake"));
    let [searched, made] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((searched.what.as_str(), made.what.as_str()), ("POST /intervention", "POST /appointments"));
    let asked = &searched.body;
    assert_eq!(asked["type"]["name"], "ESS");
    assert_eq!(asked["insurerClaimId"], "SIN-2026-000017");
    assert_eq!(asked["claim"]["claimId"], uuid(&claim_id).as_str());
    assert_eq!(asked["claim"]["company"], json!({ "id": "02000402", "name": "ALLIANZ IARD" }));
    assert_eq!(asked["claim"]["guarantee"], "DegatsDesEaux");
    assert_eq!(asked["claim"]["accident"]["characteristics"]["nature"], "DegatsDesEaux");
    assert_eq!(asked["claim"]["valuation"]["totalCost"], json!({ "value": 1450.5, "currency": "EUR" }));
    assert_eq!((&asked["riskType"]["name"], &asked["customerType"]), (&json!("Appartement"), &json!("individual")));
    assert_eq!(asked["appointmentLocation"]["address"]["zipCode"], "75017");
    assert!(asked["appointmentLocation"]["position"]["lat"].is_number());
    assert!(asked.get("damages").is_none() && asked.get("missionType").is_none());
    assert!(!asked.to_string().contains("Dupont"), "a search has no name");
    let asked = &made.body;
    assert_eq!((&asked["sessionID"], &asked["timeslot"]["id"]), (&json!("opaque session/42"), &json!("a/1")));
    assert_eq!((&asked["caseNumber"], &asked["notes"]), (&json!("SIN-2026-000017"), &json!("Digicode 1234")));
    assert!(made.idempotency.as_ref().is_some_and(|key| !key.is_empty()));

    // Read from the record, repeat from the record: the partner is not asked.
    assert_eq!(world.claims.read_appointment(&id, &booked.id).await.unwrap().id, booked.id);
    assert_eq!(world.claims.book_appointment(&id, &body).await.unwrap().id, booked.id);
    assert!(world.fake.heard().is_empty());

    // Move: the partner gets its own id, and answers with an empty body.
    let mut wanted = search("ESS");
    wanted.appointment_id = Some(booked.id.clone());
    let free = world.claims.search_appointments(&id, &wanted).await.unwrap();
    assert_eq!(world.fake.heard()[0].body["appointmentId"], "RDV 2026/17");
    let to =
        read(json!({ "sessionID": free.session_id, "timeslot": free.timeslots[1], "reason": "ClientIndisponible" }));
    let moved = world.claims.move_appointment(&id, &booked.id, &to).await.unwrap();
    assert_eq!(moved.timeslot.start_time, free.timeslots[1].start_time);
    let reason = read(json!({ "reason": "Autre" }));
    let cancelled = world.claims.cancel_appointment(&id, &booked.id, &reason).await.unwrap();
    assert_eq!(cancelled.status, AppointmentStatus::Cancelled);
}

#[tokio::test]
async fn a_partner_that_tells_no_appointment_is_sent_all_that_we_know_of_it() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    let body = BookClaimAppointment { notes: Some("Digicode 1234".to_owned()), ..world.booking(&id).await };
    let booked = world.claims.book_appointment(&id, &body).await.unwrap();
    world.fake.heard();
    let contact = json!({ "firstName": "Jean", "lastName": "Dupont", "userInfo": { "mobilePhone": "+33612345678" } });
    let change = read(json!({ "contact": contact }));
    let modified = world.claims.modify_appointment(&id, &booked.id, &change).await.unwrap();
    assert_eq!(modified.contact.as_ref().unwrap().last_name, "Dupont");
    assert_eq!((&modified.notes, modified.timeslot.start_time), (&booked.notes, booked.timeslot.start_time));
    let heard = world.fake.heard();
    let asked: Vec<&str> = heard.iter().map(|asked| asked.what.as_str()).collect();
    assert_eq!(asked, ["GET /appointments/RDV%202026%2F17", "PUT /appointments/RDV%202026%2F17"]);
    let told = &heard[1].body["data"];
    assert_eq!((&told["type"], &told["notes"]), (&json!("Site"), &json!("Digicode 1234")));
    assert_eq!((&told["customer"], &told["address"]["zipCode"]), (&contact, &json!("75017")));
    let schedule = &told["schedule"];
    assert_eq!((&schedule["type"], &schedule["duration"]), (&json!("HorairePlage"), &json!(45)));
    assert_eq!(schedule["startTime"], json!(booked.timeslot.start_time));

    // Refused in our words, and the record stays as it is.
    let notes = read(json!({ "notes": "Digicode 5678" }));
    for (theirs, value, ours) in [(404, 7, (404, 2004)), (409, 9, (409, 3003)), (500, 4, (502, 1000))] {
        world.fake.always(theirs, json!({ "value": value, "description": "no" }));
        assert_eq!(refusal(world.claims.modify_appointment(&id, &booked.id, &notes).await), ours, "{theirs}");
    }
    let field = json!({ "field": "data.customer.userInfo.mobilePhone", "message": "expected a French number" });
    world.fake.always(400, json!({ "value": 1, "description": "no", "errors": [field] }));
    let wrong = refused(world.claims.modify_appointment(&id, &booked.id, &change).await);
    assert_eq!((wrong.status, wrong.fields[0].field.as_str()), (400, "contact.userInfo.mobilePhone"));
    assert_eq!(world.claims.read_appointment(&id, &booked.id).await.unwrap(), modified);
    world.fake.usual();
    let modified = world.claims.modify_appointment(&id, &booked.id, &notes).await.unwrap();
    assert_eq!(modified.notes.as_deref(), Some("Digicode 5678"));
}

#[tokio::test]
async fn a_repair_firm_is_told_the_damages_and_the_mission() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    world.claims.search_appointments(&id, &search("REN")).await.unwrap();
    let heard = world.fake.heard();
    assert_eq!(heard[0].body["missionType"], "RenDirecte");
    assert_eq!(
        heard[0].body["damages"],
        json!([
            { "damageNature": "Embellissement", "damageDetail": "PeinturePapiersPeints" },
            { "damageNature": "Immobilier", "damageDetail": "Parquets" },
        ])
    );
    let mut wanted = search("REN");
    wanted.mission_type = Some("RechercheDeFuit".to_owned());
    let wrong = refused(world.claims.search_appointments(&id, &wanted).await);
    assert_eq!((wrong.status, wrong.fields[0].field.as_str()), (400, "missionType"));
    assert!(wrong.fields[0].message.contains("RechercheDeFuite"));
}

#[tokio::test]
async fn what_the_partner_refuses_is_refused_in_our_words_and_nothing_is_kept() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    let body = world.booking(&id).await;
    let said = |value: i32| json!({ "value": value, "description": "no" });
    for (theirs, value, ours) in [
        (409, 10, (409, 3003)),
        (410, 9, (410, 3003)),
        (404, 7, (404, 2004)),
        (422, 1, (409, 3003)),
        (401, 2, (502, 1000)),
        (500, 4, (502, 1000)),
    ] {
        world.fake.always(theirs, said(value));
        assert_eq!(refusal(world.claims.book_appointment(&id, &body).await), ours, "{theirs}");
    }
    world.fake.always(200, json!({ "surprise": true }));
    assert_eq!(refusal(world.claims.book_appointment(&id, &body).await), (502, 1000));
    let field = json!({ "field": "appointmentLocation.address.zipCode", "message": "unknown postcode" });
    world.fake.always(400, json!({ "value": 1, "description": "no", "errors": [field] }));
    let wrong = refused(world.claims.search_appointments(&id, &search("ESS")).await);
    assert_eq!((wrong.status, wrong.code, wrong.fields[0].field.as_str()), (400, 1000, "location.address.zipCode"));
    assert!(wrong.fields[0].message.contains("unknown postcode"));
    assert_eq!(world.claims.list_appointments(&id).await.unwrap(), []);
    assert!(!events(&world.server, &world.caller, &id).iter().any(|kind| kind.starts_with("v2.appointment")));
    // And once it comes to itself, the same booking goes through.
    world.fake.usual();
    assert!(world.claims.book_appointment(&id, &body).await.is_ok());
}

#[tokio::test]
async fn a_search_is_tried_once_more_and_a_booking_is_not() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    let stumbled = Mutex::new(false);
    world.fake.play(move |_| {
        let mut stumbled = stumbled.lock().unwrap();
        (!std::mem::replace(&mut *stumbled, true)).then(|| (503, json!({ "value": 4, "description": "busy" })))
    });
    let body = world.booking(&id).await;
    assert_eq!(world.fake.heard().len(), 2);
    world.fake.always(503, json!({ "value": 4, "description": "busy" }));
    assert_eq!(refusal(world.claims.book_appointment(&id, &body).await), (502, 1000));
    assert_eq!(world.fake.heard().len(), 1);
}

#[tokio::test]
async fn a_partner_that_never_answers_costs_a_second_and_no_appointment() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    let body = world.booking(&id).await;
    // Accepts connections and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let Abroad { mut server, caller, .. } = world;
    server.configure(|settings| settings.partners[0].url = url).await;
    let claims = claims_client(&server, &caller.key);
    assert_eq!(refusal(claims.book_appointment(&id, &body).await), (502, 1000));
    assert_eq!(claims.list_appointments(&id).await.unwrap(), []);
}

#[tokio::test]
async fn any_node_books_what_another_searched_after_a_restart_too() {
    let world = Abroad::start().await;
    let ((id, _), (other, _)) = (submitted(&world.claims).await, submitted(&world.claims).await);
    let body = world.booking(&id).await;
    let twin = world.server.twin().await;
    let elsewhere = claims_client(&twin, &world.caller.key);
    assert!(elsewhere.book_appointment(&other, &world.booking(&other).await).await.is_ok());
    world.fake.heard();
    let Abroad { mut server, caller, fake, .. } = world;
    server.configure(|_| {}).await;
    let claims = claims_client(&server, &caller.key);
    let booked = claims.book_appointment(&id, &body).await.unwrap();
    assert_eq!((booked.kind, booked.partner.as_str()), (Kind::OnSite, PARTNER));
    assert_eq!(booked.location.unwrap().address.street1, "48 boulevard des Batignolles");
    assert_eq!(fake.heard()[0].body["sessionID"], "opaque session/42");
}

#[tokio::test]
async fn a_session_that_was_altered_or_is_another_claims_is_unknown_and_one_that_is_over_is_gone() {
    let world = Abroad::start().await;
    let ((id, _), (other, _)) = (submitted(&world.claims).await, submitted(&world.claims).await);
    let body = world.booking(&id).await;
    let booked = world.claims.book_appointment(&id, &body).await.unwrap();
    let unused = world.booking(&id).await;
    let theirs = world.booking(&other).await;
    let mut altered = theirs.session_id.clone().into_bytes();
    let middle = altered.len() / 2;
    altered[middle] = if altered[middle] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    world.fake.heard();
    for session_id in [unused.session_id.clone(), altered, "opaque session/42".to_owned()] {
        let wrong = BookClaimAppointment { session_id: session_id.clone(), ..theirs.clone() };
        assert_eq!(refusal(world.claims.book_appointment(&other, &wrong).await), (404, 2004));
    }
    let to = |session: &str| {
        read(json!({ "sessionID": session, "timeslot": theirs.timeslot, "reason": "ClientIndisponible" }))
    };
    let moved = world.claims.move_appointment(&id, &booked.id, &to(&theirs.session_id)).await;
    assert_eq!(refusal(moved), (404, 2004));
    // The partner has its say for a while after the 300 seconds of the contract, not for ever.
    world.server.clock.advance(jiff::SignedDuration::from_secs(600));
    assert_eq!(refusal(world.claims.book_appointment(&other, &theirs).await), (410, 3003));
    let moved = world.claims.move_appointment(&id, &booked.id, &to(&unused.session_id)).await;
    assert_eq!(refusal(moved), (410, 3003));
    // A repeat is answered from the record even so.
    assert_eq!(world.claims.book_appointment(&id, &body).await.unwrap(), booked);
    assert!(world.fake.heard().is_empty(), "the partner is asked for none of this");
}

#[tokio::test]
async fn an_appointment_moves_to_the_place_that_was_searched() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    let booked = world.claims.book_appointment(&id, &world.booking(&id).await).await.unwrap();
    let mut wanted = search("ESS");
    wanted.appointment_id = Some(booked.id.clone());
    let elsewhere =
        json!({ "street1": "1 place de la Comédie", "zipCode": "69001", "city": "Lyon", "countryCode": "FR" });
    wanted.location = Some(read(json!({ "address": elsewhere })));
    let free = world.claims.search_appointments(&id, &wanted).await.unwrap();
    let to = read(json!({ "sessionID": free.session_id, "timeslot": free.timeslots[1], "reason": "Autre" }));
    let moved = world.claims.move_appointment(&id, &booked.id, &to).await.unwrap();
    assert_eq!(moved.location.as_ref().unwrap().address.zip_code, "69001");
    assert_eq!(world.claims.read_appointment(&id, &booked.id).await.unwrap(), moved);
}

#[tokio::test]
async fn what_cannot_be_kept_is_given_back_to_the_partner() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    let body = world.booking(&id).await;
    world.fake.heard();
    // While the partner books, the claim is given up.
    let (claims, claim) = (world.claims.clone(), id.clone());
    let handle = tokio::runtime::Handle::current();
    world.fake.play(move |asked| {
        if asked.what == "POST /appointments" {
            handle.block_on(claims.cancel_claim(&claim, None)).unwrap();
        }
        None
    });
    assert_eq!(refusal(world.claims.book_appointment(&id, &body).await), (409, 3003));
    let heard: Vec<String> = world.fake.heard().into_iter().map(|asked| asked.what).collect();
    assert_eq!(heard, ["POST /appointments", "POST /appointments/RDV%202026%2F17/cancel"]);
    assert_eq!(world.claims.list_appointments(&id).await.unwrap(), []);
}

#[tokio::test]
async fn the_visit_of_a_claim_that_was_given_up_is_given_back_once_the_partner_answers() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    let booked = world.claims.book_appointment(&id, &world.booking(&id).await).await.unwrap();
    let mut job = world.server.abandoned_visits();
    assert_eq!(job.look().await.unwrap(), 0);
    world.fake.heard();
    world.claims.cancel_claim(&id, None).await.unwrap();
    world.fake.always(503, json!({ "value": 4, "description": "busy" }));
    assert_eq!(job.look().await.unwrap(), 1, "the partner is away");
    assert_eq!(world.claims.read_appointment(&id, &booked.id).await.unwrap(), booked);
    world.fake.usual();
    assert_eq!(job.look().await.unwrap(), 1, "it is asked again in a minute");
    assert_eq!(world.fake.heard().len(), 1);
    world.server.clock.advance(jiff::SignedDuration::from_mins(1));
    assert_eq!(job.look().await.unwrap(), 0);
    let heard = world.fake.heard();
    assert_eq!(heard[0].what, "POST /appointments/RDV%202026%2F17/cancel");
    assert_eq!(heard[0].body, json!({ "reason": "RendezVousNonUtile" }));
    let cancelled = world.claims.read_appointment(&id, &booked.id).await.unwrap();
    assert_eq!(cancelled.status, AppointmentStatus::Cancelled);
    assert_eq!(cancelled.cancellation.unwrap().reason, "RendezVousNonUtile");
    let kinds = events(&world.server, &world.caller, &id);
    assert_eq!(kinds[kinds.len() - 2..], ["v2.claim.abandoned", "v2.appointment.cancelled"]);
    assert_eq!(job.look().await.unwrap() + world.server.abandoned_visits().look().await.unwrap(), 0);
    assert!(world.fake.heard().is_empty());
}

/// On PostgreSQL events are numbered before they are committed, and another tenant's may be committed first.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_given_up_in_a_slow_transaction_is_found_behind_a_faster_one() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    let booked = world.claims.book_appointment(&id, &world.booking(&id).await).await.unwrap();
    let other = world.server.platform("Autre").await;
    let mut job = world.server.abandoned_visits();
    assert_eq!(job.look().await.unwrap(), 0);
    let database = world.server.services.core.store.database().clone();
    let gate = match &database {
        Database::Server { url, .. } => Some(Gate::before_the_commit_of(url, "v2.claim.abandoned")),
        Database::File(_) => None,
    };
    let (claims, claim) = (world.claims.clone(), id.clone());
    let cancelling = tokio::spawn(async move { claims.cancel_claim(&claim, None).await });
    if let Some(gate) = &gate {
        gate.await_a_waiting_commit().await;
    }
    other.declare(&fixtures::stolen_bike()).await;
    job.look().await.unwrap();
    drop(gate);
    cancelling.await.unwrap().unwrap();
    assert_eq!(job.look().await.unwrap(), 0);
    let given_back = world.claims.read_appointment(&id, &booked.id).await.unwrap();
    assert_eq!(given_back.status, AppointmentStatus::Cancelled);
}

/// Keeps a PostgreSQL transaction that appends an event of one kind from committing until it is dropped.
struct Gate {
    url: String,
    /// Holds the lock that the transaction waits for.
    _holder: diesel::PgConnection,
}

impl Gate {
    fn before_the_commit_of(url: &str, kind: &str) -> Self {
        let mut holder = diesel::PgConnection::establish(url).unwrap();
        holder
            .batch_execute(&format!(
                "SELECT pg_advisory_lock(17);
                 CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = '10s'
                   AS $$ BEGIN PERFORM pg_advisory_xact_lock(17); RETURN NEW; END $$;
                 CREATE TRIGGER waits AFTER INSERT ON events FOR EACH ROW WHEN (NEW.kind = '{kind}')
                   EXECUTE FUNCTION waits();"
            ))
            .unwrap();
        Self { url: url.to_owned(), _holder: holder }
    }

    /// Until a transaction has appended such an event and waits.
    async fn await_a_waiting_commit(&self) {
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        while Programs::find().psql(&self.url, &[waiting]).unwrap() == "0" {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_server_that_starts_gives_back_what_was_left_and_leaves_what_the_partner_keeps() {
    let world = Abroad::start().await;
    let ((id, _), (other, _)) = (submitted(&world.claims).await, submitted(&world.claims).await);
    let booked = world.claims.book_appointment(&id, &world.booking(&id).await).await.unwrap();
    let kept = world.claims.book_appointment(&other, &world.booking(&other).await).await.unwrap();
    world.claims.cancel_claim(&id, None).await.unwrap();
    world.fake.play(|asked| asked.what.ends_with("/cancel").then(|| (409, json!({ "value": 8, "description": "no" }))));
    let mut job = world.server.abandoned_visits();
    assert_eq!(job.look().await.unwrap(), 0, "a partner that refuses would refuse again");
    assert_eq!(world.claims.read_appointment(&id, &booked.id).await.unwrap(), booked);
    world.fake.usual();
    assert_eq!(world.server.abandoned_visits().look().await.unwrap(), 0);
    let given_back = world.claims.read_appointment(&id, &booked.id).await.unwrap();
    assert_eq!(given_back.status, AppointmentStatus::Cancelled);
    assert_eq!(world.claims.read_appointment(&other, &kept.id).await.unwrap(), kept, "this claim is open");
}

#[tokio::test]
async fn an_idempotency_key_books_once_and_conflicts_when_reused() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    let body = world.booking(&id).await;
    let once = world.claims.idempotent("book-1");
    let booked = once.book_appointment(&id, &body).await.unwrap();
    assert_eq!(once.book_appointment(&id, &body).await.unwrap(), booked);
    let other = BookClaimAppointment { notes: Some("Other".to_owned()), ..body };
    assert_eq!(refusal(once.book_appointment(&id, &other).await), (400, 1000));
    let heard = world.fake.heard();
    assert_eq!(heard.iter().filter(|asked| asked.what == "POST /appointments").count(), 1);
}

#[tokio::test]
async fn many_who_book_the_same_slot_get_the_same_appointment() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    let body = world.booking(&id).await;
    let all = (0..8).map(|_| {
        let (claims, id, body) = (world.claims.clone(), id.clone(), body.clone());
        tokio::spawn(async move { claims.book_appointment(&id, &body).await.unwrap().id })
    });
    let mut ids = Vec::new();
    for one in all.collect::<Vec<_>>() {
        ids.push(one.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.claims.list_appointments(&id).await.unwrap().len(), 1);
    let keys: std::collections::BTreeSet<_> =
        world.fake.heard().into_iter().filter_map(|asked| asked.idempotency).collect();
    assert_eq!(keys.len(), 1, "the partner can tell that it was one booking");
}

#[tokio::test]
async fn wrong_requests_are_named_field_by_field_and_ask_nobody() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    let path = |rest: &str| format!("/claims/{id}/appointments{rest}");
    for (wrong, field) in [
        (json!({ "type": "ESS" }), "dateFrom"),
        (json!({ "type": "SITE", "dateFrom": "2026-11-24T00:00:00Z" }), "type"),
        (json!({ "type": "ESS", "dateFrom": "2026-11-24T00:00:00" }), "dateFrom"),
        (json!({ "type": "ESS", "dateFrom": "2026-11-24T00:00:00Z", "limit": 31 }), "limit"),
        (json!({ "type": "ESS", "dateFrom": "2026-11-24T00:00:00Z", "partner": "unknown" }), "partner"),
        (json!({ "type": "VISIO", "dateFrom": "2026-11-24T00:00:00Z", "partner": PARTNER }), "type"),
        (json!({ "type": "VISIO", "dateFrom": "2026-11-24T00:00:00Z" }), "type"),
        (json!({ "type": "ESS", "dateFrom": "2026-11-24T00:00:00Z", "appointmentId": "x" }), "appointmentId"),
    ] {
        let got = world.caller.post(&path("/search"), &wrong).await;
        assert_eq!((got.status, got.code(), got.fields()), (400, 1000, vec![field]));
    }
    let body = serde_json::to_value(world.booking(&id).await).unwrap();
    world.fake.heard();
    let got = world.caller.post(&path(""), &json!({ "sessionID": " ", "timeslot": body["timeslot"] })).await;
    assert_eq!((got.status, got.fields()), (400, vec!["sessionID"]));
    let got = world.caller.post(&path(""), &json!({ "sessionID": "x" })).await;
    assert_eq!((got.status, got.fields()), (400, vec!["timeslot"]));
    let booked = world.caller.post(&path(""), &body).await;
    let appointment = booked.data()["id"].as_str().unwrap().to_owned();
    assert_eq!(booked.header("etag"), "\"1\"");
    world.fake.heard();
    let got = world.caller.post(&path(&format!("/{appointment}/cancel")), &json!({ "reason": "Fatigue" })).await;
    assert_eq!((got.status, got.fields()), (400, vec!["reason"]));
    assert!(got.body.to_string().contains("ClientIndisponible"));
    let mut change = body.clone();
    change["reason"] = "Fatigue".into();
    let got = world.caller.put(&path(&format!("/{appointment}/schedule")), &change).await;
    assert_eq!((got.status, got.fields()), (400, vec!["reason"]));
    let stale = world.claims.if_match("\"7\"");
    let reason = read(json!({ "reason": "Autre" }));
    assert_eq!(refusal(stale.cancel_appointment(&id, &appointment, &reason).await), (412, 3003));
    world.caller.get(&path("/cap_x")).await.is_error(404, 2004);
    assert!(world.fake.heard().is_empty());
    // DELETE is the same as POST .../cancel.
    let deleted = world.caller.request(reqwest::Method::DELETE, &path(&format!("/{appointment}")));
    let deleted = deleted.json(&json!({ "reason": "Autre" })).send().await.unwrap();
    assert_eq!(deleted.status(), 200);
}

#[tokio::test]
async fn drafts_other_tenants_and_live_keys_get_nothing() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    let body = world.booking(&id).await;
    world.fake.heard();
    let other = world.server.platform("Autre plateforme").await;
    let other = claims_client(&world.server, &other.key);
    assert_eq!(refusal(other.search_appointments(&id, &search("ESS")).await), (404, 2001));
    assert_eq!(refusal(other.book_appointment(&id, &body).await), (404, 2001));
    assert_eq!(refusal(other.list_appointments(&id).await), (404, 2001));
    let partner_key =
        world.server.key(Api::Partner, world.caller.tenant.org, world.caller.tenant.org, Mode::Test).await;
    let wrong_key = claims_client(&world.server, &partner_key);
    assert_eq!(refusal(wrong_key.list_appointments(&id).await), (401, 9002));
    let draft = world.claims.create_claim(&crate::platform_support::water_damage()).await.unwrap();
    assert_eq!(refusal(world.claims.book_appointment(&draft.id, &body).await), (409, 3003));
    // The fake's key is a test key: a live claim does not reach it.
    let live = world.server.caller(constat_domain::tenancy::TenantId { mode: Mode::Live, ..world.caller.tenant }).await;
    let live = claims_client(&world.server, &live.key);
    let (live_id, _) = submitted(&live).await;
    assert_eq!(refusal(live.search_appointments(&live_id, &search("ESS")).await), (400, 1000));
    assert!(world.fake.heard().is_empty());
}

#[tokio::test]
async fn an_observer_sees_every_exchange_without_the_key() {
    let world = Abroad::start().await;
    let seen: Arc<Mutex<Vec<constat_client::Exchange>>> = Arc::default();
    let sink = Arc::clone(&seen);
    let observer: constat_client::Observer = Arc::new(move |exchange| sink.lock().unwrap().push(exchange.clone()));
    let options = constat_client::Options::observed(observer);
    let base = format!("{}{}", world.server.url, ClaimsClient::BASE_PATH);
    let claims = ClaimsClient::new(&base, &world.caller.key, options).unwrap();
    let claim = claims.create_claim(&crate::platform_support::water_damage()).await.unwrap();
    assert!(matches!(claims.read_claim("dcl_none").await, Err(ClientError::Status { .. })));
    let seen = seen.lock().unwrap();
    let lines: Vec<_> =
        seen.iter().map(|exchange| (exchange.method.as_str(), exchange.path.as_str(), exchange.status)).collect();
    assert_eq!(lines, [("POST", "/v2/claims", 200), ("GET", "/v2/claims/dcl_none", 404)]);
    assert_eq!(seen[0].response.as_ref().unwrap()["data"]["id"], claim.id.as_str());
    assert_eq!(seen[0].request.as_ref().unwrap()["type"], "water_damage");
    assert!(seen[1].headers.contains_key("x-execution-id"));
    assert!(!format!("{seen:?}").contains(&world.caller.key));
}

/// A partner that takes its time over one kind of call.
#[derive(Clone, Default)]
struct Slow {
    called: Arc<AtomicUsize>,
    may_answer: Arc<AtomicBool>,
}

impl Slow {
    /// From now on the calls that begin so wait until [`Slow::answer`], six seconds at most.
    fn over(fake: &Fake, what: &'static str) -> Self {
        let slow = Self::default();
        let (called, may_answer) = (Arc::clone(&slow.called), Arc::clone(&slow.may_answer));
        fake.play(move |asked| {
            if asked.what.starts_with(what) {
                called.fetch_add(1, Ordering::SeqCst);
                for _ in 0..600 {
                    if may_answer.load(Ordering::SeqCst) {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
            None
        });
        slow
    }

    async fn is_called(&self) {
        for _ in 0..600 {
            if self.called.load(Ordering::SeqCst) > 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the partner was not called");
    }

    fn answer(&self) {
        self.may_answer.store(true, Ordering::SeqCst);
    }
}

/// A platform on two servers with a slow partner.
struct Slowly {
    world: Abroad,
    elsewhere: ClaimsClient,
    _twin: Server,
}

/// A booking that the partner works on.
struct Booking {
    id: String,
    body: BookClaimAppointment,
    slow: Slow,
    first: tokio::task::JoinHandle<Result<ClaimAppointment, ClientError>>,
}

impl Slowly {
    async fn start() -> Self {
        let mut world = Abroad::start().await;
        world.server.configure(|settings| settings.partner_timeout_seconds = 8).await;
        world.claims = claims_client(&world.server, &world.caller.key);
        let twin = world.server.twin().await;
        let elsewhere = claims_client(&twin, &world.caller.key);
        Self { world, elsewhere, _twin: twin }
    }

    /// Declares a claim and books for it under the key `once`: the partner works on it until it may answer.
    async fn book(&self) -> Booking {
        let Abroad { claims, fake, .. } = &self.world;
        let (id, _) = submitted(claims).await;
        let body = self.world.booking(&id).await;
        fake.heard();
        let slow = Slow::over(fake, "POST /appointments");
        let first = {
            let (client, id, body) = (claims.idempotent("once"), id.clone(), body.clone());
            tokio::spawn(async move { client.book_appointment(&id, &body).await })
        };
        slow.is_called().await;
        Booking { id, body, slow, first }
    }

    /// Makes a call, and once the partner works on it the same again, at the same server and at another one, after
    /// some seconds of the server's clock. All get one answer, and the partner is called once.
    async fn three_times<T, F>(&self, what: &'static str, seconds: i64, call: impl Fn(ClaimsClient) -> F) -> T
    where
        T: PartialEq + std::fmt::Debug + Send + 'static,
        F: Future<Output = Result<T, ClientError>> + Send + 'static,
    {
        let slow = Slow::over(&self.world.fake, what);
        let first = tokio::spawn(call(self.world.claims.idempotent(what)));
        slow.is_called().await;
        self.world.server.clock.advance(jiff::SignedDuration::from_secs(seconds));
        let second = tokio::spawn(call(self.world.claims.idempotent(what)));
        let third = tokio::spawn(call(self.elsewhere.idempotent(what)));
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert!(!second.is_finished(), "{what}: the same server does not wait");
        assert!(!third.is_finished(), "{what}: another server does not wait");
        slow.answer();
        let first = first.await.unwrap().unwrap();
        assert_eq!(second.await.unwrap().unwrap(), first, "{what}, at the same server");
        assert_eq!(third.await.unwrap().unwrap(), first, "{what}, at another server");
        assert_eq!(slow.called.load(Ordering::SeqCst), 1, "{what}: the partner was called again");
        self.world.fake.usual();
        first
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_waits_while_the_first_attempt_asks_the_partner_and_answers_as_it_did() {
    let slowly = Slowly::start().await;
    let Abroad { server, claims, .. } = &slowly.world;
    let (id, _) = submitted(claims).await;
    let body = slowly.world.booking(&id).await;
    // The session ends, 600 s after the search, while the partner books: the repeats come after its end.
    server.clock.advance(jiff::SignedDuration::from_secs(595));
    let booked = slowly
        .three_times("POST /appointments", 6, |client| {
            let (id, body) = (id.clone(), body.clone());
            async move { client.book_appointment(&id, &body).await }
        })
        .await;
    assert_eq!(claims.list_appointments(&id).await.unwrap().len(), 1);

    let mut wanted = search("ESS");
    wanted.appointment_id = Some(booked.id.clone());
    let free = claims.search_appointments(&id, &wanted).await.unwrap();
    let to = json!({ "sessionID": free.session_id, "timeslot": free.timeslots[1], "reason": "ClientIndisponible" });
    server.clock.advance(jiff::SignedDuration::from_secs(595));
    slowly
        .three_times("PUT /appointments/RDV%202026%2F17/schedule", 6, |client| {
            let (id, booked, to) = (id.clone(), booked.id.clone(), read(to.clone()));
            async move { client.move_appointment(&id, &booked, &to).await }
        })
        .await;
    slowly
        .three_times("PUT /appointments/RDV%202026%2F17", 0, |client| {
            let (id, booked) = (id.clone(), booked.id.clone());
            async move { client.modify_appointment(&id, &booked, &read(json!({ "notes": "Digicode 5678" }))).await }
        })
        .await;
    let cancelled = slowly
        .three_times("POST /appointments/RDV%202026%2F17/cancel", 0, |client| {
            let (id, booked) = (id.clone(), booked.id.clone());
            async move { client.cancel_appointment(&id, &booked, &read(json!({ "reason": "Autre" }))).await }
        })
        .await;
    assert_eq!(cancelled.status, AppointmentStatus::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_reaches_the_partner_under_the_key_of_the_first_attempt() {
    let world = Abroad::start().await;
    let (id, _) = submitted(&world.claims).await;
    let body = world.booking(&id).await;
    let twin = world.server.twin().await;
    world.fake.heard();
    // The partner books and its answer is lost; the repeat goes to another server.
    world.fake.always(500, json!({ "value": 4, "description": "lost" }));
    assert_eq!(refusal(world.claims.idempotent("once").book_appointment(&id, &body).await), (502, 1000));
    world.fake.usual();
    let elsewhere = claims_client(&twin, &world.caller.key).idempotent("once");
    let booked = elsewhere.book_appointment(&id, &body).await.unwrap();
    let keys: Vec<_> = world.fake.heard().into_iter().map(|asked| asked.idempotency.unwrap()).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    // From here on the answer is kept.
    assert_eq!(world.claims.idempotent("once").book_appointment(&id, &body).await.unwrap(), booked);
    assert!(world.fake.heard().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_its_server_left_behind_is_taken_over_when_its_time_is_over() {
    let slowly = Slowly::start().await;
    let Abroad { server, claims, fake, .. } = &slowly.world;
    let Booking { id, body, slow, first } = slowly.book().await;
    // As a server that goes away leaves it: the attempt is open, and it will never end it.
    server.run_sql("UPDATE open_attempts SET owner = 'gone'").await;
    slow.answer();
    assert_eq!(refused(first.await.unwrap()).status, 503);
    assert_eq!(claims.list_appointments(&id).await.unwrap(), []);
    fake.usual();
    let again = slowly.elsewhere.idempotent("once");
    let refused = refused(again.book_appointment(&id, &body).await);
    assert_eq!((refused.status, refused.retry_after.is_some()), (503, true));
    server.clock.advance(jiff::SignedDuration::from_secs(60));
    let booked = again.book_appointment(&id, &body).await.unwrap();
    let keys: std::collections::BTreeSet<_> = fake.heard().into_iter().filter_map(|asked| asked.idempotency).collect();
    assert_eq!(keys.len(), 1, "the partner can tell that it was one booking");
    assert_eq!(claims.list_appointments(&id).await.unwrap(), [booked]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_whose_record_failed_is_recorded_by_its_repeat() {
    let slowly = Slowly::start().await;
    let Abroad { server, claims, fake, .. } = &slowly.world;
    let Booking { id, body, slow, first } = slowly.book().await;
    let held = server.services.core.store.hold_commits();
    slow.answer();
    until("the booking waits for its commit", || held.waiting() > 0).await;
    held.undo();
    // On PostgreSQL the transaction is tried again, on SQLite the caller hears 503.
    let first = first.await.unwrap();
    let booked = slowly.elsewhere.idempotent("once").book_appointment(&id, &body).await.unwrap();
    match first {
        Ok(first) => assert_eq!(first, booked),
        Err(error) => assert_eq!(error.status(), Some(503), "{error}"),
    }
    assert_eq!(claims.list_appointments(&id).await.unwrap(), [booked]);
    let heard: Vec<String> = fake.heard().into_iter().map(|asked| asked.what).collect();
    assert!(heard.iter().all(|what| what == "POST /appointments"), "nothing was given back: {heard:?}");
}
