//! Several servers on one database: what one commits, the others know.

use std::collections::BTreeSet;
use std::sync::Arc;

use constat_testkit::{Server, expert};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::holds::hold;
use crate::partner_support::{Got, Partner, booking, on_site, send};

/// A request to one of the nodes.
async fn ask(partner: &Partner, node: &Server, method: Method, path: &str, body: &Value) -> Got {
    let url = format!("{}/claims/api/v1{path}", node.url);
    send(partner.server.http.request(method, url).header("pid", &partner.key).json(body)).await
}

async fn search(partner: &Partner, node: &Server) -> Value {
    ask(partner, node, Method::POST, "/intervention", &on_site()).await.expect(200)
}

fn first(found: &Value) -> String {
    found["timeslots"][0]["startTime"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_books_moves_keeps_and_cancels_the_next_search_of_another_knows() {
    let partner = Partner::with(vec![expert(1)]).await;
    let twin = partner.server.twin().await;
    // Both have the firm's calendars in memory from here on.
    let here = partner.search(&on_site()).await;
    let free = first(&search(&partner, &twin).await);
    assert_eq!(first(&here), free);

    let booked = partner.post("/appointments", &booking(&here, 0, "CASE")).await.expect(201);
    let there = search(&partner, &twin).await;
    assert_ne!(first(&there), free, "booked elsewhere");

    // Moved on the other node, with a session that the first one made.
    let id = booked["id"].as_str().unwrap();
    let mut request = on_site();
    request["appointmentId"] = id.into();
    let mut again = partner.search(&request).await;
    let last = again["timeslots"].as_array().unwrap().len() - 1;
    let change =
        json!({ "timeslot": again["timeslots"][last].take(), "sessionID": again["sessionID"], "reason": "Autre" });
    ask(&partner, &twin, Method::PUT, &format!("/appointments/{id}/schedule"), &change).await.expect(200);
    assert_eq!(first(&partner.search(&on_site()).await), free, "moved away elsewhere");

    let held = ask(&partner, &twin, Method::POST, "/holds", &hold(&search(&partner, &twin).await, 0)).await.expect(201);
    assert_ne!(first(&partner.search(&on_site()).await), free, "kept elsewhere");
    let path = format!("/holds/{}", held["holdID"].as_str().unwrap());
    partner.send(partner.request(Method::DELETE, &path)).await.expect(200);
    assert_eq!(first(&search(&partner, &twin).await), free, "let go elsewhere");

    let moved = change["timeslot"]["startTime"].as_str().unwrap();
    let offers = |found: &Value| found["timeslots"].as_array().unwrap().iter().any(|slot| slot["startTime"] == moved);
    let mut whole = on_site();
    whole["limit"] = 30.into();
    partner.post(&format!("/appointments/{id}/cancel"), &json!({ "reason": "Autre" })).await.expect(200);
    let found = ask(&partner, &twin, Method::POST, "/intervention", &whole).await.expect(200);
    assert!(offers(&found) || first(&found) == free, "cancelled elsewhere");
    let booked = ask(&partner, &twin, Method::POST, "/appointments", &booking(&found, 0, "C-2")).await.expect(201);
    assert_eq!(booked["status"], "booked", "{booked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_clients_of_three_nodes_and_one_time_of_the_only_expert() {
    let partner = Arc::new(Partner::with(vec![expert(1)]).await);
    let nodes = Arc::new([partner.server.twin().await, partner.server.twin().await, partner.server.twin().await]);
    let mut bodies = Vec::new();
    for client in 0..60 {
        let found = search(&partner, &nodes[client % 3]).await;
        bodies.push(booking(&found, 0, &format!("CASE-{client}")));
    }
    let times: BTreeSet<String> = bodies.iter().map(|body| body["timeslot"]["startTime"].to_string()).collect();
    assert_eq!(times.len(), 1);
    // Each at another node than the one that offered.
    let sent = bodies.into_iter().enumerate().map(|(client, body)| {
        let (partner, nodes) = (Arc::clone(&partner), Arc::clone(&nodes));
        tokio::spawn(async move { ask(&partner, &nodes[(client + 1) % 3], Method::POST, "/appointments", &body).await })
    });
    let answers: Vec<Got> = join_all(sent).await.into_iter().map(|answer| answer.unwrap()).collect();
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    let count = |status| statuses.iter().filter(|known| **known == status).count();
    assert_eq!((count(201), count(409)), (1, 59), "{statuses:?}");
    assert_eq!(partner.get("/appointments").await.expect(200)["data"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_of_three_nodes_fill_the_calendars_without_an_overlap() {
    let partner = Arc::new(Partner::with((1..=6).map(expert).collect()).await);
    let nodes = Arc::new([partner.server.twin().await, partner.server.twin().await, partner.server.twin().await]);
    let clients = (0..24).map(|client: usize| {
        let (partner, nodes) = (Arc::clone(&partner), Arc::clone(&nodes));
        tokio::spawn(async move {
            let mut booked = Vec::new();
            for round in 0..6 {
                let found = search(&partner, &nodes[(client + round) % 3]).await;
                let slots = found["timeslots"].as_array().unwrap().len();
                if slots == 0 {
                    break;
                }
                let body = booking(&found, (client * 7 + round) % slots, &format!("CASE-{client}-{round}"));
                let mut answer = ask(&partner, &nodes[client % 3], Method::POST, "/appointments", &body).await;
                // Four servers write to one SQLite file here, each in its turn: on a machine that is busy
                // enough one may be told to come back, and nothing was done.
                while answer.status == 503 {
                    assert!(answer.headers.contains_key("retry-after"), "{}", answer.text);
                    answer = ask(&partner, &nodes[client % 3], Method::POST, "/appointments", &body).await;
                }
                match answer.status {
                    201 => booked.push(answer.json()["id"].as_str().unwrap().to_owned()),
                    409 => {}
                    other => panic!("{other}: {}", answer.text),
                }
            }
            booked
        })
    });
    let acknowledged: BTreeSet<String> = join_all(clients).await.into_iter().flat_map(|ids| ids.unwrap()).collect();
    assert!(acknowledged.len() > 40, "{}", acknowledged.len());
    let mut taken: Vec<(String, String, String)> = Vec::new();
    let mut known = BTreeSet::new();
    for number in 0..3 {
        known.clear();
        taken.clear();
        let all =
            ask(&partner, &nodes[number], Method::GET, "/appointments?limit=1000", &Value::Null).await.expect(200);
        for one in all["data"].as_array().unwrap() {
            let text = |pointer: &str| one.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            known.insert(text("/id"));
            taken.push((text("/expert/id"), text("/schedule/startTime"), text("/schedule/endTime")));
        }
        assert_eq!(known, acknowledged, "node {number}");
    }
    taken.sort();
    for pair in taken.windows(2) {
        let ((one, _, end), (other, start, _)) = (&pair[0], &pair[1]);
        assert!(one != other || end <= start, "{pair:?}");
    }
}
