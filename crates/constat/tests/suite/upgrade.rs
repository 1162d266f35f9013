//! A new version: servers replaced one after the other under load, and a schema that is ahead of them.
#![cfg(unix)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use constat_testkit::postgres::TestDatabase;
use jiff::SignedDuration;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::cli::{Folder, Running, Starting, ask, done, folder_with_organisations, install_tls, now, refused, sample};

/// A firm with three experts, and the key of a platform that may book them.
struct Firm {
    folder: Folder,
    key: String,
}

fn address() -> Value {
    json!({ "street1": "48 boulevard des Batignolles", "zipCode": "75017", "city": "Paris", "countryCode": "FR" })
}

/// Three weeks of visits.
fn search() -> Value {
    json!({
        "type": { "name": "ESS" }, "dateFrom": now(), "dateTo": now() + SignedDuration::from_hours(24 * 21),
        "customerType": "individual", "insurerClaimId": "U1", "appointmentLocation": { "address": address() },
    })
}

fn booking(found: &Value, slot: usize, case: &str) -> Value {
    json!({
        "timeslot": found["timeslots"][slot], "sessionID": found["sessionID"], "caseNumber": case,
        "location": { "address": address() },
    })
}

impl Firm {
    fn new() -> Self {
        install_tls();
        let folder = folder_with_organisations();
        let path = folder.path();
        done(path, &["import", "experts", &sample("experts.csv"), "--organisation", "Cabinet", "--mode", "test"]);
        let issue = ["--issuer", "Cabinet", "--holder", "Plateforme", "--mode", "test"];
        let key = done(path, &[&["keys", "create", "--api", "partner"], &issue[..]].concat());
        Self { folder, key }
    }

    fn request(&self, http: &Client, method: Method, server: &str, path: &str) -> RequestBuilder {
        http.request(method, format!("{server}/claims/api/v1{path}")).header("pid", &self.key)
    }
}

/// Shares requests out among the servers that said last that they are ready, as a proxy does.
#[derive(Default)]
struct Balancer {
    servers: Mutex<Vec<(String, bool)>>,
    turn: AtomicUsize,
    /// Requests that found no server ready and waited.
    waited: AtomicUsize,
    /// Told after each round of looks.
    looked: Notify,
}

impl Balancer {
    fn add(&self, url: &str) {
        self.servers.lock().unwrap().push((url.to_owned(), false));
    }

    fn forget(&self, url: &str) {
        self.servers.lock().unwrap().retain(|(known, _)| known != url);
    }

    fn ready(&self) -> Vec<String> {
        let servers = self.servers.lock().unwrap();
        servers.iter().filter(|(_, ready)| *ready).map(|(url, _)| url.clone()).collect()
    }

    async fn pick(&self) -> String {
        let mut stood = false;
        loop {
            let ready = self.ready();
            if !ready.is_empty() {
                return ready[self.turn.fetch_add(1, Ordering::Relaxed) % ready.len()].clone();
            }
            if !std::mem::replace(&mut stood, true) {
                self.waited.fetch_add(1, Ordering::Relaxed);
            }
            self.looked.notified().await;
        }
    }

    /// Asks each for its readiness, ten times a second.
    async fn watch(self: Arc<Self>) {
        let http = Client::builder().timeout(Duration::from_secs(2)).build().unwrap();
        let mut rounds = tokio::time::interval(Duration::from_millis(100));
        loop {
            rounds.tick().await;
            let urls: Vec<String> = self.servers.lock().unwrap().iter().map(|(url, _)| url.clone()).collect();
            for url in urls {
                let answer = http.get(format!("{url}/health/ready")).send().await;
                let is_ready = answer.is_ok_and(|answer| answer.status() == 200);
                for known in self.servers.lock().unwrap().iter_mut().filter(|(known, _)| *known == url) {
                    known.1 = is_ready;
                }
            }
            self.looked.notify_waiters();
        }
    }

