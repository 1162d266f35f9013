//! Schemathesis, a fuzzer that reads the served OpenAPI documents, against all three contracts:
//! `cargo xtask setup` fetches it. Thousands of requests, well-formed and not; every answer must be
//! one that the document has, and none a fault of the server.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use constat_client::wire::partner::Kind;
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::{Api, Mode};
use constat_testkit::fixtures::{self, BIKE_CONTRACT, BIKE_PRODUCT, BIKE_USER, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{artisan, expert};
use serde_json::json;

use crate::platform_support::{World, booking, search, submitted};

/// What is looked for. Left out: the checks that ask for more than a contract says, such as that
/// whatever fits the schema is taken.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth";

/// Where the set-up puts it.
fn library() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("tools/schemathesis-4.32.5");
    assert!(folder.exists(), "Schemathesis is not installed: run `cargo xtask setup`");
    folder
}

/// Values that name something, for the parameters and fields that have to.
#[derive(Default)]
struct Known {
    dictionaries: String,
    operations: String,
}

impl Known {
    /// The values of the operations whose path matches: of a field such as `path.id` or
    /// `body.contractId`, which gets one of them most of the time. The first match counts.
    fn at(mut self, paths: &str, fields: &[(&str, &[&str])]) -> Self {
        let mut parameters = Vec::new();
        for (field, values) in fields {
            let name = format!("known{}", self.dictionaries.lines().count());
            writeln!(self.dictionaries, "dictionaries.{name} = {{ values = {} }}", json!(values)).unwrap();
            parameters.push(format!("{field:?} = {{ dictionary = {name:?}, probability = 0.8 }}"));
        }
        let parameters = parameters.join(", ");
        writeln!(self.operations, "[[operations]]\ninclude-path-regex = {paths:?}\nparameters = {{ {parameters} }}")
            .unwrap();
        self
    }
}

/// Lets the fuzzer loose on one contract; panics with its report when it found something.
async fn fuzz(world: &World, contract: &str, key: (&str, &str), known: Known) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("schemathesis.toml");
    std::fs::write(&config, known.dictionaries + &known.operations).unwrap();
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", library()).current_dir(folder.path()).args(["-m", "schemathesis.cli", "--config-file"]);
    command.arg(&config).arg("run").arg(format!("{}/openapi/{contract}.json", world.server.url));
    command.arg("--header").arg(format!("{}: {}", key.0, key.1));
    command.args(["--phases", "examples,coverage,fuzzing", "--checks", CHECKS]);
    command.args(["--max-examples", "20", "--seed", "2026", "--no-shrink", "--continue-on-failure"]);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let report = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{report}\n{}", String::from_utf8_lossy(&ran.stderr));
    println!("{report}");
}

