//! The right to erasure: nothing of the insured is left in any file, and the audit trail still holds.

use std::path::{Path, PathBuf};

use constat_claims::claim_appointments::request_partner_erasures;
use constat_claims::import_export::erasure::{Erasure, erase, look};
use constat_client::PartnerClient;
use constat_client::wire::claims::CreateWebhook;
use constat_client::wire::partner::AppointmentStatus;
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::{Api, Mode, OrganisationKind};
use constat_testkit::fixtures::{self, BIKE_CONTRACT, BIKE_USER, HOME_USER, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Got, Server, document, expert};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cli::{Running, done, install_tls, refused};
use crate::exchange::{archive, contract, record};
use crate::partner_support::{Partner, on_site, send};
use crate::platform_support::{World, booking, claims_client, link, read, refusal, search, submitted};
use crate::receiver::Receiver;
use crate::shared::erase_insured;

const WHO: [&str; 6] = ["--user", BIKE_USER, "--organisation", "Plateforme", "--mode", "test"];

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The files that hold a text.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    files(folder).into_iter().filter(holds).collect()
}

#[tokio::test]
async fn nothing_of_the_insured_is_left_in_any_file_and_the_chain_verifies() {
    install_tls();
    let folder = tempfile::tempdir().unwrap();
    let (path, data) = (folder.path(), folder.path().join("constat-data"));
    done(path, &["organisations", "add", "--kind", "platform", "--name", "Plateforme"]);
    let import =
        |what: &str, name: &str| done(path, &["import", what, name, "--organisation", "Plateforme", "--mode", "test"]);
    let mut neighbour = contract("contract-2");
    (neighbour["user_id"], neighbour["holder"]["last_name"]) = (json!("U-2"), json!("Martin"));
    std::fs::write(path.join("contracts.jsonl"), format!("{}\n{neighbour}\n", contract(BIKE_CONTRACT))).unwrap();
    import("contracts", "contracts.jsonl");
    // A claim of long ago, with a document.
    let mut pdf = fixtures::pdf();
    pdf.extend_from_slice(b"%% plainte de Jean Dupont\n");
    std::fs::write(path.join("plainte.pdf"), &pdf).unwrap();
    let mut old = record(1);
    old["documents"] = json!([{ "type": POLICE_REPORT, "file": "plainte.pdf", "note": "Voir avec Jean Dupont" }]);
    old["note"] = json!("Rappeler Jean Dupont");
    std::fs::write(path.join("claims.jsonl"), format!("{old}\n")).unwrap();
    import("claims", "claims.jsonl");
    let create = ["keys", "create", "--api", "claims", "--issuer", "Plateforme", "--holder", "Plateforme"];
    let key = done(path, &[&create[..], &["--mode", "test"]].concat());
    let server = Running::serve(path);
    let caller = ClaimsCaller {
        tenant: "org_00000000000000000000000000/test".parse().unwrap(),
        key,
        url: format!("{}/v2", server.url),
        http: reqwest::Client::new(),
    };
    // And one under way, declared with an Idempotency-Key: the kept answer is a copy of it all.
    let declare = async || {
        let request = caller.request(reqwest::Method::POST, "/claims").header("idempotency-key", "once");
        Got::read(request.json(&fixtures::stolen_bike()).send().await.unwrap()).await
    };
    let id = declare().await.data()["id"].as_str().unwrap().to_owned();
    for (kind, content) in [(POLICE_REPORT, &pdf), (KEYS_PHOTO, &fixtures::png())] {
        caller.put(&format!("/claims/{id}/documents"), &document(kind, content)).await.data();
    }
    caller.post(&format!("/claims/{id}/submit"), &json!({})).await.data();
    // The answer to a note among handlers names neither claim nor insured.
    let note = caller.request(reqwest::Method::POST, &format!("/claims/{id}/notes")).header("idempotency-key", "note");
    Got::read(note.json(&json!({ "text": "Le voisin du dessus a tout vu." })).send().await.unwrap()).await.data();

    let given = done(path, &[&["gdpr", "export"], &WHO[..], &["--output", "insured.zip"]].concat());
    assert!(given.contains("insured.zip"));
    let held = archive(&std::fs::read(path.join("insured.zip")).unwrap());
    let names: Vec<&str> = held.keys().map(String::as_str).collect();
    assert_eq!(names.iter().filter(|name| name.ends_with("/claim.json")).count(), 2);
    assert_eq!(names.iter().filter(|name| name.ends_with("/summary.pdf")).count(), 2);
    assert_eq!(names.iter().filter(|name| name.contains("/documents/")).count(), 3);
    let contracts: Value = serde_json::from_slice(&held["contracts.json"]).unwrap();
    assert_eq!((contracts.as_array().unwrap().len(), &contracts[0]["holder"]["lastName"]), (1, &json!("Dupont")));

    let erase = |more: &[&'static str]| [&["gdpr", "erase", "--reason", "request"], &WHO[..], more].concat();
    let said = refused(path, &erase(&[]));
    assert!(said.contains("nothing erased: 1 of 2 claims must be kept"), "{said}");
    assert!(said.contains("whole or not at all") && said.contains("--override-retention court-order"), "{said}");
    let why = ["--override-retention", "court-order"];
    let dry = done(path, &erase(&[&why[..], &["--dry-run"]].concat()));
    assert!(dry.contains("2 claims with 3 documents") && !dry.contains("must be kept"), "{dry}");
    let overridden = format!("{id} is not kept, though it is under way: --override-retention, court_order");
    assert!(dry.contains(&overridden) && dry.contains("Nothing erased: this was a dry run"), "{dry}");
    assert!(!holding(&data, "Dupont").is_empty());
    let said = done(path, &erase(&why));
    assert!(said.contains("2 claims and 1 contracts, 3 files, 2 answers stored"), "{said}");
    assert!(said.contains("Retention overridden for 1 of the claims because of court_order"), "{said}");
    assert!(said.contains("Kept, for accounts") && said.contains("contract numbers, and the events"), "{said}");

    let personal = [
        "Dupont",
        "+33612345678",
        "jean.dupont@example.com",
        "Gare de Lyon",
        "attaché",
        "dossier repris",
        "voisin du dessus",
        BIKE_USER,
        "bk-123456789",
    ];
    for text in personal {
        // The neighbour keeps a first name, a phone and an address of the same make.
        let expected = usize::from(text.starts_with("+33") || text.contains('@') || text.starts_with("bk-"));
        let found = holding(&data, text);
        assert_eq!(found.len(), expected, "{text} is left in {found:?}");
    }
    assert_eq!(files(&data.join("documents")), Vec::<PathBuf>::new());
    let read = caller.get(&format!("/claims/{id}")).await;
    assert_eq!(read.data()["insured"]["lastName"], "(effacé)");
    assert_eq!((&read.data()["status"], &read.data()["location"]["zipcode"]), (&json!("submitted"), &json!("75012")));
    let timeline = caller.get(&format!("/claims/{id}/timeline")).await;
    let last = timeline.data().as_array().unwrap().last().unwrap();
    assert_eq!((&last["type"], &last["data"]["overriding"]), (&json!("insured.erased"), &json!("court_order")));
    declare().await.is_error(400, 1000);
    assert_eq!(caller.get(&format!("/claims?userId={BIKE_USER}")).await.status, 401);
    assert_eq!(caller.get("/contracts/contract-2").await.data()["holder"]["lastName"], "Martin");
    drop(server);
    assert!(done(path, &["audit", "verify"]).contains("as they were recorded"));
    assert!(done(path, &["documents", "sweep"]).contains("Every document has its bytes"));
    assert!(refused(path, &erase(&[])).contains("knows no insured"));
    assert!(done(path, &["gdpr", "finish"]).starts_with("0 files removed"));
}

#[tokio::test]
async fn the_platforms_own_copies_of_appointments_go_and_a_claim_of_the_last_two_years_is_kept() {
    let world = World::with(vec![constat_testkit::expert(1)], &[ServiceKind::OnSite]).await;
    let (id, _) = submitted(&world.claims).await;
    let found = world.claims.search_appointments(&id, &search("ESS")).await.unwrap();
    world.claims.book_appointment(&id, &booking(&found, 0)).await.unwrap();
    let tenant = world.caller.tenant;
    let wanted = Erasure { tenant, user_id: HOME_USER.to_owned(), reason: "request", overriding: None };
    let services = &world.server.services;
    let now = services.core.clock.now();
    let catalogue = services.core.catalogues.of(&tenant);
    let kept = look(&services.core.store, &wanted, now).unwrap();
    assert!(kept.is_kept() && kept.appointments == 1);
    let refused = erase(
        &services.core.store,
        &services.claims.documents,
        catalogue,
        &wanted,
        now,
        services.core.secure_random.as_ref(),
    )
    .await;
    assert!(refused.is_err());
    assert_eq!(world.caller.get(&format!("/claims/{id}")).await.data()["insured"]["lastName"], "Dupont");
    erase_insured(services, &world.caller, HOME_USER).await;
    let got = world.caller.get(&format!("/claims/{id}/appointments")).await;
    let text = got.data().to_string();
    assert!(text.contains("(effacé)") && !text.contains("Batignolles"), "{text}");
    assert_eq!(world.caller.get(&format!("/claims/{id}")).await.data()["insured"]["lastName"], "(effacé)");
}

/// Unique words and numbers, each for one field.
#[derive(Default)]
struct Plants(Vec<String>);

impl Plants {
    /// A word that is in no other field.
    fn word(&mut self) -> String {
        self.keep(format!("Zqplant{:03}", self.0.len()))
    }

    /// A text with such a word in it, as long as a description must be.
    fn text(&mut self) -> String {
        format!("{} et la suite d'une phrase qui est assez longue pour cela.", self.word())
    }

    fn phone(&mut self) -> String {
        self.keep(format!("+33699{:06}", 100_000 + self.0.len()))
    }

    fn mail(&mut self) -> String {
        format!("{}@example.com", self.word().to_lowercase())
    }

    fn keep(&mut self, plant: String) -> String {
        self.0.push(plant.clone());
        plant
    }

    /// Those that bytes hold, in any capitals.
    fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        self.0.iter().map(String::as_str).filter(|plant| text.contains(&plant.to_lowercase())).collect()
    }
}

