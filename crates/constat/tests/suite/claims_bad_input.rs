//! What the claims API refuses: every listed code, the field named, nothing changed, never a 5xx.

use constat_core::Settings;
use constat_testkit::fixtures;
use constat_testkit::{ClaimsCaller, Got, Server, ServerOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::claims::start;

/// The stolen bike with one thing changed.
fn with(path: &str, value: Value) -> Value {
    let mut declaration = fixtures::stolen_bike();
    if let Some(place) = declaration.pointer_mut(path) {
        *place = value;
    } else {
        declaration[path.trim_start_matches('/')] = value;
    }
    declaration
}

fn without(name: &str) -> Value {
    let mut declaration = fixtures::stolen_bike();
    declaration.as_object_mut().unwrap().remove(name);
    declaration
}

async fn nothing_was_created(caller: &ClaimsCaller) {
    let list = caller.get(&format!("/claims?userId={}", fixtures::BIKE_USER)).await;
    assert_eq!(list.body["pagination"]["total"], 0);
}

#[tokio::test]
async fn each_field_that_is_wrong_is_named() {
    let (_server, caller) = start().await;
    // 1000 VALIDATION_ERROR.
    for name in [
        "userId",
        "contractId",
        "contractProductId",
        "type",
        "subtype",
        "claimAt",
        "description",
        "questions",
        "insured",
        "location",
    ] {
        let refused = caller.post("/claims", &without(name)).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), [name]);
    }
    let cases = [
        ("/claimAt", json!("2024-01-15T14:30:00"), "claimAt"),
        ("/claimAt", json!("2026-11-23T07:06:00Z"), "claimAt"),
        ("/claimAt", json!(1_705_329_000), "claimAt"),
        ("/claimAt", json!("9999-12-31T23:59:59Z"), "claimAt"),
        ("/description", json!("Trop court"), "description"),
        ("/description", json!("é".repeat(49)), "description"),
        ("/description", json!(format!("{}\0", "x".repeat(60))), "description"),
        ("/insured/phoneNumber", json!(33_612_345_678_u64), "insured.phoneNumber"),
        ("/insured/email", json!("not an address"), "insured.email"),
        ("/insured", json!({ "lastName": "Dupont", "phoneNumber": "+33612345678" }), "insured.firstName"),
        ("/insured", json!([]), "insured"),
        ("/location/zipcode", json!(75012), "location.zipcode"),
        ("/location/city", json!("  "), "location.city"),
        ("/questions", json!("none"), "questions"),
        ("/questions/electric", json!(1), "questions.electric"),
        ("/userId", json!("a\0b"), "userId"),
        ("/type", json!(null), "type"),
        ("/loss", json!({ "nature": "DegatsDesEau", "cause": "FuiteRupture" }), "loss"),
        (
            "/risk",
            json!({ "type": { "name": "Chateau" }, "address": { "street1": "1 rue X", "zipCode": "75001", "city": "Paris", "countryCode": "FR" } }),
            "risk.type.name",
        ),
        ("/qualification", json!({ "recourse": "Peut-être" }), "qualification.recourse"),
        ("/causeRemoval", json!({ "done": false, "reason": "Jamais" }), "causeRemoval.reason"),
        ("/valuation", json!({ "totalCost": { "value": -1, "currency": "EUR" } }), "valuation.totalCost.value"),
        ("/valuation", json!({ "totalCost": { "value": 1e300, "currency": "EUR" } }), "valuation.totalCost.value"),
        ("/conservationMeasures", json!("oui"), "conservationMeasures"),
    ];
    for (path, value, field) in cases {
        let refused = caller.post("/claims", &with(path, value.clone())).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), [field], "{path} = {value}: {}", refused.body);
    }
    let near = caller.post("/claims", &with("/loss", json!({ "nature": "DegatsDesEau" }))).await;
    assert!(near.body["error"]["details"][0]["message"].as_str().unwrap().contains("DegatsDesEaux"), "{}", near.body);
    nothing_was_created(&caller).await;
    // A caller's clock may be a little fast.
    caller.post("/claims", &with("/claimAt", json!("2026-11-23T08:04:00+01:00"))).await.data();
    caller.post("/claims", &with("/description", json!("é".repeat(50)))).await.data();
}

