//! Who may read what: mandates of firms, the contract registry, links, and declarations sent twice.

use constat_client::{DossierClient, Options};
use constat_domain::claim::OutsideCover;
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::{Api, Mode, OrganisationKind};
use constat_testkit::{ClaimsCaller, Got, Server, expert, fixtures};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::partner_support::{booking as partner_booking, on_site, send};
use crate::platform_support::{
    World, booking, claims_client, events, read, refusal, search, submitted, uuid, water_damage,
};
use crate::shared::{integrator, integrator_of, revoke};

/// The key that a firm issued to the platform, as the platform's settings have it: the firm knows it too.
fn issued_key(world: &World) -> String {
    world.server.services.core.settings.partners[0].key.clone()
}

/// The firm books a visit for a claim in its own calendar, with the platform's key.
async fn book_in_own_calendar(world: &World, claim_id: &str, reference: &str) -> Value {
    let ask = async |path: &str, body: &Value| {
        let url = format!("{}/claims/api/v1{path}", world.server.url);
        send(world.server.http.post(url).header("pid", issued_key(world)).json(body)).await
    };
    let mut request = on_site();
    (request["claim"]["claimId"], request["insurerClaimId"]) = (claim_id.into(), reference.into());
    let found = ask("/intervention", &request).await.expect(200);
    ask("/appointments", &partner_booking(&found, 0, reference)).await.expect(201)
}

#[track_caller]
fn is_no_mandate<T: std::fmt::Debug>(answer: Result<T, constat_client::ClientError>, what: &str) {
    assert_eq!(refusal(answer), (404, 7), "{what}");
}

#[tokio::test]
async fn a_firm_opens_no_file_by_booking_in_its_own_calendar() {
    let world = World::with(vec![expert(1), expert(2)], &[ServiceKind::OnSite]).await;
    let (id, claim_id) = submitted(&world.claims).await;
    let draft = world.claims.create_claim(&water_damage()).await.unwrap().id;
    let (given_up, gone) = submitted(&world.claims).await;
    world.claims.cancel_claim(&given_up, None).await.unwrap();
    // By either id in either form, and under the insurer's reference.
    for claim in [claim_id.clone(), uuid(&claim_id), id.clone(), draft.clone(), uuid(&gone)] {
        book_in_own_calendar(&world, &claim, "SIN-2026-000017").await;
        is_no_mandate(world.dossier.pull_claim(&claim).await, &claim);
    }
    for claim in [&claim_id, &id, &draft, &given_up, &gone] {
        is_no_mandate(world.dossier.pull_claim(claim).await, claim);
    }
    // A time that is only kept opens nothing either.
    let url = format!("{}/claims/api/v1", world.server.url);
    let with_key = |request: reqwest::RequestBuilder| request.header("pid", issued_key(&world));
    let mut request = on_site();
    request["claim"]["claimId"] = uuid(&claim_id).into();
    let found = send(with_key(world.server.http.post(format!("{url}/intervention"))).json(&request)).await.expect(200);
    let kept = json!({ "sessionID": found["sessionID"], "timeslot": found["timeslots"][0] });
    send(with_key(world.server.http.post(format!("{url}/holds"))).json(&kept)).await.expect(201);
    is_no_mandate(world.dossier.pull_claim(&claim_id).await, "a hold");
}

