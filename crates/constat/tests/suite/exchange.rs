//! Whole portfolios in and out: the registry over HTTP, claims with their history through files.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;

use constat_client::{ClaimsClient, Options};
use constat_domain::tenancy::Api;
use constat_testkit::fixtures::{self, BIKE_CONTRACT, BIKE_PRODUCT, BIKE_USER, STOLEN_BIKE_MANDATORY};
use constat_testkit::{ClaimsCaller, Got, Server};
use serde_json::{Value, json};

use crate::cli::{Folder, Running, constat, done, install_tls, refused};

async fn import(caller: &ClaimsCaller, media: &str, body: impl Into<reqwest::Body>) -> Got {
    let request = caller.request(reqwest::Method::POST, "/contracts/import").header("content-type", media);
    Got::read(request.body(body).send().await.unwrap()).await
}

/// The bike contract under another id.
pub fn contract(id: &str) -> Value {
    let mut contract = json!(fixtures::bike_contract());
    contract["id"] = json!(id);
    contract
}

#[tokio::test]
async fn the_registry_is_filled_and_read_over_http() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let client = ClaimsClient::new(&caller.url, &caller.key, Options::default()).unwrap();
    let file = format!("{}\n\n{}\n", contract(BIKE_CONTRACT), contract("contract-2"));
    let done = client.import_contracts("application/x-ndjson", file.clone().into_bytes()).await.unwrap();
    assert_eq!((done.created, done.replaced), (1, 1));
    let read = client.read_contract("contract-2").await.unwrap();
    assert_eq!((read.user_id.as_str(), read.deductible, read.products.len()), (BIKE_USER, Some(150.0), 1));
    let first = caller.get("/contracts/contract-2").await;
    assert!(first.header("etag").starts_with('"'));
    let csv = "id,user_id,number,name,insurer_acam_code,guarantee,customer_type,holder_first_name,holder_last_name,\
               holder_phone_number,product_id,product_type,deductible\n\
               contract-2,U-2,N-2,Vélo,02000402,Vol,individual,Jean,Dupont,+33612345678,P-1,bike,80.5\n\
               contract-2,U-2,N-2,Vélo,02000402,Vol,individual,Jean,Dupont,+33612345678,P-2,bike,80.5\n";
    assert_eq!(import(&caller, "text/csv; charset=utf-8", csv).await.data(), &json!({ "created": 0, "replaced": 1 }));
    let read = caller.get("/contracts/contract-2").await;
    assert_eq!((&read.data()["deductible"], read.data()["products"].as_array().unwrap().len()), (&json!(80.5), 2));
    assert_ne!(read.header("etag"), first.header("etag"));
    caller.get("/contracts/unknown").await.is_error(404, 2002);

    // A dry run changes nothing; the same request under the same key is done once.
    let dry = caller.request(reqwest::Method::POST, "/contracts/import?dryRun=true");
    let dry = dry.header("content-type", "application/jsonl").body(contract("contract-3").to_string());
    Got::read(dry.send().await.unwrap()).await.data();
    caller.get("/contracts/contract-3").await.is_error(404, 2002);
    for _ in 0..2 {
        let again = caller.request(reqwest::Method::POST, "/contracts/import").header("idempotency-key", "once");
        let again = again.header("content-type", "application/jsonl").body(contract("contract-4").to_string());
        assert_eq!(Got::read(again.send().await.unwrap()).await.data()["created"], 1);
    }
}

