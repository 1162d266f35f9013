//! A visit's own life after it was booked: who is met changes, and in the end it takes place.

use constat_client::wire::appointments::{ClaimAppointment, ModifyClaimAppointment};
use constat_client::wire::claims::CreateWebhook;
use constat_client::wire::common::Customer;
use constat_client::wire::partner::AppointmentStatus;
use constat_domain::expert::Trade;
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::{Api, Mode, OrganisationKind};
use constat_testkit::{ClaimsCaller, OpenApiChecker, artisan, expert};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::platform_support::{World, booking, read, refusal, refused, search, submitted, uuid};
use crate::receiver::Receiver;

async fn start() -> World {
    World::set_to(vec![expert(1), expert(2)], &[ServiceKind::OnSite], |settings| {
        settings.webhooks.allow_private = true;
    })
    .await
}

/// Books the n-th slot of a search.
async fn booked(world: &World, claim: &str, kind: &str, slot: usize) -> ClaimAppointment {
    let found = world.claims.search_appointments(claim, &search(kind)).await.unwrap();
    world.claims.book_appointment(claim, &booking(&found, slot)).await.unwrap()
}

fn jean_dupont() -> Customer {
    read(json!({ "firstName": "Jean", "lastName": "Dupont", "userInfo": { "mobilePhone": "+33612345678" } }))
}

fn notes(text: &str) -> ModifyClaimAppointment {
    ModifyClaimAppointment { contact: None, notes: Some(text.to_owned()) }
}

/// A receiver of these kinds of events.
async fn receiver(world: &World, kinds: &[&str]) -> Receiver {
    let receiver = Receiver::start().await;
    let events = kinds.iter().map(|&kind| kind.to_owned()).collect();
    let webhook = CreateWebhook { url: receiver.url(), events, ..CreateWebhook::default() };
    world.claims.create_webhook(&webhook).await.unwrap();
    receiver
}

/// What was sent: its kinds, after each message was held against the document.
async fn sent(world: &World, receiver: &Receiver) -> Vec<Value> {
    world.server.deliverer().drain().await.unwrap();
    let bodies: Vec<Value> = receiver.messages().into_iter().map(|message| message.body).collect();
    for body in &bodies {
        let kind = body["event_type"].as_str().unwrap();
        assert_eq!(OpenApiChecker::shared().message_faults(kind, body), Vec::<String>::new());
    }
    bodies
}

#[tokio::test]
async fn who_is_met_changes_at_the_partner_first_and_then_here() {
    let world = start().await;
    let receiver = receiver(&world, &["v2.appointment.modified"]).await;
    let (id, claim_id) = submitted(&world.claims).await;
    let visit = booked(&world, &id, "ESS", 0).await;
    let change = ModifyClaimAppointment { contact: Some(jean_dupont()), ..notes("Digicode 1234") };
    let modified = world.claims.modify_appointment(&claim_id, &visit.id, &change).await.unwrap();
    assert_eq!((modified.contact.as_ref(), modified.notes.as_deref()), (Some(&jean_dupont()), Some("Digicode 1234")));
    assert_eq!((&modified.timeslot, modified.status), (&visit.timeslot, AppointmentStatus::Booked));
    assert_eq!(world.claims.read_appointment(&id, &visit.id).await.unwrap(), modified);
    let at_firm = || async { world.partner.read_appointment(&visit.partner_appointment_id).await.unwrap().unwrap() };
    let there = at_firm().await;
    assert_eq!((there.customer.as_ref(), there.notes.as_deref()), (Some(&jean_dupont()), Some("Digicode 1234")));
    assert_eq!(there.address.unwrap().zip_code, "75017");

    // Said again it changes nothing here, and is told to nobody again.
    assert_eq!(world.claims.modify_appointment(&id, &visit.id, &change).await.unwrap(), modified);
    assert_eq!(world.events(&id).iter().filter(|kind| *kind == "v2.appointment.modified").count(), 1);

    // What the firm's own people changed meanwhile stays, where nobody asks for something else.
    let other = Customer { first_name: "Jeanne".to_owned(), ..jean_dupont() };
    world.partner.change_contact(&visit.partner_appointment_id, &other).await.unwrap();
    let once = world.claims.idempotent("visit-1").if_match("\"2\"");
    let changed = once.modify_appointment(&id, &visit.id, &notes("")).await.unwrap();
    assert_eq!(once.modify_appointment(&id, &visit.id, &notes("")).await.unwrap(), changed);
    let there = at_firm().await;
    assert_eq!((there.customer.as_ref(), there.notes.as_deref()), (Some(&other), Some("")));
    assert_eq!(refusal(once.modify_appointment(&id, &visit.id, &notes("No")).await), (400, 1000));

    let messages = sent(&world, &receiver).await;
    assert_eq!(messages.len(), 2);
    assert_eq!((&messages[0]["data"]["id"], &messages[0]["event"]["claim"]), (&json!(id), &json!(id)));
    assert!(!messages[0]["event"].to_string().contains("Dupont"), "an event names nobody");
}