    async fn until_ready(&self, url: &str) {
        while !self.ready().iter().any(|ready| ready == url) {
            self.looked.notified().await;
        }
    }
}

/// What the clients did, and what went wrong.
#[derive(Default)]
struct Log {
    booked: Mutex<Vec<String>>,
    searches: AtomicUsize,
    faults: Mutex<Vec<String>>,
}

/// One client: searches, books, reads, lists and cancels every other visit, until told to stop.
struct Visitor {
    number: usize,
    firm: Arc<Firm>,
    balancer: Arc<Balancer>,
    http: Client,
    log: Arc<Log>,
}

impl Visitor {
    async fn tell(&self, method: Method, path: &str, body: &Value, expected: &[u16]) -> Option<(u16, Value)> {
        let server = self.balancer.pick().await;
        let asked = format!("{method} {path}");
        let request = self.firm.request(&self.http, method, &server, path);
        let request = if body.is_null() { request } else { request.json(body) };
        let told = async {
            let answer = request.send().await?;
            Ok::<_, reqwest::Error>((answer.status().as_u16(), answer.text().await?))
        };
        let fault = match told.await {
            Ok((status, text)) if expected.contains(&status) => {
                return Some((status, serde_json::from_str(&text).unwrap()));
            }
            Ok((status, text)) => format!("{asked}: {status} {text}"),
            Err(error) => format!("{asked}: {error:?}"),
        };
        self.log.faults.lock().unwrap().push(fault);
        None
    }

