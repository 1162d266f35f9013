//! What every answer and every key has in common: caching and sniffing are forbidden, a 401 says how to give a
//! key, a revoked key stops at once everywhere, refused keys are counted and slowed, requests and storage are
//! bounded, and bodies may come compressed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, Instant};

use constat_core::{Settings, UploadSettings, hash_secret};
use constat_domain::tenancy::{Api, Mode, OrganisationKind, TenantId};
use constat_testkit::fixtures::{self, BIKE_USER, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Got, Server, ServerOptions, document, expert};
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::claims::start;
use crate::cli::{Folder, Running, Starting, done, install_tls};
use crate::partner_support::{Partner, booking, by_video};
use crate::shared::{erase_insured, revoke};

/// A key of each contract, by the contract's name: its header and its secret.
type Keys = BTreeMap<&'static str, (&'static str, String)>;

async fn with_keys(settings: Settings) -> (Server, ClaimsCaller, Keys) {
    let server = Server::with(ServerOptions { settings, ..ServerOptions::default() }).await;
    let firm = server.firm_with_experts("Cabinet d'expertise", vec![expert(1)]).await;
    let caller = server.platform("Plateforme").await;
    let insurer = server.insurer("Allianz", "02000402").await;
    let keys = BTreeMap::from([
        ("claims", ("key", caller.key.clone())),
        ("partner", ("pid", server.partner_key(&firm, caller.tenant.org).await)),
        ("dossier", ("ctoken", server.key(Api::Dossier, caller.tenant.org, insurer, Mode::Test).await)),
    ]);
    (server, caller, keys)
}

/// Every operation of the three contracts: the contract's name, the method, the URL below the server's with
/// `id` for each parameter, and whether it needs a key.
fn operations() -> Vec<(&'static str, Method, String, bool)> {
    let mut found = Vec::new();
    for document in constat_http::documents() {
        let base = document.json["servers"][0]["url"].as_str().unwrap();
        for (path, item) in document.json["paths"].as_object().unwrap() {
            for method in [Method::GET, Method::PUT, Method::POST, Method::PATCH, Method::DELETE] {
                let Some(operation) = item.get(method.as_str().to_lowercase()) else { continue };
                let needs_key = !operation["security"]
                    .as_array()
                    .is_some_and(|ways| ways.iter().all(|way| way.as_object().is_some_and(serde_json::Map::is_empty)));
                let mut parts: Vec<&str> = path.split('/').collect();
                for part in &mut parts {
                    if part.starts_with('{') {
                        *part = "id";
                    }
                }
                found.push((document.name, method, format!("{base}{}", parts.join("/")), needs_key));
            }
        }
    }
    assert!(found.len() > 70, "{} operations", found.len());
    found
}

#[track_caller]
fn is_protected(what: &str, headers: &HeaderMap) {
    let caching = headers.get("cache-control").map(|value| value.to_str().unwrap());
    assert!(matches!(caching, Some("no-store" | "private, no-cache")), "{what}: Cache-Control {caching:?}");
    let sniffing = headers.get("x-content-type-options").map(|value| value.to_str().unwrap());
    assert_eq!(sniffing, Some("nosniff"), "{what}");
}

#[tokio::test]
async fn no_answer_of_any_operation_may_be_stored_or_sniffed() {
    let (server, caller, keys) = with_keys(Settings::default()).await;
    for (contract, method, path, _) in operations() {
        let (header, key) = &keys[contract];
        let url = format!("{}{path}", server.url);
        for body in [None, Some("{}")] {
            let mut request = server.http.request(method.clone(), &url).header(*header, key);
            if let Some(body) = body {
                request = request.header("content-type", "application/json").body(body);
            }
            let answer = request.send().await.unwrap();
            is_protected(&format!("{method} {path} {}", answer.status()), answer.headers());
        }
        let nobody = server.http.request(method.clone(), &url).send().await.unwrap();
        is_protected(&format!("{method} {path} without a key"), nobody.headers());
    }
    for path in ["/v2/no-such-path", "/v2/", "/claims/api/v1/none", "/v1/none"] {
        let answer = server.http.get(format!("{}{path}", server.url)).send().await.unwrap();
        is_protected(path, answer.headers());
    }

    // Answers that hold personal data, each way that they are made: fresh, from memory, archives, bytes.
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let uploaded = caller.upload(&id, &[POLICE_REPORT]).await;
    let document = uploaded.data()[0]["id"].as_str().unwrap().to_owned();
    let link = caller.get(&format!("/claims/{id}/documents/{document}")).await;
    let link = link.data()["downloadUrl"].as_str().unwrap().trim_start_matches(&caller.url).to_owned();
    for path in [
        format!("/claims/{id}"),
        format!("/claims/{id}"),
        format!("/claims?userId={BIKE_USER}"),
        "/events".to_owned(),
        link,
    ] {
        let got = caller.get(&path).await;
        assert_eq!(got.status, 200, "{path}");
        is_protected(&path, &got.headers);
    }
    assert_eq!(caller.get(&format!("/claims/{id}")).await.header("cache-control"), "no-store");
    // Tags are given all the same: a change is made under the version that was read.
    assert!(!caller.get(&format!("/claims/{id}")).await.header("etag").is_empty());
}