#[tokio::test]
async fn a_faulty_file_is_refused_whole_by_line_and_field() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let mut bad = contract("contract-3");
    bad["guarantee"] = json!("Volt");
    bad["colour"] = json!("red");
    let file = format!("{}\n{bad}\nnot json\n", contract("contract-2"));
    let got = import(&caller, "application/jsonl", file).await;
    got.is_error(400, 1000);
    assert_eq!(got.fields(), ["line 2 colour", "line 2 guarantee", "line 3"]);
    let got = import(&caller, "text/csv", "id,colour\nC,red\n").await;
    assert_eq!(got.fields()[0], "line 1 colour");
    caller.get("/contracts/contract-2").await.is_error(404, 2002);
    import(&caller, "application/json", "{}").await.is_error(400, 1006);
    import(&caller, "application/jsonl", vec![b' '; 4 * 1024 * 1024 + 1]).await.is_error(400, 1002);
    import(&caller, "application/jsonl", "\n").await.is_error(400, 1000);
    import(&caller, "application/jsonl", vec![0xff, 0xfe]).await.is_error(400, 1000);

    // An integrator neither fills the registry nor looks things up there, before it has declared on a contract.
    let broker = server.insurer("Courtier", "02000402").await;
    let key = server.key(Api::Claims, caller.tenant.org, broker, caller.tenant.mode).await;
    let integrator = ClaimsCaller { key, ..caller.clone() };
    import(&integrator, "application/jsonl", contract("contract-2").to_string()).await.is_error(403, 98888);
    integrator.get(&format!("/contracts/{BIKE_CONTRACT}")).await.is_error(404, 2002);
    integrator.declare(&fixtures::stolen_bike()).await;
    integrator.get(&format!("/contracts/{BIKE_CONTRACT}")).await.data();
}

/// A folder with a platform whose registry holds the bike contract.
fn platform() -> Folder {
    let folder = Folder::new();
    done(folder.path(), &["organisations", "add", "--kind", "platform", "--name", "Plateforme"]);
    std::fs::write(folder.path().join("contracts.jsonl"), format!("{}\n", contract(BIKE_CONTRACT))).unwrap();
    exchange(folder.path(), &["import", "contracts", "contracts.jsonl"]);
    folder
}

fn exchange(folder: &Path, arguments: &[&str]) -> String {
    done(folder, &[arguments, &["--organisation", "Plateforme", "--mode", "test"]].concat())
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// A claim as the file of another system has it.
pub fn record(number: usize) -> Value {
    json!({
        "user_id": BIKE_USER, "contract_id": BIKE_CONTRACT, "contract_product_id": BIKE_PRODUCT,
        "status": "closed", "loss_type": "theft", "subtype": "total_theft",
        "claim_at": "2023-01-15T14:30:00Z", "declaration_at": "2023-01-16T08:00:00Z",
        "submitted_at": "2023-01-16T09:00:00Z", "closed_at": "2023-03-01T09:00:00Z",
        "description": format!("Vélo volé devant la gare, dossier repris numéro {number}."),
        "insured": { "first_name": "Jean", "last_name": "Dupont", "phone_number": "+33612345678" },
        "location": { "address": "Gare de Lyon", "city": "Paris", "country": "France", "zipcode": "75012" },
        "answers": { "tied_to_fixed_point": true },
        "settlements": [{ "type": "refund", "amount": 1250.5, "payment_at": "2023-02-20T00:00:00Z" }],
    })
}

#[tokio::test]
async fn what_is_exported_is_imported_elsewhere_to_the_letter() {
    install_tls();
    let old = platform();
    let create = ["keys", "create", "--api", "claims", "--issuer", "Plateforme", "--holder", "Plateforme"];
    let key = done(old.path(), &[&create[..], &["--mode", "test"]].concat());
    {
        let server = Running::serve(old.path());
        let caller = ClaimsCaller {
            tenant: "org_00000000000000000000000000/test".parse().unwrap(),
            key,
            url: format!("{}/v2", server.url),
            http: reqwest::Client::new(),
        };
        // Three losses, not one that is sent three times within some seconds.
        let in_town = |city: &str| {
            let mut declaration = fixtures::stolen_bike();
            declaration["location"]["city"] = city.into();
            declaration
        };
        caller.declare(&in_town("Paris")).await;
        caller.submitted(&in_town("Paris 12"), &STOLEN_BIKE_MANDATORY).await;
        let given_up = caller.declare(&in_town("Paris 12e")).await;
        caller.send(reqwest::Method::DELETE, &format!("/claims/{given_up}")).await.data();
    }
    exchange(old.path(), &["export", "claims", "--output", "claims.jsonl", "--documents", "files"]);
    exchange(old.path(), &["export", "contracts", "--output", "registry.jsonl"]);
    let written = read(old.path(), "claims.jsonl");
    assert_eq!((written.lines().count(), written.matches("\"file\":").count()), (3, 2));

    let new = tempfile::tempdir().unwrap();
    done(new.path(), &["organisations", "add", "--kind", "platform", "--name", "Plateforme"]);
    let file = |name: &str| old.path().join(name).to_str().unwrap().to_owned();
    let import = |what: &str, name: &str| exchange(new.path(), &["import", what, &file(name)]);
    assert!(import("contracts", "registry.jsonl").starts_with("1 contracts imported"));
    assert!(import("claims", "claims.jsonl").starts_with("3 claims imported"));
    exchange(new.path(), &["export", "claims", "--output", "claims.jsonl", "--documents", "files"]);
    assert_eq!(read(new.path(), "claims.jsonl"), written);
    exchange(new.path(), &["export", "contracts", "--output", "registry.jsonl"]);
    assert_eq!(read(new.path(), "registry.jsonl"), read(old.path(), "registry.jsonl"));
    for line in written.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for document in line["documents"].as_array().unwrap() {
            let path = document["file"].as_str().unwrap();
            assert_eq!(std::fs::read(new.path().join(path)).unwrap(), std::fs::read(old.path().join(path)).unwrap());
        }
    }
    // Again: everything is here already, and every byte has its document.
    let again = import("claims", "claims.jsonl");
    assert!(again.contains("0 claims imported") && again.contains("3 were here already") && again.contains("; 0 of"));
    assert!(done(new.path(), &["documents", "sweep"]).contains("2 documents in the database"));
    assert!(done(new.path(), &["audit", "verify"]).contains("as they were recorded"));
    // A table of the flat fields, with the date it changed.
    let csv = exchange(new.path(), &["export", "claims", "--format", "csv", "--since", "2020-01-01"]);
    assert_eq!(csv.lines().count(), 4);
    assert_eq!(exchange(new.path(), &["export", "claims", "--since", "9999-01-01"]), "");
}

