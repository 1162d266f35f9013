//! Experts and absences that a firm manages over HTTP with a key that it holds itself.

use constat_client::wire::partner::{
    AbsenceQuery, ExpertBase, ExpertHours, ExpertRecord, ExpertSchedule, ExpertSkills, ExpertTerritory, ExpertWeek,
    Kind, SaveAbsence,
};
use constat_client::{Options, PartnerClient};
use constat_domain::tenancy::{Mode, TenantId};
use constat_store::queries::events;
use constat_testkit::expert;
use reqwest::Method;
use serde_json::{Value, json};

use crate::partner_support::{Got, Partner, all_of_first_day, on_site, send};
use crate::platform_support::refusal;

fn client(world: &Partner) -> PartnerClient {
    let base = format!("{}{}", world.server.url, PartnerClient::BASE_PATH);
    PartnerClient::new(&base, &world.firm.own_key, Options::default()).unwrap()
}

/// A request with the firm's own key.
async fn own(world: &Partner, method: Method, path: &str, body: &Value) -> Got {
    let url = format!("{}/claims/api/v1{path}", world.server.url);
    send(world.server.http.request(method, url).header("pid", &world.firm.own_key).json(body)).await
}

fn hours(text: &str) -> Vec<String> {
    vec![text.to_owned()]
}

/// A person with every field set, who works Tuesdays from 09:00 to 12:00.
fn whole_record() -> ExpertRecord {
    let week = ExpertWeek { tuesday: hours("09:00-12:00"), ..ExpertWeek::default() };
    ExpertRecord {
        reference: Some("E17".to_owned()),
        display_name: "Camille Durand".to_owned(),
        active: Some(true),
        base: ExpertBase { lat: Some(48.85), lon: Some(2.35), ..ExpertBase::default() },
        zone: Some("Europe/Paris".to_owned()),
        skills: Some(ExpertSkills {
            kinds: vec![Kind::OnSite, Kind::Video],
            trades: vec!["plumbing".to_owned()],
            loss_natures: Some(vec!["DegatsDesEaux".to_owned()]),
            insurers: Some(vec!["02000402".to_owned()]),
            languages: Some(vec!["fr".to_owned(), "en".to_owned()]),
            limit_total: Some(12_000.5),
            ..ExpertSkills::default()
        }),
        territory: Some(ExpertTerritory { radius_km: Some(60.0), ..ExpertTerritory::default() }),
        exclusions: Some(serde_json::from_value(json!({ "cases": ["SIN-1"] })).unwrap()),
        ties: vec!["02000402".to_owned()],
        week: Some(week.clone()),
        schedules: vec![ExpertSchedule {
            from: "2027-06-01".to_owned(),
            to: Some("2027-08-31".to_owned()),
            weeks: vec![week],
        }],
        exceptions: vec![ExpertHours { from: "2026-12-24".to_owned(), to: "2026-12-24".to_owned(), hours: vec![] }],
        on_call: vec![ExpertHours {
            from: "2026-12-26".to_owned(),
            to: "2026-12-27".to_owned(),
            hours: hours("08:00-20:00"),
        }],
        daily_cap: Some(5),
        weekly_cap: Some(20),
        buffer_before_minutes: Some(5),
        buffer_after_minutes: Some(10),
        notice_minutes: Some(60),
        holidays_off: Some(false),
    }
}

#[tokio::test]
async fn an_expert_is_added_read_back_renamed_and_offered() {
    let world = Partner::with(vec![]).await;
    let firm = client(&world);
    assert!(world.search(&on_site()).await["timeslots"].as_array().unwrap().is_empty());
    let saved = firm.save_expert("E17", &whole_record()).await.unwrap();
    assert_eq!(saved.record, whole_record());
    for named in ["E17", &saved.id] {
        assert_eq!(firm.read_expert(named).await.unwrap(), saved, "{named}");
    }
    let offers = world.search(&on_site()).await["timeslots"].as_array().unwrap().len();
    assert!(offers > 0, "the next search knows the new expert");

    // By id, without the reference; then renamed.
    let mut record = whole_record();
    (record.reference, record.active) = (None, Some(false));
    let inactive = firm.save_expert(&saved.id, &record).await.unwrap();
    assert_eq!((inactive.id.as_str(), inactive.record.reference.as_deref()), (&*saved.id, Some("E17")));
    assert!(world.search(&on_site()).await["timeslots"].as_array().unwrap().is_empty());
    record.reference = Some("E18".to_owned());
    firm.save_expert("E17", &record).await.unwrap();
    assert_eq!(refusal(firm.read_expert("E17").await).0, 404);
    assert_eq!(firm.read_expert("E18").await.unwrap().id, saved.id);

    // A short record has the defaults, and a town its position.
    let short = json!({ "display_name": "Dominique", "base": { "zip": "75017", "city": "Paris" } });
    let got = own(&world, Method::PUT, "/experts/E19", &short).await.expect(200);
    assert_eq!(got["data"]["record"]["zone"], "Europe/Paris");
    assert_eq!(got["data"]["record"]["active"], true);
    assert!(got["data"]["record"]["base"]["lat"].as_f64().is_some_and(|lat| (48.8..49.0).contains(&lat)));
    // The reference of another expert is refused.
    let taken = json!({ "reference": "E18", "display_name": "D", "base": { "lat": 48.8, "lon": 2.3 } });
    let got = own(&world, Method::PUT, "/experts/E19", &taken).await;
    got.expect(400);
    assert_eq!(got.fields(), ["reference"]);
}