#[tokio::test]
async fn a_mandate_follows_the_platforms_record_and_the_claims_status() {
    let world = World::with(vec![expert(1), expert(2)], &[ServiceKind::OnSite]).await;
    let (id, claim_id) = submitted(&world.claims).await;
    let found = world.claims.search_appointments(&id, &search("ESS")).await.unwrap();
    let booked = world.claims.book_appointment(&id, &booking(&found, 0)).await.unwrap();
    let file = world.dossier.pull_claim(&claim_id).await.unwrap();
    // Moved by the platform, or modified by the firm: still the firm's.
    let mut again = search("ESS");
    again.appointment_id = Some(booked.id.clone());
    let found = world.claims.search_appointments(&id, &again).await.unwrap();
    let to = read(json!({
        "sessionID": found.session_id, "timeslot": found.timeslots[1], "reason": "ClientIndisponible",
    }));
    let moved = world.claims.move_appointment(&id, &booked.id, &to).await.unwrap();
    assert_eq!(moved.status, booked.status);
    world.dossier.pull_claim(&claim_id).await.unwrap();
    // Cancelled: its links end with it, and the firm's own booking does not bring it back.
    let reason = read(json!({ "reason": "ErreurDeSaisie" }));
    world.claims.cancel_appointment(&id, &booked.id, &reason).await.unwrap();
    is_no_mandate(world.dossier.pull_claim(&claim_id).await, "cancelled");
    assert_eq!(world.server.http.get(&file.documents[0].href).send().await.unwrap().status(), 404);
    book_in_own_calendar(&world, &uuid(&claim_id), "SIN-2026-000017").await;
    is_no_mandate(world.dossier.pull_claim(&claim_id).await, "cancelled, and booked by the firm");
    // Another visit, done, on a claim that is then closed: the report may take months.
    let found = world.claims.search_appointments(&id, &search("ESS")).await.unwrap();
    world.claims.book_appointment(&id, &booking(&found, 2)).await.unwrap();
    world.dossier.pull_claim(&claim_id).await.unwrap();
    for status in ["in_progress", "closed"] {
        world.caller.post(&format!("/claims/{id}/transitions"), &json!({ "to": status })).await.data();
        world.dossier.pull_claim(&claim_id).await.unwrap();
    }
    // Given up: over, although the visit still stands in the record.
    let (id, claim_id) = submitted(&world.claims).await;
    let found = world.claims.search_appointments(&id, &search("ESS")).await.unwrap();
    world.claims.book_appointment(&id, &booking(&found, 0)).await.unwrap();
    world.dossier.pull_claim(&claim_id).await.unwrap();
    world.claims.cancel_claim(&id, None).await.unwrap();
    is_no_mandate(world.dossier.pull_claim(&claim_id).await, "abandoned");
}

#[tokio::test]
async fn a_link_without_the_firms_name_gives_the_mandate_to_who_issued_its_key() {
    let mut world = World::with(vec![expert(1)], &[ServiceKind::OnSite]).await;
    world.server.configure(|settings| settings.partners[0].organisation = None).await;
    let claims = claims_client(&world.server, &world.caller.key);
    let (id, claim_id) = submitted(&claims).await;
    let found = claims.search_appointments(&id, &search("ESS")).await.unwrap();
    claims.book_appointment(&id, &booking(&found, 0)).await.unwrap();
    world.dossier.pull_claim(&claim_id).await.unwrap();
    let stranger = world.server.organisation(OrganisationKind::Partner, "Autre cabinet").await;
    let key = world.server.key(Api::Dossier, world.caller.tenant.org, stranger, Mode::Test).await;
    let base = format!("{}{}", world.server.url, DossierClient::BASE_PATH);
    let stranger = DossierClient::new(&base, &key, Options::default()).unwrap();
    is_no_mandate(stranger.pull_claim(&claim_id).await, "another firm");
}

/// What an answer tells, without the id of the request.
fn told(got: &Got) -> (u16, Value) {
    let mut body = got.body.clone();
    if let Some(error) = body["error"].as_object_mut() {
        error.remove("executionId");
    }
    (got.status, body)
}