#[test]
fn claims_written_by_hand_are_judged_by_line_and_field() {
    let folder = platform();
    let path = folder.path();
    let write = |lines: &[Value]| {
        let text = lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
        std::fs::write(path.join("claims.jsonl"), text).unwrap();
    };
    let import = ["import", "claims", "claims.jsonl", "--organisation", "Plateforme", "--mode", "test"];
    for (field, value, told) in [
        ("status", json!("finished"), "line 2 status:"),
        ("closed_at", json!(null), "line 2 closed_at: must be there"),
        ("closed_at", json!("2022-01-01T00:00:00Z"), "line 2 closed_at: lies before"),
        ("closed_at", json!("9999-01-01T00:00:00Z"), "line 2 closed_at: lies in the future"),
        ("subtype", json!("stolen"), "line 2 subtype:"),
        ("contract_id", json!("unknown"), "line 2 contract_id: no such contract"),
        ("answers", json!({ "tied_to_fixed_point": "perhaps" }), "line 2 answers.tied_to_fixed_point:"),
        // Misspelt ids are not taken silently: the nearest known ones are named.
        (
            "answers",
            json!({ "tied_to_fixed_point": true, "tied_to_fixd_point": true }),
            "line 2 answers.tied_to_fixd_point: is not a question of total_theft; the nearest: tied_to_fixed_point",
        ),
        ("answers", json!({ "baterry_on_bike": true }), "line 2 answers.baterry_on_bike: is not a question of"),
        ("answers", json!({ "habitable": true }), "line 2 answers.habitable: is not a question of total_theft"),
        ("answers", json!({ "Le vélo était-il rouge ?": true }), "line 2 answers.Le vélo était-il rouge ?: is not"),
        ("insured", json!({ "first_name": "Jean", "phone_number": "1" }), "line 2 insured.last_name: is missing"),
        ("settlements", json!([{ "type": "refund", "amount": -5 }]), "line 2 settlements[0].amount:"),
        (
            "documents",
            json!([{ "type": "Dépôt de plainte", "file": "../x.pdf" }]),
            "line 2 documents[0].file: expected",
        ),
        ("documents", json!([{ "type": "Dépôt de plainte", "file": "no.pdf" }]), "line 2 documents[0].file: there is"),
        ("documents", json!([{ "type": "Poème" }]), "line 2 documents[0].type:"),
        ("colour", json!("red"), "line 2 colour: unknown field"),
        ("declared_by", json!("org_01M80WYNDAEPAAZ1DDE6XXRDNY"), "line 2 declared_by: holds no key of this platform"),
        ("dossier", json!({ "declared_damages": "tout" }), "line 2 dossier.declared_damages: is not in the shape"),
        ("dossier", json!({ "qualification": [1] }), "line 2 dossier.qualification: is not in the shape"),
        (
            "settlements",
            json!([{ "type": "refund", "amount": { "minor": 500, "currency": "USD" } }]),
            "line 2 settlements[0].amount: must be in euros",
        ),
        // Nothing gets into the data of another organisation or mode.
        ("tenant", json!("org_01M80WYNDAEPAAZ1DDE6XXRDNY/live"), "line 2 tenant: is not the organisation"),
        // The next change would make the highest number there is one higher.
        ("version", json!(i64::MAX), "line 2 version: must be 1 to"),
        ("milestones", json!({ "visit": "9999-12-31" }), "line 2 milestones.visit: lies in the future"),
        ("milestones", json!({ "loss_known": "-009999-01-01" }), "line 2 milestones.loss_known: expected a day from"),
        (
            "settlements",
            json!([{ "type": "refund", "amount": 5, "payment_at": "9999-01-01T00:00:00Z" }]),
            "line 2 settlements[0].payment_at: lies in the future",
        ),
        (
            "documents",
            json!([{ "type": "Dépôt de plainte", "filename": "../a\r\nb.pdf" }]),
            "line 2 documents[0].filename:",
        ),
        (
            "internal_notes",
            json!([{ "text": "x".repeat(4_001), "at": "2023-02-01T00:00:00Z", "by": "key_06E3ZQK8X5V2M0TQ9R7H4B1CDS" }]),
            "line 2 internal_notes: has a text of more than",
        ),
        (
            "settlements",
            vec![json!({ "type": "refund", "amount": 5 }); 501].into(),
            "line 2 settlements: must be 500 at most",
        ),
    ] {
        let mut bad = record(2);
        bad[field] = value;
        write(&[record(1), bad]);
        let said = refused(path, &import);
        assert!(said.contains("nothing imported") && said.contains(told), "{told}: {said}");
        assert!(!said.contains("Dupont"), "{said}");
    }
    std::fs::write(path.join("plainte.pdf"), fixtures::pdf()).unwrap();
    let mut bad = record(2);
    bad["user_id"] = json!("");
    let mut good = record(3);
    good["documents"] = json!([{ "type": "Dépôt de plainte", "file": "plainte.pdf", "status": "accepted" }]);
    write(&[record(1), bad, good]);
    let output = constat(path).args(import).arg("--skip-faulty").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "the exit code tells of faulty lines too");
    assert!(String::from_utf8_lossy(&output.stdout).contains("2 claims imported"));
    let errors: Value = serde_json::from_str(read(path, "claims.jsonl.errors.jsonl").trim()).unwrap();
    assert_eq!((&errors["line"], &errors["field"]), (&json!(2), &json!("user_id")));
    // The faulty line is mended; what is here is passed over, and the errors are gone.
    let fixed = read(path, "claims.jsonl").replace("\"user_id\":\"\"", &format!("\"user_id\":\"{BIKE_USER}\""));
    std::fs::write(path.join("claims.jsonl"), fixed).unwrap();
    let said = exchange(path, &["import", "claims", "claims.jsonl", "--skip-faulty"]);
    assert!(said.contains("1 claims imported") && said.contains("2 were here already"), "{said}");
    assert!(!path.join("claims.jsonl.errors.jsonl").exists());
    let exported = exchange(path, &["export", "claims"]);
    let first: Value = serde_json::from_str(exported.lines().next().unwrap()).unwrap();
    assert_eq!(first["settlements"][0]["amount"], json!({ "minor": 125_050, "currency": "EUR" }));
    assert_eq!(
        (&first["closed_at"], &first["contract"]["number"]),
        (&json!("2023-03-01T09:00:00Z"), &json!("BK-2023-000123"))
    );
    // The flat fields as a table.
    let csv = exchange(path, &["export", "claims", "--format", "csv"]);
    let other = platform();
    std::fs::write(other.path().join("claims.csv"), csv).unwrap();
    assert!(exchange(other.path(), &["import", "claims", "claims.csv"]).starts_with("3 claims imported"));
    // Sound contracts go in although others are faulty.
    let mut bad = contract("contract-5");
    bad["number"] = json!("");
    std::fs::write(path.join("more.jsonl"), format!("{bad}\n{}\n", contract("contract-6"))).unwrap();
    let said = exchange(path, &["import", "contracts", "more.jsonl", "--skip-faulty"]);
    assert!(said.contains("1 contracts imported") && said.contains("more.jsonl.errors.jsonl"), "{said}");
}

