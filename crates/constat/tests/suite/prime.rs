//! `POST /v1/claims/prime`, and the insured's single-use link.

use constat_domain::ids::OrgId;
use constat_domain::tenancy::{Api, Mode, OrganisationKind};
use constat_testkit::{ClaimsCaller, Got, Server, fixtures};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::shared::{integrator, integrator_of, revoke};

const ACAM: &str = "02000402";

struct World {
    server: Server,
    platform: ClaimsCaller,
    insurer_key: String,
}

async fn world() -> World {
    let server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let insurer = server.insurer("Allianz", ACAM).await;
    let insurer_key = server.key(Api::Dossier, platform.tenant.org, insurer, Mode::Test).await;
    World { server, platform, insurer_key }
}

impl World {
    async fn prime(&self, key: &str, body: &Value) -> Got {
        let url = format!("{}/v1/claims/prime", self.server.url);
        Got::read(self.server.http.post(url).header("ctoken", key).json(body).send().await.expect("an answer")).await
    }

    async fn key_of(&self, holder: OrgId) -> String {
        self.server.key(Api::Dossier, self.platform.tenant.org, holder, Mode::Test).await
    }

    async fn page(&self, request: reqwest::RequestBuilder) -> (u16, String) {
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
        (answer.status().as_u16(), answer.text().await.expect("a page"))
    }
}

/// A water damage at a flat, all strings, as an insurer's older system writes it.
fn water_damage() -> Value {
    json!({
        "insured": {
            "title": "1", "name": "Dupont", "firstName": "Jean",
            "email": "Jean.Dupont@example.org", "mobile": "+33612345678", "status": "5",
        },
        "contract": {
            "number": "MRH-NEW-1", "deductableAmount": "150.5", "generalTermsAndConditions": "CG-2024",
            "anteriority": "3", "isRecentSubscription": "false",
        },
        "claim": {
            "number": "S-2026-77", "date": "2026-11-20T08:00:00+01:00",
            "address": { "line1": "48 boulevard des Batignolles", "city": "Paris", "postCode": "75017", "country": "France" },
        },
        "intermediary": { "name": "Agence 017", "phone": "+33100000000" },
        "product": "apartment",
        "type": "DDE",
    })
}

#[track_caller]
fn result(got: &Got) -> &Value {
    assert_eq!(got.status, 200, "{}", got.body);
    assert_eq!(got.body["type"], "success");
    &got.body["result"]
}