#[tokio::test]
async fn the_registry_tells_an_integrator_of_no_contract_that_it_did_not_declare_on() {
    let server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let broker = integrator(&server, &platform, "Courtier").await;
    let insurer = integrator_of(&server, &platform, server.insurer("Assureur", "02000402").await).await;
    let elsewhere = server.platform("Autre plateforme").await;
    let unknown = told(&broker.get("/contracts/unknown").await);
    assert_eq!((unknown.0, &unknown.1["error"]["code"]), (404, &json!(2002)));
    for caller in [&broker, &insurer] {
        for id in [fixtures::BIKE_CONTRACT, fixtures::HOME_CONTRACT, "unknown", "contract_", "%00", "..%2f", "'"] {
            assert_eq!(told(&caller.get(&format!("/contracts/{id}")).await), unknown, "{id}");
        }
    }
    let own = format!("/contracts/{}", fixtures::BIKE_CONTRACT);
    assert_eq!(platform.get(&own).await.data()["holder"]["lastName"], "Dupont");
    assert_eq!(elsewhere.get(&own).await.data()["holder"]["lastName"], "Dupont");

    // Declared on, for its holder: open to that integrator, all its keys, and to no other.
    broker.declare(&fixtures::stolen_bike()).await;
    assert_eq!(broker.get(&own).await.data()["holder"]["lastName"], "Dupont");
    assert_eq!(told(&broker.get(&format!("/contracts/{}", fixtures::HOME_CONTRACT)).await), unknown);
    assert_eq!(told(&insurer.get(&own).await), unknown);
    // Declared on for someone else: who the holder is stays untold.
    let mut other = fixtures::stolen_bike();
    other["insured"] = json!({ "firstName": "Eve", "lastName": "Martin", "phoneNumber": "+33700000000" });
    insurer.declare(&other).await;
    assert_eq!(told(&insurer.get(&own).await), unknown);
}

#[tokio::test]
async fn a_refused_declaration_tells_an_integrator_of_no_user_contract_or_product() {
    let server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let broker = integrator(&server, &platform, "Courtier").await;
    let with = |user: &str, contract: &str, product: &str| {
        let mut declaration = fixtures::stolen_bike();
        declaration["userId"] = user.into();
        declaration["contractId"] = contract.into();
        declaration["contractProductId"] = product.into();
        declaration
    };
    let (user, contract, product) = (fixtures::BIKE_USER, fixtures::BIKE_CONTRACT, fixtures::BIKE_PRODUCT);
    let unknown = told(&broker.post("/claims", &with("unknown", "nothing", "nowhere")).await);
    assert_eq!((unknown.0, &unknown.1["error"]["code"]), (404, &json!(2002)));
    for (user, contract, product) in [
        (user, "nothing", product),
        ("unknown", contract, product),
        (user, contract, "nowhere"),
        (fixtures::HOME_USER, contract, product),
        (user, fixtures::HOME_CONTRACT, product),
        (user, fixtures::HOME_CONTRACT, fixtures::HOME_PRODUCT),
        ("unknown", contract, "nowhere"),
    ] {
        assert_eq!(told(&broker.post("/claims", &with(user, contract, product)).await), unknown);
        let tried = Got::read(
            broker
                .request(Method::POST, "/claims?dryRun=true")
                .json(&with(user, contract, product))
                .send()
                .await
                .unwrap(),
        );
        assert_eq!(told(&tried.await), unknown);
    }
    // Lists: a user of the registry and one that does not exist are the same to it.
    let refused = told(&broker.get("/claims?userId=unknown").await);
    assert_eq!((refused.0, &refused.1["error"]["code"]), (401, &json!(9003)));
    assert_eq!(told(&broker.get(&format!("/claims?userId={user}")).await), refused);
    assert_eq!(told(&broker.get(&format!("/claims?userId={user}&status=draft")).await), refused);
    // The platform hears which of the three is wrong.
    platform.post("/claims", &with("unknown", contract, product)).await.is_error(401, 9003);
    platform.post("/claims", &with(user, "nothing", product)).await.is_error(404, 2002);
    platform.post("/claims", &with(user, contract, "nowhere")).await.is_error(404, 2003);
    assert_eq!(platform.get(&format!("/claims?userId={user}")).await.data(), &json!([]));
    // And so does the integrator, once it has declared on the contract.
    broker.declare(&fixtures::stolen_bike()).await;
    broker.post("/claims", &with(user, contract, "nowhere")).await.is_error(404, 2003);
    assert_eq!(broker.get(&format!("/claims?userId={user}&status=submitted")).await.data(), &json!([]));
}