#[cfg(unix)]
#[test]
fn an_empty_table_says_what_was_expected() {
    let folder = platform();
    std::fs::write(folder.path().join("empty.csv"), "").unwrap();
    for what in ["claims", "contracts"] {
        let import = ["import", what, "empty.csv", "--organisation", "Plateforme", "--mode", "test"];
        let told = refused(folder.path(), &import);
        assert!(told.contains("expected a header") && told.contains("user_id"), "{told}");
    }
}

#[test]
fn a_document_that_leads_elsewhere_is_refused() {
    let (folder, elsewhere) = (platform(), tempfile::tempdir().unwrap());
    let path = folder.path();
    std::fs::write(elsewhere.path().join("private.pdf"), fixtures::pdf()).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("private.pdf"), path.join("link.pdf")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), path.join("files")).unwrap();
    // Reading it would wait for ever.
    assert!(std::process::Command::new("mkfifo").arg(path.join("pipe.pdf")).status().unwrap().success());
    for (file, told) in [
        ("link.pdf", "leads out of the folder"),
        ("files/private.pdf", "leads out of the folder"),
        ("pipe.pdf", "there is no such file"),
        ("/dev/zero", "expected a path below"),
    ] {
        let mut bad = record(1);
        bad["documents"] = json!([{ "type": "Dépôt de plainte", "file": file }]);
        std::fs::write(path.join("claims.jsonl"), bad.to_string()).unwrap();
        let import = ["import", "claims", "claims.jsonl", "--organisation", "Plateforme", "--mode", "test"];
        let said = refused(path, &import);
        assert!(said.contains("line 1 documents[0].file") && said.contains(told), "{file}: {said}");
    }
}

