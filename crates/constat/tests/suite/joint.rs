//! Joint appointments: the experts of several firms, or several workers of one, at one time. All of
//! them are booked, moved and cancelled, or none.

use std::sync::Arc;

use constat_client::wire::partner::{AppointmentStatus, Kind};
use constat_client::{DossierClient, Options, PartnerClient};
use constat_domain::expert::{Expert, Skills, Trade};
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::{Api, Mode};
use constat_store::StoreError;
use constat_store::queries::api_keys;
use constat_testkit::{Firm, artisan, expert};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::partner_support::{Got, Partner, all_of_first_day, booking, offer_at, on_site, repair, send};
use crate::platform_support::{World, booking as claim_booking, read, refusal, refused, search, submitted, uuid};

/// A platform with the keys of two firms.
pub struct Two {
    pub partner: Partner,
    pub other: Firm,
    pub other_key: String,
}

impl Two {
    pub async fn with(ours: Vec<Expert>, theirs: Vec<Expert>) -> Self {
        let partner = Partner::with(ours).await;
        let other = partner.server.firm_with_experts("Autre cabinet", theirs).await;
        let other_key = partner.server.partner_key(&other, partner.platform).await;
        Self { partner, other, other_key }
    }

    /// An adversarial expertise with an expert of each firm.
    pub fn request(&self) -> Value {
        adversarial(&[&self.other])
    }

    /// Asks the other firm.
    pub async fn there(&self, method: Method, path: &str, body: &Value) -> Got {
        with_key(&self.partner, &self.other_key, method, path, body).await
    }

    async fn list_there(&self) -> Vec<Value> {
        appointments(&self.partner, &self.other_key).await
    }

    async fn list_here(&self) -> Vec<Value> {
        appointments(&self.partner, &self.partner.key).await
    }

    /// Everything that stands: the starts here and there.
    pub async fn standing(&self) -> (Vec<Value>, Vec<Value>) {
        (standing(&self.list_here().await), standing(&self.list_there().await))
    }

    /// Books an ordinary visit of the other firm at the start of a slot.
    pub async fn take_there(&self, slot: &Value) {
        let found = self.there(Method::POST, "/intervention", &alone_within(slot)).await.expect(200);
        self.there(Method::POST, "/appointments", &booking(&found, 0, "ALONE")).await.expect(201);
    }
}

async fn with_key(partner: &Partner, key: &str, method: Method, path: &str, body: &Value) -> Got {
    let url = format!("{}/claims/api/v1{path}", partner.server.url);
    let request = partner.server.http.request(method.clone(), url).header("pid", key);
    send(if method == Method::GET { request } else { request.json(body) }).await
}

pub async fn appointments(partner: &Partner, key: &str) -> Vec<Value> {
    let list = with_key(partner, key, Method::GET, "/appointments", &Value::Null).await.expect(200);
    list["data"].as_array().unwrap().clone()
}

pub fn standing(known: &[Value]) -> Vec<Value> {
    let booked = known.iter().filter(|known| known["status"] == "booked");
    booked.map(|known| known["schedule"]["startTime"].clone()).collect()
}

/// An ordinary visit within the time of a slot.
pub fn alone_within(slot: &Value) -> Value {
    let mut alone = on_site();
    (alone["dateFrom"], alone["dateTo"]) = (slot["startTime"].clone(), slot["endTime"].clone());
    alone
}

fn adversarial(others: &[&Firm]) -> Value {
    let mut request = on_site();
    request["type"]["name"] = "CONTRADICTOIRE".into();
    request["parties"] = others.iter().map(|firm| json!({ "firm": firm.org.to_string() })).collect();
    request
}

/// Painting and a pipe: two trades, both wanted at once.
pub fn two_trades() -> Value {
    let mut request = repair();
    request["damages"] = json!([
        { "damageNature": "Immobilier", "damageDetail": "PeinturePapiersPeints" },
        { "damageNature": "Immobilier", "damageDetail": "Plomberie" },
    ]);
    request["allTrades"] = true.into();
    request
}

pub fn start(slot: &Value) -> String {
    slot["startTime"].as_str().unwrap().to_owned()
}

