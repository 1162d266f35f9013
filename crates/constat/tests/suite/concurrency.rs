//! Many clients at once: one booking for each time, a typed refusal for the rest.

use std::sync::Arc;

use constat_testkit::expert;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::partner_support::{Got, Partner, booking, on_site};

/// Sends every body at once.
async fn all_at_once(partner: &Arc<Partner>, bodies: Vec<Value>) -> Vec<Got> {
    let sent = bodies.into_iter().map(|body| {
        let partner = Arc::clone(partner);
        tokio::spawn(async move { partner.post("/appointments", &body).await })
    });
    join_all(sent).await.into_iter().map(|answer| answer.unwrap()).collect()
}

#[track_caller]
fn one_booked_the_rest_refused(answers: &[Got]) -> String {
    let booked: Vec<&Got> = answers.iter().filter(|answer| answer.status == 201).collect();
    let refused = answers.iter().filter(|answer| answer.status == 409 && answer.json()["value"] == 10).count();
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!((booked.len(), refused), (1, answers.len() - 1), "{statuses:?}");
    booked[0].json()["id"].as_str().unwrap().to_owned()
}

async fn appointments(partner: &Partner) -> Vec<Value> {
    partner.get("/appointments").await.expect(200)["data"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_clients_and_one_slot_of_one_session() {
    let partner = Arc::new(Partner::with(vec![expert(1)]).await);
    let found = partner.search(&on_site()).await;
    let bodies = (0..50).map(|client| booking(&found, 0, &format!("CASE-{client}"))).collect();
    let id = one_booked_the_rest_refused(&all_at_once(&partner, bodies).await);
    let known = appointments(&partner).await;
    assert_eq!((known.len(), known[0]["id"].as_str().unwrap()), (1, id.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_sessions_and_one_time_of_the_only_expert() {
    let partner = Arc::new(Partner::with(vec![expert(1)]).await);
    let mut bodies = Vec::new();
    for session in 0..50 {
        bodies.push(partner.first_booking(&on_site(), &format!("CASE-{session}")).await);
    }
    assert!(bodies.iter().all(|body| body["timeslot"]["startTime"] == bodies[0]["timeslot"]["startTime"]));
    one_booked_the_rest_refused(&all_at_once(&partner, bodies.clone()).await);
    assert_eq!(appointments(&partner).await.len(), 1);
    // A refused session was not spent: it may still book another of its slots.
    let found = partner.search(&on_site()).await;
    partner.post("/appointments", &booking(&found, 0, "LATER")).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_too_late_hears_it_without_waiting_for_the_writes_of_others() {
    let partner = Partner::with(vec![expert(1)]).await;
    let late = partner.first_booking(&on_site(), "LATE").await;
    let mut repeated = partner.first_booking(&on_site(), "FIRST").await;
    partner.post("/appointments", &repeated).await.expect(201);
    partner.search(&on_site()).await;

    // All writers are kept until the answers are there.
    let (go_on, _) = tokio::sync::watch::channel(false);
    let (wait_for_me, mut waits) = tokio::sync::mpsc::unbounded_channel();
    let kept: Vec<_> = (0..8)
        .map(|_| {
            let (store, mut may_go_on) = (partner.server.services.core.store.clone(), go_on.subscribe());
            let (runtime, wait_for_me) = (tokio::runtime::Handle::current(), wait_for_me.clone());
            tokio::spawn(async move {
                let wait = move |_: &mut constat_store::Tx| {
                    wait_for_me.send(()).unwrap();
                    runtime.block_on(may_go_on.wait_for(|go| *go)).unwrap();
                    Ok::<_, constat_store::StoreError>(())
                };
                store.write(wait).await
            })
        })
        .collect();
    waits.recv().await.unwrap();
    let refused = partner.post("/appointments", &late).await;
    refused.expect(409);
    assert!(refused.text.contains("no longer available"), "{}", refused.text);
    go_on.send(true).unwrap();
    for kept in kept {
        kept.await.unwrap().unwrap();
    }

    // A repeat is no conflict, though its time is taken: by itself.
    partner.post("/appointments", &repeated).await.expect(201);
    repeated["caseNumber"] = "ANOTHER".into();
    let other = partner.post("/appointments", &repeated).await;
    other.expect(409);
    assert!(other.text.contains("already used"), "{}", other.text);
    assert_eq!(appointments(&partner).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_case_sent_fifty_times_is_one_appointment() {
    let partner = Arc::new(Partner::with(vec![expert(1)]).await);
    let body = partner.first_booking(&on_site(), "CASE").await;
    let answers = all_at_once(&partner, vec![body; 50]).await;
    let ids: std::collections::BTreeSet<String> =
        answers.iter().map(|answer| answer.expect(201)["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(appointments(&partner).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn overlapping_slots_of_different_lengths_never_both_book() {
    let partner = Arc::new(Partner::with(vec![expert(1)]).await);
    let mut bodies = Vec::new();
    for granularity in ["hour", "halfday", "day"] {
        let mut request = on_site();
        request["desiredGranularity"] = granularity.into();
        request["limit"] = 30.into();
        for case in 0..6 {
            let found = partner.search(&request).await;
            for slot in 0..found["timeslots"].as_array().unwrap().len().min(4) {
                bodies.push(booking(&found, slot, &format!("{granularity}-{case}-{slot}")));
            }
        }
    }
    let answers = all_at_once(&partner, bodies).await;
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)));
    let mut taken: Vec<(String, String)> = appointments(&partner)
        .await
        .iter()
        .map(|known| {
            let at = |name: &str| known["schedule"][name].as_str().unwrap().to_owned();
            (at("startTime"), at("endTime"))
        })
        .collect();
    assert_eq!(taken.len(), answers.iter().filter(|answer| answer.status == 201).count());
    assert!(taken.len() > 1);
    taken.sort();
    assert!(taken.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_promised_twice_is_kept_by_the_second_expert() {
    let partner = Arc::new(Partner::with(vec![expert(1), expert(2)]).await);
    let mut bodies = Vec::new();
    for session in 0..3 {
        bodies.push(partner.first_booking(&on_site(), &format!("CASE-{session}")).await);
    }
    let answers = all_at_once(&partner, bodies.clone()).await;
    let booked: Vec<Value> = answers.iter().filter(|answer| answer.status == 201).map(Got::json).collect();
    assert_eq!(booked.len(), 2, "two experts, two bookings of one time");
    assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), 1);
    assert_eq!(booked[0]["schedule"]["startTime"], booked[1]["schedule"]["startTime"]);
    assert_ne!(booked[0]["expert"]["id"], booked[1]["expert"]["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_moves_to_one_time_end_with_one_there() {
    let partner = Arc::new(Partner::with(vec![expert(1)]).await);
    let mut moves = Vec::new();
    let mut made = Vec::new();
    for case in ["ONE", "TWO"] {
        made.push(partner.booked(&on_site(), case).await);
    }
    let mut wanted = None;
    for known in &made {
        let mut request = on_site();
        request["appointmentId"] = known["id"].clone();
        request["dateFrom"] = "2026-12-01T00:00:00+01:00".into();
        let found = partner.search(&request).await;
        let start = wanted.get_or_insert_with(|| found["timeslots"][0]["startTime"].clone()).clone();
        let slots = found["timeslots"].as_array().unwrap();
        let slot = slots.iter().find(|slot| slot["startTime"] == start).expect("the same time for both");
        let body = json!({ "timeslot": slot, "sessionID": found["sessionID"], "reason": "ClientIndisponible" });
        moves.push((format!("/appointments/{}/schedule", known["id"].as_str().unwrap()), body));
    }
    let sent = moves.into_iter().map(|(path, body)| {
        let partner = Arc::clone(&partner);
        tokio::spawn(async move { partner.put(&path, &body).await.status })
    });
    let mut statuses: Vec<u16> = join_all(sent).await.into_iter().map(|status| status.unwrap()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let there = appointments(&partner).await;
    let arrived = there.iter().filter(|known| Some(&known["schedule"]["startTime"]) == wanted.as_ref()).count();
    let stayed = there
        .iter()
        .filter(|known| made.iter().any(|before| before["schedule"]["startTime"] == known["schedule"]["startTime"]))
        .count();
    assert_eq!((arrived, stayed), (1, 1), "the one that lost keeps the old time");
}