#[tokio::test]
async fn the_registrys_address_is_not_told_to_an_integrator_that_did_not_know_the_holder() {
    const STREET: &str = "Batignolles";
    let world = World::with(vec![expert(1)], &[ServiceKind::OnSite]).await;
    let broker = integrator(&world.server, &world.caller, "Courtier").await;
    let mut declaration = fixtures::water_damage();
    declaration["location"] =
        json!({ "address": "1 rue de Rivoli", "city": "Paris", "country": "France", "zipcode": "75004" });
    let mut unknown = declaration.clone();
    unknown["insured"] = json!({ "firstName": "Eve", "lastName": "Martin", "phoneNumber": "+33700000000" });
    let (id, _) = broker.submitted(&unknown, &[fixtures::DAMAGE_PHOTO]).await;
    let claims = claims_client(&world.server, &broker.key);
    let found = claims.search_appointments(&id, &search("ESS")).await.unwrap();
    claims.book_appointment(&id, &booking(&found, 0)).await.unwrap();
    for path in ["", "/dossier", "/timeline", "/appointments", "/deadlines"] {
        let got = broker.get(&format!("/claims/{id}{path}")).await;
        got.data();
        assert!(!got.body.to_string().contains(STREET), "{path}: {}", got.body);
    }
    // The platform and the expert know where the risk is.
    let seen = world.caller.get(&format!("/claims/{id}/dossier")).await;
    assert_eq!(seen.data()["facets"]["risk"]["address"]["street1"], "48 boulevard des Batignolles");
    // Who tells the risk reads what it told; who names the holder reads the registry's.
    let draft = broker.declare(&unknown).await;
    let mut risk = seen.data()["facets"]["risk"].clone();
    risk["address"]["street1"] = "2 rue de Rivoli".into();
    let edited = broker.patch(&format!("/claims/{draft}/dossier"), &json!({ "risk": risk })).await;
    assert_eq!(edited.data()["facets"]["risk"]["address"]["street1"], "2 rue de Rivoli");
    let known = broker.declare(&declaration).await;
    let read = broker.get(&format!("/claims/{known}/dossier")).await;
    assert_eq!(read.data()["facets"]["risk"]["address"]["street1"], "48 boulevard des Batignolles");
}