async fn move_to(partner: &Partner, id: &str, found: &Value, slot: usize) -> Got {
    let mut body = booking(found, slot, "unused");
    body["reason"] = "ClientIndisponible".into();
    partner.put(&format!("/appointments/{id}/schedule"), &body).await
}

#[tokio::test]
async fn the_experts_of_two_firms_meet_from_search_to_cancellation() {
    let two = Two::with(vec![expert(1)], vec![expert(2)]).await;
    let Two { partner, other, .. } = &two;
    let found = partner.search(&two.request()).await;
    let slot = &found["timeslots"][0];
    let check = format!("/availabilities/{}", slot["id"].as_str().unwrap());
    assert_eq!(&partner.get(&check).await.expect(200), slot);

    let mut body = booking(&found, 0, "CASE-1");
    body["notes"] = "Digicode 1234".into();
    body["contact"] = json!({ "firstName": "Jean", "lastName": "Dupont" });
    let main = partner.post("/appointments", &body).await.expect(201);
    let id = main["id"].as_str().unwrap();
    let joint = &main["joint"];
    assert_eq!((&joint["main"], joint["parties"].as_array().unwrap().len()), (&main["id"], 2));
    assert_eq!(joint["parties"][0], json!({ "appointmentId": id, "firm": partner.firm.org.to_string() }));
    assert_eq!(joint["parties"][1]["firm"], other.org.to_string());
    assert_eq!(partner.get(&check).await.status, 404);

    // The other firm sees its own part: when, where and which case, not who or what else.
    let theirs = appointments(partner, &other.own_key).await;
    assert_eq!(theirs, two.list_there().await);
    assert_eq!(theirs.len(), 1);
    assert_eq!(theirs[0]["id"], joint["parties"][1]["appointmentId"]);
    for same in ["type", "address", "caseNumber", "status", "joint"] {
        assert_eq!(theirs[0][same], main[same], "{same}");
    }
    assert_eq!(start(&theirs[0]["schedule"]), start(slot));
    assert_eq!(theirs[0]["expert"]["displayName"], "Expert 002");
    assert!(theirs[0].get("notes").is_none() && theirs[0].get("customer").is_none());
    let theirs = theirs[0]["id"].as_str().unwrap();
    assert_eq!(partner.get(&format!("/appointments/{theirs}")).await.status, 404, "with a key of another firm");

    // Both calendars hold it.
    let starts = |found: &Value| -> Vec<String> { found["timeslots"].as_array().unwrap().iter().map(start).collect() };
    let alone = alone_within(slot);
    for key in [&partner.key, &two.other_key] {
        let found = with_key(partner, key, Method::POST, "/intervention", &alone).await.expect(200);
        assert_eq!(starts(&found), [""; 0]);
    }

    // Cancelled, both are free again.
    let reason = json!({ "reason": "RendezVousNonUtile", "comment": "Parties agreed" });
    let cancelled = partner.post(&format!("/appointments/{id}/cancel"), &reason).await.expect(200);
    assert_eq!(cancelled["data"]["cancellation"]["comment"], "Parties agreed");
    let theirs = &two.list_there().await[0];
    assert_eq!(theirs["status"], "cancelled");
    assert_eq!(theirs["cancellation"]["reason"], "RendezVousNonUtile");
    assert!(theirs["cancellation"].get("comment").is_none(), "what was said to one firm is not told to the other");
    for key in [&partner.key, &two.other_key] {
        let found = with_key(partner, key, Method::POST, "/intervention", &alone).await.expect(200);
        assert!(starts(&found).contains(&start(slot)));
    }
}