#[tokio::test]
async fn it_creates_what_is_missing_and_finds_it_again() {
    let world = world().await;
    let first = world.prime(&world.insurer_key, &water_damage()).await;
    let opened = result(&first);
    assert_eq!(opened["previously_existing"], json!({ "claim": false, "user": false, "contract": false }));
    assert_eq!(opened["user"]["email"], "Jean.Dupont@example.org");
    assert_eq!(opened["contract"]["number"], "MRH-NEW-1");
    assert_eq!(opened["claim"]["caseNumber"], "S-2026-77");
    let id = opened["claim"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(id.len(), 36, "a UUID");

    let draft = world.platform.get(&format!("/claims/{id}")).await;
    let draft = draft.data();
    assert_eq!((&draft["status"], &draft["type"]), (&json!("draft"), &json!("water_damage")));
    assert_eq!(draft["claimAt"], "2026-11-20T07:00:00Z");
    assert_eq!(draft["insured"]["lastName"], "Dupont");
    assert_eq!(draft["canSubmit"], false);

    let url = format!("{}/v1/claims/{id}", world.server.url);
    let file: Value =
        world.server.http.get(url).header("ctoken", &world.insurer_key).send().await.unwrap().json().await.unwrap();
    assert_eq!(file["reference"], "S-2026-77");
    assert_eq!(file["risk"]["type"]["name"], "Appartement");
    assert_eq!(file["risk"]["relationship"]["name"], "Locataire");
    assert_eq!(file["company"], json!({ "id": ACAM, "name": "Allianz" }));

    let again = world.prime(&world.insurer_key, &water_damage()).await;
    let found = result(&again);
    assert_eq!(found["previously_existing"], json!({ "claim": true, "user": true, "contract": true }));
    assert_eq!(found["claim"], opened["claim"]);
    assert_ne!(found["declaration"]["url"], opened["declaration"]["url"], "each time a new link");

    // Another claim of the same person on a new contract: the user is known by e-mail.
    let mut other = water_damage();
    other["claim"]["number"] = "S-2026-78".into();
    other["contract"]["number"] = "MRH-NEW-2".into();
    other["insured"]["email"] = "jean.dupont@EXAMPLE.org".into();
    let third = world.prime(&world.insurer_key, &other).await;
    assert_eq!(result(&third)["previously_existing"], json!({ "claim": false, "user": true, "contract": false }));
}

#[tokio::test]
async fn it_finds_the_contract_of_the_registry() {
    let world = world().await;
    let mut body = water_damage();
    body["contract"] = json!({ "number": "MRH-2021-000017", "isRecentSubscription": true, "deductableAmount": 150 });
    body["product"] = Value::Null;
    body["insured"]["status"] = 5.into();
    body["insured"]["title"] = 2.into();
    let got = world.prime(&world.insurer_key, &body).await;
    assert_eq!(result(&got)["previously_existing"], json!({ "claim": false, "user": true, "contract": true }));
    let id = result(&got)["claim"]["id"].as_str().expect("an id");
    let draft = world.platform.get(&format!("/claims/{id}")).await;
    assert_eq!(draft.data()["userId"], fixtures::HOME_USER);
    assert_eq!(draft.data()["contractId"], fixtures::HOME_CONTRACT);
    assert_eq!(draft.data()["contractProductId"], fixtures::HOME_PRODUCT);

    body["claim"]["number"] = "S-2".into();
    body["product"] = "MRH".into();
    body["type"] = "VOL".into();
    let got = world.prime(&world.insurer_key, &body).await;
    let id = result(&got)["claim"]["id"].as_str().expect("an id");
    assert_eq!(world.platform.get(&format!("/claims/{id}")).await.data()["type"], "burglary");
}

#[tokio::test]
async fn insurers_do_not_meet_and_partners_may_not_open_anything() {
    let world = world().await;
    assert_eq!(world.prime(&world.insurer_key, &water_damage()).await.status, 200);
    let other = world.key_of(world.server.insurer("Autre assureur", "04050006").await).await;
    // The same numbers and the same e-mail address at another insurer are another contract, claim and user.
    let theirs = world.prime(&other, &water_damage()).await;
    assert_eq!(result(&theirs)["previously_existing"], json!({ "claim": false, "user": false, "contract": false }));

    let firm = world.key_of(world.server.organisation(OrganisationKind::Partner, "Cabinet").await).await;
    let refused = world.prime(&firm, &water_damage()).await;
    assert_eq!((refused.status, &refused.body["value"]), (401, &json!(8)));

    // The platform's own key opens claims on contracts that it knows.
    let own = world.key_of(world.platform.tenant.org).await;
    let mut body = water_damage();
    body["contract"]["number"] = "MRH-2021-000017".into();
    body["claim"]["number"] = "S-OWN".into();
    assert_eq!(world.prime(&own, &body).await.status, 200);
    body["contract"]["number"] = "UNKNOWN".into();
    body["claim"]["number"] = "S-OWN-2".into();
    is_bad(&world.prime(&own, &body).await, &["contract.number"]);
}

#[tokio::test]
async fn a_reference_that_others_chose_neither_captures_nor_blocks_an_insurers_claim() {
    let world = world().await;
    let broker = integrator(&world.server, &world.platform, "Courtier").await;
    let with = |declaration: Value, reference: &str| {
        let mut declaration = declaration;
        declaration["insurerClaimId"] = reference.into();
        declaration
    };
    let mut body = water_damage();
    body["contract"] = json!({ "number": "MRH-2021-000017" });
    body["product"] = Value::Null;
    // On the same contract, on another contract of the insurer, by the platform, and given up.
    let captured = broker.declare(&with(fixtures::water_damage(), "S-1")).await;
    broker.declare(&with(fixtures::stolen_bike(), "S-2")).await;
    world.platform.declare(&with(fixtures::water_damage(), "S-3")).await;
    let given_up = broker.declare(&with(fixtures::water_damage(), "S-4")).await;
    broker.send(reqwest::Method::DELETE, &format!("/claims/{given_up}")).await.data();
    for number in ["S-1", "S-2", "S-3", "S-4"] {
        body["claim"]["number"] = number.into();
        let opened = world.prime(&world.insurer_key, &body).await;
        assert_eq!(result(&opened)["previously_existing"]["claim"], false, "{number}");
        let id = result(&opened)["claim"]["id"].clone();
        broker.get(&format!("/claims/{}", id.as_str().unwrap())).await.is_error(404, 2001);
        // A repeat finds the insurer's own.
        let again = world.prime(&world.insurer_key, &body).await;
        assert_eq!(
            (&result(&again)["claim"]["id"], &result(&again)["previously_existing"]["claim"]),
            (&id, &json!(true))
        );
    }
    // The broker's claim is as it was, and an insurer's own, declared with its claims key, is found.
    assert_eq!(broker.get(&format!("/claims/{captured}")).await.data()["status"], "draft");
    let insurer =
        constat_core::authenticate(&world.server.services.core, Api::Dossier, &world.insurer_key).unwrap().holder;
    let own = integrator_of(&world.server, &world.platform, insurer)
        .await
        .declare(&with(fixtures::water_damage(), "S-5"))
        .await;
    body["claim"]["number"] = "S-5".into();
    let found = world.prime(&world.insurer_key, &body).await;
    let uuid = own.parse::<constat_domain::ids::DeclarationId>().unwrap().uuid().to_string();
    assert_eq!(
        (&result(&found)["claim"]["id"], &result(&found)["previously_existing"]["claim"]),
        (&json!(uuid), &json!(true))
    );
}

#[tokio::test]
async fn persons_are_joined_by_mail_within_one_insurer_only() {
    let world = world().await;
    let other = world.key_of(world.server.insurer("Autre assureur", "04050006").await).await;
    let open = async |key: &str, contract: &str, email: &str| {
        let mut body = water_damage();
        (body["contract"]["number"], body["insured"]["email"]) = (contract.into(), email.into());
        body["claim"]["number"] = format!("S-{contract}").into();
        let got = world.prime(key, &body).await;
        let existed = result(&got)["previously_existing"]["user"].as_bool().unwrap();
        let id = result(&got)["claim"]["id"].as_str().unwrap().to_owned();
        let claim = world.platform.get(&format!("/claims/{id}")).await;
        (existed, claim.data()["userId"].as_str().unwrap().to_owned(), claim.data()["id"].as_str().unwrap().to_owned())
    };
    let mine = &world.insurer_key;
    let (existed, first, claim) = open(mine, "A-1", "eve@example.org").await;
    assert!(!existed);
    // The same insurer, in other capitals and with spaces around: the same person.
    let (existed, same, _) = open(mine, "A-2", "EVE@example.ORG").await;
    assert!(existed && same == first);
    // A plus-address, a dot and another domain are other addresses.
    for (contract, email) in [
        ("A-3", "eve+1@example.org"),
        ("A-4", "e.ve@example.org"),
        ("A-5", "eve@example.com"),
        ("A-6", "eve@example.org.fr"),
    ] {
        let (existed, user, _) = open(mine, contract, email).await;
        assert!(!existed && user != first, "{email}");
    }
    // Another insurer does not learn that it is another's client, in no spelling, and gets a user of its own.
    let (existed, theirs, their_claim) = open(&other, "B-1", "eve@example.org").await;
    assert!(!existed && theirs != first);
    let (existed, again, _) = open(&other, "B-2", "Eve@Example.org").await;
    assert!(existed && again == theirs);
    // Nor does it meet the registry's contracts of another insurer, whose holder has this address.
    let (existed, user, _) = open(&other, "B-3", "jean.dupont@example.com").await;
    assert!(!existed && user != fixtures::HOME_USER && user != fixtures::BIKE_USER);

    // Lists, archives and erasures stay apart.
    let list = world.platform.get(&format!("/claims?userId={first}")).await;
    let ids: Vec<&str> = list.data().as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert!(ids.len() == 2 && ids.contains(&claim.as_str()) && !ids.contains(&their_claim.as_str()));
    let url = format!("{}/insured/{theirs}/export", world.platform.url);
    let archive = world.server.http.get(url).header("key", &world.platform.key).send().await.unwrap();
    let held = crate::exchange::archive(&archive.bytes().await.unwrap());
    let contracts: Value = serde_json::from_slice(&held["contracts.json"]).unwrap();
    let numbers: Vec<&str> = contracts.as_array().unwrap().iter().map(|one| one["number"].as_str().unwrap()).collect();
    assert!(numbers.len() == 2 && numbers.iter().all(|number| number.starts_with("B-")), "{numbers:?}");
    assert!(!held.keys().any(|name| name.contains(&claim)));
    let services = &world.server.services;
    let wanted = constat_claims::import_export::erasure::Erasure {
        tenant: world.platform.tenant,
        user_id: theirs,
        reason: "request",
        overriding: None,
    };
    let found =
        constat_claims::import_export::erasure::look(&services.core.store, &wanted, services.core.clock.now()).unwrap();
    assert_eq!((found.claims.len(), found.contracts), (2, 2));
}

#[tokio::test]
async fn a_sign_in_link_ends_with_the_key_that_made_it() {
    let world = world().await;
    let primed = world.prime(&world.insurer_key, &water_damage()).await;
    let url = result(&primed)["declaration"]["url"].as_str().expect("a link").to_owned();
    let platform_key = world.key_of(world.platform.tenant.org).await;
    let mut body = water_damage();
    body["contract"]["number"] = "MRH-2021-000017".into();
    body["claim"]["number"] = "S-9".into();
    let other = world.prime(&platform_key, &body).await;
    let other = result(&other)["declaration"]["url"].as_str().expect("a link").to_owned();
    assert_eq!(world.page(world.server.http.get(&url)).await.0, 200);
    revoke(&world.server.services.core, Api::Dossier, &world.insurer_key).await;
    for request in [world.server.http.get(&url), world.server.http.post(&url)] {
        let (status, page) = world.page(request).await;
        assert!(status == 410 && page.contains("Lien expiré"), "{status} {page}");
    }
    assert_eq!(world.page(world.server.http.post(&other)).await.0, 200);
}

/// 400, naming exactly these fields.
#[track_caller]
fn is_bad(got: &Got, fields: &[&str]) {
    assert_eq!((got.status, &got.body["value"]), (400, &json!(1)), "{}", got.body);
    let errors = got.body["errors"].as_array().expect("errors");
    let named: Vec<&str> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
    assert_eq!(named, fields, "{}", got.body);
}

#[tokio::test]
async fn everything_wrong_is_named_and_nothing_is_created() {
    let world = world().await;
    let with = |pointer: &str, value: Value| {
        let mut body = water_damage();
        *body.pointer_mut(pointer).expect("a field") = value;
        body
    };
    for (pointer, value, field) in [
        ("/insured/title", json!("3"), "insured.title"),
        ("/insured/status", json!("6"), "insured.status"),
        ("/insured/email", json!("unknown"), "insured.email"),
        ("/insured/name", json!(" "), "insured.name"),
        ("/insured/mobile", json!(612), "insured.mobile"),
        ("/contract/number", json!(""), "contract.number"),
        ("/contract/isRecentSubscription", json!("maybe"), "contract.isRecentSubscription"),
        ("/contract/deductableAmount", json!("-1"), "contract.deductableAmount"),
        ("/claim/number", json!("x".repeat(101)), "claim.number"),
        ("/claim/date", json!("2026-11-20T08:00:00"), "claim.date"),
        ("/claim/date", json!("2026-12-20T08:00:00Z"), "claim.date"),
        ("/claim/address", json!("Paris"), "claim.address"),
        ("/claim/address/postCode", json!(null), "claim.address.postCode"),
        // Each line is short enough, but not all of them as the one text of the claims contract.
        (
            "/claim/address",
            json!({
                "line1": "a".repeat(100), "line2": "b".repeat(100), "city": "Paris", "postCode": "75017",
            }),
            "claim.address.line1",
        ),
        ("/product", json!("rocket"), "product"),
        ("/type", json!("METEORITE"), "type"),
    ] {
        is_bad(&world.prime(&world.insurer_key, &with(pointer, value)).await, &[field]);
    }
    let empty = world.prime(&world.insurer_key, &json!({})).await;
    is_bad(&empty, &["insured", "contract", "claim", "type"]);

    let url = format!("{}/v1/claims/prime", world.server.url);
    let post = |body: &'static str, kind: &'static str| {
        world.server.http.post(&url).header("ctoken", &world.insurer_key).header("content-type", kind).body(body)
    };
    assert_eq!(post("{", "application/json").send().await.unwrap().status(), 400);
    assert_eq!(post("a=b", "text/plain").send().await.unwrap().status(), 415);
    assert_eq!(world.server.http.post(&url).send().await.unwrap().status(), 401);
    assert_eq!(world.server.http.get(&url).header("ctoken", &world.insurer_key).send().await.unwrap().status(), 405);

    // Nothing of all that was kept.
    let good = world.prime(&world.insurer_key, &water_damage()).await;
    assert_eq!(result(&good)["previously_existing"], json!({ "claim": false, "user": false, "contract": false }));

    let mut moved = water_damage();
    moved["contract"]["number"] = "MRH-NEW-9".into();
    is_bad(&world.prime(&world.insurer_key, &moved).await, &["claim.number"]);
}

#[tokio::test]
async fn the_link_works_once_and_a_scanner_that_looks_at_it_spends_nothing() {
    let world = world().await;
    let mut body = water_damage();
    body["claim"]["number"] = "<S> & 1".into();
    let primed = world.prime(&world.insurer_key, &body).await;
    let url = result(&primed)["declaration"]["url"].as_str().expect("a link").to_owned();
    assert!(url.starts_with(&world.server.url));
    let http = &world.server.http;

    for _ in 0..3 {
        let (status, page) = world.page(http.get(&url)).await;
        assert_eq!(status, 200);
        assert!(page.contains("<html lang=\"fr\">") && page.contains("method=\"post\""));
        assert!(
            !page.contains("Dupont") && !page.contains("MRH-NEW-1"),
            "the page says nothing before the link is used"
        );
        assert!(!page.contains("://") && !page.contains("<script"));
    }
    let (status, page) = world.page(http.post(&url)).await;
    assert_eq!(status, 200);
    for part in ["&lt;S&gt; &amp; 1", "MRH-NEW-1", "À compléter", "Photo des dommages"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for request in [http.post(&url), http.get(&url)] {
        let (status, page) = world.page(request).await;
        assert_eq!(status, 410);
        assert!(page.contains("Lien déjà utilisé"));
    }

    // A new link for the same claim works again.
    let again = world.prime(&world.insurer_key, &body).await;
    let fresh = result(&again)["declaration"]["url"].as_str().expect("a link");
    assert_eq!(world.page(http.post(fresh)).await.0, 200);
}

#[tokio::test]
async fn a_link_ends_after_a_week_and_a_made_up_one_never_worked() {
    let world = world().await;
    let primed = world.prime(&world.insurer_key, &water_damage()).await;
    let url = result(&primed)["declaration"]["url"].as_str().expect("a link").to_owned();
    world.server.clock.advance(SignedDuration::from_hours(7 * 24));
    for request in [world.server.http.get(&url), world.server.http.post(&url)] {
        let (status, page) = world.page(request).await;
        assert_eq!(status, 410);
        assert!(page.contains("Lien expiré"));
    }
    let made_up = format!("{}/declaration/AAAA", world.server.url);
    assert_eq!(world.page(world.server.http.post(made_up)).await.0, 404);
}

#[tokio::test]
async fn the_links_secret_is_kept_nowhere() {
    let world = world().await;
    let url = format!("{}/v1/claims/prime", world.server.url);
    let request = world.server.http.post(url).header("ctoken", &world.insurer_key).header("Idempotency-Key", "k-1");
    let primed = Got::read(request.json(&water_damage()).send().await.expect("an answer")).await;
    let link = result(&primed)["declaration"]["url"].as_str().expect("a link").to_owned();
    let secret = link.rsplit('/').next().expect("a secret");
    let bytes = world.server.database_bytes();
    assert!(bytes.len() > 1000);
    assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
}