/// How many requests were answered with this status.
async fn answered(world: &World, base: &str, status: u16) -> u64 {
    let metrics = world.server.http.get(format!("{}/metrics", world.server.metrics_url)).send().await.unwrap();
    let text = metrics.text().await.unwrap();
    let of_status = format!("status=\"{status}\"");
    let counted = text.lines().filter(|line| line.starts_with("constat_http_request_duration_seconds_count{"));
    let counted = counted.filter(|line| line.contains(&format!("route=\"{base}")) && line.contains(&of_status));
    counted.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_claims_contract_keeps_its_word() {
    let world = World::with(vec![expert(1), expert(2)], &[ServiceKind::OnSite, ServiceKind::Video]).await;
    let caller = &world.caller;
    let draft = caller.declare(&fixtures::stolen_bike()).await;
    let other = caller.declare(&fixtures::stolen_bike()).await;
    caller.upload(&draft, &[POLICE_REPORT]).await.data();
    let (bike, bike_claim) = caller.submitted(&fixtures::stolen_bike(), &[POLICE_REPORT, KEYS_PHOTO]).await;
    let (home, _) = submitted(&world.claims).await;
    let found = world.claims.search_appointments(&home, &search("ESS")).await.unwrap();
    let visit = world.claims.book_appointment(&home, &booking(&found, 0)).await.unwrap().id;
    let read = caller.get(&format!("/claims/{bike}")).await;
    let entries = read.data()["documentEntries"].as_array().unwrap();
    let documents: Vec<&str> = entries.iter().filter_map(|entry| entry["document"]["id"].as_str()).collect();
    let hook = json!({ "url": "https://1.1.1.1/hook", "events": ["v2.claim.created"] });
    let hook = caller.post("/webhooks", &hook).await.data()["id"].as_str().unwrap().to_owned();
    let payment =
        caller.post(&format!("/claims/{bike}/settlements"), &json!({ "type": "refund", "amount": 150 })).await;
    let payment = payment.data()["id"].as_str().unwrap().to_owned();
    let claims = [
        ("path.id", &[&*draft, &other, &bike, &bike_claim, &home][..]),
        ("path.documentId", &documents),
        ("path.appointmentId", &[&visit]),
        ("path.settlementId", &[&payment]),
        ("query.userId", &[BIKE_USER]),
        ("body.userId", &[BIKE_USER]),
        ("body.contractId", &[BIKE_CONTRACT]),
        ("body.contractProductId", &[BIKE_PRODUCT]),
    ];
    let known = Known::default().at("^/claims", &claims).at("^/webhooks/", &[("path.id", &[&hook])]);
    fuzz(&world, "claims", ("key", &caller.key), known).await;
    let (good, missing) = (answered(&world, "/v2", 200).await, answered(&world, "/v2", 404).await);
    assert!(good > 300 && missing > 50, "{good} answers of 200, {missing} of 404: the fuzzer did not get far");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dossier_contract_keeps_its_word() {
    let world = World::with(vec![expert(1)], &[ServiceKind::OnSite]).await;
    let (home, claim_id) = submitted(&world.claims).await;
    let found = world.claims.search_appointments(&home, &search("ESS")).await.unwrap();
    world.claims.book_appointment(&home, &booking(&found, 0)).await.unwrap();
    let read = world.caller.get(&format!("/claims/{home}")).await;
    let file = read.data()["documentEntries"][0]["document"]["id"].as_str().unwrap().to_owned();
    let key = world.server.key(Api::Dossier, world.caller.tenant.org, world.firm.org, Mode::Test).await;
    let known = Known::default()
        .at("^/claims/", &[("path.claimId", &[&claim_id, "SIN-2026-000017"]), ("path.fileId", &[&file])]);
    fuzz(&world, "dossier", ("ctoken", &key), known).await;
    let good = answered(&world, "/v1", 200).await;
    assert!(good > 10, "{good} answers of 200: the fuzzer did not get far");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_partner_contract_keeps_its_word() {
    let people = vec![expert(1), expert(2), artisan(3, &[])];
    let world = World::with(people, &[ServiceKind::OnSite, ServiceKind::Video]).await;
    let (home, _) = submitted(&world.claims).await;
    let found = world.claims.search_appointments(&home, &search("ESS")).await.unwrap();
    let visit = world.claims.book_appointment(&home, &booking(&found, 0)).await.unwrap();
    assert_eq!(visit.kind, Kind::OnSite);
    let people = world.partner.list_experts().await.unwrap();
    let people: Vec<&str> = people.iter().map(|person| person.id.as_str()).collect();
    let known = Known::default()
        .at("^/(appointments|schedules?)/", &[("path.id", &[&visit.partner_appointment_id])])
        .at("^/availabilities/", &[("path.id", &[&found.timeslots[1].id])])
        .at("^/experts/", &[("path.id", &people), ("path.date", &["2026-11-24", "2026-11-25"])])
        .at("^/day/", &[("path.date", &["2026-11-24", "2026-11-25"])]);
    fuzz(&world, "partner", ("pid", &world.firm.own_key), known).await;
    let good = answered(&world, "/claims/api/v1", 200).await;
    assert!(good > 100, "{good} answers of 200: the fuzzer did not get far");
}
