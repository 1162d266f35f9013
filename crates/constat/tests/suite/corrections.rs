//! Countries and postcodes as people write them, and what a handler corrects of a claim.

use constat_client::wire::claims::{CorrectClaim, CreateClaim};
use constat_domain::claim::Claim;
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::{Api, Mode, OrganisationKind};
use constat_store::queries::claims;
use constat_testkit::fixtures::{self, BIKE_CONTRACT, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Server, expert};
use reqwest::Method;
use serde_json::{Value, json};

use crate::claims::start;
use crate::platform_support::{World, claims_client, read, refusal, search};

/// A stolen bike at a place.
fn theft(zipcode: &str, city: &str, country: &str) -> Value {
    let mut theft = fixtures::stolen_bike();
    theft["location"] = json!({ "address": "1 rue de Paris", "city": city, "country": country, "zipcode": zipcode });
    theft
}

/// Writes a place into a claim that no declaration would take today.
async fn spoil(server: &Server, caller: &ClaimsCaller, id: &str, zipcode: &str, country: &str) {
    let found = server.services.core.store.read(|c| claims::of_tenant_by_either_id(c, &caller.tenant, id));
    let mut claim: Claim = found.unwrap().unwrap();
    (claim.location.zipcode, claim.location.country) = (zipcode.to_owned(), country.to_owned());
    claim.version += 1;
    let saved: Result<(), constat_store::StoreError> =
        server.services.core.store.write(move |tx| claims::update(tx, &claim)).await;
    saved.unwrap();
}

#[tokio::test]
async fn a_declaration_reads_countries_and_postcodes_as_people_write_them() {
    let (_server, caller) = start().await;
    for (zipcode, country, kept) in [
        ("75 012", "France métropolitaine", ("75012", "France")),
        ("F-75012", "FRA", ("75012", "FR")),
        ("FR-75012", "fr", ("75012", "FR")),
        ("75\u{a0}012", "Métropole", ("75012", "France")),
        ("７５０１２", "FRANCE", ("75012", "France")),
        ("97 410", "La Réunion", ("97410", "La Réunion")),
        ("97744", "RE", ("97744", "RE")),
        ("97110", "guadeloupe", ("97110", "Guadeloupe")),
        ("98714", "French Polynesia", ("98714", "Polynésie française")),
        ("1000", "Belgique", ("1000", "Belgique")),
        ("SW1A 2AA", "Royaume-Uni", ("SW1A 2AA", "Royaume-Uni")),
    ] {
        let declared = caller.post("/claims", &theft(zipcode, "Saint-Denis", country)).await;
        let location = &declared.data()["location"];
        assert_eq!((location["zipcode"].as_str().unwrap(), location["country"].as_str().unwrap()), kept);
        let id = declared.data()["id"].as_str().unwrap();
        let edit = json!({ "location": { "zipcode": zipcode, "country": country } });
        let edited = caller.patch(&format!("/claims/{id}"), &edit).await;
        assert_eq!(&edited.data()["location"], location);
    }
}