#[tokio::test]
async fn contract_catalogue_and_answers_are_judged_by_their_codes() {
    let (server, caller) = start().await;
    // 9003: unknown user; known user, another user's contract.
    caller.post("/claims", &with("/userId", json!("unknown"))).await.is_error(401, 9003);
    caller.post("/claims", &with("/userId", json!(fixtures::HOME_USER))).await.is_error(401, 9003);
    // 2002 CONTRACT_NOT_FOUND, 2003 PRODUCT_NOT_FOUND.
    let refused = caller.post("/claims", &with("/contractId", json!("contract_x"))).await;
    refused.is_error(404, 2002);
    assert_eq!(refused.fields(), ["contractId"]);
    let refused = caller.post("/claims", &with("/contractProductId", json!("product_x"))).await;
    refused.is_error(404, 2003);
    assert_eq!(refused.fields(), ["contractProductId"]);
    // 1004 INVALID_SUBTYPE_FOR_PRODUCT: nothing a bike can suffer.
    let refused = caller.post("/claims", &with("/subtype", json!("pipe_leak"))).await;
    refused.is_error(400, 1004);
    assert!(refused.body["error"]["details"][0]["message"].as_str().unwrap().contains("total_theft"));
    // 1007 INVALID_TYPE_FOR_SUBTYPE: a theft is no breakage.
    caller.post("/claims", &with("/type", json!("break"))).await.is_error(400, 1007);
    caller.post("/claims", &with("/type", json!("flood"))).await.is_error(400, 1007);
    // 1008 UNSUPPORTED_PRODUCT_TYPE.
    let mut contract = fixtures::bike_contract();
    contract.products[0].product.kind = "spaceship".to_owned();
    contract.id = "contract_space".to_owned();
    server.contract(caller.tenant, contract).await;
    caller.post("/claims", &with("/contractId", json!("contract_space"))).await.is_error(400, 1008);
    // 1001 QUESTIONS_INCOMPLETE: missing, unknown, of the wrong kind; each is named.
    let refused = caller.post("/claims", &with("/questions", json!({}))).await;
    refused.is_error(400, 1001);
    assert!(
        refused.fields().contains(&"questions.Le vélo était-il attaché à un point fixe ?"),
        "{:?}",
        refused.fields()
    );
    for (key, value) in [("electric", json!("maybe")), ("colour", json!("red"))] {
        let mut declaration = fixtures::stolen_bike();
        declaration["questions"][key] = value;
        let refused = caller.post("/claims", &declaration).await;
        refused.is_error(400, 1001);
        assert_eq!(refused.fields(), [format!("questions.{key}")]);
    }
    nothing_was_created(&caller).await;
}

