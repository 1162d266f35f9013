//! What handlers do with documents: look at a preview, accept, reject; and what the virus scanner
//! keeps from all readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use constat_domain::tenancy::{Api, Mode};
use constat_testkit::fixtures::{self, DAMAGE_PHOTO, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Got, Server, ServerOptions, document};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::photos::photo;
use crate::shared::upload;

/// What every scanner finds. Split, so that none finds it here.
fn eicar() -> Vec<u8> {
    let (first, second) = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*");
    [fixtures::pdf().as_slice(), first.as_bytes(), second.as_bytes()].concat()
}

/// A scanner that speaks clamd's protocol, and may be away.
struct Clamd {
    address: String,
    away: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl Clamd {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (away, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let clamd = Self { address, away: Arc::clone(&away), asked: Arc::clone(&asked) };
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                if away.load(Ordering::SeqCst) {
                    continue;
                }
                asked.fetch_add(1, Ordering::SeqCst);
                let mut command = [0; 10];
                stream.read_exact(&mut command).await.unwrap();
                assert_eq!(&command, b"zINSTREAM\0");
                let mut content = Vec::new();
                loop {
                    let length = stream.read_u32().await.unwrap() as usize;
                    if length == 0 {
                        break;
                    }
                    let start = content.len();
                    content.resize(start + length, 0);
                    stream.read_exact(&mut content[start..]).await.unwrap();
                }
                let has = |wanted: &[u8]| content.windows(wanted.len()).any(|window| window == wanted);
                let answer: &[u8] = if has(b"TOO MUCH") {
                    b"INSTREAM size limit exceeded. ERROR\0"
                } else if has(b"EICAR") {
                    b"stream: Eicar-Test-Signature FOUND\0"
                } else {
                    b"stream: OK\0"
                };
                stream.write_all(answer).await.unwrap();
            }
        });
        clamd
    }

    async fn guards(&self) -> (Server, ClaimsCaller) {
        let mut options = ServerOptions::default();
        options.settings.scanner.address.clone_from(&self.address);
        let server = Server::with(options).await;
        let caller = server.platform("Plateforme").await;
        (server, caller)
    }
}

async fn link(caller: &ClaimsCaller, claim: &str, document: &Value) -> String {
    let id = document["id"].as_str().unwrap();
    let read = caller.get(&format!("/claims/{claim}/documents/{id}")).await;
    read.data()["downloadUrl"].as_str().unwrap().to_owned()
}

fn kinds(server: &Server, caller: &ClaimsCaller, claim: &str) -> Vec<String> {
    let declaration: constat_domain::ids::DeclarationId = claim.parse().unwrap();
    let (tenant, subject) = (caller.tenant, declaration.to_string());
    let events = server
        .services
        .core
        .store
        .read(|connection| constat_store::queries::events::of_tenant_after(connection, &tenant, 0, 100));
    let events: Vec<_> = events.map_err(|error: constat_store::StoreError| error).unwrap();
    events
        .into_iter()
        .filter(|(_, event)| event.subject == subject)
        .map(|(_, event)| event.kind.name().to_owned())
        .collect()
}

#[tokio::test]
async fn an_infected_document_is_quarantined_and_may_come_again() {
    let clamd = Clamd::start().await;
    let (server, caller) = clamd.guards().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let clean = upload(&caller, &id, KEYS_PHOTO, &fixtures::png()).await;
    assert_eq!(clean["status"], "to_verify");
    assert_eq!(server.http.get(link(&caller, &id, &clean).await).send().await.unwrap().status(), 200);
    let infected = upload(&caller, &id, POLICE_REPORT, &eicar()).await;
    assert_eq!(infected["status"], "rejected");
    assert!(infected["refusalReason"].as_str().unwrap().contains("antivirus"));
    Got::read(server.http.get(link(&caller, &id, &infected).await).send().await.unwrap()).await.is_error(409, 3003);
    assert_eq!(caller.get(&format!("/claims/{id}")).await.data()["canSubmit"], false);
    assert_eq!(kinds(&server, &caller, &id).last().unwrap(), "v2.claim.document.refused");
    upload(&caller, &id, POLICE_REPORT, &fixtures::pdf()).await;
    assert_eq!(caller.get(&format!("/claims/{id}")).await.data()["canSubmit"], true);
    assert_eq!(clamd.asked.load(Ordering::SeqCst), 3);
}