#[tokio::test]
async fn what_is_ambiguous_is_refused_at_the_declaration_with_the_field_named() {
    let (_server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let before = caller.get(&format!("/claims/{id}")).await.data().clone();
    for (zipcode, country, field, said) in [
        ("1000", "France", "location.zipcode", "01000?"),
        ("abcde", "France", "location.zipcode", "five digits"),
        ("00000", "FR", "location.zipcode", "begins"),
        ("750120", "Métropole", "location.zipcode", "five digits"),
        ("75012", "La Réunion", "location.zipcode", "La Réunion"),
        ("97410", "Mayotte", "location.zipcode", "Mayotte"),
        ("75012", "Atlantide", "location.country", "ISO 3166-1"),
        ("75012", "XX", "location.country", "ISO 3166-1"),
    ] {
        let edit = json!({ "location": { "zipcode": zipcode, "country": country } });
        for refused in [
            caller.post("/claims", &theft(zipcode, "Paris", country)).await,
            caller.patch(&format!("/claims/{id}"), &edit).await,
        ] {
            refused.is_error(400, 1000);
            assert_eq!(refused.fields(), [field], "{zipcode} {country}");
            assert!(
                refused.body["error"]["details"][0]["message"].as_str().unwrap().contains(said),
                "{}",
                refused.body
            );
        }
    }
    // A risk of its own is judged in the same way.
    let mut burst = fixtures::water_damage();
    burst["risk"] = json!({ "type": { "name": "Appartement" }, "address": {
        "street1": "1 rue de Paris", "zipCode": "1000", "city": "Paris", "countryCode": "FR" } });
    caller.post("/claims", &burst).await.is_error(400, 1000);
    burst["risk"]["address"]["zipCode"] = "00000".into();
    assert_eq!(caller.post("/claims", &burst).await.fields(), ["risk.address.zipCode"]);
    burst["risk"]["address"]["zipCode"] = "97 400".into();
    burst["risk"]["address"]["countryCode"] = "La Réunion".into();
    let declared = caller.declare(&burst).await;
    let dossier = caller.get(&format!("/claims/{declared}/dossier")).await;
    let address = &dossier.data()["facets"]["risk"]["address"];
    assert_eq!((&address["zipCode"], &address["countryCode"]), (&json!("97400"), &json!("FR")));
    assert_eq!(caller.get(&format!("/claims/{id}")).await.data(), &before);
}

#[tokio::test]
async fn an_import_of_contracts_reads_the_postcode_of_the_risk() {
    let (_server, caller) = start().await;
    let import = async |zip: &str, city: &str, country: &str| {
        let mut contract = json!(fixtures::home_contract());
        contract["id"] = "contract-place".into();
        contract["products"][0]["risk"]["position"] = Value::Null;
        let address = &mut contract["products"][0]["risk"]["address"];
        (address["zip_code"], address["city"], address["country_code"]) = (zip.into(), city.into(), country.into());
        let request = caller.request(Method::POST, "/contracts/import").header("content-type", "application/jsonl");
        constat_testkit::Got::read(request.body(contract.to_string()).send().await.unwrap()).await
    };
    for (zip, city, country, kept) in [
        ("75 017", "Paris", "FRA", "75017"),
        ("F-67000", "Strasbourg", "France", "67000"),
        ("97410", "Saint-Pierre", "La Réunion", "97410"),
        // A lost zero comes back where the town has that postcode.
        ("1000", "BOURG EN BRESSE", "FR", "01000"),
    ] {
        import(zip, city, country).await.data();
        let read = caller.get("/contracts/contract-place").await;
        let address = &read.data()["products"][0]["risk"]["address"];
        assert_eq!((&address["zipCode"], &address["countryCode"]), (&json!(kept), &json!("FR")));
    }
    for (zip, city, country, field) in [
        ("1000", "Bruxelles", "FR", "zip_code"),
        ("abcde", "Paris", "FR", "zip_code"),
        ("00000", "Paris", "FR", "zip_code"),
        ("75017", "Saint-Denis", "RE", "zip_code"),
        ("75017", "Paris", "Atlantide", "country_code"),
    ] {
        let refused = import(zip, city, country).await;
        refused.is_error(400, 1000);
        assert!(refused.fields().iter().all(|named| named.ends_with(field)), "{zip}: {}", refused.body);
    }
}

#[tokio::test]
async fn an_insurer_primes_with_a_country_and_postcode_as_people_write_them() {
    let server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let insurer = server.insurer("Allianz", "02000402").await;
    let key = server.key(Api::Dossier, platform.tenant.org, insurer, Mode::Test).await;
    let prime = async |number: &str, zip: &str, country: &str| {
        let body = json!({
            "insured": { "name": "Dupont", "firstName": "Jean", "email": "jean@example.org", "mobile": "+33612345678" },
            "contract": { "number": "MRH-NEW-1" },
            "claim": { "number": number, "date": "2026-11-20T08:00:00+01:00",
                "address": { "line1": "1 rue de Paris", "city": "Saint-Denis", "postCode": zip, "country": country } },
            "product": "apartment", "type": "DDE",
        });
        let url = format!("{}/v1/claims/prime", server.url);
        let answer = server.http.post(url).header("ctoken", &key).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.unwrap())
    };
    for (number, zip, country, kept) in
        [("S-1", "97 400", "La Réunion", "97400"), ("S-2", "F-93200", "FRA", "93200"), ("S-3", "93200", "", "93200")]
    {
        let (status, body) = prime(number, zip, country).await;
        assert_eq!(status, 200, "{body}");
        let id = body["result"]["claim"]["id"].as_str().unwrap();
        let claim = platform.get(&format!("/claims/{id}")).await;
        assert_eq!(claim.data()["location"]["zipcode"], kept);
        let dossier = platform.get(&format!("/claims/{id}/dossier")).await;
        assert_eq!(dossier.data()["facets"]["risk"]["address"]["countryCode"], "FR");
    }
    for (zip, country, field) in [
        ("1000", "France", "claim.address.postCode"),
        ("abcde", "", "claim.address.postCode"),
        ("75012", "Mayotte", "claim.address.postCode"),
        ("75012", "Atlantide", "claim.address.country"),
    ] {
        let (status, body) = prime("S-9", zip, country).await;
        assert_eq!(status, 400, "{body}");
        assert!(body.to_string().contains(field), "{field}: {body}");
    }
}

