//! A request that is sent again under its `Idempotency-Key` while its first attempt is still under way: it waits, and
//! answers as the first one did. The first attempt's commit is held back, so that nothing is left to chance.

use std::sync::Arc;
use std::time::Duration;

use constat_domain::tenancy::{Api, Mode};
use constat_store::HeldCommits;
use constat_testkit::fixtures::{self, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Server, document, expert};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::holds::hold;
use crate::partner_support::{Got, Partner, all_of_first_day, booking, offer_at, on_site, send};

/// Longest wait for anything in these tests.
const LIMIT: Duration = Duration::from_secs(20);

/// A request that can be sent several times, to any server.
#[derive(Clone)]
struct Request {
    method: Method,
    path: String,
    /// The header with the key of the contract.
    key: (&'static str, String),
    idempotency_key: String,
    body: Body,
}

#[derive(Clone)]
enum Body {
    None,
    Json(Value),
    /// The document type of a multipart form; the file is a PDF.
    Form(&'static str),
}

impl Request {
    async fn send(&self, server: &Server) -> Got {
        let url = format!("{}{}", server.url, self.path);
        let request = server
            .http
            .request(self.method.clone(), url)
            .header(self.key.0, &self.key.1)
            .header("idempotency-key", &self.idempotency_key);
        let request = match &self.body {
            Body::None => request,
            Body::Json(body) => request.json(body),
            Body::Form(kind) => {
                let meta = json!({ "type": kind, "title": "Pièce" }).to_string();
                let meta = reqwest::multipart::Part::text(meta).mime_str("application/json").unwrap();
                let file = reqwest::multipart::Part::bytes(fixtures::pdf()).file_name("piece.pdf");
                request.multipart(reqwest::multipart::Form::new().part("meta", meta).part("file", file))
            }
        };
        tokio::time::timeout(LIMIT, send(request)).await.expect("an answer in time")
    }

    fn spawn(&self, server: &Arc<Server>) -> tokio::task::JoinHandle<Got> {
        let (request, server) = (self.clone(), Arc::clone(server));
        tokio::spawn(async move { request.send(&server).await })
    }
}

fn told(answer: &Got) -> (u16, String, [Option<String>; 2]) {
    let header = |name| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    (answer.status, answer.text.clone(), [header("etag"), header("location")])
}

/// Waits ten seconds at most.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("waited in vain until {what}");
}

/// Sends a request to the first server, and once it has written everything but not committed, again to the same
/// server and to another one. Then the first attempt commits. Gives the three answers.
async fn three_times(first: &Arc<Server>, other: &Arc<Server>, request: &Request) -> [Got; 3] {
    let held = first.services.core.store.hold_commits();
    let one = request.spawn(first);
    until("the first attempt waits for its commit", || held.waiting() > 0).await;
    let (two, three) = (request.spawn(first), request.spawn(other));
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(!two.is_finished(), "{} {}: the same server does not wait", request.method, request.path);
    assert!(!three.is_finished(), "{} {}: another server does not wait", request.method, request.path);
    drop(held);
    [one.await.unwrap(), two.await.unwrap(), three.await.unwrap()]
}

#[track_caller]
fn all_as_the_first(request: &Request, answers: &[Got; 3]) {
    let what = format!("{} {}", request.method, request.path);
    assert!((200..300).contains(&answers[0].status), "{what}: {} {}", answers[0].status, answers[0].text);
    assert_eq!(told(&answers[1]), told(&answers[0]), "{what}, at the same server");
    assert_eq!(told(&answers[2]), told(&answers[0]), "{what}, at another server");
}

/// A firm on two servers, with a platform's key.
struct Firm {
    partner: Partner,
    first: Arc<Server>,
    other: Arc<Server>,
}

/// A booking whose commit is held back.
struct UnderWay {
    book: Request,
    held: HeldCommits,
    one: tokio::task::JoinHandle<Got>,
}

impl Firm {
    async fn start() -> Self {
        let partner = Partner::with((1..=3).map(expert).collect()).await;
        let (first, other) = (Arc::new(partner.server.twin().await), Arc::new(partner.server.twin().await));
        Self { partner, first, other }
    }

