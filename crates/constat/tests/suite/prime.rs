//! `POST /v1/claims/prime`, and the insured's single-use link.

use constat_domain::ids::OrgId;
use constat_domain::tenancy::{Api, Mode, OrganisationKind};
use constat_testkit::{ClaimsCaller, Got, Server, fixtures};
use jiff::SignedDuration;
use serde_json::{Value, json};

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
    // The same numbers at another insurer are another contract and another claim.
    let theirs = world.prime(&other, &water_damage()).await;
    assert_eq!(result(&theirs)["previously_existing"], json!({ "claim": false, "user": true, "contract": false }));

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
        ("/insured/email", json!("nobody"), "insured.email"),
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
        assert!(!page.contains("Dupont") && !page.contains("MRH-NEW-1"), "nothing is told before the link is used");
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