#[tokio::test]
async fn each_wrong_field_of_an_expert_is_named_and_nothing_is_saved() {
    let world = Partner::with(vec![]).await;
    let sound = json!({ "display_name": "Dominique", "base": { "lat": 48.8, "lon": 2.3 } });
    for (pointer, value, field) in [
        ("/display_name", json!(" "), "display_name"),
        ("/base", json!({ "lat": 200, "lon": 2.3 }), "base"),
        ("/base", json!({ "zip": "75017", "city": "Lyon" }), "base.city"),
        ("/base", json!({}), "base.lat"),
        ("/zone", json!("Europe/Lutece"), "zone"),
        ("/skills", json!({ "kind": ["ESS"] }), "skills.kind"),
        ("/skills", json!({ "kinds": ["XXX"] }), "skills.kinds[0]"),
        ("/skills", json!({ "trades": ["magic"] }), "skills.trades[0]"),
        ("/skills", json!({ "insurers": ["1"] }), "skills.insurers"),
        ("/week", json!({ "monday": ["9-12"] }), "week.monday[0]"),
        ("/week", json!({ "monday": ["09:00-12:00", "11:00-13:00"] }), "week.monday"),
        ("/schedules", json!([{ "from": "soon", "weeks": [{}] }]), "schedules[0].from"),
        ("/daily_cap", json!(1000), "daily_cap"),
        ("/territory", json!({ "radius_km": -1 }), "territory.radius_km"),
        ("/nickname", json!("Do"), "nickname"),
        ("/reference", json!("x".repeat(201)), "reference"),
    ] {
        let mut record = sound.clone();
        record.as_object_mut().unwrap().insert(pointer[1..].to_owned(), value);
        let got = own(&world, Method::PUT, "/experts/E1", &record).await;
        got.expect(400);
        assert!(got.fields().iter().any(|named| named == field), "{pointer}: {:?} {}", got.fields(), got.text);
    }
    own(&world, Method::GET, "/experts/E1", &json!({})).await.expect(404);
    let unknown = own(&world, Method::PUT, "/experts/exp_06E3ZQK8X5V2M0TQ9R7H4B1CDS", &sound).await;
    unknown.expect(404);
    let long = "x".repeat(201);
    for reference in ["%00", "a%0Ab", "%20", &long] {
        let got = own(&world, Method::PUT, &format!("/experts/{reference}"), &sound).await;
        got.expect(400);
        assert_eq!(got.fields(), ["reference"], "{reference}");
    }
    assert!(client(&world).list_experts().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_absence_takes_its_time_lists_its_visits_and_gives_the_time_back() {
    let world = Partner::with(vec![expert(1)]).await;
    let firm = client(&world);
    let booked = world.booked(&on_site(), "D-1").await;
    let free = async || world.search(&all_of_first_day(on_site())).await["timeslots"].as_array().unwrap().len();
    let before = free().await;
    assert!(before > 0);

    let wanted = SaveAbsence {
        reference: Some("leave".to_owned()),
        start: "2026-11-24".to_owned(),
        end: "2026-11-24".to_owned(),
        reason: Some("confidentiel".to_owned()),
        ..SaveAbsence::default()
    };
    let saved = firm.save_absence("Expert 001", &wanted).await.unwrap();
    assert_eq!(saved.occurrences.len(), 1);
    assert_eq!(saved.occurrences[0].start.to_string(), "2026-11-23T23:00:00Z", "midnight in Paris");
    let visit = &saved.visits[0];
    assert_eq!((&json!(visit.appointment_id), &*visit.case_number), (&booked["appointmentID"], "D-1"));
    assert_eq!(free().await, 0, "the next search sees the absence");

    // The same reference again replaces it; the visit of the first day is outside now.
    let moved = SaveAbsence { start: "2026-11-25".to_owned(), end: "2026-11-26".to_owned(), ..wanted.clone() };
    let again = firm.save_absence("Expert 001", &moved).await.unwrap();
    assert_eq!((&again.absence_id, again.visits.len()), (&saved.absence_id, 0));
    assert_eq!(free().await, before);

    // A rule has occurrences: one is removed, then all.
    let rule = SaveAbsence {
        start: "2026-12-01T09:00".to_owned(),
        end: "2026-12-01T12:00".to_owned(),
        rrule: Some("FREQ=WEEKLY;COUNT=3".to_owned()),
        ..SaveAbsence::default()
    };
    let weekly = firm.save_absence("Expert 001", &rule).await.unwrap();
    assert_eq!(weekly.occurrences.len(), 3);
    let listed = firm.list_absences("Expert 001", &AbsenceQuery::default()).await.unwrap();
    assert_eq!(listed.len(), 4);
    assert!(listed.is_sorted_by_key(|absence| absence.start));
    let removed = firm.remove_absence("Expert 001", &weekly.occurrences[1].id).await.unwrap();
    assert_eq!(removed, [weekly.occurrences[1].clone()]);
    assert_eq!(firm.remove_absence("Expert 001", &weekly.absence_id).await.unwrap().len(), 2);
    firm.remove_absence("Expert 001", &again.absence_id).await.unwrap();
    assert!(firm.list_absences("Expert 001", &AbsenceQuery::default()).await.unwrap().is_empty());
    assert_eq!(refusal(firm.remove_absence("Expert 001", &again.absence_id).await).0, 404);

    // Who did what, without the reason.
    let tenant = TenantId { org: world.firm.org, mode: Mode::Test };
    let found = world.server.services.core.store.read(|c| events::of_tenant_after(c, &tenant, 0, 100)).unwrap();
    let about: Vec<_> =
        found.into_iter().map(|(_, event)| event).filter(|e| e.kind.name().starts_with("absence.")).collect();
    let kinds: Vec<&str> = about.iter().map(|event| event.kind.name()).collect();
    assert_eq!(
        kinds,
        ["absence.saved", "absence.saved", "absence.saved", "absence.removed", "absence.removed", "absence.removed"]
    );
    assert_eq!((about[0].subject.as_str(), &about[2].data["occurrences"]), (&*saved.absence_id, &json!(3)));
    assert!(about.iter().all(|event| event.actor.starts_with("key_") && !event.data.to_string().contains("confid")));
}

#[tokio::test]
async fn wrong_absences_are_refused_and_a_platforms_key_sees_none_of_it() {
    let world = Partner::with(vec![expert(1)]).await;
    let path = format!("/experts/{}/absences", world.firm.experts[0]);
    for (body, field) in [
        (json!({ "end": "2026-12-01" }), "start"),
        (json!({ "start": "tomorrow", "end": "2026-12-01" }), "start"),
        (json!({ "start": "2026-12-02", "end": "2026-12-01" }), "end"),
        (json!({ "start": "2026-12-01", "end": "2036-12-01" }), "end"),
        (json!({ "start": "2026-12-01", "end": "2026-12-01", "rrule": "FREQ=HOURLY;COUNT=2" }), "rrule"),
        (json!({ "start": "2026-12-01", "end": "2026-12-01", "exdates": ["2026-12-01"] }), "exdates"),
        (json!({ "start": "2026-12-01", "end": "2026-12-01", "expert": "E1" }), "expert"),
    ] {
        let got = own(&world, Method::POST, &path, &body).await;
        got.expect(400);
        assert_eq!(got.fields(), [field], "{body} {}", got.text);
    }
    let sound = json!({ "start": "2026-12-01", "end": "2026-12-01" });
    own(&world, Method::POST, "/experts/E99/absences", &sound).await.expect(404);
    own(&world, Method::GET, "/experts/E99/absences", &json!({})).await.expect(404);
    own(&world, Method::GET, &format!("{path}?from=2026-12-01T00:00:00Z&to=2026-11-01T00:00:00Z"), &json!({}))
        .await
        .expect(400);
    own(&world, Method::DELETE, &format!("{path}/x"), &json!({})).await.expect(404);
    // The platform's key.
    let record = json!({ "display_name": "D", "base": { "lat": 48.8, "lon": 2.3 } });
    world.put("/experts/E1", &record).await.expect(403);
    world.get("/experts/E1").await.expect(403);
    world.get(&path).await.expect(403);
    world.post(&path, &sound).await.expect(403);
    send(world.request(Method::DELETE, &format!("{path}/abs_06E3ZQK8X5V2M0TQ9R7H4B1CDS"))).await.expect(403);
    let listed = own(&world, Method::GET, &path, &json!({})).await.expect(200);
    assert_eq!(listed["data"], json!([]));
}