    async fn round(&self, round: usize) -> Option<()> {
        let (_, found) = self.tell(Method::POST, "/intervention", &search(), &[200]).await?;
        self.log.searches.fetch_add(1, Ordering::Relaxed);
        let slots = found["timeslots"].as_array().map_or(0, Vec::len);
        if slots == 0 {
            return Some(());
        }
        let body = booking(&found, self.number % slots, &format!("CASE-{}-{round}", self.number));
        let (status, booked) = self.tell(Method::POST, "/appointments", &body, &[201, 409]).await?;
        if status == 409 {
            return Some(());
        }
        let id = booked["appointmentID"].as_str().unwrap().to_owned();
        self.tell(Method::GET, &format!("/appointments/{id}"), &Value::Null, &[200]).await?;
        if round.is_multiple_of(8) {
            self.log.booked.lock().unwrap().push(id);
        } else {
            let path = format!("/appointments/{id}/cancel");
            self.tell(Method::POST, &path, &json!({ "reason": "Autre" }), &[200]).await?;
        }
        Some(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_are_restarted_one_after_the_other_and_no_request_fails() {
    let firm = Arc::new(Firm::new());
    let (balancer, log, stop) = (Arc::<Balancer>::default(), Arc::<Log>::default(), Arc::<AtomicBool>::default());
    let environment = [("CONSTAT_REQUESTS__NOTICE_SECONDS", "1")];
    // One SQLite file has one server: requests stand in line at the balancer while it is restarted.
    let number = if TestDatabase::wanted() == TestDatabase::Postgres { 2 } else { 1 };
    let mut servers: Vec<Running> = (0..number).map(|_| Running::with(firm.folder.path(), &environment)).collect();
    for server in &servers {
        balancer.add(&server.url);
    }
    let watch = tokio::spawn(Arc::clone(&balancer).watch());
    for server in &servers {
        balancer.until_ready(&server.url).await;
    }
    let visitors: Vec<_> = (0..4)
        .map(|number| {
            let (firm, balancer, log) = (Arc::clone(&firm), Arc::clone(&balancer), Arc::clone(&log));
            let (stop, visitor) = (Arc::clone(&stop), Visitor { number, firm, balancer, http: Client::new(), log });
            tokio::spawn(async move {
                let mut round = 0;
                while !stop.load(Ordering::Relaxed) && visitor.round(round).await.is_some() {
                    round += 1;
                }
            })
        })
        .collect();
    for _ in 0..number {
        let (old, before) = (servers.remove(0), log.searches.load(Ordering::Relaxed));
        let url = old.url.clone();
        assert!(tokio::task::spawn_blocking(move || old.terminate()).await.unwrap(), "SIGTERM ends it well");
        balancer.forget(&url);
        let folder = Arc::clone(&firm);
        let fresh = tokio::task::spawn_blocking(move || Running::with(folder.folder.path(), &environment));
        let fresh = fresh.await.unwrap();
        balancer.add(&fresh.url);
        balancer.until_ready(&fresh.url).await;
        servers.push(fresh);
        // The new one has had its share before the next is stopped.
        while log.searches.load(Ordering::Relaxed) < before + 8 && log.faults.lock().unwrap().is_empty() {
            balancer.looked.notified().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for visitor in visitors {
        visitor.await.unwrap();
    }
    watch.abort();
    assert_eq!(*log.faults.lock().unwrap(), Vec::<String>::new());
    assert!(number == 1 || balancer.waited.load(Ordering::Relaxed) == 0, "some server was always ready");
    let booked = log.booked.lock().unwrap().clone();
    assert!(!booked.is_empty());
    let http = Client::new();
    for id in booked {
        let read = firm.request(&http, Method::GET, &servers[0].url, &format!("/appointments/{id}"));
        assert_eq!(ask(read).await.0, 200, "acknowledged by a server that is gone");
    }
}

/// What a release after this one might bring: it only adds.
const LATER: &str = "ALTER TABLE appointments ADD COLUMN later TEXT; \
    ALTER TABLE events ADD COLUMN later BIGINT NOT NULL DEFAULT 7; \
    ALTER TABLE claims ADD COLUMN later TEXT; \
    CREATE TABLE later (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL); \
    CREATE INDEX appointments_later ON appointments (later); \
    INSERT INTO schema_version (version) VALUES (1000)";

#[tokio::test]
async fn an_old_server_goes_on_with_a_schema_that_is_ahead_and_starts_unless_it_needs_what_is_gone() {
    let (firm, http) = (Firm::new(), Client::new());
    let path = firm.folder.path();
    let server = Running::serve(path);
    let send = |server: &str, method, path: &str, body: &Value| {
        let request = firm.request(&http, method, server, path);
        ask(if body.is_null() { request } else { request.json(body) })
    };
    let (status, before) = send(&server.url, Method::POST, "/intervention", &search()).await;
    assert_eq!(status, 200, "{before}");
    // The next version's first server brings the schema on while this one serves.
    firm.folder.run_sql(LATER);
    let (status, booked) = send(&server.url, Method::POST, "/appointments", &booking(&before, 0, "CASE-1")).await;
    assert_eq!(status, 201, "{booked}");
    let id = booked["appointmentID"].as_str().unwrap().to_owned();
    let (status, after) = send(&server.url, Method::POST, "/intervention", &search()).await;
    assert_eq!(status, 200, "{after}");
    assert_ne!(after["timeslots"][0]["startTime"], before["timeslots"][0]["startTime"]);
    let read = format!("/appointments/{id}");
    assert_eq!(send(&server.url, Method::GET, &read, &Value::Null).await.0, 200);
    assert!(server.terminate());

    // One of this version starts again, or is taken back: it says so and serves.
    let mut starting = Starting::with(path, &[]);
    let told = starting.until("ahead of this program");
    assert!(told.contains("found=1000"), "{told}");
    let server = starting.serving();
    assert_eq!(send(&server.url, Method::GET, &read, &Value::Null).await.0, 200);
    let (status, booked) = send(&server.url, Method::POST, "/appointments", &booking(&after, 0, "CASE-2")).await;
    assert_eq!(status, 201, "{booked}");
    drop(server);

    // A later step took away what this version uses.
    firm.folder.run_sql("UPDATE schema_version SET needs = 999 WHERE version = 1000");
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["keys", "list"]] {
        let said = refused(path, command);
        assert!(said.contains("step 1000") && said.contains("start a version that knows step 999"), "{said}");
    }
}