#[tokio::test]
async fn a_move_takes_both_along_and_a_failed_one_leaves_both() {
    let two = Two::with(vec![expert(1)], vec![expert(2)]).await;
    let partner = &two.partner;
    let made = partner.booked(&two.request(), "CASE-1").await;
    let id = made["id"].as_str().unwrap();
    let mut again = two.request();
    again["appointmentId"] = id.into();
    // The parties are those of the appointment, told or not; its own time counts as free on both sides.
    let found = partner.search(&again).await;
    again.as_object_mut().unwrap().remove("parties");
    let untold = partner.search(&again).await;
    let starts = |found: &Value| -> Vec<String> { found["timeslots"].as_array().unwrap().iter().map(start).collect() };
    assert_eq!(starts(&untold), starts(&found));
    assert!(starts(&found).contains(&start(&made["schedule"])));

    // Somebody takes the other expert's time: nothing moves.
    let at = starts(&found).iter().position(|at| *at != start(&made["schedule"])).unwrap();
    two.take_there(&found["timeslots"][at]).await;
    let refused = move_to(partner, id, &found, at).await;
    assert_eq!((refused.status, refused.json()["value"].clone()), (409, json!(10)));
    let kept = vec![made["schedule"]["startTime"].clone()];
    let taken = found["timeslots"][at]["startTime"].clone();
    let (here, there) = two.standing().await;
    assert_eq!(here, kept);
    assert!(there.contains(&kept[0]) && there.contains(&taken) && there.len() == 2);

    // Both free: both move. The session was not spent by the refusal.
    let to = (0..starts(&found).len()).find(|slot| *slot != at && starts(&found)[*slot] != start(&made["schedule"]));
    let to = to.unwrap();
    let moved = move_to(partner, id, &found, to).await.expect(200);
    assert_eq!(moved["data"]["joint"], made["joint"]);
    let (here, there) = two.standing().await;
    assert_eq!(here, [found["timeslots"][to]["startTime"].clone()]);
    assert!(there.contains(&here[0]) && !there.contains(&kept[0]));
    assert_eq!(move_to(partner, id, &found, to).await.expect(200)["data"]["schedule"], moved["data"]["schedule"]);
}

#[tokio::test]
async fn the_other_firms_part_does_not_move_alone_and_cancelling_it_cancels_all() {
    let two = Two::with(vec![expert(1)], vec![expert(2)]).await;
    let partner = &two.partner;
    partner.booked(&two.request(), "CASE-1").await;
    let part = two.list_there().await.remove(0);
    let path = format!("/appointments/{}", part["id"].as_str().unwrap());

    let mut search = two.request();
    search["appointmentId"] = part["id"].clone();
    search.as_object_mut().unwrap().remove("parties");
    let refused = two.there(Method::POST, "/intervention", &search).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["appointmentId".to_owned()]));
    let found = two.there(Method::POST, "/intervention", &on_site()).await.expect(200);
    let mut body = booking(&found, 0, "unused");
    body["reason"] = "ClientIndisponible".into();
    let refused = two.there(Method::PUT, &format!("{path}/schedule"), &body).await;
    assert_eq!((refused.status, refused.json()["value"].clone()), (409, json!(9)));
    assert!(refused.json()["description"].as_str().unwrap().contains("main"), "{}", refused.text);

    // Notes are each firm's own; the address is everybody's.
    let mut data = part.clone();
    data["notes"] = "Venir avec l'humidimètre".into();
    let changed = two.there(Method::PUT, &path, &json!({ "data": data })).await.expect(200);
    assert_eq!(changed["data"]["notes"], "Venir avec l'humidimètre");
    data["address"]["street1"] = "50 boulevard des Batignolles".into();
    let refused = two.there(Method::PUT, &path, &json!({ "data": data })).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["data.address".to_owned()]));
    let main = two.list_here().await.remove(0);
    assert!(main.get("notes").is_none());
    let mut data = main.clone();
    data["address"]["street1"] = "50 boulevard des Batignolles".into();
    let main_path = format!("/appointments/{}", main["id"].as_str().unwrap());
    partner.put(&main_path, &json!({ "data": data })).await.expect(200);
    assert_eq!(two.list_there().await[0]["address"]["street1"], "50 boulevard des Batignolles");
    assert_eq!(two.list_there().await[0]["notes"], "Venir avec l'humidimètre");

    // By the firm itself, with its own key.
    let cancelled = with_key(partner, &two.other.own_key, Method::DELETE, &path, &json!({ "reason": "Autre" })).await;
    assert_eq!(cancelled.expect(200)["data"]["status"], "cancelled");
    assert_eq!(two.standing().await, (Vec::new(), Vec::new()));
    assert_eq!(two.list_here().await[0]["cancellation"]["reason"], "Autre");
}