/// All that a server has on disk: every file of its folder; of a database on a server, all rows.
fn everything(server: &Server) -> Vec<u8> {
    let mut bytes = server.database_bytes();
    for path in files(server.folder()) {
        bytes.extend(std::fs::read(path).unwrap());
        bytes.push(0);
    }
    bytes
}

async fn with_key(caller: &ClaimsCaller, method: Method, path: &str, body: &Value) -> Value {
    let key = format!("{method} {path}").replace('/', "-");
    let request = caller.request(method, path).header("idempotency-key", key).json(body);
    Got::read(request.send().await.unwrap()).await.data().clone()
}

#[tokio::test]
async fn unique_words_in_every_personal_field_are_in_no_byte_after_an_erasure() {
    let world = World::set_to(vec![expert(1), expert(2)], &[ServiceKind::OnSite], |settings| {
        settings.webhooks.allow_private = true;
    })
    .await;
    let (server, caller) = (&world.server, &world.caller);
    let mut plants = Plants::default();
    let user = plants.word();

    // The registry.
    let mut contract = json!(fixtures::home_contract());
    contract["id"] = "contract_planted".into();
    contract["user_id"] = user.clone().into();
    contract["holder"] = json!({
        "first_name": plants.word(), "last_name": plants.word(), "phone_number": plants.phone(),
        "email": plants.mail(), "company": plants.word(),
    });
    let product = &mut contract["products"][0];
    (product["internal_id"], product["product_marked"]) = (plants.word().into(), plants.word().into());
    product["custom"] = json!({ "gardien": plants.word() });
    product["risk"]["address"]["street1"] = plants.word().into();
    product["risk"]["address"]["more_lines"] = json!([plants.word()]);
    product["risk"]["description"] = plants.word().into();
    let import = caller.request(Method::POST, "/contracts/import").header("content-type", "application/x-ndjson");
    let import = import.header("idempotency-key", "import").body(contract.to_string());
    Got::read(import.send().await.unwrap()).await.data();

    // A webhook whose receiver fails: its deliveries wait.
    let receiver = Receiver::start().await;
    receiver.answer("", 500);
    world.claims.create_webhook(&CreateWebhook { url: receiver.url(), ..CreateWebhook::default() }).await.unwrap();

    // The declaration, its documents, what handlers write.
    let mut declaration = fixtures::water_damage();
    (declaration["userId"], declaration["contractId"]) = (user.clone().into(), "contract_planted".into());
    declaration["description"] = plants.text().into();
    declaration["insured"] = json!({
        "firstName": plants.word(), "lastName": plants.word(), "phoneNumber": plants.phone(), "email": plants.mail(),
        "company": plants.word(),
    });
    declaration["location"]["address"] = plants.word().into();
    declaration["declaredDamages"] =
        json!({ "contentDamages": [{ "name": plants.word(), "description": plants.text() }], "buildingDamages": [] });
    let draft = with_key(caller, Method::POST, "/claims", &declaration).await;
    let id = draft["id"].as_str().unwrap().to_owned();
    let path = format!("/claims/{id}");
    let edit = json!({ "description": plants.text(), "location": { "address": plants.word() } });
    with_key(caller, Method::PATCH, &path, &edit).await;
    let mut pdf = fixtures::pdf();
    pdf.extend_from_slice(plants.text().as_bytes());
    let mut photo = document(fixtures::DAMAGE_PHOTO, &pdf);
    (photo["title"], photo["comment"]) = (plants.word().into(), plants.word().into());
    photo["filename"] = format!("{}.pdf", plants.word()).into();
    let uploaded = with_key(caller, Method::PUT, &format!("{path}/documents"), &photo).await;
    let uploaded = uploaded[0]["id"].as_str().unwrap().to_owned();
    with_key(caller, Method::POST, &format!("{path}/submit"), &json!({})).await;
    with_key(caller, Method::PUT, &format!("{path}/note"), &json!({ "note": plants.text() })).await;
    with_key(caller, Method::POST, &format!("{path}/notes"), &json!({ "text": plants.text() })).await;
    with_key(
        caller,
        Method::POST,
        &format!("{path}/documents/request"),
        &json!({ "title": plants.word(), "comment": plants.text() }),
    )
    .await;
    let reject = format!("{path}/documents/{uploaded}/reject");
    with_key(caller, Method::POST, &reject, &json!({ "reason": plants.text() })).await;

    // Two visits, with all that platform and firm write to them. The first is cancelled.
    let person = |plants: &mut Plants| {
        json!({
            "firstName": plants.word(), "lastName": plants.word(),
            "userInfo": {
                "personalPhone": plants.phone(), "professionalPhone": plants.phone(), "mobilePhone": plants.phone(),
                "email": plants.mail(),
            },
        })
    };
    let mut visits = Vec::new();
    for slot in [0, 1] {
        let found = json!(world.claims.search_appointments(&id, &search("ESS")).await.unwrap());
        let body = json!({
            "sessionID": found["sessionID"], "timeslot": found["timeslots"][slot],
            "contact": person(&mut plants), "notes": plants.text(),
        });
        let booked = Got::read(
            caller
                .request(Method::POST, &format!("{path}/appointments"))
                .header("idempotency-key", format!("book-{slot}"))
                .json(&body)
                .send()
                .await
                .unwrap(),
        )
        .await;
        assert!(booked.status < 300, "{}", booked.body);
        let visit = booked.body["data"].clone();
        let own = format!("{path}/appointments/{}", visit["id"].as_str().unwrap());
        let change = json!({ "contact": person(&mut plants), "notes": plants.text() });
        with_key(caller, Method::PATCH, &own, &change).await;
        // The firm's own people, with the firm's key.
        let theirs = visit["partnerAppointmentId"].as_str().unwrap().to_owned();
        let firm = world.partner.idempotent(&format!("firm-{slot}"));
        firm.change_contact(&theirs, &read(person(&mut plants))).await.unwrap();
        let mut told = json!({ "data": world.partner.read_appointment(&theirs).await.unwrap().unwrap() });
        told["data"]["notes"] = plants.text().into();
        told["data"]["address"]["street1"] = plants.word().into();
        let firm = world.partner.idempotent(&format!("firm-notes-{slot}"));
        firm.modify_appointment(&theirs, &read(told)).await.unwrap();
        if slot == 0 {
            let why = json!({ "reason": "ErreurDeSaisie", "comment": plants.text() });
            with_key(caller, Method::POST, &format!("{own}/cancel"), &why).await;
        }
        visits.push(theirs);
    }
    // An insurer opens another declaration for the same user, with a link, and gives it up.
    let insurer = server.insurer("Assureur", "02000402").await;
    let insurer = server.key(Api::Dossier, caller.tenant.org, insurer, Mode::Test).await;
    let prime = json!({
        "insured": {
            "title": "1", "name": plants.word(), "firstName": plants.word(), "email": plants.mail(), "mobile": plants.phone(),
            "status": "5",
        },
        "contract": { "number": contract["number"] , "isRecentSubscription": true },
        "claim": {
            "number": "S-PLANTED", "date": "2026-11-20T08:00:00+01:00",
            "address": {
                "line1": plants.word(), "city": "Paris", "postCode": "75017", "country": "France",
                "otherDetails": plants.word(),
            },
        },
        "intermediary": { "name": plants.word(), "phone": plants.phone() },
        "type": "DDE",
    });
    // The number is the fixtures' contract's too: that one goes, so that the planted one is found.
    server.run_sql(&format!("DELETE FROM contracts WHERE id = '{}'", fixtures::HOME_CONTRACT)).await;
    let primed = server.http.post(format!("{}/v1/claims/prime", server.url)).header("ctoken", &insurer).json(&prime);
    let primed: Value = primed.send().await.unwrap().json().await.unwrap();
    assert_eq!(primed["result"]["previously_existing"]["user"], true, "{primed}");
    let primed = primed["result"]["claim"]["id"].as_str().unwrap().to_owned();
    let why = json!({ "reason": plants.text() });
    Got::read(caller.request(Method::DELETE, &format!("/claims/{primed}")).json(&why).send().await.unwrap())
        .await
        .data();
    server.deliverer().drain().await.unwrap();

    // Everything was kept somewhere; what was written over is not asked for.
    let before = everything(server);
    let found = plants.found_in(&before).len();
    assert!(found > plants.0.len() * 2 / 3, "{found} of {}", plants.0.len());
    assert!(plants.0.len() > 70, "{}", plants.0.len());

    let services = &server.services;
    let wanted = Erasure { tenant: caller.tenant, user_id: user.clone(), reason: "request", overriding: None };
    let look = look(&services.core.store, &wanted, services.core.clock.now()).unwrap();
    assert_eq!((look.claims.len(), look.appointments, look.at_firms, look.elsewhere), (2, 2, 2, 0));
    let erased = erase_insured(services, caller, &user).await;
    assert_eq!((erased.claims, erased.contracts, erased.at_firms, erased.elsewhere), (2, 1, 2, 0));
    let left = everything(server);
    assert_eq!(plants.found_in(&left), Vec::<&str>::new());

    // The firm keeps its visit, and gets an event.
    for visit in &visits {
        let known = world.partner.read_appointment(visit).await.unwrap().unwrap();
        assert_eq!(known.address.unwrap().street1, "(effacé)");
        assert!(known.customer.is_none() && known.notes.is_none());
        let tenant = world.firm.tenant;
        let told = services
            .core
            .store
            .read(|connection| constat_store::queries::events::of_tenant_about(connection, &tenant, visit));
        let (_, last) = told.unwrap().pop().unwrap();
        assert_eq!((last.kind.name(), &last.data), ("appointment.erased", &json!({ "reason": "request" })));
    }
    // What is still sent tells no more either.
    receiver.clear();
    receiver.answer("", 204);
    server.clock.advance(SignedDuration::from_hours(1));
    server.deliverer().drain().await.unwrap();
    assert!(!receiver.messages().is_empty());
    for message in receiver.messages() {
        assert_eq!(plants.found_in(message.raw.as_bytes()), Vec::<&str>::new());
    }
    assert_eq!(plants.found_in(&everything(server)), Vec::<&str>::new());
}