/// One document that the scanner refuses to look at once kept all that were held after it from all readers.
#[tokio::test]
async fn a_document_that_the_scanner_never_judges_holds_up_no_other() {
    let clamd = Clamd::start().await;
    clamd.away.store(true, Ordering::SeqCst);
    let (server, caller) = clamd.guards().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let endless = upload(&caller, &id, KEYS_PHOTO, &[fixtures::pdf().as_slice(), b"TOO MUCH"].concat()).await;
    let good = upload(&caller, &id, POLICE_REPORT, &fixtures::pdf()).await;
    clamd.away.store(false, Ordering::SeqCst);
    let mut seen = 0;
    for _round in 0..3 {
        seen += server.services.claims.scan_held().await.unwrap();
    }
    assert_eq!(seen, 1);
    assert_eq!(server.http.get(link(&caller, &id, &good).await).send().await.unwrap().status(), 200);
    Got::read(server.http.get(link(&caller, &id, &endless).await).send().await.unwrap()).await.is_error(409, 3003);
}

#[tokio::test]
async fn while_the_scanner_is_away_documents_are_held_and_seen_once_it_is_back() {
    let clamd = Clamd::start().await;
    clamd.away.store(true, Ordering::SeqCst);
    let (server, caller) = clamd.guards().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let good = upload(&caller, &id, KEYS_PHOTO, &fixtures::png()).await;
    let bad = upload(&caller, &id, POLICE_REPORT, &eicar()).await;
    for held in [&good, &bad] {
        assert_eq!(held["status"], "to_verify");
        Got::read(server.http.get(link(&caller, &id, held).await).send().await.unwrap()).await.is_error(409, 3003);
    }
    assert_eq!(server.services.claims.scan_held().await.unwrap(), 0);
    clamd.away.store(false, Ordering::SeqCst);
    assert_eq!(server.services.claims.scan_held().await.unwrap(), 2);
    assert_eq!(server.services.claims.scan_held().await.unwrap(), 0, "each is seen once");
    assert_eq!(server.http.get(link(&caller, &id, &good).await).send().await.unwrap().status(), 200);
    Got::read(server.http.get(link(&caller, &id, &bad).await).send().await.unwrap()).await.is_error(409, 3003);
    let claim = caller.get(&format!("/claims/{id}")).await;
    let entries = claim.data()["documentEntries"].as_array().unwrap();
    let status = |kind: &str| entries.iter().find(|entry| entry["type"] == kind).unwrap()["status"].clone();
    assert_eq!((status(KEYS_PHOTO), status(POLICE_REPORT)), (json!("to_verify"), json!("rejected")));
    let kinds = kinds(&server, &caller, &id);
    assert!(kinds.contains(&"claim.document.scanned".to_owned()), "{kinds:?}");
    assert!(kinds.contains(&"v2.claim.document.refused".to_owned()), "{kinds:?}");
    let timeline = caller.get(&format!("/claims/{id}/timeline")).await;
    let mut all = timeline.data().as_array().unwrap().iter();
    assert!(all.all(|entry| entry["label"] != entry["type"]), "each has a French label: {}", timeline.body);
}