/// What an integrator that does not name the policyholder sent of the contract: the ids, and nothing else.
#[tokio::test]
async fn a_contract_of_guessed_ids_is_not_read_through_the_claim() {
    let mut server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let broker = integrator(&server, &platform, "Courtier").await;
    let mut contract = fixtures::bike_contract();
    contract.effective_from = Some(jiff::civil::date(2023, 5, 17));
    contract.products[0].product.custom.insert("frame".to_owned(), json!("Zqframe"));
    server.contract(platform.tenant, contract).await;
    let secrets = ["BK-2023-000123", "Assurance vélo", "ALLIANZ", "02000402", "bk-123456789", "VanMoof", "Zqframe"];
    let secrets = [&secrets[..], &["2023-05-17", "electric", "deductible"]].concat();
    let mut guessed = fixtures::stolen_bike();
    guessed["insured"] = json!({ "firstName": "Eve", "lastName": "Martin", "phoneNumber": "+33700000000" });
    let told = broker.post("/claims", &guessed).await;
    let id = told.data()["id"].as_str().unwrap().to_owned();
    let hides = |what: &str, got: &Got| {
        got.data();
        for secret in &secrets {
            assert!(!got.body.to_string().contains(secret), "{what} has {secret}: {}", got.body);
        }
    };
    hides("the declaration", &told);
    let patched = broker.patch(&format!("/claims/{id}"), &json!({ "location": { "city": "Paris 12" } })).await;
    hides("the edit", &patched);
    for kind in [fixtures::POLICE_REPORT, fixtures::KEYS_PHOTO] {
        let path = format!("/claims/{id}/documents");
        broker.put(&path, &constat_testkit::document(kind, &fixtures::pdf())).await.data();
    }
    hides("the submission", &broker.post(&format!("/claims/{id}/submit"), &json!({})).await);
    for path in ["", "/dossier", "/timeline", "/deadlines"] {
        hides(path, &broker.get(&format!("/claims/{id}{path}")).await);
    }
    hides("the feed", &broker.get("/events").await);
    hides("the list", &broker.get(&format!("/claims?userId={}", fixtures::BIKE_USER)).await);
    let read = broker.get(&format!("/claims/{id}")).await;
    assert_eq!(
        (&read.data()["product"]["type"], &read.data()["product"]["internalId"]),
        (&json!("bike"), &json!(null))
    );
    let cover = &read.data()["cover"];
    assert_eq!((&cover["state"], &cover["effectiveFrom"]), (&json!("unknown"), &json!(null)));
    assert_eq!(read.data()["contractId"], fixtures::BIKE_CONTRACT, "what it sent it reads");

    // The platform reads it all, and so does an integrator that names the policyholder.
    let shows = async |caller: &ClaimsCaller, id: &str| {
        let claim = caller.get(&format!("/claims/{id}")).await;
        assert_eq!(claim.data()["product"]["internalId"], "bk-123456789");
        assert_eq!(claim.data()["cover"]["effectiveFrom"], "2023-05-17");
        let dossier = caller.get(&format!("/claims/{id}/dossier")).await;
        let cover = &dossier.data()["cover"];
        assert_eq!(
            (&cover["contractNumber"], &cover["deductible"]["value"]),
            (&json!("BK-2023-000123"), &json!(150.0))
        );
    };
    shows(&platform, &id).await;
    let known = broker.declare(&fixtures::stolen_bike()).await;
    shows(&broker, &known).await;
    // The contract was given to it by that: a claim for the policyholder's lodger shows it too.
    guessed["location"]["city"] = "Paris 11".into();
    let second = broker.declare(&guessed).await;
    shows(&broker, &second).await;
    hides("the first claim", &broker.get(&format!("/claims/{id}")).await);

    // A refusal of a loss outside the cover does not tell its dates either.
    server.configure(|settings| settings.claims.outside_cover = OutsideCover::Refuse).await;
    let other = integrator(&server, &platform, "Autre courtier").await;
    let other = ClaimsCaller { http: server.http.clone(), ..other };
    guessed["claimAt"] = "2023-01-15T14:30:00Z".into();
    let refused = other.post("/claims", &guessed).await;
    refused.is_error(400, 1000);
    assert_eq!(refused.fields(), ["claimAt"]);
    assert!(!refused.body.to_string().contains("2023-05-17"), "{}", refused.body);
}

#[tokio::test]
async fn signed_links_end_with_the_key_that_they_were_made_for() {
    let world = World::with(vec![expert(1)], &[ServiceKind::OnSite]).await;
    let (server, platform) = (&world.server, &world.caller);
    let broker = integrator(server, platform, "Courtier").await;
    let (id, claim_id) = broker.submitted(&fixtures::water_damage(), &[fixtures::DAMAGE_PHOTO]).await;
    let entries = broker.get(&format!("/claims/{id}")).await.data()["documentEntries"].clone();
    let document = entries[0]["document"]["id"].as_str().unwrap().to_owned();
    let link = async |caller: &ClaimsCaller| {
        let got = caller.get(&format!("/claims/{id}/documents/{document}")).await;
        got.data()["downloadUrl"].as_str().unwrap().to_owned()
    };
    let found = world.claims.search_appointments(&id, &search("ESS")).await.unwrap();
    world.claims.book_appointment(&id, &booking(&found, 0)).await.unwrap();
    let insurer = server.insurer("Assureur", "02000402").await;
    let insurer = server.key(Api::Dossier, platform.tenant.org, insurer, Mode::Test).await;
    let file = async |key: &str| {
        let url = format!("{}/v1/claims/{claim_id}", server.url);
        let file: Value = server.http.get(url).header("ctoken", key).send().await.unwrap().json().await.unwrap();
        file["documents"][0]["href"].as_str().unwrap().to_owned()
    };
    let pulled = world.dossier.pull_claim(&claim_id).await.unwrap().documents[0].href.clone();
    let (of_broker, of_platform, of_insurer) = (link(&broker).await, link(platform).await, file(&insurer).await);
    let status = async |href: &str| server.http.get(href).send().await.unwrap().status().as_u16();
    for href in [&of_broker, &of_platform, &of_insurer, &pulled] {
        assert_eq!(status(href).await, 200);
    }
    revoke(&server.services.core, Api::Claims, &broker.key).await;
    assert_eq!((status(&of_broker).await, status(&of_platform).await, status(&of_insurer).await), (404, 200, 200));
    revoke(&server.services.core, Api::Dossier, &insurer).await;
    assert_eq!((status(&of_insurer).await, status(&pulled).await), (404, 200));
    revoke(&server.services.core, Api::Claims, &platform.key).await;
    assert_eq!((status(&of_platform).await, status(&pulled).await), (404, 200));
}