#[tokio::test]
async fn a_firm_erases_its_own_appointments_once_they_are_over_or_cancelled() {
    let partner = Partner::with(vec![expert(1), expert(2)]).await;
    let other = partner.server.organisation(OrganisationKind::Platform, "Autre plateforme").await;
    let other = partner.server.partner_key(&partner.firm, other).await;
    let book = async |case: &str, name: &str| {
        let mut body = partner.first_booking(&on_site(), case).await;
        body["contact"] =
            json!({ "firstName": "Zoé", "lastName": name, "userInfo": { "mobilePhone": "+33612345678" } });
        body["notes"] = format!("Digicode de {name}").into();
        let request = partner.request(Method::POST, "/appointments").header("idempotency-key", case).json(&body);
        let made = partner.send(request).await.expect(201);
        (made["id"].as_str().unwrap().to_owned(), body)
    };
    let (first, first_body) = book("CASE-1", "Zqfirst").await;
    let (second, _) = book("CASE-2", "Zqsecond").await;
    let (third, _) = book("CASE-3", "Zqthird").await;
    let send = async |key: &str, id: &str, more: &[(&str, &str)]| {
        let url = format!("{}/claims/api/v1/appointments/{id}/erase", partner.server.url);
        let mut request = partner.server.http.post(url).header("pid", key);
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        partner.send(request).await
    };
    let (own, platform) = (partner.firm.own_key.clone(), partner.key.clone());
    // To come: refused, and nothing happens. Of others, and made up: not found.
    let early = send(&own, &first, &[]).await;
    assert!(early.status == 409 && early.text.contains("cancel it first"), "{}", early.text);
    for id in [first.as_str(), "nonsense", "apt_00000000000000000000000000"] {
        assert_eq!(send(&other, id, &[]).await.status, 404, "{id}");
    }
    assert_eq!(send("test_wrong", &first, &[]).await.status, 401);
    let find = async |text: &str| {
        partner.get(&format!("/appointments?search_text={text}")).await.expect(200)["data"].as_array().unwrap().len()
    };
    assert_eq!((find("zqfirst").await, find("zqsecond").await), (1, 1));
    // Cancelled by the platform, erased by the platform; over, erased by the firm.
    partner
        .post(&format!("/appointments/{first}/cancel"), &json!({ "reason": "Autre", "comment": "Zqcomment" }))
        .await
        .expect(200);
    assert_eq!(send(&platform, &first, &[("if-match", "\"99\"")]).await.status, 412);
    let erased = send(&platform, &first, &[]).await.expect(200);
    partner.server.clock.advance(SignedDuration::from_hours(24 * 20));
    let again = send(&own, &first, &[("idempotency-key", "e-1")]).await;
    assert_eq!(again.expect(200)["data"]["status"], erased["data"]["status"]);
    assert_eq!(send(&own, &second, &[("idempotency-key", "e-2")]).await.expect(200)["data"]["caseNumber"], "CASE-2");
    for (id, case) in [(&first, "CASE-1"), (&second, "CASE-2")] {
        let known = partner.get(&format!("/appointments/{id}")).await.expect(200)["data"][0].clone();
        assert_eq!((&known["caseNumber"], &known["address"]["street1"]), (&json!(case), &json!("(effacé)")));
        assert!(known.get("customer").is_none_or(Value::is_null) && known.get("notes").is_none_or(Value::is_null));
        assert_eq!(known["address"]["city"], "Paris");
    }
    assert_eq!((find("zqfirst").await, find("zqsecond").await, find("zqthird").await), (0, 0, 1));
    // The kept answer is gone, and the key is not free for a second booking.
    let repeat = partner.request(Method::POST, "/appointments").header("idempotency-key", "CASE-1").json(&first_body);
    assert_eq!(partner.send(repeat).await.status, 422);
    // The same from the command line, in SQLite, where the data folder is at hand.
    let folder = partner.server.folder().to_owned();
    let by_command = folder.join("constat.db").exists();
    if by_command {
        let data = folder.to_str().unwrap();
        let erase = |ids: &[&str]| {
            let firm =
                ["--organisation", "Cabinet d'expertise", "--mode", "test", "--reason", "request", "--data", data];
            [&["gdpr", "erase-appointments"], ids, &firm[..]]
                .concat()
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let unknown = erase(&[&third, "apt_00000000000000000000000000"]);
        let unknown: Vec<&str> = unknown.iter().map(String::as_str).collect();
        assert!(refused(&folder, &unknown).contains("nothing erased"));
        assert_eq!(find("zqthird").await, 1);
        let good = erase(&[&third]);
        let good: Vec<&str> = good.iter().map(String::as_str).collect();
        assert!(done(&folder, &good).contains("personal data of 1 appointments"));
        assert_eq!(find("zqthird").await, 0);
    }
    // Last: reading the files here takes SQLite's locks on them away from this process.
    partner.server.services.core.store.scrub().unwrap();
    let bytes = String::from_utf8_lossy(&partner.server.database_bytes()).to_lowercase();
    for (word, is_left) in [("zqfirst", false), ("zqsecond", false), ("zqcomment", false), ("zqthird", !by_command)] {
        assert_eq!(bytes.contains(word), is_left, "{word}");
    }
}

#[tokio::test]
async fn a_firm_on_another_server_is_asked_to_erase_until_it_has() {
    let there = Server::start().await;
    let firm = there.firm_with_experts("Cabinet", vec![expert(1)]).await;
    let mut here = Server::start().await;
    let caller = here.platform("Plateforme").await;
    // The platform as the firm's server knows it.
    let platform = there.organisation(OrganisationKind::Platform, "Plateforme").await;
    let key = there.partner_key(&firm, platform).await;
    let base = format!("{}{}", there.url, PartnerClient::BASE_PATH);
    let linked = link(&base, &key, &[ServiceKind::OnSite]);
    here.configure(|settings| settings.partners = vec![linked]).await;
    let claims = claims_client(&here, &caller.key);
    let (id, _) = submitted(&claims).await;
    let found = claims.search_appointments(&id, &search("ESS")).await.unwrap();
    let mut body = booking(&found, 0);
    body.contact = Some(read(json!({ "firstName": "Zoé", "lastName": "Zqelsewhere", "userInfo": {} })));
    let booked = claims.book_appointment(&id, &body).await.unwrap();
    let known = PartnerClient::new(&base, &firm.own_key, constat_client::Options::default()).unwrap();
    let there_now = async || known.read_appointment(&booked.partner_appointment_id).await.unwrap().unwrap();
    assert_eq!(there_now().await.customer.unwrap().last_name, "Zqelsewhere");

    let services = &here.services;
    let erased = erase_insured(services, &caller, HOME_USER).await;
    assert_eq!((erased.at_firms, erased.elsewhere), (0, 1));
    // The visit is still to come: the firm refuses, and is asked again later, not at once.
    assert_eq!(request_partner_erasures(&services.claims).await.unwrap(), 0);
    there.clock.advance(SignedDuration::from_hours(24 * 20));
    assert_eq!(request_partner_erasures(&services.claims).await.unwrap(), 0);
    assert_eq!(there_now().await.customer.unwrap().last_name, "Zqelsewhere");
    here.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(request_partner_erasures(&services.claims).await.unwrap(), 1);
    let gone = there_now().await;
    assert!(gone.customer.is_none() && gone.address.unwrap().street1 == "(effacé)");
    assert_eq!(gone.status, Some(AppointmentStatus::Booked));
    // Recorded once, and not asked again.
    here.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(request_partner_erasures(&services.claims).await.unwrap(), 0);
    let kinds = crate::platform_support::events(&here, &caller, &id);
    assert_eq!(kinds.iter().filter(|kind| *kind == "insured.erasure.passed_on").count(), 1);
    assert_eq!(refusal(known.erase_appointment("apt_00000000000000000000000000").await).0, 404);
}

/// Two people have the same name, phone, notes: the other one's repeats get their answers, the erased one's get a
/// refusal that says so, and nothing is done twice.
#[tokio::test]
async fn an_erasure_leaves_the_repeats_of_other_people_alone() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let send = async |method: Method, path: &str, key: &str, body: &Value| {
        Got::read(caller.request(method, path).header("idempotency-key", key).json(body).send().await.unwrap()).await
    };
    let (bike, mut home) = (fixtures::stolen_bike(), fixtures::water_damage());
    assert_eq!(bike["insured"], home["insured"]);
    // The user id of the one is a word of the other.
    home["location"]["city"] = BIKE_USER.into();
    let mut kept = Vec::new();
    for (name, declaration) in [("bike", &bike), ("home", &home)] {
        let declared = send(Method::POST, "/claims", name, declaration).await;
        let path = format!("/claims/{}", declared.data()["id"].as_str().unwrap());
        let note = json!({ "text": "Rappeler Jean Dupont" });
        server.clock.advance(SignedDuration::from_secs(1));
        let noted = send(Method::POST, &format!("{path}/notes"), &format!("{name}-note"), &note).await;
        noted.data();
        let told = json!({ "note": "Rappeler Jean Dupont" });
        send(Method::PUT, &format!("{path}/note"), &format!("{name}-told"), &told).await.data();
        kept.push((declared, path, noted));
    }
    assert_eq!(erase_insured(&server.services, &caller, BIKE_USER).await.answers, 3);

    let note = json!({ "text": "Rappeler Jean Dupont" });
    let (declared, path, noted) = &kept[1];
    assert_eq!(send(Method::POST, "/claims", "home", &home).await.data(), declared.data());
    assert_eq!(send(Method::POST, &format!("{path}/notes"), "home-note", &note).await.data(), noted.data());
    let told = json!({ "note": "Rappeler Jean Dupont" });
    send(Method::PUT, &format!("{path}/note"), "home-told", &told).await.data();
    let listed = caller.get(&format!("{path}/notes")).await;
    assert_eq!(listed.data().as_array().unwrap().len(), 1, "once");

    let (_, path, _) = &kept[0];
    let repeats = [
        send(Method::POST, "/claims", "bike", &bike).await,
        send(Method::POST, &format!("{path}/notes"), "bike-note", &note).await,
        send(Method::POST, "/claims", "bike", &home).await,
    ];
    for repeat in repeats {
        repeat.is_error(400, 1000);
        let message = repeat.body["error"]["message"].as_str().unwrap();
        assert!(message.contains("was erased") && !message.contains("another request"), "{message}");
        assert_eq!(repeat.fields(), ["Idempotency-Key"]);
    }
    let claims = caller.get(&format!("/claims?userId={HOME_USER}")).await;
    assert_eq!(claims.data().as_array().unwrap().len(), 1, "{}", claims.body);
}