#[test]
fn no_cell_of_a_table_is_a_formula_and_all_read_back_to_the_letter() {
    let folder = platform();
    let path = folder.path();
    let texts = ["=cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "+33612345678", "'=1", "'Jean"];
    let lines: Vec<String> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| {
            let mut contract = contract(&format!("contract-{number}"));
            contract["number"] = json!(text);
            contract.to_string()
        })
        .collect();
    std::fs::write(path.join("contracts.jsonl"), lines.join("\n")).unwrap();
    exchange(path, &["import", "contracts", "contracts.jsonl"]);
    let table = exchange(path, &["export", "contracts", "--format", "csv"]);
    let cells = table.lines().flat_map(|line| line.split(','));
    let formulas: Vec<&str> = cells.filter(|cell| cell.starts_with(['=', '@', '-'])).collect();
    assert_eq!(formulas, Vec::<&str>::new());
    let before = exchange(path, &["export", "contracts"]);
    let other = platform();
    std::fs::write(other.path().join("contracts.csv"), table).unwrap();
    exchange(other.path(), &["import", "contracts", "contracts.csv"]);
    let numbers = |exported: &str| -> Vec<Value> {
        let contracts = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        contracts.map(|contract| contract["number"].clone()).collect()
    };
    assert_eq!(numbers(&exchange(other.path(), &["export", "contracts"])), numbers(&before));
}