#[tokio::test]
async fn a_handler_corrects_a_submitted_claim_and_visits_are_found() {
    let world = World::with(vec![expert(17)], &[ServiceKind::OnSite]).await;
    let World { server, caller, claims, .. } = &world;
    // Declared leniently, it is searched at once.
    let lenient =
        caller.submitted(&theft("75 012", "Paris", "France métropolitaine"), &[POLICE_REPORT, KEYS_PHOTO]).await.0;
    assert!(!claims.search_appointments(&lenient, &search("ESS")).await.unwrap().timeslots.is_empty());
    // One of before, that no search could place.
    let (id, _) = caller.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await;
    spoil(server, caller, &id, "abcde", "Pays imaginaire").await;
    assert_eq!(refusal(claims.search_appointments(&id, &search("ESS")).await).0, 400);
    let correction: CorrectClaim = read(json!({
        "location": { "address": "48 boulevard des Batignolles", "zipcode": "75 017", "country": "Métropole" },
        "insured": { "firstName": "Jeanne", "phoneNumber": "+33699999999" },
        "claimAt": "2024-01-14T14:30:00Z",
        "loss": { "nature": "Vol", "cause": "ALExterieur" },
    }));
    let corrected = claims.correct_claim(&id, &correction).await.unwrap();
    assert_eq!((corrected.location.zipcode.as_str(), corrected.location.country.as_str()), ("75017", "France"));
    assert_eq!((corrected.insured.first_name.as_str(), corrected.insured.last_name.as_str()), ("Jeanne", "Dupont"));
    assert_eq!(corrected.claim_at, "2024-01-14T14:30:00Z".parse().unwrap());
    assert!(!claims.search_appointments(&id, &search("ESS")).await.unwrap().timeslots.is_empty());

    // The event names the fields, not what they say.
    let timeline = caller.get(&format!("/claims/{id}/timeline")).await;
    let event = timeline.data().as_array().unwrap().iter().find(|entry| entry["type"] == "claim.corrected").unwrap();
    assert_eq!(
        (&event["label"], &event["actor"]["kind"]),
        (&json!("Dossier corrigé par un gestionnaire"), &json!("handler"))
    );
    let fields = event["data"]["fields"].as_array().unwrap();
    for field in ["claimAt", "location.zipcode", "location.country", "insured.firstName", "insured.phoneNumber"] {
        assert!(fields.contains(&json!(field)), "{field}: {fields:?}");
    }
    assert!(!event.to_string().contains("Jeanne") && !event.to_string().contains("+3369"));
    // The same once more changes nothing and is no event.
    let version = caller.get(&format!("/claims/{id}")).await.header("etag").to_owned();
    claims.correct_claim(&id, &correction).await.unwrap();
    assert_eq!(caller.get(&format!("/claims/{id}")).await.header("etag"), version);
    let again = caller.get(&format!("/claims/{id}/timeline")).await;
    assert_eq!(again.data().as_array().unwrap().len(), timeline.data().as_array().unwrap().len());
}

