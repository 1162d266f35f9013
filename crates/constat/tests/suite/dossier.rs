//! Dossier API: who may pull a claim file, what is in it, and how an insurer gives one up.

use constat_core::Clock as _;
use constat_domain::appointment::{Appointment, AppointmentStatus, ClaimAppointment, Slot, SlotKind};
use constat_domain::expert::Expert;
use constat_domain::geo::{Place, Position};
use constat_domain::ids::{AppointmentId, ClaimAppointmentId, ExpertId, OrgId, SessionId};
use constat_domain::service::{ClaimBrief, CustomerType, Granularity, Insurer, ServiceKind, ServiceRequest};
use constat_domain::tenancy::{Api, Mode, OrganisationKind, TenantId};
use constat_store::StoreError;
use constat_store::queries::{appointments, claim_appointments, claims, experts};
use constat_testkit::{ClaimsCaller, Got, Server, fixtures};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::Value;

/// The ACAM code of the fixtures' insurer.
const ACAM: &str = "02000402";

/// A platform with a submitted water damage, and a firm with a dossier key of that platform.
pub struct World {
    pub server: Server,
    pub platform: ClaimsCaller,
    pub firm: OrgId,
    pub firm_key: String,
    /// The declaration's id.
    pub declaration: String,
    /// The internal claim's id.
    pub claim: String,
}

pub async fn world() -> World {
    let server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let firm = server.organisation(OrganisationKind::Partner, "Cabinet").await;
    let firm_key = server.key(Api::Dossier, platform.tenant.org, firm, Mode::Test).await;
    let (declaration, claim) = platform.submitted(&fixtures::water_damage(), &[fixtures::DAMAGE_PHOTO]).await;
    World { server, platform, firm, firm_key, declaration, claim }
}

impl World {
    async fn send(&self, method: Method, key: &str, path: &str) -> Got {
        let url = format!("{}/v1{path}", self.server.url);
        Got::read(self.server.http.request(method, url).header("ctoken", key).send().await.expect("an answer")).await
    }

    async fn get(&self, key: &str, path: &str) -> Got {
        self.send(Method::GET, key, path).await
    }

    async fn key_of(&self, holder: OrgId) -> String {
        self.server.key(Api::Dossier, self.platform.tenant.org, holder, Mode::Test).await
    }

    fn slot(&self) -> Slot {
        let start = self.server.clock.now() + SignedDuration::from_hours(48);
        Slot { kind: SlotKind::Fixed, start, end: start + SignedDuration::from_hours(1), duration_minutes: 60 }
    }