#[tokio::test]
async fn a_key_given_twice_in_a_body_is_refused_and_named() {
    let world = World::with(vec![expert(1)], &[ServiceKind::OnSite]).await;
    let caller = &world.caller;
    let send_text = async |method: Method, path: &str, kind: &str, text: String| {
        Got::read(caller.request(method, path).header("content-type", kind).body(text).send().await.unwrap()).await
    };
    let sound = fixtures::stolen_bike().to_string();
    let doubled = |from: &str, to: &str| {
        assert_eq!(sound.matches(from).count(), 1, "{from}");
        sound.replace(from, to)
    };
    for (from, to, field) in [
        ("\"electric\":true", "\"electric\":true,\"electric\":false", "questions.electric"),
        ("\"electric\":true", "\"electric\":true,\"electric\":true", "questions.electric"),
        ("\"electric\":true", "\"electric\":true,\"\\u0065lectric\":false", "questions.electric"),
        ("\"city\":\"Paris\"", "\"city\":\"Paris\",\"unknown\":1,\"unknown\":2", "location.unknown"),
        ("\"questions\":{", "\"more\":[{\"a\":1},{\"b\":1,\"b\":2}],\"questions\":{", "more[1].b"),
    ] {
        let got = send_text(Method::POST, "/claims", "application/json", doubled(from, to)).await;
        got.is_error(400, 1000);
        assert_eq!(got.fields(), [field]);
    }
    let got =
        send_text(Method::POST, "/claims", "application/json", doubled("\"userId\"", "\"userId\":\"x\",\"userId\""));
    assert!(got.await.fields().contains(&"userId"));
    // The other places that read maps: edits, uploads, imports, the partner and the dossier contract.
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let path = format!("/claims/{id}");
    let edit = r#"{"questions": {"electric": true, "electric": false}}"#.to_owned();
    let got = send_text(Method::PATCH, &path, "application/json", edit).await;
    assert_eq!((got.status, got.fields()), (400, vec!["questions.electric"]));
    let upload = r#"[{"type": "x", "title": "x", "filename": "x.pdf", "content": "", "y": 1, "y": 2}]"#.to_owned();
    let got = send_text(Method::PUT, &format!("{path}/documents"), "application/json", upload).await;
    assert_eq!((got.status, got.fields()), (400, vec!["[0].y"]));
    let line = r#"{"id": "c-1", "holder": {"last_name": "Martin", "last_name": "Dupont"}}"#.to_owned();
    let got = send_text(Method::POST, "/contracts/import", "application/x-ndjson", line).await;
    assert_eq!((got.status, got.fields()[0]), (400, "line 1 holder.last_name"));
    let url = format!("{}/claims/api/v1/intervention", world.server.url);
    let text = on_site().to_string().replacen("\"guarantee\":", "\"x\":1,\"x\":2,\"guarantee\":", 1);
    let ask = || world.server.http.post(&url).header("pid", issued_key(&world));
    let got = send(ask().header("content-type", "application/json").body(text.clone())).await;
    assert_eq!((got.status, got.fields()), (400, vec!["claim.x".to_owned()]));
    // A form whose field is given twice.
    let field = "data=%7B%22reason%22%3A%22Autre%22%7D";
    let form = world.server.http.post(format!("{}/claims/api/v1/appointments/x/cancel", world.server.url));
    let form = form.header("pid", issued_key(&world)).header("content-type", "application/x-www-form-urlencoded");
    let got = send(form.body(format!("{field}&{field}"))).await;
    assert_eq!((got.status, got.fields()), (400, vec!["data".to_owned()]));
}