#[tokio::test]
async fn bodies_and_paths_that_make_no_sense_are_the_callers_fault() {
    let (_server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let before = caller.get(&format!("/claims/{id}")).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_object = format!("{}1{}", "{\"questions\":".repeat(5_000), "}".repeat(5_000));
    let bodies: [&[u8]; 16] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"3",
        b"\"text\"",
        b"\xff\xfe{}",
        b"{\"description\": \"\\ud800\"}",
        b"{\"description\": 1e999}",
        b"{\"description\": 99999999999999999999999999999999999999}",
        b"{\"description\": \"\0\"}",
        b"{\"location\": {\"city\": {}}}",
        b"{}{}",
        b"{\"userId\":1,\"userId\":2}",
        deep.as_bytes(),
        deep_object.as_bytes(),
    ];
    let paths = [
        (Method::POST, "/claims".to_owned()),
        (Method::PATCH, format!("/claims/{id}")),
        (Method::PUT, format!("/claims/{id}/documents")),
    ];
    for body in bodies {
        for (method, path) in &paths {
            let request =
                caller.request(method.clone(), path).header("content-type", "application/json").body(body.to_vec());
            let got = Got::read(request.send().await.unwrap()).await;
            got.is_error(400, 1000);
        }
    }
    // 1006 UNSUPPORTED_CONTENT_TYPE.
    for (method, path) in &paths {
        let request = caller.request(method.clone(), path).header("content-type", "application/xml").body("<a/>");
        Got::read(request.send().await.unwrap()).await.is_error(400, 1006);
    }
    // 25 MB where no documents are taken: 1002, and the sender gets to read it.
    for (method, path) in &paths[..2] {
        let body = vec![b' '; 25 * 1024 * 1024];
        let request = caller.request(method.clone(), path).header("content-type", "application/json").body(body);
        Got::read(request.send().await.unwrap()).await.is_error(400, 1002);
    }
    // And where the body is not even looked at: no key, unknown path, wrong method, wrong type.
    let body = || vec![b' '; 25 * 1024 * 1024];
    let no_key = caller.http.post(format!("{}/claims", caller.url)).body(body());
    Got::read(no_key.send().await.unwrap()).await.is_error(401, 9001);
    for (method, path, status, code) in [
        (Method::POST, "/nothing", 404, 1000),
        (Method::PUT, "/claims", 405, 1000),
        (Method::POST, "/claims", 400, 1006),
    ] {
        let request = caller.request(method, path).header("content-type", "text/plain").body(body());
        Got::read(request.send().await.unwrap()).await.is_error(status, code);
    }
    let request = caller.request(Method::DELETE, &format!("/claims/{id}")).json(&json!({ "reason": 3 }));
    Got::read(request.send().await.unwrap()).await.is_error(400, 1000);
    for unknown in [
        "x",
        "dcl_",
        "clm_0000000000000000000000000X",
        "%00",
        "%F0%9F%9A%B2",
        "..%2f..%2fetc",
        "a%20b",
        &"9".repeat(5000),
    ] {
        caller.get(&format!("/claims/{unknown}")).await.is_error(404, 2001);
    }
    caller.get("/claims/%FF").await.is_error(400, 1000);
    for query in [
        "",
        "?userId=",
        "?userId=a%00b",
        "?userId=A1234567890&limit=0",
        "?userId=A1234567890&limit=101",
        "?userId=A1234567890&limit=x",
        "?userId=A1234567890&offset=-1",
        "?userId=A1234567890&offset=99999999999999999999",
        "?userId=A1234567890&status=lost",
        "?userId=A1234567890&offset=1&skip=2",
    ] {
        let got = caller.get(&format!("/claims{query}")).await;
        got.is_error(400, 1000);
        assert_eq!(got.fields().len(), 1, "{query}: {}", got.body);
        assert!(!got.fields()[0].is_empty(), "{query}: {}", got.body);
    }
    let wrong_method = caller.send(Method::PUT, &format!("/claims/{id}")).await;
    wrong_method.is_error(405, 1000);
    assert!(wrong_method.header("allow").contains("PATCH"), "{}", wrong_method.header("allow"));
    assert_eq!(caller.get(&format!("/claims/{id}")).await.data(), before.data());
}

#[tokio::test]
async fn a_key_is_needed_and_must_be_a_good_one() {
    let (server, caller) = start().await;
    let send = async |name: &str, value: &str| {
        let request = server.http.get(format!("{}/claims?userId={}", caller.url, fixtures::BIKE_USER));
        Got::read(request.header(name, value).send().await.unwrap()).await
    };
    // 9001 missing key, 9002 invalid key.
    send("x-other", "1").await.is_error(401, 9001);
    send("key", "").await.is_error(401, 9001);
    for bad in ["x", "test_x", &caller.key.replace("test_", "live_"), &caller.key[1..]] {
        send("key", bad).await.is_error(401, 9002);
    }
    send("key", &caller.key).await.data();
    send("authorization", &format!("Bearer {}", caller.key)).await.data();
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let settings = Settings { requests_per_minute: 3, ..Settings::default() };
    let server = Server::with(ServerOptions { settings, ..ServerOptions::default() }).await;
    let caller = server.platform("Plateforme").await;
    let path = format!("/claims?userId={}", fixtures::BIKE_USER);
    for _ in 0..3 {
        caller.get(&path).await.data();
    }
    // 99888 with Retry-After.
    let refused = caller.get(&path).await;
    refused.is_error(429, 99_888);
    let seconds: i64 = refused.header("retry-after").parse().unwrap();
    server.clock.advance(jiff::SignedDuration::from_secs(seconds));
    caller.get(&path).await.data();
}