#[tokio::test]
async fn a_correction_is_for_handlers_of_a_claim_that_goes_on_and_guarded_like_every_command() {
    let (server, caller) = start().await;
    let broker = server.organisation(OrganisationKind::Partner, "Courtier").await;
    let key = server.key(Api::Claims, caller.tenant.org, broker, caller.tenant.mode).await;
    let broker = ClaimsCaller { key, ..caller.clone() };
    let (id, _) = broker.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await;
    let path = format!("/claims/{id}/corrections");
    let good = json!({ "location": { "zipcode": "69 003", "city": "Lyon" } });
    let allowed = async |caller: &ClaimsCaller| {
        let claim = caller.get(&format!("/claims/{id}")).await;
        let all = claim.data()["allowedActions"].as_array().unwrap().clone();
        all.into_iter().find(|told| told["action"] == "correct").unwrap()
    };
    broker.post(&path, &good).await.is_error(403, 98_888);
    assert_eq!(allowed(&broker).await["because"]["code"], 98_888);
    // The published verb stays the draft's, for every caller; its message says what handlers do.
    for one in [&broker, &caller] {
        let refused = one.patch(&format!("/claims/{id}"), &good).await;
        refused.is_error(409, 3001);
        assert!(refused.body["error"]["message"].as_str().unwrap().contains("/corrections"));
    }
    server.platform("Autre").await.post(&path, &good).await.is_error(404, 2001);
    for (body, field) in [
        (json!({}), ""),
        (json!({ "location": {}, "insured": {} }), ""),
        (json!({ "location": { "zipcode": "1000" } }), "location.zipcode"),
        (json!({ "location": { "country": "Atlantide" } }), "location.country"),
        (json!({ "insured": { "email": "jean" } }), "insured.email"),
        (json!({ "insured": { "firstName": " " } }), "insured.firstName"),
        (json!({ "insured": { "firstName": "\u{200b}\u{200b}" } }), "insured.firstName"),
        (json!({ "insured": { "lastName": "\u{202e}abc" } }), "insured.lastName"),
        (json!({ "insured": { "lastName": "a\nb" } }), "insured.lastName"),
        (json!({ "insured": { "phoneNumber": "voir mail" } }), "insured.phoneNumber"),
        (json!({ "insured": { "phoneNumber": "3,36E+10" } }), "insured.phoneNumber"),
        (json!({ "insured": { "company": "\u{200b}" } }), "insured.company"),
        (json!({ "claimAt": "2027-01-01T00:00:00Z" }), "claimAt"),
        (json!({ "loss": { "nature": "Deluge" } }), "loss"),
        (json!({ "description": "court" }), "description"),
    ] {
        let refused = caller.post(&path, &body).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), [field], "{body}");
    }
    assert_eq!(allowed(&caller).await["allowed"], true);
    let before = caller.get(&format!("/claims/{id}")).await;
    let tried = caller.post(&format!("{path}?dryRun=true"), &good).await;
    assert_eq!((&tried.data()["location"]["zipcode"], tried.header("x-dry-run")), (&json!("69003"), "true"));
    assert_eq!(caller.get(&format!("/claims/{id}")).await.data(), before.data());
    let stale = caller.request(Method::POST, &path).header("If-Match", "\"1\"").json(&good).send().await.unwrap();
    assert_eq!(stale.status(), 412);
    for status in ["in_progress", "pending_info", "in_progress", "closed"] {
        caller.post(&format!("/claims/{id}/transitions"), &json!({ "to": status })).await.data();
        let zipcode = if status == "pending_info" { "75012" } else { "69003" };
        let again = caller.post(&path, &json!({ "location": { "zipcode": zipcode } })).await;
        if status == "closed" {
            again.is_error(409, 3003);
            assert_eq!(allowed(&caller).await["because"]["code"], 3003);
        } else {
            assert_eq!(again.data()["location"]["zipcode"], zipcode);
        }
    }
}

#[tokio::test]
async fn a_partner_search_reads_countries_and_postcodes_as_people_write_them() {
    let world = World::with(vec![expert(17)], &[ServiceKind::OnSite]).await;
    let claim = world.claims.create_claim(&read::<CreateClaim>(fixtures::stolen_bike())).await.unwrap();
    let (id, _) = world.caller.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await;
    assert_ne!(claim.id, id);
    let at = |zip: &str, country: &str| {
        let mut wanted = json!(search("ESS"));
        wanted["location"] = json!({ "address": {
            "street1": "48 boulevard des Batignolles", "zipCode": zip, "city": "Paris", "countryCode": country } });
        wanted
    };
    let claims = claims_client(&world.server, &world.caller.key);
    for (zip, country) in [("75 017", "FR"), ("F-75017", "France"), ("75017", "FRA"), ("７５０１７", "Métropole")]
    {
        let found = claims.search_appointments(&id, &read(at(zip, country))).await.unwrap();
        assert!(!found.timeslots.is_empty(), "{zip} {country}");
    }
    let path = format!("/claims/{id}/appointments/search");
    for (zip, country, field) in [
        ("1000", "FR", "location.address.zipCode"),
        ("abcde", "FR", "location.address.zipCode"),
        ("75017", "RE", "location.address.zipCode"),
        ("75017", "Atlantide", "location.address.countryCode"),
    ] {
        let refused = world.caller.post(&path, &at(zip, country)).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), [field], "{zip} {country}");
    }
    assert_eq!(BIKE_CONTRACT, fixtures::bike_contract().id);
}