/// A platform that books at the firm itself may name the claim in its own words only.
#[tokio::test]
async fn appointments_that_name_the_claim_only_by_text_are_erased_too() {
    let world = World::with(vec![expert(1), expert(2), expert(3)], &[ServiceKind::OnSite]).await;
    let (id, claim) = submitted(&world.claims).await;
    let key = world.server.partner_key(&world.firm, world.caller.tenant.org).await;
    let post = async |path: &str, body: &Value| {
        let url = format!("{}/claims/api/v1{path}", world.server.url);
        send(world.server.http.post(url).header("pid", &key).json(body)).await
    };
    let book = async |reference: &str, case: &str| {
        let mut request = on_site();
        request["insurerClaimId"] = reference.into();
        // Of the platform's other system.
        request["claim"]["claimId"] = "0199a1b2-0000-7000-8000-00000000ffff".into();
        let found = post("/intervention", &request).await.expect(200);
        let mut body = crate::partner_support::booking(&found, 0, case);
        body["contact"] = json!({ "firstName": "Zoé", "lastName": "Zqtext", "userInfo": {} });
        post("/appointments", &body).await.expect(201)["id"].as_str().unwrap().to_owned()
    };
    let theirs = [
        book("SIN-1", &claim).await,
        book(&id, "CASE-2").await,
        book(&crate::platform_support::uuid(&claim), "CASE-3").await,
    ];
    let others = [book("SIN-4", "CASE-4").await, book("SIN-5", &format!("{claim}0")).await];
    assert_eq!(erase_insured(&world.server.services, &world.caller, HOME_USER).await.at_firms, 3);
    for (visits, is_left) in [(&theirs[..], false), (&others[..], true)] {
        for visit in visits {
            let known = world.partner.read_appointment(visit).await.unwrap().unwrap();
            assert_eq!(known.customer.is_some(), is_left, "{visit}");
        }
    }
}