    /// The platform's record of an appointment with the firm.
    pub async fn appoint(&self, partner: OrgId) -> ClaimAppointment {
        let (tenant, id) = (self.platform.tenant, self.claim.clone());
        let now = self.server.clock.now();
        let claim =
            self.server.services.core.store.read(|connection| claims::of_tenant_by_either_id(connection, &tenant, &id));
        let record = ClaimAppointment {
            id: ClaimAppointmentId::new(now, &self.server.services.core.secure_random.entropy()),
            tenant,
            declaration: claim.expect("a read").expect("the claim").declaration_id,
            claim: self.claim.parse().ok(),
            partner: "cabinet".to_owned(),
            partner_org: Some(partner),
            partner_appointment_id: "42".to_owned(),
            booked_from: String::new(),
            kind: ServiceKind::Video,
            status: AppointmentStatus::Booked,
            slot: self.slot(),
            expert_name: None,
            place: None,
            contact: None,
            notes: None,
            connection: None,
            cancellation: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let saved = record.clone();
        let written: Result<(), StoreError> =
            self.server.services.core.store.write(move |tx| claim_appointments::insert(tx, &saved)).await;
        written.expect("a saved appointment");
        record
    }

    async fn change(&self, mut record: ClaimAppointment, status: AppointmentStatus) -> ClaimAppointment {
        record.status = status;
        record.version += 1;
        let saved = record.clone();
        let written: Result<(), StoreError> =
            self.server.services.core.store.write(move |tx| claim_appointments::update(tx, &saved)).await;
        written.expect("a changed appointment");
        record
    }

    /// An appointment in the firm's own calendar on this server, booked by `booked_by`.
    async fn calendar_entry(&self, booked_by: OrgId, claim_id: &str) {
        let (now, secure_random) = (self.server.clock.now(), &self.server.services.core.secure_random);
        let tenant = TenantId { org: self.firm, mode: Mode::Test };
        let (expert, slot) = (ExpertId::new(now, &secure_random.entropy()), self.slot());
        let place = Place { address: fixtures::batignolles(), position: None };
        let request = ServiceRequest {
            kind: ServiceKind::Video,
            kind_label: None,
            claim: Some(ClaimBrief {
                date: now,
                guarantee: "DegatsDesEaux".to_owned(),
                insurer: Insurer { acam_code: ACAM.to_owned(), name: "ALLIANZ IARD".to_owned() },
                claim_id: claim_id.to_owned(),
                loss_at: None,
                loss: None,
                loss_place: None,
                valuation: constat_domain::service::Valuation::default(),
            }),
            from: slot.start,
            to: slot.end,
            limit: 10,
            place: None,
            dwelling: None,
            customer: CustomerType::Individual,
            insurer_claim_id: "S-1".to_owned(),
            mission_type: None,
            damages: Vec::new(),
            language: None,
            granularity: Granularity::Hour,
            process: None,
            reschedules: None,
            parties: Vec::new(),
            all_trades: false,
            urgency: constat_domain::service::Urgency::default(),
        };
        let appointment = Appointment {
            id: AppointmentId::new(now, &secure_random.entropy()),
            tenant,
            expert,
            expert_name: "Expert 001".to_owned(),
            status: AppointmentStatus::Booked,
            slot,
            busy_from: slot.start,
            busy_to: slot.end,
            civil_start: slot.start.to_zoned(jiff::tz::TimeZone::UTC).datetime(),
            zone: "Europe/Paris".to_owned(),
            place,
            request,
            case_number: "S-1".to_owned(),
            session: SessionId::new(now, &secure_random.entropy()),
            booked_by,
            contact: None,
            notes: None,
            process: None,
            connection: None,
            cancellation: None,
            joint: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let written: Result<(), StoreError> = self
            .server
            .services
            .core
            .store
            .write(move |tx| {
                let record = Expert::new(expert, "Expert 001", Position { lat: 48.85, lon: 2.35 }, "Europe/Paris");
                experts::upsert_of_tenant(tx, &tenant, &expert.to_string(), &record)?;
                appointments::insert(tx, &appointment)
            })
            .await;
        written.expect("a saved appointment");
    }
}

/// The same answer as for a claim that does not exist.
#[track_caller]
fn is_not_found(got: &Got) {
    assert_eq!((got.status, &got.body["value"]), (404, &Value::from(7)), "{}", got.body);
}

#[tokio::test]
async fn a_partner_reads_the_file_only_while_it_holds_a_live_appointment() {
    let world = world().await;
    let path = format!("/claims/{}", world.claim);
    let before = world.get(&world.firm_key, &path).await;
    is_not_found(&before);
    let nowhere = world.get(&world.firm_key, "/claims/01914e1c-7f00-7000-8000-000000000000").await;
    assert_eq!(before.body["description"], nowhere.body["description"]);

    let record = world.appoint(world.firm).await;
    let got = world.get(&world.firm_key, &path).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let other = world.server.organisation(OrganisationKind::Partner, "Autre cabinet").await;
    is_not_found(&world.get(&world.key_of(other).await, &path).await);

    // What took place keeps the mandate; what is cancelled ends it.
    let record = world.change(record, AppointmentStatus::Done).await;
    assert_eq!(world.get(&world.firm_key, &path).await.status, 200);
    world.change(record, AppointmentStatus::Cancelled).await;
    is_not_found(&world.get(&world.firm_key, &path).await);
}

#[tokio::test]
async fn an_appointment_in_the_firms_calendar_on_this_server_is_no_mandate() {
    let world = world().await;
    let path = format!("/claims/{}", world.claim);
    let stranger = world.server.organisation(OrganisationKind::Platform, "Autre plateforme").await;
    let uuid = world.claim.parse::<constat_domain::ids::ClaimId>().expect("an id").uuid().to_string();
    // For every maker of it, in the platform's name too, and in every spelling of the claim's id.
    for booked_by in [stranger, world.firm, world.platform.tenant.org] {
        for claim in [&world.claim, &uuid, &world.declaration] {
            world.calendar_entry(booked_by, claim).await;
            is_not_found(&world.get(&world.firm_key, &path).await);
        }
    }
    world.appoint(world.firm).await;
    assert_eq!(world.get(&world.firm_key, &path).await.status, 200);
    // A live key of the same firm opens no test claim.
    let live = world.server.key(Api::Dossier, world.platform.tenant.org, world.firm, Mode::Live).await;
    is_not_found(&world.get(&live, &path).await);
}

#[tokio::test]
async fn the_file_is_whole_and_every_form_of_its_id_opens_it() {
    let world = world().await;
    world.appoint(world.firm).await;
    let claim_uuid = world.claim.parse::<constat_domain::ids::ClaimId>().expect("an id").uuid().to_string();
    for id in [&world.claim, &world.declaration, &claim_uuid] {
        let got = world.get(&world.firm_key, &format!("/claims/{id}")).await;
        assert_eq!(got.status, 200, "{id}");
        assert_eq!(got.header("cache-control"), "no-store");
        let file = got.body;
        assert_eq!(file["company"]["id"], ACAM);
        assert_eq!(file["contract"]["number"], "MRH-2021-000017");
        assert_eq!(file["guarantee"], "DegatsDesEaux");
        assert_eq!(file["customer"]["lastName"], "Dupont");
        assert_eq!(file["accident"]["characteristics"]["nature"], "DegatsDesEaux");
        assert_eq!(file["accident"]["address"]["zipCode"], "75017");
        assert_eq!(file["accident"]["date"], "2026-11-20T07:15:00Z");
        assert!(
            file["accident"]["circonstancesDeclarees"].as_str().is_some_and(|words| words.contains("canalisation"))
        );
        assert_eq!(file["risk"]["type"]["name"], "Appartement");
        assert_eq!(file["documents"][0]["type"], "PhotoCroquis");
    }
    for bad in ["clm_", "1", "doc_00000000000000000000000000", "%00", "..%2f..", "été"] {
        is_not_found(&world.get(&world.firm_key, &format!("/claims/{bad}")).await);
    }
}

#[tokio::test]
async fn a_documents_link_serves_its_bytes_for_one_hour() {
    let world = world().await;
    world.appoint(world.firm).await;
    let file = world.get(&world.firm_key, &format!("/claims/{}", world.claim)).await.body;
    let attachment = &file["documents"][0];
    assert_eq!(attachment["mimeType"], "application/pdf");
    let href = attachment["href"].as_str().expect("a link");
    assert!(href.starts_with(&world.server.url));
    let answer = world.server.http.get(href).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    assert_eq!(answer.bytes().await.expect("bytes"), fixtures::pdf());
    world.server.clock.advance(SignedDuration::from_mins(61));
    assert_eq!(world.server.http.get(href).send().await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn files_are_served_whole_in_part_and_in_matrix_style() {
    let world = world().await;
    let record = world.appoint(world.firm).await;
    let file = world.get(&world.firm_key, &format!("/claims/{}", world.claim)).await.body;
    let id = file["documents"][0]["id"].as_str().expect("an id").to_owned();
    let ask = |path: String| {
        world
            .server
            .http
            .get(format!("{}/v1/claims/{}/files/{path}", world.server.url, world.claim))
            .header("ctoken", &world.firm_key)
    };
    let whole = ask(id.clone()).send().await.expect("an answer");
    assert_eq!(whole.status(), 200);
    assert_eq!(whole.headers()["content-type"], "application/pdf");
    assert!(whole.headers()["content-disposition"].to_str().expect("text").contains("piece.pdf"));
    let tag = whole.headers()["etag"].clone();
    assert_eq!(whole.bytes().await.expect("bytes"), fixtures::pdf());

    let part = ask(format!(";fileId={id}")).header("range", "bytes=0-3").send().await.expect("an answer");
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], format!("bytes 0-3/{}", fixtures::pdf().len()));
    assert_eq!(part.bytes().await.expect("bytes"), "%PDF");

    let known = ask(id.clone()).header("if-none-match", tag).send().await.expect("an answer");
    assert_eq!(known.status(), 304);
    let beyond = ask(id.clone()).header("range", "bytes=100000-").send().await.expect("an answer");
    assert_eq!(beyond.status(), 416);
    for bad in ["nothing", ";fileId=", ";fileid=x", "doc_00000000000000000000000000"] {
        is_not_found(&world.get(&world.firm_key, &format!("/claims/{}/files/{bad}", world.claim)).await);
    }

    world.change(record, AppointmentStatus::Cancelled).await;
    is_not_found(&world.get(&world.firm_key, &format!("/claims/{}/files/{id}", world.claim)).await);
}

#[tokio::test]
async fn an_insurer_reads_its_own_risks_and_the_platform_all() {
    let world = world().await;
    let path = format!("/claims/{}", world.claim);
    let own = world.server.insurer("Allianz", ACAM).await;
    let other = world.server.insurer("Autre assureur", "04050006").await;
    assert_eq!(world.get(&world.key_of(own).await, &path).await.status, 200);
    is_not_found(&world.get(&world.key_of(other).await, &path).await);
    assert_eq!(world.get(&world.key_of(world.platform.tenant.org).await, &path).await.status, 200);
    // The same insurer with a key of another platform.
    let elsewhere = world.server.organisation(OrganisationKind::Platform, "Ailleurs").await;
    let key = world.server.key(Api::Dossier, elsewhere, own, Mode::Test).await;
    is_not_found(&world.get(&key, &path).await);
}

#[tokio::test]
async fn an_insurer_gives_its_claim_up_and_nobody_else_may() {
    let world = world().await;
    world.appoint(world.firm).await;
    let path = format!("/claims/{}", world.claim);
    let other = world.server.insurer("Autre assureur", "04050006").await;
    is_not_found(&world.send(Method::DELETE, &world.key_of(other).await, &path).await);
    for key in [&world.firm_key, &world.key_of(world.platform.tenant.org).await] {
        let refused = world.send(Method::DELETE, key, &path).await;
        assert_eq!((refused.status, &refused.body["value"]), (401, &Value::from(8)), "{}", refused.body);
    }
    assert_eq!(world.platform.get(&path).await.data()["status"], "submitted");

    let key = world.key_of(world.server.insurer("Allianz", ACAM).await).await;
    for _ in 0..2 {
        let done = world.send(Method::DELETE, &key, &path).await;
        assert_eq!((done.status, &done.body["value"]), (200, &Value::from(0)), "{}", done.body);
        assert_eq!(done.body["description"], "OK: abandoned");
    }
    assert_eq!(world.platform.get(&path).await.data()["status"], "abandoned");
    is_not_found(&world.send(Method::DELETE, &key, "/claims/01914e1c-7f00-7000-8000-000000000000").await);

    let draft = world.platform.declare(&fixtures::water_damage()).await;
    let done = world.send(Method::DELETE, &key, &format!("/claims/{draft}")).await;
    assert_eq!(done.body["description"], "OK: archived");
    let locked = world.send(Method::GET, &key, &format!("/claims/{draft}")).await;
    assert_eq!(locked.status, 200, "nothing is erased");
}

#[tokio::test]
async fn the_key_comes_in_every_carrier_and_must_be_of_this_contract() {
    let world = world().await;
    world.appoint(world.firm).await;
    let url = format!("{}/v1/claims/{}", world.server.url, world.claim);
    let status = async |request: reqwest::RequestBuilder| request.send().await.expect("an answer").status();
    let get = || world.server.http.get(&url);
    assert_eq!(status(get().bearer_auth(&world.firm_key)).await, 200);
    assert_eq!(status(get().basic_auth(&world.firm_key, Some(""))).await, 200);
    assert_eq!(status(get()).await, 401);
    assert_eq!(status(get().header("ctoken", "test_nonsense")).await, 401);
    assert_eq!(status(get().header("ctoken", &world.platform.key)).await, 401, "a claims key opens no dossier");
    let put = world.server.http.put(&url).header("ctoken", &world.firm_key).send().await.expect("an answer");
    assert_eq!(put.status(), 405);
    assert!(put.headers().contains_key("allow"));
}