    fn request(&self, method: Method, path: &str, body: Body) -> Request {
        Request {
            idempotency_key: format!("{method} {path}"),
            method,
            path: format!("/claims/api/v1{path}"),
            key: ("pid", self.partner.key.clone()),
            body,
        }
    }

    /// Books at the first server; the attempt has written everything but not committed.
    async fn book(&self) -> UnderWay {
        let found = self.partner.search(&on_site()).await;
        let book = self.request(Method::POST, "/appointments", Body::Json(booking(&found, 0, "CASE")));
        let held = self.first.services.core.store.hold_commits();
        let one = book.spawn(&self.first);
        until("the first attempt waits for its commit", || held.waiting() > 0).await;
        UnderWay { book, held, one }
    }

    async fn count(&self) -> usize {
        self.partner.get("/appointments").await.expect(200)["data"].as_array().unwrap().len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_of_any_partner_write_waits_for_the_first_attempt_and_answers_as_it_did() {
    let firm = Firm::start().await;
    let found = firm.partner.search(&on_site()).await;
    let held = {
        let request = firm.request(Method::POST, "/holds", Body::Json(hold(&found, 0)));
        let answers = three_times(&firm.first, &firm.other, &request).await;
        all_as_the_first(&request, &answers);
        answers[0].json()["holdID"].as_str().unwrap().to_owned()
    };
    let release = firm.request(Method::DELETE, &format!("/holds/{held}"), Body::None);
    all_as_the_first(&release, &three_times(&firm.first, &firm.other, &release).await);

    let book = firm.request(Method::POST, "/appointments", Body::Json(booking(&found, 0, "CASE")));
    let answers = three_times(&firm.first, &firm.other, &book).await;
    all_as_the_first(&book, &answers);
    assert_eq!(firm.count().await, 1);
    let booked = answers[0].json();
    let id = booked["id"].as_str().unwrap();

    let mut request = on_site();
    request["appointmentId"] = id.into();
    let again = firm.partner.search(&request).await;
    let to = json!({ "timeslot": again["timeslots"][3], "sessionID": again["sessionID"], "reason": "Autre" });
    let contact = json!({ "firstName": "Jean", "lastName": "Dupont", "userInfo": { "mobilePhone": "+33612345678" } });
    let changes = [
        firm.request(Method::PUT, &format!("/appointments/{id}/schedule"), Body::Json(to)),
        firm.request(Method::PUT, &format!("/appointments/{id}/contact"), Body::Json(contact)),
        firm.request(Method::POST, &format!("/appointments/{id}/cancel"), Body::Json(json!({ "reason": "Autre" }))),
    ];
    for change in changes {
        all_as_the_first(&change, &three_times(&firm.first, &firm.other, &change).await);
    }
    let kinds = firm.partner.get(&format!("/appointments/{id}")).await.expect(200);
    assert_eq!(kinds["data"][0]["status"], "cancelled", "{kinds}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_does_the_work_when_the_first_attempt_was_undone() {
    for to_another_server in [false, true] {
        let firm = Firm::start().await;
        let UnderWay { book, held, one } = firm.book().await;
        let two = book.spawn(if to_another_server { &firm.other } else { &firm.first });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!two.is_finished(), "it does not wait");
        held.undo();
        let (one, two) = (one.await.unwrap(), two.await.unwrap());
        two.expect(201);
        // On PostgreSQL a transaction that was undone is tried again; a SQLite file that fails stays so.
        assert!(one.status == 503 || told(&one) == told(&two), "{} {}", one.status, one.text);
        assert_eq!(firm.count().await, 1);
        assert_eq!(told(&book.send(&firm.other).await), told(&two));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_that_would_be_refused_for_any_reason_hears_what_was_done() {
    let firm = Firm::start().await;
    // Its session is over, its time is taken, its hold is gone: all by the time it is repeated.
    let found = firm.partner.search(&on_site()).await;
    let keep = firm.request(Method::POST, "/holds", Body::Json(hold(&found, 0)));
    let book = firm.request(Method::POST, "/appointments", Body::Json(booking(&found, 0, "CASE")));
    let kept = keep.send(&firm.first).await;
    let booked = book.send(&firm.first).await;
    kept.expect(201);
    booked.expect(201);
    firm.partner.server.clock.advance(SignedDuration::from_secs(301));
    for server in [&firm.first, &firm.other] {
        assert_eq!(told(&book.send(server).await), told(&booked));
        assert_eq!(told(&keep.send(server).await), told(&kept));
    }
    // Its session is not even readable any more. The key still tells.
    let altered = Request { body: Body::Json(json!({ "sessionID": "none" })), ..book.clone() };
    assert_eq!(altered.send(&firm.other).await.status, 400, "a body that is not valid is named as such");
    let mut body = booking(&found, 0, "CASE");
    body["sessionID"] = "none".into();
    let other_request = Request { body: Body::Json(body), ..book };
    assert_eq!(other_request.send(&firm.other).await.status, 422, "another request under the same key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_not_kept_under_the_key() {
    let partner = Partner::with(vec![expert(1)]).await;
    let (first, other) = (Arc::new(partner.server.twin().await), Arc::new(partner.server.twin().await));
    let firm = Firm { partner, first, other };
    let mine = firm.partner.search(&on_site()).await;
    let theirs = firm.partner.search(&all_of_first_day(on_site())).await;
    let same = offer_at(&theirs, &mine["timeslots"][0]["startTime"]);
    let kept =
        firm.request(Method::POST, "/holds", Body::Json(hold(&theirs, same))).send(&firm.first).await.expect(201);
    let book = firm.request(Method::POST, "/appointments", Body::Json(booking(&mine, 0, "CASE")));
    for server in [&firm.first, &firm.other] {
        assert_eq!(book.send(server).await.expect(409)["value"], 10);
    }
    let path = format!("/holds/{}", kept["holdID"].as_str().unwrap());
    firm.request(Method::DELETE, &path, Body::None).send(&firm.other).await.expect(200);
    let booked = book.send(&firm.first).await;
    booked.expect(201);
    assert_eq!(told(&book.send(&firm.other).await), told(&booked));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_that_waits_in_vain_hears_503_and_the_next_one_hears_what_was_done() {
    let firm = Firm::start().await;
    let UnderWay { book, held, one } = firm.book().await;
    let (two, three) = (book.spawn(&firm.first), book.spawn(&firm.other));
    for late in [two.await.unwrap(), three.await.unwrap()] {
        assert_eq!(late.status, 503, "{}", late.text);
        assert!(late.headers.contains_key("retry-after"));
    }
    drop(held);
    let one = one.await.unwrap();
    one.expect(201);
    for server in [&firm.first, &firm.other] {
        assert_eq!(told(&book.send(server).await), told(&one));
    }
    assert_eq!(firm.count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_goes_away_leaves_an_attempt_that_its_repeat_waits_for() {
    let firm = Firm::start().await;
    let UnderWay { book, held, one } = firm.book().await;
    one.abort();
    let two = book.spawn(&firm.first);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!two.is_finished(), "it does not wait");
    drop(held);
    let two = two.await.unwrap();
    two.expect(201);
    assert_eq!(firm.count().await, 1);
    assert_eq!(told(&book.send(&firm.other).await), told(&two));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_keys_do_not_wait_for_an_attempt_that_is_under_way() {
    let firm = Firm::start().await;
    let more = firm.partner.search(&on_site()).await;
    let UnderWay { book, held, one } = firm.book().await;
    // A read, and a search, at both; another session of another key is refused at once where nothing is written.
    for server in [&firm.first, &firm.other] {
        firm.request(Method::GET, "/appointments", Body::None).send(server).await.expect(200);
    }
    let unknown = Request { idempotency_key: "another".to_owned(), ..book.clone() };
    let mut body = booking(&more, 0, "OTHER");
    body["sessionID"] = "none".into();
    let unknown = Request { body: Body::Json(body), ..unknown };
    let unknown = unknown.spawn(&firm.first);
    let held = if matches!(firm.first.services.core.store.database(), constat_store::Database::File(_)) {
        // On SQLite a refusal that carries a key is given once the transaction under way has ended.
        drop(held);
        None
    } else {
        Some(held)
    };
    assert_eq!(unknown.await.unwrap().status, 404);
    drop(held);
    one.await.unwrap().expect(201);
}

/// A platform on two servers.
struct Platform {
    _server: Server,
    caller: ClaimsCaller,
    first: Arc<Server>,
    other: Arc<Server>,
}

impl Platform {
    async fn start() -> Self {
        let server = Server::start().await;
        let caller = server.platform("Plateforme").await;
        let (first, other) = (Arc::new(server.twin().await), Arc::new(server.twin().await));
        Self { _server: server, caller, first, other }
    }

    async fn three_times(&self, method: Method, path: &str, body: Body) -> Value {
        let request = Request {
            idempotency_key: format!("{method} {path}"),
            method,
            path: format!("/v2{path}"),
            key: ("key", self.caller.key.clone()),
            body,
        };
        let answers = three_times(&self.first, &self.other, &request).await;
        all_as_the_first(&request, &answers);
        answers[0].json()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_of_a_claims_write_waits_for_the_first_attempt_and_answers_as_it_did() {
    let platform = Platform::start().await;
    let declaration = fixtures::stolen_bike();
    let created = platform.three_times(Method::POST, "/claims", Body::Json(declaration.clone())).await;
    let id = created["data"]["id"].as_str().unwrap().to_owned();
    let path = |rest: &str| format!("/claims/{id}{rest}");
    platform.three_times(Method::PUT, &path("/documents"), Body::Form(POLICE_REPORT)).await;
    // The last document submits the claim, which then takes no draft's documents any more.
    let last = Body::Json(document(KEYS_PHOTO, &fixtures::pdf()));
    let last = platform.three_times(Method::PUT, &path("/documents?autoSubmit=true"), last).await;
    assert_eq!(last["claim"]["status"], "submitted");
    let next = |to: &str| Body::Json(json!({ "to": to }));
    platform.three_times(Method::POST, &path("/transitions"), next("in_progress")).await;
    let refund = Body::Json(json!({ "type": "refund", "amount": 150.0 }));
    let settlement = platform.three_times(Method::POST, &path("/settlements"), refund).await;
    let settlement = settlement["data"]["id"].as_str().unwrap().to_owned();
    platform.three_times(Method::POST, &path(&format!("/settlements/{settlement}/paid")), Body::Json(json!({}))).await;
    platform.three_times(Method::POST, &path(&format!("/settlements/{settlement}/returned")), Body::None).await;
    let title = Body::Json(json!({ "title": "Autre pièce" }));
    platform.three_times(Method::POST, &path("/documents/request"), title).await;
    platform.three_times(Method::POST, &path("/notes"), Body::Json(json!({ "text": "Vu" }))).await;

    let claim = platform.caller.get(&path("")).await;
    assert_eq!(claim.data()["settlements"].as_array().unwrap().len(), 1, "{}", claim.body);
    let all = platform.caller.get(&format!("/claims?userId={}", declaration["userId"].as_str().unwrap())).await;
    assert_eq!(all.body["pagination"]["total"], 1, "{}", all.body);
    // As many files as documents: those of the repeats are gone.
    let (services, later) = (&platform.first.services, jiff::Timestamp::MAX);
    let swept = constat_claims::document_gc::sweep(&services.core.store, &services.claims.documents, later, || {})
        .await
        .unwrap();
    assert!(swept.is_clean(), "{swept:?}");
    assert_eq!((swept.stored, swept.documents), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_of_an_insurers_cancellation_waits_for_the_first_attempt() {
    let platform = Platform::start().await;
    let (_, claim) = platform.caller.submitted(&fixtures::water_damage(), &[fixtures::DAMAGE_PHOTO]).await;
    let insurer = platform.first.insurer("Allianz", "02000402").await;
    let key = platform.first.key(Api::Dossier, platform.caller.tenant.org, insurer, Mode::Test).await;
    let request = Request {
        method: Method::DELETE,
        path: format!("/v1/claims/{claim}"),
        key: ("ctoken", key),
        idempotency_key: "give-up".to_owned(),
        body: Body::None,
    };
    let answers = three_times(&platform.first, &platform.other, &request).await;
    all_as_the_first(&request, &answers);
    assert_eq!(answers[0].json()["description"], "OK: abandoned");
}
