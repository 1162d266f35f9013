//! Where bytes are kept: the same on the local disk and in a bucket, within bounds, and whole after a
//! crash.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use constat_store::Documents;
use constat_testkit::fixtures::{self, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{Got, S3Server, Server, ServerOptions, document};
use futures_util::{StreamExt as _, TryStreamExt as _};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::cli::{Running, ask, done, folder_with_organisations, install_tls, refused, sample};

async fn whole(documents: &Documents, key: &str, range: Option<std::ops::Range<u64>>) -> Option<Vec<u8>> {
    let stream = documents.get(key, range).await.unwrap()?;
    Some(stream.try_collect::<Vec<_>>().await.unwrap().concat())
}

/// What every store must do, whatever keeps the bytes.
async fn conforms(documents: &Documents) {
    let content: Vec<u8> = (0..=250_u8).cycle().take(12 * 1024 * 1024 + 17).collect();
    for size in [0, 1, 1024 * 1024, 5 * 1024 * 1024, content.len()] {
        let key = format!("documents/a/test/{size}");
        let mut incoming = documents.incoming(&key);
        for piece in content[..size].chunks(70_001) {
            incoming.write(piece).await.unwrap();
        }
        assert_eq!(documents.size(&key).await.unwrap(), None, "not there before it is whole");
        incoming.finish().await.unwrap();
        assert_eq!(documents.size(&key).await.unwrap(), Some(size as u64));
        assert!(whole(documents, &key, None).await.unwrap() == content[..size]);
        if size > 10 {
            assert_eq!(whole(documents, &key, Some(3..10)).await.unwrap(), content[3..10]);
            let end = size as u64;
            assert_eq!(whole(documents, &key, Some(end - 2..end)).await.unwrap(), content[size - 2..size]);
        }
    }
    // Given up half-way: nothing is there.
    let mut incoming = documents.incoming("documents/given-up");
    incoming.write(&content).await.unwrap();
    incoming.abort().await.unwrap();
    assert!(whole(documents, "documents/given-up", None).await.is_none());
    let mut incoming = documents.incoming("documents/dropped");
    incoming.write(&content).await.unwrap();
    drop(incoming);
    assert!(whole(documents, "documents/dropped", None).await.is_none());

    let mut listed: Vec<_> = documents.list().try_collect().await.unwrap();
    listed.sort_by_key(|bytes| bytes.size);
    let sizes: Vec<u64> = listed.iter().map(|bytes| bytes.size).collect();
    assert_eq!(sizes, [0, 1, 1024 * 1024, 5 * 1024 * 1024, content.len() as u64]);
    for bytes in listed {
        documents.remove(&bytes.key).await.unwrap();
        assert!(whole(documents, &bytes.key, None).await.is_none());
        documents.remove(&bytes.key).await.unwrap();
    }
    assert_eq!(documents.list().count().await, 0);
}

#[tokio::test]
async fn the_local_disk_keeps_bytes_as_every_store_must() {
    let folder = tempfile::tempdir().unwrap();
    conforms(&Documents::local(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn a_bucket_keeps_bytes_as_every_store_must() {
    let bucket = S3Server::start().await;
    conforms(&Documents::s3(&bucket.bucket()).unwrap()).await;
}

#[tokio::test]
async fn a_claim_keeps_its_documents_in_a_bucket() {
    let bucket = S3Server::start().await;
    let server = Server::with(ServerOptions { bucket: Some(bucket.bucket()), ..ServerOptions::default() }).await;
    let caller = server.platform("Plateforme").await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let mut big = fixtures::pdf();
    big.resize(12_000_000, b' ');
    let path = format!("/claims/{id}/documents");
    let form = form(POLICE_REPORT, big.clone());
    let uploaded = Got::read(caller.request(Method::PUT, &path).multipart(form).send().await.unwrap()).await;
    let document_id = uploaded.data()[0]["id"].as_str().unwrap().to_owned();
    caller.put(&path, &document(KEYS_PHOTO, &fixtures::png())).await.data();
    let read = caller.get(&format!("{path}/{document_id}")).await;
    let url = read.data()["downloadUrl"].as_str().unwrap();
    assert!(server.http.get(url).send().await.unwrap().bytes().await.unwrap() == big);
    let part = server.http.get(url).header("range", "bytes=11999990-").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap().len()), (206, 10));
    // What is refused leaves nothing behind.
    caller.put(&path, &document("Carte d'identité", &fixtures::pdf())).await.is_error(409, 3006);
    assert_eq!(server.services.claims.documents.list().count().await, 2);
    // A bucket that is away is no fault of the sender.
    drop(bucket);
    caller.put(&path, &document("Facture d'achat", &fixtures::pdf())).await.is_error(503, 1000);
}

fn form(kind: &str, content: Vec<u8>) -> Form {
    let meta = json!({ "type": kind, "title": "Pièce" }).to_string();
    let file = Part::bytes(content).file_name("piece.pdf");
    Form::new().text("meta", meta).part("file", file)
}

#[tokio::test]
async fn uploads_share_a_bounded_memory_and_wait_their_turn() {
    let mut options = ServerOptions::default();
    options.settings.uploads.memory_mb = 16;
    options.settings.uploads.wait_seconds = 1;
    let server = Server::with(options).await;
    let caller = server.platform("Plateforme").await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let path = format!("/claims/{id}/documents");
    // Two senders that have begun and do not end hold all there is, each with a key of its own and half of it.
    let mut held = Vec::new();
    for caller in [caller.clone(), server.caller(caller.tenant).await] {
        let (sender, body) = futures_channel();
        let boundary = "multipart/form-data; boundary=x";
        let request = caller.request(Method::PUT, &path).header("content-type", boundary).body(body);
        let answer = tokio::spawn(request.send());
        sender
            .send("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n%PDF-1.4")
            .await
            .unwrap();
        held.push((sender, answer));
    }
    // Once both are at it there is no room for a third: it waits for a second, and learns when to come
    // again.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let busy = loop {
        assert!(std::time::Instant::now() < deadline, "both uploads are at work within 20 s");
        let got = Got::read(
            caller
                .request(Method::PUT, &path)
                .multipart(form("nothing of this claim", fixtures::pdf()))
                .send()
                .await
                .unwrap(),
        )
        .await;
        if got.status != 409 {
            break got;
        }
    };
    busy.is_error(503, 1000);
    assert_eq!(busy.header("retry-after"), "1");
    for (sender, answer) in held {
        drop(sender);
        // The form broke off.
        Got::read(answer.await.unwrap().unwrap()).await.is_error(400, 1000);
    }
    let got = Got::read(
        caller.request(Method::PUT, &path).multipart(form(KEYS_PHOTO, fixtures::pdf())).send().await.unwrap(),
    )
    .await;
    got.data();
}

/// A body that is sent piece by piece.
fn futures_channel() -> (tokio::sync::mpsc::Sender<&'static str>, reqwest::Body) {
    let (sender, receiver) = tokio::sync::mpsc::channel::<&'static str>(4);
    let stream = futures_util::stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((Ok::<_, std::io::Error>(piece), receiver))
    });
    (sender, reqwest::Body::wrap_stream(stream))
}