#[cfg(unix)]
#[test]
fn an_import_that_was_killed_goes_on_where_it_stopped() {
    let folder = platform();
    let path = folder.path();
    let lines: Vec<String> = (0..450).map(|number| format!("{}\n", record(number))).collect();
    // A pipe, so that the import is surely in the middle when it is killed.
    let made = std::process::Command::new("mkfifo").arg(path.join("pipe.jsonl")).status().unwrap();
    assert!(made.success());
    let arguments =
        ["import", "claims", "pipe.jsonl", "--organisation", "Plateforme", "--mode", "test", "--skip-faulty"];
    let mut child = constat(path).args(arguments).stdout(std::process::Stdio::null()).spawn().unwrap();
    let mut pipe = std::fs::OpenOptions::new().write(true).open(path.join("pipe.jsonl")).unwrap();
    for line in &lines[..300] {
        pipe.write_all(line.as_bytes()).unwrap();
    }
    let saved = || exchange(path, &["export", "claims"]).lines().count();
    let there = (0..2_000).map(|_| saved()).find(|count| *count > 0);
    assert_eq!(there, Some(200), "a batch is saved while the file is still being read");
    child.kill().unwrap();
    child.wait().unwrap();
    drop(pipe);
    std::fs::write(path.join("claims.jsonl"), lines.concat()).unwrap();
    let said = exchange(path, &["import", "claims", "claims.jsonl"]);
    assert!(said.contains("250 claims imported") && said.contains("200 were here already"), "{said}");
    assert_eq!(saved(), 450);
}

/// The files of an archive. Every one must be as its manifest says.
pub fn archive(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let (name, mut content) = (file.name().unwrap().into_owned(), Vec::new());
        file.read_to_end(&mut content).unwrap();
        assert!(files.insert(name, content).is_none(), "a name is there twice");
    }
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let told = manifest["files"].as_array().unwrap();
    assert_eq!(told.len() + 1, files.len());
    for file in told {
        let content = &files[file["path"].as_str().unwrap()];
        assert_eq!((file["size"].as_u64().unwrap(), &file["sha256"]), (content.len() as u64, &json!(sha256(content))));
    }
    files
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    format!("{:x}", sha2::Sha256::digest(bytes))
}

#[tokio::test]
async fn a_claims_whole_file_is_one_archive() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let mut declaration = fixtures::stolen_bike();
    declaration["description"] =
        json!("L'été, où j'étais à la gare, mon vélo a été volé ; l'antivol était coupé. ".repeat(150));
    let (id, claim_id) = caller.submitted(&declaration, &STOLEN_BIKE_MANDATORY).await;
    let client = ClaimsClient::new(&caller.url, &caller.key, Options::default()).unwrap();
    let got = client.export_claim(&claim_id).await.unwrap();
    assert_eq!(got.content_type, "application/zip");
    assert_eq!(got.disposition.as_deref(), Some(format!("attachment; filename=\"{id}.zip\"").as_str()));
    let files = archive(&got.bytes);
    let json = |name: &str| -> Value { serde_json::from_slice(&files[name]).unwrap() };
    assert_eq!(&json("claim.json"), caller.get(&format!("/claims/{id}")).await.data());
    assert_eq!(&json("timeline.json"), caller.get(&format!("/claims/{id}/timeline")).await.data());
    let dossier = json("dossier.json");
    let paths: Vec<&str> =
        dossier["documents"].as_array().unwrap().iter().map(|file| file["href"].as_str().unwrap()).collect();
    assert_eq!(paths.len(), 2);
    assert!(paths.iter().all(|path| files[*path] == fixtures::pdf()), "{paths:?}");
    assert_eq!(json("appointments.json"), json!([]));
    assert!(files["summary.pdf"].starts_with(b"%PDF-1.") && files["summary.pdf"].len() > 10_000);

    let broker = server.insurer("Courtier", "02000402").await;
    let key = server.key(Api::Claims, caller.tenant.org, broker, caller.tenant.mode).await;
    let integrator = ClaimsCaller { key, ..caller.clone() };
    integrator.get(&format!("/claims/{id}/export")).await.is_error(404, 2001);
    let own = integrator.declare(&fixtures::stolen_bike()).await;
    integrator.get(&format!("/claims/{own}/export")).await.is_error(403, 98888);
    caller.get("/claims/dcl_0000000000000000000000000X/export").await.is_error(404, 2001);
    server.platform("Autre").await.get(&format!("/claims/{id}/export")).await.is_error(404, 2001);
}

