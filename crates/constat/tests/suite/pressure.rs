//! More is asked than can be done: who is served, who is asked to come back, and that no answer is wrong.

use std::time::{Duration, Instant};

use constat_core::{RequestSettings, Settings};
use constat_domain::tenancy::{Api, Mode, OrganisationKind};
use constat_testkit::{Server, ServerOptions, expert};
use futures_util::future::join_all;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::partner_support::{Got, Partner, booking, by_video, send};

/// Maximum wait for what must come.
const WAIT_TIMEOUT: Duration = Duration::from_secs(20);

fn options(requests: RequestSettings) -> ServerOptions {
    ServerOptions { settings: Settings { requests, ..Settings::default() }, ..ServerOptions::default() }
}

/// A firm, and a platform that may book with it, on a server with these bounds.
async fn partner(requests: RequestSettings) -> Partner {
    let server = Server::with(options(requests)).await;
    let firm = server.firm_with_experts("Cabinet d'expertise", vec![expert(1)]).await;
    let platform = server.organisation(OrganisationKind::Platform, "Plateforme").await;
    let key = server.partner_key(&firm, platform).await;
    Partner { server, firm, platform, key }
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap()
}

/// A request whose body never comes: it holds its place as long as it is open.
async fn stuck(server: &Server, path: &str, header: &str, key: &str) -> TcpStream {
    let mut stream = connect(server).await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: constat\r\n{header}: {key}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn stuck_search(partner: &Partner) -> TcpStream {
    stuck(&partner.server, "/claims/api/v1/intervention", "pid", &partner.key).await
}

async fn until(server: &Server, metric: &str, value: u64) {
    let reached = async { while server.metric(metric).await != value {} };
    tokio::time::timeout(WAIT_TIMEOUT, reached)
        .await
        .unwrap_or_else(|_late| panic!("{metric} does not become {value}"));
}

const AT_WORK: &str = "constat_at_work{of=\"requests\"}";
const WAITING: &str = "constat_waiting{of=\"requests\"}";

#[tokio::test]
async fn one_key_floods_and_another_gets_through_at_once() {
    let bounds = RequestSettings { at_work: 4, waiting: 4, wait_ms: 60_000, ..RequestSettings::default() };
    let partner = partner(bounds).await;
    let other = partner.server.organisation(OrganisationKind::Platform, "Autre plateforme").await;
    let other = partner.server.partner_key(&partner.firm, other).await;
    let mut flood = Vec::new();
    for _ in 0..5 {
        flood.push(stuck_search(&partner).await);
    }
    until(&partner.server, AT_WORK, 3).await;
    until(&partner.server, WAITING, 2).await;

    let refused = partner.get("/appointments").await;
    assert_eq!(refused.status, 503);
    assert!((1..=3).contains(&refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap()));
    assert_eq!(partner.server.metric("constat_refused_total{of=\"requests\",reason=\"share\"}").await, 1);

    for _ in 0..20 {
        let url = format!("{}/claims/api/v1/appointments", partner.server.url);
        assert_eq!(send(partner.server.http.get(url).header("pid", &other)).await.status, 200);
    }
    drop(flood);
    until(&partner.server, AT_WORK, 0).await;
    partner.get("/appointments").await.expect(200);
}

#[tokio::test]
async fn beyond_the_bounds_each_contract_says_so_in_its_own_form() {
    let bounds = RequestSettings { at_work: 1, waiting: 0, ..RequestSettings::default() };
    let partner = partner(bounds).await;
    let server = &partner.server;
    let claims = server.key(Api::Claims, partner.platform, partner.platform, Mode::Test).await;
    let dossier = server.key(Api::Dossier, partner.platform, partner.firm.org, Mode::Test).await;
    let held = stuck_search(&partner).await;
    until(server, AT_WORK, 1).await;

    let refused = send(server.http.get(format!("{}/v2/catalogue", server.url)).header("key", &claims)).await;
    let body = refused.expect(503);
    assert_eq!((body["success"].as_bool(), body["error"]["code"].as_u64()), (Some(false), Some(1000)));
    assert!(refused.headers.contains_key("retry-after"));
    let claim = format!("{}/v1/claims/0199a1b2-0000-7000-8000-000000000001", server.url);
    for refused in [send(server.http.get(claim).header("ctoken", &dossier)).await, partner.get("/experts").await] {
        let body = refused.expect(503);
        assert_eq!(body["value"], 4);
        assert!(body["description"].as_str().is_some_and(|text| text.contains("too much to do")), "{body}");
        assert!(refused.headers.contains_key("retry-after"));
    }
    // Links that are their own key stand in line too.
    let link = send(server.http.get(format!("{}/v2/files/none", server.url))).await;
    assert_eq!(link.expect(503)["error"]["code"], 1000);
    let page = send(server.http.get(format!("{}/declaration/none", server.url))).await;
    assert_eq!((page.status, page.headers.contains_key("retry-after")), (503, true));

    // What tells whether it lives does not.
    for (path, says) in [("/health", "ok"), ("/health/ready", "ready")] {
        let answer = send(server.http.get(format!("{}{path}", server.url))).await;
        assert_eq!(answer.expect(200)["status"], says);
    }
    assert_eq!(send(server.http.get(format!("{}/openapi/claims.json", server.url))).await.status, 200);
    // Who has no key hears of that first.
    let nobody = send(server.http.get(format!("{}/v2/catalogue", server.url))).await;
    assert_eq!(nobody.status, 401);
    drop(held);
    until(server, AT_WORK, 0).await;
}

#[tokio::test]
async fn no_request_waits_longer_than_the_setting_says() {
    let bounds = RequestSettings { at_work: 1, waiting: 10, wait_ms: 100, ..RequestSettings::default() };
    let partner = partner(bounds).await;
    let _held = stuck_search(&partner).await;
    until(&partner.server, AT_WORK, 1).await;
    let began = Instant::now();
    let waited = tokio::time::timeout(WAIT_TIMEOUT, partner.get("/experts")).await;
    assert_eq!(waited.expect("a limit of 100 ms ends the wait").status, 503);
    assert!(began.elapsed() >= Duration::from_millis(100));
    assert_eq!(partner.server.metric("constat_refused_total{of=\"requests\",reason=\"waited\"}").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_load_that_is_far_too_much_no_answer_is_wrong() {
    let bounds = RequestSettings { at_work: 2, waiting: 6, wait_ms: 20, ..RequestSettings::default() };
    let partner = std::sync::Arc::new(partner(bounds).await);
    let clients = (0..80_usize).map(|client| {
        let partner = std::sync::Arc::clone(&partner);
        tokio::spawn(async move {
            let mut answers = Vec::new();
            for round in 0..4 {
                let found = partner.post("/intervention", &by_video()).await;
                let offers = if found.status == 200 { found.json() } else { Value::Null };
                answers.push(found);
                let offered = offers["timeslots"].as_array().map_or(0, Vec::len);
                if let Some(slot) = (client + round).checked_rem(offered) {
                    let book = booking(&offers, slot, &format!("CASE-{client}-{round}"));
                    answers.push(partner.post("/appointments", &book).await);
                }
            }
            answers
        })
    });
    let answers: Vec<Got> = join_all(clients).await.into_iter().flat_map(|answers| answers.unwrap()).collect();
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    let (booked, taken, refused) = (count(201), count(409), count(503));
    assert_eq!(count(200) + booked + taken + refused, answers.len());
    assert!(booked > 0 && refused > 0, "{booked} booked, {taken} taken, {refused} refused");
    assert!(answers.iter().all(|answer| answer.status != 503 || answer.headers.contains_key("retry-after")));

    // What was acknowledged is there, once, and nothing else; and no search offers any of it.
    let listed = async {
        loop {
            let listed = partner.get("/appointments").await;
            if listed.status == 200 {
                return listed.json();
            }
        }
    };
    let made = tokio::time::timeout(WAIT_TIMEOUT, listed).await.expect("an answer once the load is over");
    let starts: Vec<&str> =
        made["data"].as_array().unwrap().iter().map(|one| one["schedule"]["startTime"].as_str().unwrap()).collect();
    assert_eq!(starts.len(), booked);
    assert_eq!(starts.iter().collect::<std::collections::BTreeSet<_>>().len(), booked, "{starts:?}");
    let offered = partner.search(&by_video()).await;
    for slot in offered["timeslots"].as_array().unwrap() {
        assert!(!starts.contains(&slot["startTime"].as_str().unwrap()), "{slot} is taken");
    }
}

#[tokio::test]
async fn who_sends_slowly_is_not_waited_for() {
    let bounds = RequestSettings { head_seconds: 1, body_seconds: 1, ..RequestSettings::default() };
    let partner = partner(bounds).await;
    let mut slow_head = connect(&partner.server).await;
    slow_head.write_all(b"GET /claims/api/v1/experts HTTP/1.1\r\nhost: con").await.unwrap();
    let mut slow_body = stuck_search(&partner).await;
    let mut told = String::new();
    slow_head.read_to_string(&mut told).await.unwrap();
    assert!(!told.contains(" 200 "), "{told}");
    told.clear();
    slow_body.read_to_string(&mut told).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 400") && told.contains("the body did not arrive in time"), "{told}");
    until(&partner.server, AT_WORK, 0).await;
}

/// Two keys with a few hundred unfinished bodies once kept all others out for as long as they liked.
#[tokio::test]
async fn a_body_that_comes_slowly_makes_room_for_whoever_waits() {
    let bounds = RequestSettings { at_work: 1, waiting: 10, wait_ms: 4000, ..RequestSettings::default() };
    let partner = partner(bounds).await;
    let server = &partner.server;
    let refused = |reason: &str| format!("constat_refused_total{{of=\"requests\",reason=\"{reason}\"}}");
    let _slow = stuck_search(&partner).await;
    until(server, AT_WORK, 1).await;
    partner.get("/appointments").await.expect(200);
    assert_eq!(server.metric(&refused("slow")).await, 1);

    // An upload too.
    let claims = server.key(Api::Claims, partner.platform, partner.platform, Mode::Test).await;
    let mut slow = connect(server).await;
    let head = format!(
        "PUT /v2/claims/none/documents HTTP/1.1\r\nhost: constat\r\nkey: {claims}\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: 1000\r\n\r\n--b\r\n"
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    until(server, AT_WORK, 1).await;
    partner.get("/appointments").await.expect(200);
    assert_eq!((server.metric(&refused("slow")).await, server.metric(&refused("waited")).await), (2, 0));
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let bounds = RequestSettings { connections: 2, ..RequestSettings::default() };
    let server = Server::with(options(bounds)).await;
    let held = [connect(&server).await, connect(&server).await];
    let mut third = connect(&server).await;
    third.write_all(b"GET /health HTTP/1.1\r\nhost: constat\r\n\r\n").await.unwrap();
    let mut told = String::new();
    third.read_to_string(&mut told).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("retry-after: 2"), "{told}");
    drop(held);
    let answers_again = async {
        while !server.http.get(format!("{}/health", server.url)).send().await.is_ok_and(|answer| answer.status() == 200)
        {
        }
    };
    tokio::time::timeout(WAIT_TIMEOUT, answers_again).await.expect("room for a connection again");
}