#[tokio::test]
async fn every_401_says_in_which_ways_a_key_is_given() {
    let (server, _, keys) = with_keys(Settings::default()).await;
    let mut seen = 0;
    for (contract, method, path, needs_key) in operations() {
        let (header, _) = &keys[contract];
        let other = keys.iter().find(|(name, _)| **name != contract).map(|(_, (_, key))| key.clone()).unwrap();
        for given in [None, Some((*header, "nonsense".to_owned())), Some((*header, other))] {
            let mut request = server.http.request(method.clone(), format!("{}{path}", server.url));
            if let Some((header, key)) = &given {
                request = request.header(*header, key);
            }
            let answer = request.send().await.unwrap();
            if !needs_key {
                assert!(answer.headers().get("www-authenticate").is_none());
                continue;
            }
            assert_eq!(answer.status(), 401, "{method} {path} {given:?}");
            let ways: Vec<&str> =
                answer.headers().get_all("www-authenticate").iter().map(|way| way.to_str().unwrap()).collect();
            let named = format!("name=\"{header}\"");
            assert_eq!(ways.len(), 3, "{method} {path}: {ways:?}");
            assert!(ways.iter().any(|way| way.starts_with("Basic realm=\"constat\"")), "{ways:?}");
            assert!(ways.iter().any(|way| way.starts_with("Bearer realm=\"constat\"")), "{ways:?}");
            assert!(ways.iter().any(|way| way.contains(&named)), "{ways:?}");
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen} answers");
    // An answer that is no 401 has none.
    let (header, key) = &keys["claims"];
    let found = server.http.get(format!("{}/v2/catalogue", server.url)).header(*header, key).send().await.unwrap();
    assert_eq!((found.status().as_u16(), found.headers().contains_key("www-authenticate")), (200, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_request_after_a_revocation_is_refused_on_every_node() {
    let (server, caller, keys) = with_keys(Settings::default()).await;
    let twin = server.twin().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let contracts = [
        ("claims", Api::Claims, format!("/v2/claims/{id}"), 200),
        ("partner", Api::Partner, "/claims/api/v1/appointments".to_owned(), 200),
        ("dossier", Api::Dossier, "/v1/claims/none".to_owned(), 404),
    ];
    for (contract, api, path, usual) in contracts {
        let (header, key) = &keys[contract];
        let ask = async |server: &Server, key: &str| {
            let request = server.http.get(format!("{}{path}", server.url)).header(*header, key);
            request.send().await.unwrap().status().as_u16()
        };
        // Both remember the key, and a claim read that is answered from memory. The clock stands still.
        for _ in 0..3 {
            assert_eq!((ask(&server, key).await, ask(&twin, key).await), (usual, usual), "{contract}");
        }
        revoke(&server.services.core, api, key).await;
        assert_eq!((ask(&twin, key).await, ask(&server, key).await), (401, 401), "{contract}");
    }
    // Another key of the same holder goes on, at both; and one that was issued meanwhile works at once.
    let second = server.key(Api::Claims, caller.tenant.org, caller.tenant.org, Mode::Test).await;
    for server in [&server, &twin] {
        let url = format!("{}/v2/claims/{id}", server.url);
        assert_eq!(server.http.get(url).header("key", &second).send().await.unwrap().status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_from_the_command_line_stops_the_very_next_request_of_a_running_server() {
    install_tls();
    let folder = Folder::new();
    let path = folder.path();
    done(path, &["organisations", "add", "--kind", "platform", "--name", "Plateforme"]);
    let create = ["keys", "create", "--api", "claims", "--issuer", "Plateforme", "--holder", "Plateforme"];
    let create = [&create[..], &["--mode", "test"]].concat();
    let (revoked, kept) = (done(path, &create), done(path, &create));
    let server = Running::serve(path);
    let ask = async |key: &str| {
        let url = format!("{}/v2/catalogue", server.url);
        reqwest::Client::new().get(url).header("key", key).send().await.unwrap().status().as_u16()
    };
    assert_eq!((ask(&revoked).await, ask(&kept).await), (200, 200));
    let listed: Value = serde_json::from_str(&done(path, &["keys", "list", "--json"])).unwrap();
    let first = listed[0]["id"].as_str().unwrap();
    done(path, &["keys", "revoke", first]);
    assert_eq!((ask(&revoked).await, ask(&kept).await), (401, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_one_key_after_the_other_is_revoked_no_request_slips_through() {
    let (server, caller) = start().await;
    let twin = server.twin().await;
    for round in 0..20 {
        let key = server.key(Api::Claims, caller.tenant.org, caller.tenant.org, Mode::Test).await;
        let ask = async |server: &Server| {
            let url = format!("{}/v2/catalogue", server.url);
            server.http.get(url).header("key", &key).send().await.unwrap().status().as_u16()
        };
        let before = futures_util::future::join_all((0..8).map(|_| ask(&twin))).await;
        assert!(before.iter().all(|status| *status == 200), "{round}: {before:?}");
        revoke(&server.services.core, Api::Claims, &key).await;
        let after = futures_util::future::join_all((0..8).map(|_| ask(&twin))).await;
        assert!(after.iter().all(|status| *status == 401), "{round}: {after:?}");
    }
}

#[tokio::test]
async fn refused_keys_are_counted_by_reason_and_one_client_that_repeats_them_is_slowed() {
    let (server, caller, keys) = with_keys(Settings::default()).await;
    let url = format!("{}/v2/catalogue", server.url);
    let ask = async |key: Option<&str>, from: &str| {
        let mut request = server.http.get(&url).header("x-forwarded-for", from);
        if let Some(key) = key {
            request = request.header("key", key);
        }
        let began = Instant::now();
        let status = request.send().await.unwrap().status().as_u16();
        (status, began.elapsed())
    };
    let (_, of_partner) = &keys["partner"];
    let spare = server.key(Api::Claims, caller.tenant.org, caller.tenant.org, Mode::Test).await;
    revoke(&server.services.core, Api::Claims, &spare).await;
    let unknown = constat_core::issue_key(
        constat_core::NewKey {
            api: Api::Claims,
            issuer: caller.tenant.org,
            holder: caller.tenant.org,
            mode: Mode::Test,
            label: String::new(),
        },
        server.services.core.clock.now(),
        server.services.core.secure_random.as_ref(),
    );
    let given = [
        ("missing", None),
        ("malformed", Some("test_nonsense")),
        ("unknown", Some(unknown.secret.as_str())),
        ("revoked", Some(spare.as_str())),
        ("other_contract", Some(of_partner.as_str())),
    ];
    for (reason, key) in given {
        let metric = format!("constat_refused_keys_total{{reason=\"{reason}\"}}");
        let before = server.metric(&metric).await;
        assert_eq!(ask(key, "192.0.2.1").await.0, 401, "{reason}");
        assert_eq!(server.metric(&metric).await, before + 1, "{reason}");
    }
    let slowed = async || server.metric("constat_slowed_key_refusals_total").await;
    for _ in 0..20 {
        assert_eq!(ask(Some("test_nonsense"), "203.0.113.9").await.0, 401);
    }
    assert_eq!(slowed().await, 0);
    for number in 1..=2 {
        let (status, took) = ask(Some("test_nonsense"), "203.0.113.9").await;
        assert_eq!((status, slowed().await), (401, number));
        assert!(took >= Duration::from_secs(1), "{took:?}");
    }
    // Neither a sound key from the same address, nor a wrong one from another, waits.
    assert_eq!(ask(Some(&caller.key), "203.0.113.9").await.0, 200);
    assert_eq!(ask(Some("test_nonsense"), "203.0.113.10").await.0, 401);
    assert_eq!(slowed().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_wrong_keys_is_a_few_log_lines_without_any_key() {
    install_tls();
    let folder = tempfile::tempdir().unwrap();
    let mut starting = Starting::with(folder.path(), &[]);
    let listens = starting.until("Constat listens on");
    let url = listens.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    starting.until("Stop with");
    let client = reqwest::Client::new();
    let secret = |number: usize| format!("test_{number:072x}");
    for number in 0..200 {
        let request = client.get(format!("{url}/v2/claims")).header("key", secret(number));
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    let said = starting.rest().await;
    let lines: Vec<&String> = said.iter().filter(|line| line.contains("refused")).collect();
    assert!((1..=4).contains(&lines.len()), "{lines:?}");
    let first = lines[0];
    assert!(first.contains("malformed") && first.contains(&hash_secret(&secret(0))[..8]), "{first}");
    for line in &said {
        assert!(!line.contains("test_0000"), "{line}");
    }
}

#[tokio::test]
async fn a_key_test_or_live_has_a_bound_on_its_requests_and_hears_when_to_come_back() {
    assert!((1_000..=1_000_000).contains(&Settings::default().requests_per_minute), "generous, and there");
    let settings = Settings { requests_per_minute: 5, ..Settings::default() };
    let (server, caller, mut keys) = with_keys(settings).await;
    let live = server.caller(TenantId { org: caller.tenant.org, mode: Mode::Live }).await;
    let paths = [("claims", "/v2/catalogue"), ("partner", "/claims/api/v1/experts"), ("dossier", "/v1/claims/none")];
    for round in ["test", "live"] {
        for (contract, path) in paths {
            if round == "live" && contract != "claims" {
                continue;
            }
            let (header, key) = &keys[contract];
            let ask =
                async || server.http.get(format!("{}{path}", server.url)).header(*header, key).send().await.unwrap();
            for _ in 0..5 {
                assert_ne!(ask().await.status(), 429, "{round} {contract}");
            }
            let refused = ask().await;
            assert_eq!(refused.status(), 429, "{round} {contract}");
            let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait), "{wait}");
            let body: Value = refused.json().await.unwrap();
            let says = if contract == "claims" { body["success"] == false } else { body["value"].is_number() };
            assert!(says, "{contract}: {body}");
        }
        keys.insert("claims", ("key", live.key.clone()));
    }
}

/// Files under the documents folder.
fn files_on_disk(server: &Server) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
    }
    count(&server.folder().join("documents"))
}

#[tokio::test]
async fn an_organisations_documents_have_a_quota_that_erasure_makes_room_in() {
    let uploads = UploadSettings { quota_mb: 1, ..UploadSettings::default() };
    let settings = Settings { uploads, ..Settings::default() };
    let server = Server::with(ServerOptions { settings, ..ServerOptions::default() }).await;
    let caller = server.platform("Plateforme").await;
    let pdf = |size: usize| {
        let mut bytes = fixtures::pdf();
        bytes.resize(size, b' ');
        bytes
    };
    let upload = async |caller: &ClaimsCaller, claim: &str, kind: &str, size: usize| {
        caller.put(&format!("/claims/{claim}/documents"), &document(kind, &pdf(size))).await
    };
    let first = caller.declare(&fixtures::stolen_bike()).await;
    upload(&caller, &first, POLICE_REPORT, 700_000).await.data();
    let stored = files_on_disk(&server);
    let refused = upload(&caller, &first, KEYS_PHOTO, 700_000).await;
    refused.is_error(409, 3003);
    let message = refused.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("storage quota of 1 MiB"), "{message}");
    assert_eq!(files_on_disk(&server), stored, "nothing of it stays");
    // As a form, tried only, and several of which only the last does not fit.
    let form = reqwest::multipart::Form::new()
        .part("meta", reqwest::multipart::Part::text(json!({ "type": KEYS_PHOTO, "title": "x" }).to_string()))
        .part("file", reqwest::multipart::Part::bytes(pdf(700_000)).file_name("x.pdf"));
    let request = caller.request(Method::PUT, &format!("/claims/{first}/documents")).multipart(form);
    Got::read(request.send().await.unwrap()).await.is_error(409, 3003);
    let path = format!("/claims/{first}/documents?dryRun=true");
    caller.put(&path, &document(KEYS_PHOTO, &pdf(700_000))).await.is_error(409, 3003);
    let second = caller.declare(&fixtures::stolen_bike()).await;
    let several = json!([document(POLICE_REPORT, &pdf(200_000)), document(KEYS_PHOTO, &pdf(400_000))]);
    caller.put(&format!("/claims/{second}/documents"), &several).await.is_error(409, 3003);
    assert_eq!(files_on_disk(&server), stored);
    // What fits is taken; live mode and other organisations have quotas of their own.
    upload(&caller, &first, KEYS_PHOTO, 200_000).await.data();
    let live = server.caller(TenantId { org: caller.tenant.org, mode: Mode::Live }).await;
    let other = server.platform("Autre plateforme").await;
    for caller in [&live, &other] {
        let claim = caller.declare(&fixtures::stolen_bike()).await;
        upload(caller, &claim, POLICE_REPORT, 700_000).await.data();
    }
    // Erased, it is free again.
    erase_insured(&server.services, &caller, BIKE_USER).await;
    server.contract(caller.tenant, fixtures::bike_contract()).await;
    let third = caller.declare(&fixtures::stolen_bike()).await;
    upload(&caller, &third, POLICE_REPORT, 700_000).await.data();
}

/// Each of them would fit alone; they are looked at together before any is in.
#[tokio::test]
async fn uploads_sent_at_once_do_not_pass_the_quota_together() {
    let uploads = UploadSettings { quota_mb: 1, ..UploadSettings::default() };
    let settings = Settings { uploads, ..Settings::default() };
    let server = Server::with(ServerOptions { settings, ..ServerOptions::default() }).await;
    let caller = server.platform("Plateforme").await;
    let mut claims = Vec::new();
    for number in 0..6 {
        let mut declaration = fixtures::stolen_bike();
        declaration["description"] = format!("{} {number}", declaration["description"].as_str().unwrap()).into();
        claims.push(caller.declare(&declaration).await);
    }
    let mut bytes = fixtures::pdf();
    bytes.resize(400_000, b' ');
    let body = document(POLICE_REPORT, &bytes);
    let paths: Vec<String> = claims.iter().map(|claim| format!("/claims/{claim}/documents")).collect();
    let answers = futures_util::future::join_all(paths.iter().map(|path| caller.put(path, &body))).await;
    let taken = answers.iter().filter(|answer| answer.status == 200).count();
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        refused.is_error(409, 3003);
    }
    assert_eq!(taken, 2);
    assert_eq!(files_on_disk(&server), 2, "nothing of the others stays");
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Sends a body with an encoding to the claims API.
async fn send(caller: &ClaimsCaller, method: Method, path: &str, encoding: &str, body: Vec<u8>) -> Got {
    let request = caller.request(method, path).header("content-type", "application/json");
    let request = request.header("content-encoding", encoding).header("idempotency-key", path).body(body);
    Got::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_compressed_body_is_read_as_what_it_holds() {
    let (_server, caller) = start().await;
    let theft = fixtures::stolen_bike().to_string().into_bytes();
    let created = send(&caller, Method::POST, "/claims", "gzip", zipped(&theft)).await;
    let id = created.data()["id"].as_str().unwrap().to_owned();
    assert_eq!(caller.get(&format!("/claims/{id}")).await.data()["id"], id.as_str());
    // A repeat under its key may be compressed or not.
    let again = send(&caller, Method::POST, "/claims", "identity", theft).await;
    assert_eq!(again.data()["id"], id.as_str());
    // An upload in JSON too, and one command without a body.
    let upload = document(POLICE_REPORT, &fixtures::pdf()).to_string().into_bytes();
    let path = format!("/claims/{id}/documents");
    send(&caller, Method::PUT, &path, "GZIP", zipped(&upload)).await.data();
    assert_eq!(send(&caller, Method::DELETE, &format!("/claims/{id}"), "gzip", Vec::new()).await.status, 200);

    let partner = Partner::with(vec![expert(1)]).await;
    let search = zipped(by_video().to_string().as_bytes());
    let request = partner.request(Method::POST, "/intervention").header("content-type", "application/json");
    let found = partner.send(request.header("content-encoding", "x-gzip").body(search)).await.expect(200);
    let book = zipped(booking(&found, 0, "CASE").to_string().as_bytes());
    let request = partner.request(Method::POST, "/appointments").header("content-type", "application/json");
    partner.send(request.header("content-encoding", "gzip").body(book)).await.expect(201);
}

#[tokio::test]
async fn a_compressed_body_that_is_too_large_broken_or_of_another_encoding_is_refused() {
    let (server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let uploads = format!("/claims/{id}/documents");
    // Bombs: of little that inflates to much.
    let bomb = zipped(&vec![b' '; 80 * 1024 * 1024]);
    assert!(bomb.len() < 200_000);
    let refused = send(&caller, Method::POST, "/claims", "gzip", bomb.clone()).await;
    refused.is_error(400, 1002);
    send(&caller, Method::PUT, &uploads, "gzip", bomb.clone()).await.is_error(400, 1002);
    let firm = server.firm_with_experts("Cabinet", vec![expert(1)]).await;
    let partner = server.partner_key(&firm, caller.tenant.org).await;
    let at_partner = async |encoding: &str, body: Vec<u8>| {
        let request = server.http.post(format!("{}/claims/api/v1/intervention", server.url)).header("pid", &partner);
        let request = request.header("content-type", "application/json").header("content-encoding", encoding);
        let answer = request.body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.headers().clone())
    };
    assert_eq!(at_partner("gzip", bomb).await.0, 413);
    // Not what it says.
    let whole = zipped(fixtures::stolen_bike().to_string().as_bytes());
    for broken in [b"{}".to_vec(), whole[..whole.len() - 4].to_vec(), whole[..3].to_vec()] {
        send(&caller, Method::POST, "/claims", "gzip", broken.clone()).await.is_error(400, 1000);
        send(&caller, Method::PUT, &uploads, "gzip", broken.clone()).await.is_error(400, 1000);
        assert_eq!(at_partner("gzip", broken).await.0, 400);
    }
    // Encodings that are not taken: the answer says which are.
    for encoding in ["br", "deflate", "zstd", "gzip, gzip", "compress", "nonsense"] {
        let refused = send(&caller, Method::POST, "/claims", encoding, whole.clone()).await;
        refused.is_error(400, 1006);
        assert_eq!((refused.fields(), refused.header("accept-encoding")), (vec!["Content-Encoding"], "gzip"));
        send(&caller, Method::PUT, &uploads, encoding, whole.clone()).await.is_error(400, 1006);
        let (status, headers) = at_partner(encoding, whole.clone()).await;
        assert_eq!((status, headers["accept-encoding"].to_str().unwrap()), (415, "gzip"), "{encoding}");
    }
    // A form's files are compressed already.
    let parts = reqwest::multipart::Form::new().text("meta", "{}");
    let request = caller.request(Method::PUT, &uploads).header("content-encoding", "gzip").multipart(parts);
    Got::read(request.send().await.unwrap()).await.is_error(400, 1006);
}

/// How much the check of the key costs a claim read that is answered from memory: a ratio in one run, since
/// the machine is shared.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement; run it alone with --run-ignored all --no-capture"]
async fn the_check_for_revocations_costs_a_claim_read_little() {
    let (server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let time = async |path: &str, key: bool| {
        let began = Instant::now();
        for _ in 0..3000 {
            let mut request = server.http.get(format!("{}{path}", server.url));
            if key {
                request = request.header("key", &caller.key);
            }
            assert_eq!(request.send().await.unwrap().status(), 200);
        }
        began.elapsed()
    };
    let read = format!("/v2/claims/{id}");
    for _ in 0..3 {
        let (health, claim) = (time("/health", false).await, time(&read, true).await);
        println!("claim read / empty answer: {:.3}", claim.as_secs_f64() / health.as_secs_f64());
    }
    let count = 20_000;
    let began = Instant::now();
    for _ in 0..count {
        constat_core::authenticate_request(&server.services.core, Api::Claims, &caller.key).await.unwrap();
    }
    println!("one check of a known key: {:.2} us", began.elapsed().as_secs_f64() * 1e6 / f64::from(count));
    let other = server.organisation(OrganisationKind::Platform, "Autre").await;
    let began = Instant::now();
    for _ in 0..200 {
        // Each commit has the count read again.
        server.key(Api::Claims, other, other, Mode::Test).await;
        constat_core::authenticate_request(&server.services.core, Api::Claims, &caller.key).await.unwrap();
    }
    println!("one commit and one check after it: {:.2} us", began.elapsed().as_secs_f64() * 1e6 / 200.0);
}
