//! Documents of a claim: uploaded in every shape, judged by their content, fetched by signed links.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use constat_domain::claim::DocumentStatus;
use constat_testkit::fixtures::{self, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Got, Server, document};
use jiff::SignedDuration;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::claims::{change, start};

const LIMIT: usize = 20_971_520;

fn padded_pdf(size: usize) -> Vec<u8> {
    let mut bytes = fixtures::pdf();
    bytes.resize(size, b' ');
    bytes
}

fn meta(kind: &str) -> Part {
    let meta = json!({ "type": kind, "title": "Plainte du 15/01/2024" });
    Part::text(meta.to_string()).mime_str("application/json").unwrap()
}

fn file(bytes: Vec<u8>, name: &str) -> Part {
    Part::bytes(bytes).file_name(name.to_owned()).mime_str("application/octet-stream").unwrap()
}

async fn put_form(caller: &ClaimsCaller, claim: &str, form: Form) -> Got {
    let request = caller.request(Method::PUT, &format!("/claims/{claim}/documents")).multipart(form);
    Got::read(request.send().await.unwrap()).await
}

async fn put(caller: &ClaimsCaller, claim: &str, body: &Value) -> Got {
    caller.put(&format!("/claims/{claim}/documents"), body).await
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
async fn a_signed_link_serves_the_very_bytes_for_one_hour() {
    let (server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let content: Vec<u8> = fixtures::pdf().into_iter().chain((0..=255).cycle().take(100_000)).collect();
    let mut upload = document(POLICE_REPORT, &content);
    upload["filename"] = json!("C:\\scans\\Dépôt de plainte.pdf");
    upload["comment"] = json!("Page 2 à suivre");
    let uploaded = put(&caller, &id, &upload).await;
    let document_id = uploaded.data()[0]["id"].as_str().unwrap();
    let path = format!("/claims/{id}/documents/{document_id}");
    let read = caller.get(&path).await;
    let read = read.data();
    assert_eq!(read["type"], POLICE_REPORT);
    assert_eq!(read["mimeType"], "application/pdf");
    assert_eq!(read["note"], "Page 2 à suivre");
    assert_eq!(read["downloadUrlExpiresAt"], "2026-11-23T08:00:00Z");
    for null in ["acceptedAt", "refusedAt", "refusalReason"] {
        assert_eq!(read.get(null), Some(&Value::Null), "{null}");
    }
    let url = read["downloadUrl"].as_str().unwrap();
    assert!(url.starts_with(&server.url));

    // No key: the link is enough.
    let whole = server.http.get(url).send().await.unwrap();
    assert_eq!(whole.status(), 200);
    let headers = whole.headers().clone();
    let header = |name: &str| headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/pdf");
    assert_eq!(header("content-length"), content.len().to_string());
    assert_eq!(header("cache-control"), "private, no-cache");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("accept-ranges"), "bytes");
    assert!(header("content-disposition").starts_with("attachment;"));
    assert!(header("content-disposition").contains("filename*=UTF-8''D%C3%A9p%C3%B4t%20de%20plainte.pdf"));
    let tag = header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", sha256(&content)));
    assert_eq!(whole.bytes().await.unwrap(), content);

    let with = |name: &'static str, value: String| server.http.get(url).header(name, value).send();
    let unchanged = with("if-none-match", tag.clone()).await.unwrap();
    assert_eq!(unchanged.status(), 304);
    assert!(unchanged.bytes().await.unwrap().is_empty());

    let part = with("range", "bytes=10-19".to_owned()).await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], format!("bytes 10-19/{}", content.len()));
    assert_eq!(part.headers()["content-length"], "10");
    assert_eq!(part.bytes().await.unwrap(), content[10..20]);
    let tail = with("range", "bytes=-5".to_owned()).await.unwrap();
    assert_eq!(tail.bytes().await.unwrap(), content[content.len() - 5..]);

    let beyond = with("range", format!("bytes={}-", content.len())).await.unwrap();
    assert_eq!(beyond.headers()["content-range"], format!("bytes */{}", content.len()));
    Got::read(beyond).await.is_error(416, 1000);

    let head = server.http.head(url).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["content-length"], content.len().to_string());
    assert_eq!(head.headers()["etag"], tag);

    server.clock.advance(SignedDuration::from_secs(3599));
    assert_eq!(server.http.get(url).send().await.unwrap().status(), 200);
    server.clock.advance(SignedDuration::from_secs(1));
    // 2004 DOCUMENT_NOT_FOUND once the hour is over, and for a link that was tampered with.
    Got::read(server.http.get(url).send().await.unwrap()).await.is_error(404, 2004);
    let fresh = caller.get(&path).await.data()["downloadUrl"].as_str().unwrap().to_owned();
    assert_eq!(server.http.get(&fresh).send().await.unwrap().status(), 200);
    for forged in [
        fresh[..fresh.len() - 2].to_owned(),
        fresh.replace("/files/", "/files/A"),
        format!("{}/v2/files/x", server.url),
    ] {
        Got::read(server.http.get(forged).send().await.unwrap()).await.is_error(404, 2004);
    }
}