#[tokio::test]
async fn an_operator_may_let_documents_pass_while_the_scanner_is_away() {
    let mut options = ServerOptions::default();
    // No server listens there.
    options.settings.scanner.address = "127.0.0.1:1".to_owned();
    options.settings.scanner.when_away = constat_core::WhenAway::Pass;
    let server = Server::with(options).await;
    let caller = server.platform("Plateforme").await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let passed = upload(&caller, &id, KEYS_PHOTO, &fixtures::png()).await;
    assert_eq!(server.http.get(link(&caller, &id, &passed).await).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_handler_accepts_and_rejects_with_a_reason() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let keys = upload(&caller, &id, KEYS_PHOTO, &fixtures::png()).await;
    let report = upload(&caller, &id, POLICE_REPORT, &fixtures::pdf()).await;
    let path =
        |document: &Value, verb: &str| format!("/claims/{id}/documents/{}/{verb}", document["id"].as_str().unwrap());
    // 3003: a draft is not reviewed.
    caller.post(&path(&keys, "accept"), &json!({})).await.is_error(409, 3003);
    let read = async || caller.get(&format!("/claims/{id}/documents/{}", keys["id"].as_str().unwrap())).await;
    let before = read().await.header("etag").to_owned();
    caller.post(&format!("/claims/{id}/submit"), &json!({})).await.data();
    // Under the version that the document was read in.
    let accept = async |tag: &str| {
        let request = caller.request(reqwest::Method::POST, &path(&keys, "accept")).header("if-match", tag);
        Got::read(request.json(&json!({})).send().await.unwrap()).await
    };
    accept(&before).await.is_error(412, 3003);
    let accepted = accept(read().await.header("etag")).await;
    assert_eq!(accepted.data()["status"], "accepted");
    caller.post(&path(&keys, "accept"), &json!({})).await.is_error(409, 3005);
    caller.post(&path(&keys, "reject"), &json!({ "reason": "Floue" })).await.is_error(409, 3005);
    let blank = caller.post(&path(&report, "reject"), &json!({ "reason": " " })).await;
    blank.is_error(400, 1000);
    assert_eq!(blank.fields(), ["reason"]);
    let rejected = caller.post(&path(&report, "reject"), &json!({ "reason": "Page 2 manquante" })).await;
    assert_eq!(
        (&rejected.data()["status"], &rejected.data()["refusalReason"]),
        (&json!("rejected"), &json!("Page 2 manquante"))
    );
    caller.post(&path(&report, "accept"), &json!({})).await.is_error(409, 3003);
    let stranger = format!("/claims/{id}/documents/doc_0000000000000000000000000X/accept");
    caller.post(&stranger, &json!({})).await.is_error(404, 2004);
    // 3005 when the accepted one comes again; the rejected one is welcome.
    caller.put(&format!("/claims/{id}/documents"), &document(KEYS_PHOTO, &fixtures::pdf())).await.is_error(409, 3005);
    let again = upload(&caller, &id, POLICE_REPORT, &fixtures::pdf()).await;
    let read = caller.get(&format!("/claims/{id}/documents/{}", again["id"].as_str().unwrap())).await;
    // The very same file as the rejected one: the handler sees that.
    assert_eq!(read.data()["duplicateOf"], json!({ "claimId": id, "documentId": report["id"] }));
    let kinds = kinds(&server, &caller, &id);
    assert!(kinds.contains(&"v2.claim.document.accepted".to_owned()), "{kinds:?}");
    assert!(kinds.contains(&"v2.claim.document.refused".to_owned()), "{kinds:?}");
}

#[tokio::test]
async fn a_picture_has_a_preview_and_what_is_too_large_or_no_picture_has_none() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let id = caller.declare(&fixtures::water_damage()).await;
    let preview = async |content: &[u8]| {
        let uploaded = upload(&caller, &id, DAMAGE_PHOTO, content).await;
        let path = format!("/claims/{id}/documents/{}/preview", uploaded["id"].as_str().unwrap());
        (path.clone(), caller.request(reqwest::Method::GET, &path).send().await.unwrap())
    };
    let (path, got) = preview(&photo(2000, 1000)).await;
    assert_eq!((got.status().as_u16(), &got.headers()["content-type"]), (200, &"image/jpeg".parse().unwrap()));
    let tag = got.headers()["etag"].clone();
    let bytes = got.bytes().await.unwrap();
    let small = image::load_from_memory(&bytes).unwrap();
    assert_eq!((small.width(), small.height()), (512, 256));
    assert!(!bytes.windows(4).any(|window| window == b"Exif"));
    let known = caller.request(reqwest::Method::GET, &path).header("if-none-match", tag).send().await.unwrap();
    assert_eq!(known.status(), 304);
    // The first page of a PDF, and what phones take.
    let colour = async |content: &[u8], x: f64, y: f64| {
        let (_, got) = preview(content).await;
        assert_eq!(got.status(), 200);
        let picture = image::load_from_memory(&got.bytes().await.unwrap()).unwrap().to_rgb8();
        let (width, height) = picture.dimensions();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]
        let pixel = picture.get_pixel((f64::from(width) * x) as u32, (f64::from(height) * y) as u32).0;
        (
            width,
            height,
            ["red", "green", "blue", "white"][if pixel.iter().all(|part| *part > 200) {
                3
            } else {
                usize::from(pixel[1] > 128) + 2 * usize::from(pixel[2] > 128)
            }],
        )
    };
    assert_eq!(colour(&fixtures::blue_page(), 0.5, 0.2).await, (361, 512, "blue"));
    assert_eq!(colour(&fixtures::blue_page(), 0.5, 0.8).await, (361, 512, "white"));
    assert_eq!(colour(&fixtures::heic(), 0.2, 0.5).await, (96, 64, "red"));
    assert_eq!(colour(&fixtures::heic(), 0.8, 0.5).await, (96, 64, "blue"));
    let cut = fixtures::heic();
    let cut = cut[..cut.len() - 40].to_vec();
    // A few bytes that claim to be 4 billion pixels; a file cut short; no picture at all.
    let mut bomb = fixtures::png();
    bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let whole = photo(300, 300);
    for content in [bomb, whole[..whole.len() / 50].to_vec(), fixtures::pdf(), cut] {
        let (_, got) = preview(&content).await;
        Got::read(got).await.is_error(404, 2004);
    }
    let insurer = server.insurer("Assureur", "02000402").await;
    let key = server.key(Api::Dossier, caller.tenant.org, insurer, Mode::Test).await;
    let other = server.http.get(format!("{}/v2{path}", server.url)).header("key", key).send().await.unwrap();
    assert_eq!(other.status(), 401);
}