/// The drafts that a user has, as the platform sees them.
async fn drafts(platform: &ClaimsCaller) -> u64 {
    let list = platform.get(&format!("/claims?userId={}", fixtures::BIKE_USER)).await;
    list.body["pagination"]["total"].as_u64().unwrap()
}

#[tokio::test]
async fn a_double_click_makes_one_draft_and_says_so() {
    let mut server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    server.configure(|settings| settings.requests.repeat_seconds = 5).await;
    let broker = integrator(&server, &platform, "Courtier").await;
    let platform = ClaimsCaller { http: server.http.clone(), ..platform };
    let broker = ClaimsCaller { http: server.http.clone(), ..broker };
    let bike = fixtures::stolen_bike();
    // Both clicks at once: one draft, whichever comes first.
    let (first, second) = tokio::join!(broker.post("/claims", &bike), broker.post("/claims", &bike));
    assert_eq!(first.data(), second.data());
    let mut said = [first.header("x-repeated"), second.header("x-repeated")];
    said.sort_unstable();
    assert_eq!((said, drafts(&platform).await), (["", "true"], 1));
    let id = first.data()["id"].as_str().unwrap().to_owned();
    let created = events(&server, &platform, &id);
    assert_eq!(created.iter().filter(|kind| *kind == "v2.claim.draft.created").count(), 1);
    server.clock.advance(SignedDuration::from_secs(4));
    assert_eq!(broker.declare(&bike).await, id);
    // What is no double click makes another draft: another caller, another body, an Idempotency-Key, a later moment.
    let mut others = vec![platform.declare(&bike).await];
    let mut other = bike.clone();
    other["location"]["city"] = "Paris 12".into();
    others.push(broker.declare(&other).await);
    for key in ["one", "two"] {
        let request = broker.request(Method::POST, "/claims").header("idempotency-key", key).json(&bike);
        let got = Got::read(request.send().await.unwrap()).await;
        assert_eq!(got.header("x-repeated"), "");
        others.push(got.data()["id"].as_str().unwrap().to_owned());
    }
    server.clock.advance(SignedDuration::from_secs(2));
    let later = broker.declare(&bike).await;
    others.push(later.clone());
    assert_eq!(drafts(&platform).await, 6);
    others.push(id);
    others.sort();
    others.dedup();
    assert_eq!(others.len(), 6);
    // One that was given up meanwhile is not given again.
    broker.send(Method::DELETE, &format!("/claims/{later}")).await;
    assert_ne!(broker.declare(&bike).await, later);
    // Nor does a declaration that was only tried out count.
    server.clock.advance(SignedDuration::from_secs(6));
    let tried = broker.request(Method::POST, "/claims?dryRun=true").json(&bike).send().await.unwrap();
    assert_eq!(tried.status(), 200);
    let got = broker.post("/claims", &bike).await;
    assert_eq!((got.status, got.header("x-repeated")), (200, ""));
}

#[tokio::test]
async fn a_double_click_over_two_servers_makes_one_draft() {
    let mut here = Server::start().await;
    let platform = here.platform("Plateforme").await;
    here.configure(|settings| settings.requests.repeat_seconds = 5).await;
    let mut there = here.twin().await;
    there.configure(|settings| settings.requests.repeat_seconds = 5).await;
    let at = |server: &Server| ClaimsCaller {
        url: format!("{}/v2", server.url),
        http: server.http.clone(),
        ..platform.clone()
    };
    let (left, right) = (at(&here), at(&there));
    let bike = fixtures::stolen_bike();
    for _ in 0..5 {
        let (first, second) = tokio::join!(left.post("/claims", &bike), right.post("/claims", &bike));
        assert_eq!(first.data()["id"], second.data()["id"]);
        here.clock.advance(SignedDuration::from_secs(6));
    }
    assert_eq!(drafts(&left).await, 5);
}
