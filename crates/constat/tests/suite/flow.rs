//! The main job, whole, over HTTP through the typed clients: a loss is declared, an expert or an
//! artisan is booked, the firm pulls the file; then the visit moves, and is cancelled.

use constat_client::wire::claims::ClaimStatus;
use constat_client::wire::partner::{AppointmentStatus, AppointmentType, Kind};
use constat_domain::event_kinds::EventKind;
use constat_domain::expert::Trade;
use constat_domain::service::ServiceKind;
use constat_testkit::{artisan, expert, fixtures};
use serde_json::json;

use crate::platform_support::{PARTNER, World, booking, photo, read, refusal, search, uuid, water_damage};

/// Declares, completes and submits; gives (id, claimId).
async fn declared(world: &World) -> (String, String) {
    let claim = world.claims.create_claim(&water_damage()).await.unwrap();
    assert_eq!((claim.status, claim.can_submit, &claim.claim_id), (ClaimStatus::Draft, false, &None));
    assert_eq!(
        (claim.location.address.as_str(), claim.location.zipcode.as_str()),
        ("48 boulevard des Batignolles", "75017")
    );
    assert!(claim.questions.len() >= 8, "{:?}", claim.questions);
    let waiting: Vec<&str> = claim.document_entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert!(waiting.contains(&fixtures::DAMAGE_PHOTO), "{waiting:?}");
    assert_eq!(refusal(world.claims.submit_claim(&claim.id).await), (409, 3004));
    assert_eq!(refusal(world.claims.search_appointments(&claim.id, &search("ESS")).await), (409, 3003));

    let uploaded = world.claims.upload_file(&claim.id, &photo(), "degats.png", fixtures::png(), false).await.unwrap();
    assert_eq!((uploaded.data.len(), uploaded.data[0].mime_type.as_str()), (1, "image/png"));
    let document = world.claims.read_document(&claim.id, &uploaded.data[0].id).await.unwrap();
    let bytes = world.claims.download(&document.download_url).await.unwrap();
    assert_eq!((bytes.content_type.as_str(), bytes.bytes), ("image/png", fixtures::png()));
    assert!(world.claims.read_claim(&claim.id).await.unwrap().can_submit);

    let submitted = world.claims.submit_claim(&claim.id).await.unwrap();
    assert_eq!(submitted.id, claim.id);
    let read = world.claims.read_claim(&submitted.claim_id).await.unwrap();
    assert_eq!((read.id, read.status), (claim.id.clone(), ClaimStatus::Submitted));
    (claim.id, submitted.claim_id)
}