#[tokio::test]
async fn all_that_is_known_of_an_insured_is_one_archive_for_handlers() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let (submitted, _) = caller.submitted(&fixtures::stolen_bike(), &STOLEN_BIKE_MANDATORY).await;
    let draft = caller.declare(&fixtures::stolen_bike()).await;
    let somebody_elses = caller.declare(&fixtures::water_damage()).await;
    let client = ClaimsClient::new(&caller.url, &caller.key, Options::default()).unwrap();
    let got = client.export_insured(BIKE_USER).await.unwrap();
    assert_eq!(got.content_type, "application/zip");
    assert_eq!(got.disposition.as_deref(), Some("attachment; filename=\"insured.zip\""));
    let files = archive(&got.bytes);
    let json = |name: &str| -> Value { serde_json::from_slice(&files[name]).unwrap() };
    for id in [&submitted, &draft] {
        let read = caller.get(&format!("/claims/{id}")).await;
        assert_eq!(&json(&format!("claims/{id}/claim.json")), read.data());
    }
    assert!(!files.keys().any(|name| name.contains(&somebody_elses)));
    assert_eq!(files.keys().filter(|name| name.contains("/documents/")).count(), 2);
    let contracts = json("contracts.json");
    assert_eq!((contracts.as_array().unwrap().len(), &contracts[0]["id"]), (1, &json!(BIKE_CONTRACT)));

    // A document that was rejected is handed out, and is no longer part of the claim file.
    let read = caller.get(&format!("/claims/{submitted}")).await;
    let entries = read.data()["documentEntries"].as_array().unwrap();
    let document = entries.iter().find_map(|entry| entry["document"]["id"].as_str()).unwrap();
    let reject = format!("/claims/{submitted}/documents/{document}/reject");
    caller.post(&reject, &json!({ "reason": "Illisible" })).await.data();
    let files = archive(&client.export_insured(BIKE_USER).await.unwrap().bytes);
    let dossier: Value = serde_json::from_slice(&files[&format!("claims/{submitted}/dossier.json")]).unwrap();
    assert_eq!(dossier["documents"].as_array().unwrap().len(), 1);
    assert_eq!(files.keys().filter(|name| name.contains("/documents/")).count(), 2);

    for user in ["unknown", "%00", "a%2Fb"] {
        caller.get(&format!("/insured/{user}/export")).await.is_error(401, 9003);
    }
    let broker = server.insurer("Courtier", "02000402").await;
    let key = server.key(Api::Claims, caller.tenant.org, broker, caller.tenant.mode).await;
    let integrator = ClaimsCaller { key, ..caller.clone() };
    integrator.get(&format!("/insured/{BIKE_USER}/export")).await.is_error(403, 98888);
    // Another platform has a contract of a person with the same user id, and no claims.
    let other = server.platform("Autre").await;
    let client = ClaimsClient::new(&other.url, &other.key, Options::default()).unwrap();
    let files = archive(&client.export_insured(BIKE_USER).await.unwrap().bytes);
    assert_eq!(files.keys().collect::<Vec<_>>(), ["contracts.json", "manifest.json"]);
}