#[tokio::test]
async fn whoever_else_of_the_same_firm_keeps_the_promised_time() {
    let two = Two::with(vec![expert(1)], vec![expert(2), expert(3)]).await;
    let partner = &two.partner;
    let found = partner.search(&two.request()).await;
    two.take_there(&found["timeslots"][0]).await;
    let taken_by = two.list_there().await[0]["expert"]["id"].clone();
    partner.post("/appointments", &booking(&found, 0, "CASE-1")).await.expect(201);
    let there = two.list_there().await;
    assert_eq!(there.len(), 2);
    assert_eq!(there.iter().filter(|known| known["expert"]["id"] == taken_by).count(), 1);
    assert_eq!(standing(&there)[0], standing(&there)[1]);
    // Nobody is left there: nothing is booked here either.
    let found = partner.search(&two.request()).await;
    two.take_there(&found["timeslots"][0]).await;
    two.take_there(&found["timeslots"][0]).await;
    let refused = partner.post("/appointments", &booking(&found, 0, "CASE-2")).await;
    assert_eq!((refused.status, refused.json()["value"].clone()), (409, json!(10)));
    assert_eq!(two.list_here().await.len(), 1);
}

#[tokio::test]
async fn what_is_offered_for_several_can_be_booked_and_nobody_is_in_two_places() {
    let two = Two::with((1..=2).map(expert).collect(), (11..=13).map(expert).collect()).await;
    let places = [(48.8838, 2.3220), (48.80, 2.13), (48.95, 2.55)];
    for step in 0..24_usize {
        let mut request = if step % 4 == 3 { on_site() } else { two.request() };
        let (lat, long) = places[step % places.len()];
        request["appointmentLocation"]["position"] = json!({ "lat": lat, "long": long });
        let found = two.partner.search(&request).await;
        let slots = found["timeslots"].as_array().unwrap().len();
        let body = booking(&found, step * 7 % slots, &format!("CASE-{step}"));
        two.partner.post("/appointments", &body).await.expect(201);
    }
    for (known, count) in [(two.list_here().await, 24), (two.list_there().await, 18)] {
        assert_eq!(known.len(), count);
        let text = |known: &Value, of: &str, name: &str| known[of][name].as_str().unwrap().to_owned();
        let visit = |known: &Value| {
            (text(known, "expert", "id"), text(known, "schedule", "startTime"), text(known, "schedule", "endTime"))
        };
        let mut visits: Vec<_> = known.iter().map(visit).collect();
        visits.sort();
        assert!(visits.windows(2).all(|two| two[0].0 != two[1].0 || two[0].2 < two[1].1), "{visits:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_clients_and_one_joint_slot() {
    let two = Two::with(vec![expert(1)], vec![expert(2)]).await;
    let mut bodies = Vec::new();
    for client in 0..30 {
        let found = two.partner.search(&two.request()).await;
        bodies.push(booking(&found, 0, &format!("CASE-{client}")));
    }
    // Ordinary visits want the same time in one of the two calendars.
    let mut alone = Vec::new();
    for key in [&two.partner.key, &two.other_key] {
        for client in 0..5 {
            let request = all_of_first_day(on_site());
            let found = with_key(&two.partner, key, Method::POST, "/intervention", &request).await.expect(200);
            let same = offer_at(&found, &bodies[0]["timeslot"]["startTime"]);
            alone.push((key.clone(), booking(&found, same, &format!("ALONE-{client}"))));
        }
    }
    let two = Arc::new(two);
    let joint = bodies.into_iter().map(|body| (true, two.partner.key.clone(), body));
    let alone = alone.into_iter().map(|(key, body)| (false, key, body));
    let sent = joint.chain(alone).map(|(joint, key, body)| {
        let two = Arc::clone(&two);
        let send = async move { with_key(&two.partner, &key, Method::POST, "/appointments", &body).await };
        tokio::spawn(async move { (joint, send.await) })
    });
    let answers: Vec<(bool, Got)> = join_all(sent).await.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|(_, got)| matches!(got.status, 201 | 409)));
    let together = answers.iter().filter(|(joint, got)| *joint && got.status == 201).count();
    let alone = answers.iter().filter(|(joint, got)| !joint && got.status == 201).count();
    let (here, there) = (two.list_here().await, two.list_there().await);
    assert_eq!(here.len() + there.len(), 2 * together + alone);
    assert!(together == 1 || alone > 0, "{together} together, {alone} alone");
    let halves = |known: &[Value]| known.iter().filter(|known| known["joint"].is_object()).count();
    assert_eq!((halves(&here), halves(&there)), (together, together), "no half bookings");
    assert!(here.len() <= 1 && there.len() <= 1, "one visit at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_clients_who_all_want_both_experts() {
    let two = Arc::new(Two::with(vec![expert(1)], vec![expert(2)]).await);
    let found = two.partner.search(&two.request()).await;
    let bodies: Vec<Value> = {
        let mut bodies = vec![booking(&found, 0, "CASE-0")];
        for client in 1..30 {
            bodies.push(booking(&two.partner.search(&two.request()).await, 0, &format!("CASE-{client}")));
        }
        bodies
    };
    let sent = bodies.into_iter().map(|body| {
        let two = Arc::clone(&two);
        tokio::spawn(async move { two.partner.post("/appointments", &body).await })
    });
    let statuses: Vec<u16> = join_all(sent).await.into_iter().map(|got| got.unwrap().status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 29, "{statuses:?}");
    assert_eq!((two.list_here().await.len(), two.list_there().await.len()), (1, 1));
}

#[tokio::test]
async fn the_same_request_twice_is_one_meeting() {
    let two = Two::with(vec![expert(1)], vec![expert(2)]).await;
    let body = two.partner.first_booking(&two.request(), "CASE-1").await;
    let first = two.partner.post("/appointments", &body).await.expect(201);
    let again = two.partner.post("/appointments", &body).await.expect(201);
    assert_eq!(first["joint"], again["joint"]);
    assert_eq!((two.list_here().await.len(), two.list_there().await.len()), (1, 1));
}

#[tokio::test]
async fn firms_that_cannot_be_asked_are_refused_by_field_and_say_nothing_of_themselves() {
    let two = Two::with(vec![expert(1)], vec![expert(2)]).await;
    let Two { partner, other, .. } = &two;
    let stranger = partner.server.firm_with_experts("Cabinet inconnu", vec![expert(3)]).await;
    let live = partner.server.firm_with_experts_in(Mode::Live, "Cabinet en production", vec![expert(4)]).await;
    partner.server.partner_key(&live, partner.platform).await;
    let refused = async |parties: Value| {
        let mut request = on_site();
        request["type"]["name"] = "CONTRADICTOIRE".into();
        request["parties"] = parties;
        let got = partner.post("/intervention", &request).await;
        assert_eq!(got.status, 400, "{}", got.text);
        let errors = got.json()["errors"].as_array().unwrap().clone();
        let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
        errors.iter().map(|error| (text(error, "field"), text(error, "message"))).collect::<Vec<_>>()
    };
    let firm = |firm: &Firm| json!({ "firm": firm.org.to_string() });
    let nobody = refused(json!([{ "firm": "org_06E3ZQK8X5V2M0TQ9R7H4B1CDS" }])).await;
    assert_eq!(nobody[0].0, "parties[0].firm");
    assert_eq!(refused(json!([firm(&stranger)])).await, nobody, "one that gave no key is as unknown as none");
    assert_eq!(refused(json!([firm(&live)])).await, nobody, "a key of the other mode is none");
    assert_eq!(refused(json!([{ "firm": "x" }])).await, nobody);
    let twice = refused(json!([firm(other), firm(other)])).await;
    assert_eq!((twice.len(), twice[0].0.as_str()), (1, "parties[1].firm"));
    assert!(twice[0].1.contains("both sides"));
    let own = refused(json!([firm(&partner.firm)])).await;
    assert_eq!((own.len(), own[0].0.as_str()), (1, "parties[0].firm"));
    let many = refused(json!([firm(other), firm(&stranger), firm(&live), firm(&partner.firm)])).await;
    assert_eq!(many[0].0, "parties");
    let blank = refused(json!([{ "firm": other.org.to_string(), "insurer": { "id": "" } }])).await;
    assert_eq!(blank[0].0, "parties[0].insurer.id");

    for (change, field) in
        [(json!({ "parties": [firm(other)] }), "parties"), (json!({ "allTrades": true }), "allTrades")]
    {
        let mut request = on_site();
        request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let got = partner.post("/intervention", &request).await;
        assert_eq!((got.status, got.fields()), (400, vec![field.to_owned()]));
    }
    // Without parties it is one expert of the firm that is asked.
    let alone = partner.booked(&adversarial(&[]), "ALONE").await;
    assert!(alone.get("joint").is_none());
    assert_eq!(two.list_there().await.len(), 0);
}

#[tokio::test]
async fn each_party_is_judged_for_its_own_insurer_and_told_when_none_is_free_together() {
    let named = |number: u16, insurer: &str| Expert {
        skills: Skills { insurers: Some(vec![insurer.to_owned()]), ..expert(number).skills },
        ..expert(number)
    };
    // Ours is approved by the claim's insurer, theirs by another one.
    let two = Two::with(vec![named(1, "02000402")], vec![named(2, "00000002")]).await;
    let mut request = two.request();
    assert!(!two.partner.search(&request).await["timeslots"].as_array().unwrap().is_empty());
    request["parties"][0]["insurer"] = json!({ "id": "00000003" });
    let none = two.partner.search(&request).await;
    assert_eq!(none["timeslots"], json!([]));
    let code = |found: &Value, code: &str| found["reasons"].as_array().unwrap().iter().any(|row| row["code"] == code);
    assert!(code(&none, "insurer") && code(&none, "not_together"), "{none}");
    request["parties"][0]["insurer"] = json!({ "id": "00000002" });
    let made = two.partner.booked(&request, "CASE-1").await;
    // Moved, the party is still judged for its insurer.
    request["appointmentId"] = made["id"].clone();
    request.as_object_mut().unwrap().remove("parties");
    let found = two.partner.search(&request).await;
    move_to(&two.partner, made["id"].as_str().unwrap(), &found, 1).await.expect(200);
    assert_eq!(two.standing().await.0, two.standing().await.1);
}

#[tokio::test]
async fn three_parties_and_the_firm_make_four_appointments() {
    let partner = Partner::with(vec![expert(1)]).await;
    let mut others = Vec::new();
    for number in 2..=4 {
        let firm = partner.server.firm_with_experts(&format!("Cabinet {number}"), vec![expert(number)]).await;
        partner.server.partner_key(&firm, partner.platform).await;
        others.push(firm);
    }
    let made = partner.booked(&adversarial(&others.iter().collect::<Vec<_>>()), "CASE-1").await;
    assert_eq!(made["joint"]["parties"].as_array().unwrap().len(), 4);
    for firm in &others {
        let theirs = appointments(&partner, &firm.own_key).await;
        assert_eq!(theirs.len(), 1);
        assert_eq!(theirs[0]["schedule"]["startTime"], made["schedule"]["startTime"]);
    }
}

#[tokio::test]
async fn two_workers_come_together_for_two_trades() {
    let partner =
        Partner::with(vec![artisan(1, &[Trade::Plumbing]), artisan(2, &[Trade::Painting]), artisan(3, &[])]).await;
    let made = partner.booked(&two_trades(), "REN-1").await;
    let known = appointments(&partner, &partner.key).await;
    assert_eq!(known.len(), 2);
    assert_eq!(known[0]["schedule"]["startTime"], known[1]["schedule"]["startTime"]);
    let mut names: Vec<&str> = known.iter().map(|known| known["expert"]["displayName"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Artisan 001", "Artisan 002"]);
    // Both move, and their own times count as free.
    let mut again = two_trades();
    again["appointmentId"] = made["id"].clone();
    let found = partner.search(&again).await;
    let starts: Vec<String> = found["timeslots"].as_array().unwrap().iter().map(start).collect();
    assert!(starts.contains(&start(&made["schedule"])));
    let at = starts.iter().position(|at| *at != start(&made["schedule"])).unwrap();
    move_to(&partner, made["id"].as_str().unwrap(), &found, at).await.expect(200);
    let known = appointments(&partner, &partner.key).await;
    assert_eq!(standing(&known), [json!(starts[at]), json!(starts[at])]);
    // A search that leaves the damages out means those of the appointment: both move again.
    let mut bare = on_site();
    bare["type"]["name"] = "REN".into();
    bare["appointmentId"] = made["id"].clone();
    let found = partner.search(&bare).await;
    let starts: Vec<String> = found["timeslots"].as_array().unwrap().iter().map(start).collect();
    move_to(&partner, made["id"].as_str().unwrap(), &found, 0).await.expect(200);
    let known = appointments(&partner, &partner.key).await;
    assert_eq!(standing(&known), [json!(starts[0]), json!(starts[0])]);
    // Both go when one of them is called off.
    let second = known.iter().find(|known| known["id"] != made["id"]).unwrap()["id"].as_str().unwrap();
    partner.send(partner.request(Method::DELETE, &format!("/appointments/{second}"))).await.expect(200);
    assert_eq!(standing(&appointments(&partner, &partner.key).await), [Value::Null; 0]);
    // Without allTrades it is one worker who holds what can be held.
    let mut one = two_trades();
    one.as_object_mut().unwrap().remove("allTrades");
    assert!(partner.booked(&one, "REN-2").await.get("joint").is_none());
}

#[tokio::test]
async fn a_worker_who_holds_both_trades_comes_alone_and_others_step_in() {
    let both = [Trade::Plumbing, Trade::Painting];
    let people = vec![artisan(1, &both[..1]), artisan(2, &both[1..]), artisan(3, &both)];
    let partner = Partner::with(people).await;
    let found = partner.search(&two_trades()).await;
    let bodies: Vec<Value> = vec![booking(&found, 0, "REN-1"), {
        let found = partner.search(&two_trades()).await;
        booking(&found, 0, "REN-2")
    }];
    assert_eq!(bodies[0]["timeslot"]["startTime"], bodies[1]["timeslot"]["startTime"]);
    let alone = partner.post("/appointments", &bodies[0]).await.expect(201);
    assert_eq!(alone["expert"]["displayName"], "Artisan 003");
    assert!(alone.get("joint").is_none());
    // The time was promised again before: the two others keep it together.
    let pair = partner.post("/appointments", &bodies[1]).await.expect(201);
    assert_eq!(pair["joint"]["parties"].as_array().unwrap().len(), 2);
    assert_eq!(pair["schedule"]["startTime"], alone["schedule"]["startTime"]);
    assert_eq!(appointments(&partner, &partner.key).await.len(), 3);

    // Moved to where the one who holds both is free, the pair becomes one visit, and the time of the
    // other worker is free again.
    let mut again = two_trades();
    again["appointmentId"] = pair["id"].clone();
    let found = partner.search(&again).await;
    let starts: Vec<String> = found["timeslots"].as_array().unwrap().iter().map(start).collect();
    let at = starts.iter().position(|at| *at != start(&pair["schedule"])).unwrap();
    let moved = move_to(&partner, pair["id"].as_str().unwrap(), &found, at).await.expect(200);
    assert_eq!(moved["data"]["expert"]["displayName"], "Artisan 003");
    assert!(moved["data"].get("joint").is_none());
    assert_eq!(standing(&appointments(&partner, &partner.key).await).len(), 2);
    // And back to where that worker is busy: somebody else joins again.
    let schedule = &alone["schedule"];
    (again["dateFrom"], again["dateTo"]) = (schedule["startTime"].clone(), schedule["endTime"].clone());
    let found = partner.search(&again).await;
    let moved = move_to(&partner, pair["id"].as_str().unwrap(), &found, 0).await.expect(200);
    assert_eq!(moved["data"]["joint"]["parties"].as_array().unwrap().len(), 2);
    assert_eq!(standing(&appointments(&partner, &partner.key).await).len(), 3);
}

#[tokio::test]
async fn a_trade_that_nobody_holds_is_told() {
    let partner = Partner::with(vec![artisan(1, &[Trade::Plumbing])]).await;
    let found = partner.search(&two_trades()).await;
    assert_eq!(found["timeslots"], json!([]));
    assert_eq!(found["reasons"], json!([{ "code": "not_together", "count": 1 }]));
}

#[tokio::test]
async fn a_firm_that_takes_its_key_back_is_not_booked_any_more() {
    let two = Two::with(vec![expert(1)], vec![expert(2)]).await;
    let found = two.partner.search(&two.request()).await;
    let (firm, platform) = (two.other.org, two.partner.platform);
    let now = two.partner.server.services.core.clock.now();
    let revoked = two.partner.server.services.core.store.write(move |tx| {
        for mut key in api_keys::of_issuer_and_holder(tx, firm, platform)? {
            key.revoked_at = Some(now);
            api_keys::update(tx, &key)?;
        }
        Ok::<_, StoreError>(())
    });
    revoked.await.unwrap();
    let slot = format!("/availabilities/{}", found["timeslots"][0]["id"].as_str().unwrap());
    assert_eq!(two.partner.get(&slot).await.status, 404);
    assert_eq!(two.partner.post("/appointments", &booking(&found, 0, "CASE-1")).await.status, 409);
    assert_eq!(two.list_here().await.len(), 0);
    assert_eq!(appointments(&two.partner, &two.other.own_key).await.len(), 0);
    let refused = two.partner.post("/intervention", &two.request()).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["parties[0].firm".to_owned()]));
}

#[tokio::test]
async fn a_platform_brings_two_firms_to_a_claim_and_only_the_one_it_appointed_reads_the_file() {
    let kinds = [ServiceKind::Adversarial, ServiceKind::RepairInKind];
    let world = World::with(vec![expert(1)], &kinds).await;
    let other = world.server.firm_with_experts("Autre cabinet", vec![expert(2)]).await;
    let (id, claim_id) = submitted(&world.claims).await;
    let mut wanted = search("CONTRADICTOIRE");
    wanted.parties = read(json!([{ "firm": other.org.to_string(), "insurer": { "id": "00000002" } }]));
    let unknown = refused(world.claims.search_appointments(&id, &wanted).await);
    assert_eq!((unknown.status, unknown.fields[0].field.as_str()), (400, "parties[0].firm"));

    world.server.partner_key(&other, world.caller.tenant.org).await;
    let found = world.claims.search_appointments(&id, &wanted).await.unwrap();
    let booked = world.claims.book_appointment(&id, &claim_booking(&found, 0)).await.unwrap();
    let client = |key: &str| {
        let base = format!("{}{}", world.server.url, PartnerClient::BASE_PATH);
        PartnerClient::new(&base, key, Options::default()).unwrap()
    };
    let there = client(&other.own_key);
    let theirs = there.list_appointments(&read(json!({}))).await.unwrap().data.remove(0);
    assert_eq!(theirs.schedule.start_time, booked.timeslot.start_time);
    assert_eq!(theirs.joint.unwrap().main, booked.partner_appointment_id);

    // The file is open to the firm that was appointed for the claim's own side.
    let file = uuid(&claim_id);
    world.dossier.pull_claim(&file).await.unwrap();
    let key = world.server.key(Api::Dossier, world.caller.tenant.org, other.org, Mode::Test).await;
    let base = format!("{}{}", world.server.url, DossierClient::BASE_PATH);
    let opposite = DossierClient::new(&base, &key, Options::default()).unwrap();
    assert_eq!(refusal(opposite.pull_claim(&file).await).0, 404);

    let reason = read(json!({ "reason": "RendezVousNonUtile" }));
    world.claims.cancel_appointment(&id, &booked.id, &reason).await.unwrap();
    let theirs = there.list_appointments(&read(json!({}))).await.unwrap().data.remove(0);
    assert_eq!(theirs.status, Some(AppointmentStatus::Cancelled));

    wanted.kind = Kind::RepairInKind;
    let refused = refused(world.claims.search_appointments(&id, &wanted).await);
    assert_eq!((refused.status, refused.fields[0].field.as_str()), (400, "parties"));
}