/// Search, book, pull, move, cancel: the same for an expert and for an artisan.
async fn visit(world: &World, kind: Kind, who: &[&str]) {
    let (id, claim_id) = declared(world).await;
    let file = uuid(&claim_id);
    assert_eq!(refusal(world.dossier.pull_claim(&file).await).0, 404, "no appointment, no mandate");

    // Search and book.
    let found = world.claims.search_appointments(&claim_id, &search(kind.as_str())).await.unwrap();
    assert_eq!((found.partner.as_str(), found.timeslots.len()), (PARTNER, 10));
    assert_eq!(found.expires_at.map(|at| at.to_string()).as_deref(), Some("2026-11-23T07:05:00Z"));
    let body = booking(&found, 0);
    let booked = world.claims.book_appointment(&id, &body).await.unwrap();
    assert_eq!((booked.status, booked.kind), (AppointmentStatus::Booked, kind));
    assert_eq!((&booked.declaration_id, booked.claim_id.as_ref()), (&id, Some(&claim_id)));
    assert_eq!(booked.timeslot.start_time, found.timeslots[0].start_time);
    assert!(who.contains(&booked.expert.as_deref().unwrap_or_default()), "{:?}", booked.expert);
    assert_eq!(booked.location.as_ref().unwrap().address.street1, "48 boulevard des Batignolles");

    // A repeat is the same appointment; another one of the same kind is not had.
    assert_eq!(world.claims.book_appointment(&id, &body).await.unwrap(), booked);
    let again = world.claims.search_appointments(&id, &search(kind.as_str())).await.unwrap();
    assert_eq!(refusal(world.claims.book_appointment(&id, &booking(&again, 1)).await), (409, 3003));

    // Both sides read the same.
    assert_eq!(world.claims.read_appointment(&claim_id, &booked.id).await.unwrap(), booked);
    assert_eq!(world.claims.list_appointments(&id).await.unwrap(), std::slice::from_ref(&booked));
    let theirs = &booked.partner_appointment_id;
    let at_firm = world.partner.read_appointment(theirs).await.unwrap().unwrap();
    assert_eq!((at_firm.kind, at_firm.status), (AppointmentType::Site, Some(AppointmentStatus::Booked)));
    assert_eq!(at_firm.schedule.start_time, booked.timeslot.start_time);
    assert_eq!(at_firm.case_number.as_deref(), Some("SIN-2026-000017"));
    assert_eq!(world.partner.list_appointments(&read(json!({}))).await.unwrap().data.len(), 1);

    // The firm pulls the file and its document.
    let pulled = world.dossier.pull_claim(&file).await.unwrap();
    assert_eq!((pulled.company.id.as_str(), pulled.guarantee.as_str()), ("02000402", "DegatsDesEaux"));
    assert_eq!(pulled.documents.len(), 1);
    let attachment = &pulled.documents[0];
    let by_link = world.dossier.download(&attachment.href).await.unwrap();
    let by_id = world.dossier.pull_file(&file, attachment.id.as_deref().unwrap()).await.unwrap();
    assert_eq!((by_link.bytes, by_id.bytes), (fixtures::png(), fixtures::png()));
    assert_eq!(by_id.content_type, "image/png");

    // Move it.
    let mut wanted = search(kind.as_str());
    wanted.appointment_id = Some(booked.id.clone());
    let free = world.claims.search_appointments(&id, &wanted).await.unwrap();
    let other = free.timeslots.iter().find(|slot| slot.start_time != booked.timeslot.start_time).unwrap();
    let to = read(json!({ "sessionID": free.session_id, "timeslot": other, "reason": "ClientIndisponible" }));
    let moved = world.claims.move_appointment(&id, &booked.id, &to).await.unwrap();
    assert_eq!((&moved.id, moved.timeslot.start_time), (&booked.id, other.start_time));
    assert_eq!(world.claims.move_appointment(&id, &booked.id, &to).await.unwrap(), moved, "a repeat moves nothing");
    let at_firm = world.partner.read_schedule(theirs).await.unwrap();
    assert_eq!(at_firm.start_time, other.start_time);
    assert_eq!(world.claims.read_appointment(&id, &booked.id).await.unwrap(), moved);
    assert!(world.dossier.pull_claim(&file).await.is_ok());

    // Cancel it: the time is free, the mandate is gone, the record stays.
    let reason = read(json!({ "reason": "RendezVousNonUtile", "comment": "Dégâts réparés" }));
    let cancelled = world.claims.cancel_appointment(&id, &booked.id, &reason).await.unwrap();
    assert_eq!(cancelled.status, AppointmentStatus::Cancelled);
    assert_eq!(cancelled.cancellation.as_ref().unwrap().reason, "RendezVousNonUtile");
    assert_eq!(refusal(world.claims.cancel_appointment(&id, &booked.id, &reason).await), (409, 3003));
    let at_firm = world.partner.read_appointment(theirs).await.unwrap().unwrap();
    assert_eq!(at_firm.status, Some(AppointmentStatus::Cancelled));
    assert_eq!(refusal(world.dossier.pull_claim(&file).await).0, 404);
    assert_eq!(refusal(world.dossier.pull_file(&file, attachment.id.as_deref().unwrap()).await).0, 404);
    assert_eq!(world.claims.list_appointments(&id).await.unwrap(), [cancelled]);
    let told = world.events(&id);
    let visits: Vec<&str> = told.iter().filter_map(|kind| kind.strip_prefix("v2.appointment.")).collect();
    assert_eq!(visits, ["booked", "rescheduled", "cancelled"]);

    // The time can be booked again, by the same claim.
    let found = world.claims.search_appointments(&id, &search(kind.as_str())).await.unwrap();
    let again = world.claims.book_appointment(&id, &booking(&found, 0)).await.unwrap();
    assert_ne!(again.id, booked.id);
    assert!(world.dossier.pull_claim(&file).await.is_ok());
}