#[tokio::test]
async fn a_visit_is_not_changed_by_the_wrong_words_nor_when_it_is_closed() {
    let world = start().await;
    let (id, _) = submitted(&world.claims).await;
    let visit = booked(&world, &id, "ESS", 0).await;
    let path = format!("/claims/{id}/appointments/{}", visit.id);
    for (wrong, field) in [
        (json!({}), ""),
        (json!({ "notes": "x".repeat(4001) }), "notes"),
        (json!({ "contact": { "firstName": " ", "lastName": "Dupont" } }), "contact.firstName"),
        (json!({ "contact": { "firstName": "Jean" } }), "contact.lastName"),
    ] {
        let got = world.caller.patch(&path, &wrong).await;
        assert_eq!((got.status, got.code(), got.fields()), (400, 1000, vec![field]));
    }
    let tried = world.caller.patch(&format!("{path}?dryRun=true"), &json!({ "notes": "Digicode 1234" })).await;
    assert_eq!((tried.header("x-dry-run"), &tried.data()["notes"]), ("true", &json!("Digicode 1234")));
    let stale = world.claims.if_match("\"7\"");
    assert_eq!(refusal(stale.modify_appointment(&id, &visit.id, &notes("No")).await), (412, 3003));
    let unknown = "cap_06E3ZQK8X5V2M0TQ9R7H4B1CDS";
    assert_eq!(refusal(world.claims.modify_appointment(&id, unknown, &notes("No")).await), (404, 2004));
    assert_eq!(refusal(world.claims.modify_appointment("dcl_none", &visit.id, &notes("No")).await), (404, 2001));
    let reason = read(json!({ "reason": "Autre" }));
    world.claims.cancel_appointment(&id, &visit.id, &reason).await.unwrap();
    assert_eq!(refusal(world.claims.modify_appointment(&id, &visit.id, &notes("No")).await), (409, 3003));
    let there = world.partner.read_appointment(&visit.partner_appointment_id).await.unwrap().unwrap();
    assert_eq!(there.notes, None);
}

#[tokio::test]
async fn a_visit_is_done_from_its_start_on_and_the_firm_keeps_the_file_for_its_report() {
    let world = start().await;
    let receiver = receiver(&world, &["v2.appointment.done"]).await;
    let (id, claim_id) = submitted(&world.claims).await;
    let visit = booked(&world, &id, "ESS", 0).await;
    let path = format!("/claims/{id}/appointments/{}/done", visit.id);
    let broker = world.server.organisation(OrganisationKind::Platform, "Courtier").await;
    let key = world.server.key(Api::Claims, world.caller.tenant.org, broker, Mode::Test).await;
    let integrator = ClaimsCaller { key, ..world.caller.clone() };
    integrator.post(&path, &json!({})).await.is_error(404, 2001);
    let start = visit.timeslot.start_time.0;
    world.server.clock.set(start.checked_sub(SignedDuration::from_secs(1)).unwrap());
    let early = refused(world.claims.appointment_done(&id, &visit.id).await);
    assert_eq!((early.status, early.code), (409, 3003));
    assert!(early.message.contains("has not begun"), "{}", early.message);

    world.server.clock.set(start);
    let stale = world.claims.if_match("\"7\"");
    assert_eq!(refusal(stale.appointment_done(&id, &visit.id).await), (412, 3003));
    let tried = world.caller.post(&format!("{path}?dryRun=true"), &json!({})).await;
    assert_eq!((tried.header("x-dry-run"), &tried.data()["status"]), ("true", &json!("done")));
    assert_eq!(world.claims.read_appointment(&id, &visit.id).await.unwrap(), visit);
    let once = world.claims.idempotent("done-1");
    let done = once.appointment_done(&claim_id, &visit.id).await.unwrap();
    assert_eq!((done.status, &done.timeslot), (AppointmentStatus::Done, &visit.timeslot));
    assert_eq!(once.appointment_done(&claim_id, &visit.id).await.unwrap(), done);
    assert_eq!(world.claims.read_appointment(&id, &visit.id).await.unwrap(), done);
    let kinds = world.events(&id);
    assert_eq!(kinds[kinds.len() - 2..], ["v2.appointment.done", "claim.milestone.recorded"]);
    let milestones = world.claims.deadlines(&id).await.unwrap().milestones;
    assert_eq!(
        serde_json::to_value(&milestones).unwrap(),
        json!([{ "kind": "visit", "date": start.to_string()[..10] }])
    );

    // Done is done.
    let reason = read(json!({ "reason": "Autre" }));
    assert_eq!(refusal(world.claims.appointment_done(&id, &visit.id).await), (409, 3003));
    assert_eq!(refusal(world.claims.cancel_appointment(&id, &visit.id, &reason).await), (409, 3003));
    assert_eq!(refusal(world.claims.modify_appointment(&id, &visit.id, &notes("No")).await), (409, 3003));

    // The firm writes its report, and may come again; the first visit's day stays.
    let again = booked(&world, &id, "ESS", 3).await;
    world.server.clock.set(again.timeslot.start_time.0);
    world.claims.appointment_done(&id, &again.id).await.unwrap();
    assert_eq!(world.claims.deadlines(&id).await.unwrap().milestones, milestones);
    world.server.clock.advance(SignedDuration::from_hours(24 * 200));
    assert!(world.dossier.pull_claim(&uuid(&claim_id)).await.is_ok());

    let messages = sent(&world, &receiver).await;
    let told = |message: &Value| message["event"]["data"]["status"].clone();
    assert_eq!(messages.iter().map(told).collect::<Vec<_>>(), ["done", "done"]);
}

#[tokio::test]
async fn the_visit_of_an_artisan_is_no_expertise() {
    let people = vec![artisan(1, &[Trade::Painting, Trade::Flooring])];
    let world = World::with(people, &[ServiceKind::RepairInKind]).await;
    let (id, _) = submitted(&world.claims).await;
    let visit = booked(&world, &id, "REN", 0).await;
    world.server.clock.set(visit.timeslot.end_time.0);
    assert_eq!(world.claims.appointment_done(&id, &visit.id).await.unwrap().status, AppointmentStatus::Done);
    assert_eq!(world.claims.deadlines(&id).await.unwrap().milestones, []);
}