/// A platform's key in a fresh data folder with contracts.
fn platform_key(path: &Path) -> String {
    done(path, &["import", "contracts", &sample("contracts.csv"), "--organisation", "Plateforme", "--mode", "test"]);
    done(
        path,
        &["keys", "create", "--api", "claims", "--issuer", "Plateforme", "--holder", "Plateforme", "--mode", "test"],
    )
}

fn sweep(path: &Path, arguments: &[&str]) -> Value {
    let mut all = vec!["documents", "sweep", "--json", "--older-than-minutes", "0"];
    all.extend(arguments);
    let output = crate::cli::constat(path).args(&all).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

fn length(found: &Value, name: &str) -> usize {
    found[name].as_array().unwrap_or_else(|| panic!("{name} in {found}")).len()
}

#[tokio::test]
async fn kill_9_in_the_middle_of_uploads_leaves_no_document_without_bytes_and_the_sweep_finds_the_rest() {
    install_tls();
    let folder = folder_with_organisations();
    let path = folder.path();
    let key = platform_key(path);
    let http = reqwest::Client::new();
    let mut documents: Vec<(String, Vec<u8>)> = Vec::new();
    let mut stray = 0;
    for round in 0..3_u8 {
        let server = Running::serve(path);
        let taken = Arc::new(AtomicUsize::new(0));
        let mut senders = Vec::new();
        for sender in 0..4_u8 {
            let (http, url, key, taken) = (http.clone(), server.url.clone(), key.clone(), Arc::clone(&taken));
            senders.push(tokio::spawn(async move {
                let declare = http.post(format!("{url}/v2/claims")).header("key", &key).json(&fixture());
                let Some(id) = ask_maybe(declare).await.map(|body| body["data"]["id"].as_str().unwrap().to_owned())
                else {
                    return Vec::new();
                };
                let mut acknowledged = Vec::new();
                for number in 0..=255_u8 {
                    let mut content = fixtures::pdf();
                    content.extend([round, sender, number]);
                    content.resize(3_000_000, number);
                    let put = http.put(format!("{url}/v2/claims/{id}/documents")).header("key", &key);
                    let Some(body) = ask_maybe(put.multipart(form(POLICE_REPORT, content.clone()))).await else {
                        break;
                    };
                    let document = body["data"][0]["id"].as_str().unwrap().to_owned();
                    acknowledged.push((format!("{id}/documents/{document}"), content));
                    taken.fetch_add(1, Ordering::SeqCst);
                }
                acknowledged
            }));
        }
        while taken.load(Ordering::SeqCst) < 6 {
            tokio::task::yield_now().await;
        }
        // SIGKILL: nothing is flushed, closed or said goodbye to.
        drop(server);
        for sender in senders {
            documents.extend(sender.await.unwrap());
        }
        let found = sweep(path, &[]);
        assert_eq!(length(&found, "lost"), 0, "{found}");
        stray += length(&found, "stray") + length(&found, "unfinished");
    }
    println!("{} uploads were acknowledged; {stray} left something behind", documents.len());
    // An upload that may be on its way is left alone: all of this is younger than an hour.
    let young = done(path, &["documents", "sweep"]);
    assert!(young.contains("Every document has its bytes"), "{young}");
    sweep(path, &["--repair"]);
    let found = sweep(path, &[]);
    assert_eq!((length(&found, "stray"), length(&found, "unfinished"), length(&found, "lost")), (0, 0, 0), "{found}");
    assert_eq!(found["stored"], found["documents"]);
    let server = Running::serve(path);
    for (place, content) in &documents {
        let read = http.get(format!("{}/v2/claims/{place}", server.url)).header("key", &key);
        let (status, body) = ask(read).await;
        assert_eq!(status, 200, "{body}");
        // Links begin with the address of the server that made them.
        let url = body["data"]["downloadUrl"].as_str().unwrap();
        assert!(http.get(url).send().await.unwrap().bytes().await.unwrap() == content);
    }
}

fn fixture() -> Value {
    let mut claim = fixtures::stolen_bike();
    // The contract of data/samples/contracts.csv.
    for (name, value) in [("userId", "user-1"), ("contractId", "contract-bike-1"), ("contractProductId", "bike-1")] {
        claim[name] = json!(value);
    }
    claim
}

/// The body of a success; `None` when the server is gone.
async fn ask_maybe(request: reqwest::RequestBuilder) -> Option<Value> {
    let answer = request.send().await.ok()?;
    let status = answer.status();
    let body: Value = answer.json().await.ok()?;
    assert!(status.is_success(), "{body}");
    Some(body)
}

#[tokio::test]
async fn what_no_crash_of_ours_does_is_found_and_repaired_too() {
    install_tls();
    let folder = folder_with_organisations();
    let path = folder.path();
    let key = platform_key(path);
    let http = reqwest::Client::new();
    let server = Running::serve(path);
    let declare = http.post(format!("{}/v2/claims", server.url)).header("key", &key).json(&fixture());
    let id = ask_maybe(declare).await.unwrap()["data"]["id"].as_str().unwrap().to_owned();
    let claim = format!("{}/v2/claims/{id}", server.url);
    for kind in [POLICE_REPORT, KEYS_PHOTO] {
        let put = http.put(format!("{claim}/documents")).header("key", &key);
        ask_maybe(put.multipart(form(kind, fixtures::pdf()))).await.unwrap();
    }
    // One file vanishes, another appears, a third was never finished.
    let stored = path.join("constat-data/documents");
    let lost = first_file(&stored);
    std::fs::rename(&lost, stored.join("a-stranger")).unwrap();
    std::fs::write(stored.join("half#1"), "half").unwrap();
    let said = refused(path, &["documents", "sweep", "--older-than-minutes", "0"]);
    assert!(said.is_empty(), "it failed because of what it found: {said}");
    let found = sweep(path, &["--repair"]);
    assert_eq!((length(&found, "stray"), length(&found, "unfinished"), length(&found, "lost")), (1, 1, 1), "{found}");
    assert_eq!((&found["removed"], &found["askedAgain"]), (&json!(2), &json!(1)));
    let (_, read) = ask(http.get(&claim).header("key", &key)).await;
    let rejected: Vec<&Value> = read["data"]["documentEntries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["status"] == "rejected")
        .collect();
    assert_eq!(rejected.len(), 1, "{read}");
    assert!(rejected[0]["document"]["refusalReason"].as_str().unwrap().contains("envoyer à nouveau"));
    // Repaired, it stays so: the next sweep succeeds and says what became of the document.
    let said = done(path, &["documents", "sweep", "--older-than-minutes", "0"]);
    assert!(said.contains("1 documents have no bytes and are rejected already"), "{said}");
    let said = done(path, &["documents", "sweep", "--older-than-minutes", "0", "--repair"]);
    assert!(
        said.contains("Removed 0 stray files; 0 documents") && said.contains("Nothing is left to repair"),
        "{said}"
    );
    // It comes again, and all is well.
    let put = http.put(format!("{claim}/documents")).header("key", &key);
    ask_maybe(put.multipart(form(rejected[0]["type"].as_str().unwrap(), fixtures::pdf()))).await.unwrap();
    let again = sweep(path, &[]);
    assert_eq!((length(&again, "stray"), length(&again, "unfinished"), length(&again, "lost")), (0, 0, 0));
    assert_eq!(again["lostAndRejected"], 1);
    // Another file that vanishes is found as before.
    std::fs::remove_file(first_file(&stored)).unwrap();
    assert!(refused(path, &["documents", "sweep", "--older-than-minutes", "0"]).is_empty());
}

fn first_file(folder: &Path) -> std::path::PathBuf {
    let entry = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    if entry.is_dir() { first_file(&entry) } else { entry }
}