#[tokio::test]
async fn from_a_water_damage_to_an_expert_whose_firm_holds_the_file() {
    let world = World::with(vec![expert(1), expert(2)], &[ServiceKind::OnSite, ServiceKind::Video]).await;
    visit(&world, Kind::OnSite, &["Expert 001", "Expert 002"]).await;
}

#[tokio::test]
async fn from_a_water_damage_to_an_artisan_of_the_repair_network() {
    let people = vec![
        artisan(1, &[Trade::Painting, Trade::Flooring]),
        artisan(2, &[Trade::Painting, Trade::Flooring]),
        artisan(3, &[Trade::Plumbing]),
    ];
    let world = World::with(people, &[ServiceKind::RepairInKind]).await;
    visit(&world, Kind::RepairInKind, &["Artisan 001", "Artisan 002"]).await;
}

#[tokio::test]
async fn a_video_visit_tells_how_to_join_and_has_no_place() {
    let world = World::with(vec![expert(1)], &[ServiceKind::OnSite, ServiceKind::Video]).await;
    let (id, _) = declared(&world).await;
    let found = world.claims.search_appointments(&id, &search("VISIO")).await.unwrap();
    let booked = world.claims.book_appointment(&id, &booking(&found, 0)).await.unwrap();
    assert_eq!((booked.kind, booked.location), (Kind::Video, None));
    assert!(booked.connection.unwrap().url.starts_with(&world.server.url));
    // Another kind of visit is another mission.
    let found = world.claims.search_appointments(&id, &search("ESS")).await.unwrap();
    let on_site = world.claims.book_appointment(&id, &booking(&found, 3)).await.unwrap();
    assert_eq!(on_site.kind, Kind::OnSite);
    assert!(world.firm.experts.len() == 1 && world.caller.tenant != world.firm.tenant);
}

#[tokio::test]
async fn a_platform_hears_that_the_firm_has_booked_the_claim_already() {
    let world = World::with(vec![expert(1), expert(2)], &[ServiceKind::OnSite]).await;
    let (id, _) = declared(&world).await;
    // The firm books the insurer's reference in its own calendar first.
    let post = async |path: &str, body: &serde_json::Value| {
        let url = format!("{}/claims/api/v1{path}", world.server.url);
        let request = world.server.http.post(url).header("pid", &world.firm.own_key).json(body);
        request.send().await.unwrap().json::<serde_json::Value>().await.unwrap()
    };
    let mut asked = crate::partner_support::on_site();
    asked["insurerClaimId"] = "SIN-2026-000017".into();
    let found = post("/intervention", &asked).await;
    let theirs = post("/appointments", &crate::partner_support::booking(&found, 0, "DOSSIER-1")).await;
    assert!(theirs["appointmentID"].is_string(), "{theirs}");

    let found = world.claims.search_appointments(&id, &search("ESS")).await.unwrap();
    let url = format!("{}/v2/claims/{id}/appointments", world.server.url);
    let request = world.server.http.post(url).bearer_auth(&world.caller.key).json(&booking(&found, 0));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status().as_u16() / 100, 2);
    assert_eq!(answer.headers()["appointment-warning"], "already_booked");
    let about = |connection: &mut constat_store::Connection| {
        constat_store::queries::events::of_tenant_about(connection, &world.caller.tenant, &id)
    };
    let events = world.server.services.core.store.read(about).unwrap();
    let booked =
        events.iter().map(|(_, event)| event).find(|event| event.kind == EventKind::ClaimAppointmentBooked).unwrap();
    assert_eq!(booked.data["warnings"], json!(["already_booked"]));
}