#[tokio::test]
async fn one_document_or_several_come_in_json_all_or_none() {
    let (server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    // 1003 INVALID_MIME_TYPE: the second is no document at all, whatever its name.
    let program = document(KEYS_PHOTO, b"MZ\x90\x00this is a program");
    let refused = put(&caller, &id, &json!([document(POLICE_REPORT, &fixtures::pdf()), program])).await;
    refused.is_error(400, 1003);
    assert_eq!(refused.fields(), ["[1].content"]);
    // 3006 INVALID_DOCUMENT_TYPE: not one of this claim's.
    let stranger = document("Photo de la batterie", &fixtures::png());
    let refused = put(&caller, &id, &json!([document(POLICE_REPORT, &fixtures::pdf()), stranger])).await;
    refused.is_error(409, 3006);
    assert_eq!(refused.fields(), ["[1].type"]);
    assert!(refused.body["error"]["details"][0]["message"].as_str().unwrap().contains(KEYS_PHOTO));
    put(&caller, &id, &document("Carte d'identité", &fixtures::pdf())).await.is_error(409, 3006);
    // 1005 INVALID_BASE64 names the field, with and without an array.
    let mut broken = document(KEYS_PHOTO, b"");
    broken["content"] = json!("data:application/pdf;base64,JVBERi0=");
    let refused = put(&caller, &id, &json!([document(POLICE_REPORT, &fixtures::pdf()), broken])).await;
    refused.is_error(400, 1005);
    assert_eq!(refused.fields(), ["[1].content"]);
    let refused = put(&caller, &id, &broken).await;
    refused.is_error(400, 1005);
    assert_eq!(refused.fields(), ["content"]);
    // The same type twice would lose the first.
    let twice = json!([document(POLICE_REPORT, &fixtures::pdf()), document("final_police_report", &fixtures::png())]);
    let refused = put(&caller, &id, &twice).await;
    refused.is_error(400, 1000);
    assert_eq!(refused.fields(), ["[1].type"]);
    put(&caller, &id, &json!([])).await.is_error(400, 1000);

    let untouched = caller.get(&format!("/claims/{id}")).await;
    assert_eq!(untouched.header("etag"), "\"1\"");
    assert_eq!(files_on_disk(&server), 0);

    let both = json!([document("final_police_report", &fixtures::pdf()), document(KEYS_PHOTO, &fixtures::png())]);
    let taken = put(&caller, &id, &both).await;
    assert_eq!(taken.data().as_array().unwrap().len(), 2);
    assert_eq!(taken.data()[0]["type"], POLICE_REPORT);
    assert_eq!(taken.data()[1]["mimeType"], "image/png");
    assert_eq!(taken.body.get("claim"), None);
    assert_eq!(files_on_disk(&server), 2);
}

#[tokio::test]
async fn a_form_carries_meta_and_file_in_any_order() {
    let (_server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let form = Form::new().part("meta", meta(POLICE_REPORT)).part("file", file(fixtures::pdf(), "plainte.pdf"));
    let taken = put_form(&caller, &id, form).await;
    assert_eq!(taken.data()[0]["title"], "Plainte du 15/01/2024");
    let form = Form::new().part("file", file(fixtures::png(), "../../clés.png")).part("meta", meta(KEYS_PHOTO));
    let taken = put_form(&caller, &id, form).await;
    assert_eq!(taken.data()[0]["mimeType"], "image/png");
    assert_eq!(caller.get(&format!("/claims/{id}")).await.data()["canSubmit"], true);

    let bad = [
        (Form::new().part("meta", meta(KEYS_PHOTO)), "file"),
        (Form::new().part("file", file(fixtures::pdf(), "a.pdf")), "meta"),
        (
            Form::new().part("file", file(fixtures::pdf(), "a.pdf")).part("meta", Part::text("{\"type\": 3}")),
            "meta.type",
        ),
        (Form::new().part("file", file(fixtures::pdf(), "a.pdf")).part("meta", Part::text("{")), "meta"),
        (Form::new().part("other", Part::text("x")), "other"),
        (Form::new().part("meta", meta(KEYS_PHOTO)).part("meta", meta(KEYS_PHOTO)), "meta"),
    ];
    for (form, field) in bad {
        let refused = put_form(&caller, &id, form).await;
        refused.is_error(400, 1000);
        assert!(refused.fields().contains(&field), "{field}: {}", refused.body);
    }
    let form = Form::new().part("meta", meta(KEYS_PHOTO)).part("file", file(b"#!/bin/sh".to_vec(), "photo.png"));
    let refused = put_form(&caller, &id, form).await;
    refused.is_error(400, 1003);
    assert_eq!(refused.fields(), ["file"]);
}

#[tokio::test]
async fn the_last_mandatory_document_submits_the_claim_when_asked() {
    let (_server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let path = format!("/claims/{id}/documents?autoSubmit=true");
    let first = caller.put(&path, &document(POLICE_REPORT, &fixtures::pdf())).await;
    first.data();
    assert_eq!(first.body.get("claim"), None);
    let last = caller.put(&path, &document(KEYS_PHOTO, &fixtures::png())).await;
    last.data();
    let claim = &last.body["claim"];
    assert_eq!(claim["status"], "submitted");
    assert_eq!(claim["autoSubmitted"], true);
    assert_eq!(claim["id"], id.as_str());
    let read = caller.get(&format!("/claims/{}", claim["claimId"].as_str().unwrap())).await;
    assert_eq!(read.data()["status"], "submitted");
    // Later documents are still welcome, and submit nothing.
    let later = caller.put(&path, &document("Facture d'achat", &fixtures::pdf())).await;
    later.data();
    assert_eq!(later.body.get("claim"), None);
    caller
        .put(&format!("/claims/{id}/documents?autoSubmit=perhaps"), &document(KEYS_PHOTO, &fixtures::png()))
        .await
        .is_error(400, 1000);
}

#[tokio::test]
async fn an_accepted_document_stays_and_a_rejected_one_comes_again() {
    let (server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    caller.upload(&id, &[POLICE_REPORT, KEYS_PHOTO]).await.data();
    change(&server, &caller, &id, |claim| {
        claim.documents[0].status = DocumentStatus::Accepted;
        claim.documents[1].status = DocumentStatus::Rejected;
        claim.documents[1].refusal_reason = Some("Illisible".to_owned());
    })
    .await;
    // A refused mandatory document is missing again: 3004.
    assert_eq!(caller.get(&format!("/claims/{id}")).await.data()["canSubmit"], false);
    caller.post(&format!("/claims/{id}/submit"), &json!({})).await.is_error(409, 3004);
    // 3005 DOCUMENT_ALREADY_VALIDATED.
    let refused = caller.upload(&id, &[POLICE_REPORT]).await;
    refused.is_error(409, 3005);
    assert_eq!(refused.fields(), ["[0].type"]);
    assert_eq!(files_on_disk(&server), 2);

    let again = caller.upload(&id, &[KEYS_PHOTO]).await;
    let new_id = again.data()[0]["id"].as_str().unwrap();
    let claim = caller.get(&format!("/claims/{id}")).await;
    let entry =
        claim.data()["documentEntries"].as_array().unwrap().iter().find(|entry| entry["type"] == KEYS_PHOTO).unwrap();
    assert_eq!(entry["status"], "to_verify");
    assert_eq!(entry["document"]["id"], new_id);
    assert_eq!(claim.data()["canSubmit"], true);
}

#[tokio::test]
async fn a_document_may_be_as_large_as_the_limit_and_no_larger() {
    let (server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    // 1002 FILE_TOO_LARGE, in both shapes, one byte beyond and far beyond.
    for size in [LIMIT + 1, 25 * 1024 * 1024] {
        let refused = put(&caller, &id, &document(POLICE_REPORT, &padded_pdf(size))).await;
        refused.is_error(400, 1002);
        assert_eq!(refused.fields(), ["content"]);
        let form = Form::new().part("meta", meta(POLICE_REPORT)).part("file", file(padded_pdf(size), "a.pdf"));
        let refused = put_form(&caller, &id, form).await;
        refused.is_error(400, 1002);
        assert_eq!(refused.fields(), ["file"]);
    }
    assert_eq!(files_on_disk(&server), 0);
    let form = Form::new().part("meta", meta(POLICE_REPORT)).part("file", file(padded_pdf(LIMIT), "a.pdf"));
    put_form(&caller, &id, form).await.data();
    put(&caller, &id, &document(KEYS_PHOTO, &padded_pdf(LIMIT))).await.data();
    // Beyond what is read at all.
    let huge = format!("{{\"content\": \"{}\"}}", "A".repeat(65 * 1024 * 1024));
    let request = caller.request(Method::PUT, &format!("/claims/{id}/documents"));
    let answer = request.header("content-type", "application/json").body(huge).send().await.unwrap();
    Got::read(answer).await.is_error(400, 1002);
}

#[tokio::test]
async fn a_repeated_upload_leaves_no_second_file() {
    let (server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let send = async |content: &[u8]| {
        let form = Form::new().part("meta", meta(POLICE_REPORT)).part("file", file(content.to_vec(), "a.pdf"));
        let request = caller.request(Method::PUT, &format!("/claims/{id}/documents")).header("Idempotency-Key", "up-1");
        Got::read(request.multipart(form).send().await.unwrap()).await
    };
    let first = send(&fixtures::pdf()).await;
    // Each form has another boundary; it is the same request all the same.
    let again = send(&fixtures::pdf()).await;
    assert_eq!(first.data(), again.data());
    assert_eq!(files_on_disk(&server), 1);
    let conflict = send(&padded_pdf(1000)).await;
    conflict.is_error(400, 1000);
    assert_eq!(conflict.fields(), ["Idempotency-Key"]);
    assert_eq!(files_on_disk(&server), 1);
}

#[tokio::test]
async fn what_is_no_document_is_refused_by_name() {
    let (_server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let path = format!("/claims/{id}/documents");
    // 1006 UNSUPPORTED_CONTENT_TYPE.
    for media_type in
        ["text/plain", "application/pdf", "application/x-www-form-urlencoded", "multipart/mixed; boundary=x"]
    {
        let request = caller.request(Method::PUT, &path).header("content-type", media_type).body("x");
        Got::read(request.send().await.unwrap()).await.is_error(400, 1006);
    }
    let request = caller.request(Method::PUT, &path).header("content-type", "multipart/form-data").body("x");
    Got::read(request.send().await.unwrap()).await.is_error(400, 1000);
    let broken = "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nends early";
    let request =
        caller.request(Method::PUT, &path).header("content-type", "multipart/form-data; boundary=x").body(broken);
    Got::read(request.send().await.unwrap()).await.is_error(400, 1000);
    let mut blank = document(" ", &fixtures::pdf());
    blank["filename"] = json!("");
    let refused = put(&caller, &id, &json!([blank, 3])).await;
    refused.is_error(400, 1000);
    let refused = put(&caller, &id, &json!([blank])).await;
    refused.is_error(400, 1000);
    assert_eq!(refused.fields(), ["[0].type", "[0].filename"]);
    for unknown in ["doc_0000000000000000000000000X", "doc_x", "%00", "%FF"] {
        let got = caller.get(&format!("{path}/{unknown}")).await;
        assert!((400..=404).contains(&got.status), "{unknown}: {}", got.body);
    }
    caller.get(&format!("{path}/doc_0000000000000000000000000X")).await.is_error(404, 2004);
    // What base64 allows: line breaks and missing padding.
    let text = STANDARD.encode(fixtures::pdf());
    let mut wrapped = document(POLICE_REPORT, b"");
    wrapped["content"] = json!(format!("{}\r\n{}", &text[..20], text[20..].trim_end_matches('=')));
    put(&caller, &id, &wrapped).await.data();
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    format!("{:x}", sha2::Sha256::digest(bytes))
}
