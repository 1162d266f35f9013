//! A backup taken while clients write, and put back elsewhere.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use constat_client::ClaimsClient;
use constat_client::Options;
use constat_client::wire::claims::{CreateClaim, DocumentMeta};
use constat_testkit::fixtures;
use constat_testkit::postgres::{Programs, TestDatabase};
use serde_json::Value;

use crate::cli::{Folder, Running, constat, done, install_tls, refused, sample};

/// A platform with the sample contracts; gives a key of its claims API.
fn platform(path: &Path) -> String {
    done(path, &["organisations", "add", "--kind", "platform", "--name", "Plateforme"]);
    done(path, &["import", "contracts", &sample("contracts.csv"), "--organisation", "Plateforme", "--mode", "test"]);
    done(
        path,
        &["keys", "create", "--api", "claims", "--issuer", "Plateforme", "--holder", "Plateforme", "--mode", "test"],
    )
}

fn client(server: &Running, key: &str) -> ClaimsClient {
    ClaimsClient::new(&format!("{}{}", server.url, ClaimsClient::BASE_PATH), key, Options::default()).unwrap()
}

async fn declare(claims: &ClaimsClient, number: usize) -> String {
    let mut theft = fixtures::stolen_bike();
    // Of the sample contracts.
    for (name, value) in [("userId", "user-1"), ("contractId", "contract-bike-1"), ("contractProductId", "bike-1")] {
        theft[name] = value.into();
    }
    // Another loss each time, not one that is sent twice within some seconds.
    theft["location"]["city"] = format!("Paris {number}").into();
    let theft: CreateClaim = serde_json::from_value(theft).unwrap();
    let claim = claims.create_claim(&theft).await.unwrap();
    let meta = DocumentMeta {
        kind: fixtures::POLICE_REPORT.to_owned(),
        title: format!("Document {number}"),
        filename: None,
        comment: None,
    };
    claims.upload_file(&claim.id, &meta, "document.pdf", fixtures::pdf(), false).await.unwrap();
    claim.id
}

fn manifest(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path.join("manifest.json")).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_while_others_write_is_whole_and_can_be_put_back() {
    install_tls();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let key = platform(path);
    let server = Running::serve(path);
    let claims = client(&server, &key);
    let mut before = Vec::new();
    for number in 0..5 {
        before.push(declare(&claims, number).await);
    }
    // Four write on while the backup is taken.
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (claims, stop) = (claims.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut made = 0;
                while !stop.load(Ordering::Relaxed) {
                    declare(&claims, 1000 * (writer + 1) + made).await;
                    made += 1;
                }
                made
            })
        })
        .collect();
    let backup = path.join("backup");
    let to = backup.display().to_string();
    let copied = tokio::task::spawn_blocking({
        let (path, to) = (path.to_owned(), to.clone());
        move || done(&path, &["backup", "--to", &to])
    });
    assert!(copied.await.unwrap().starts_with("Backed up to"));
    stop.store(true, Ordering::Relaxed);
    let mut made = 0;
    for writer in writers {
        made += writer.await.unwrap();
    }
    let documents = manifest(&backup)["documents"].as_array().unwrap().len();
    assert!(made > 0 && (5..=5 + made).contains(&documents), "{documents} of {}", 5 + made);
    let said = refused(path, &["backup", "--to", &to]);
    assert!(said.contains("not empty"), "{said}");
    drop(server);

    // Elsewhere: every document of the restored database is there, and its events are as recorded.
    let elsewhere = path.join("elsewhere");
    let data = elsewhere.display().to_string();
    let said = done(path, &["restore", "--from", &to, "--data", &data]);
    assert!(said.contains(&format!("{documents} documents")), "{said}");
    assert!(done(path, &["documents", "sweep", "--data", &data]).contains("Every document has its bytes"));
    assert!(done(path, &["audit", "verify", "--data", &data]).contains("are as they were recorded"));
    let said = refused(path, &["restore", "--from", &to, "--data", &data]);
    assert!(said.contains("nothing is overwritten"), "{said}");
    // A log whose database was removed would be laid over the restored one.
    let left = path.join("left");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("constat.db-wal"), "left").unwrap();
    let said = refused(path, &["restore", "--from", &to, "--data", &left.display().to_string()]);
    assert!(said.contains("nothing is overwritten") && !left.join("constat.db").exists(), "{said}");
    std::fs::create_dir(path.join("home")).unwrap();
    std::fs::rename(&elsewhere, path.join("home/constat-data")).unwrap();
    let server = Running::serve(&path.join("home"));
    let claims = client(&server, &key);
    for id in &before {
        let claim = claims.read_claim(id).await.unwrap();
        let document = claim.document_entries.iter().find_map(|entry| entry.document.as_ref()).unwrap();
        let link = claims.read_document(id, &document.id).await.unwrap().download_url;
        let bytes = reqwest::get(link).await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes, fixtures::pdf());
    }
    // And the world goes on from there.
    declare(&claims, 0).await;
}

#[tokio::test]
async fn a_backup_that_was_touched_or_cut_short_is_not_put_back() {
    install_tls();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let key = platform(path);
    let server = Running::serve(path);
    declare(&client(&server, &key), 1).await;
    drop(server);
    done(path, &["backup", "--to", "backup"]);
    let backup = path.join("backup");
    let name = manifest(&backup)["documents"][0]["name"].as_str().unwrap().to_owned();
    let document = backup.join("documents").join(name);
    let bytes = std::fs::read(&document).unwrap();
    for wrong in [Some(b"something else".to_vec()), None] {
        match wrong {
            Some(wrong) => std::fs::write(&document, wrong).unwrap(),
            None => std::fs::remove_file(&document).unwrap(),
        }
        let said = refused(path, &["restore", "--from", "backup", "--data", "new"]);
        assert!(said.contains("is not what was backed up") || said.contains("is missing"), "{said}");
        assert!(!path.join("new/constat.db").exists());
    }
    std::fs::write(&document, bytes).unwrap();
    std::fs::rename(backup.join("manifest.json"), path.join("kept.json")).unwrap();
    assert!(refused(path, &["restore", "--from", "backup", "--data", "new"]).contains("no backup"));
    std::fs::rename(path.join("kept.json"), backup.join("manifest.json")).unwrap();
    // A manifest that asks for a file elsewhere.
    let sound = manifest(&backup);
    for name in ["../../kept.json", "/etc/hostname"] {
        let mut leading_out = sound.clone();
        leading_out["documents"][0]["name"] = name.into();
        std::fs::write(backup.join("manifest.json"), leading_out.to_string()).unwrap();
        let said = refused(path, &["restore", "--from", "backup", "--data", "new"]);
        assert!(said.contains("leads out of the backup"), "{said}");
    }
    std::fs::write(backup.join("manifest.json"), sound.to_string()).unwrap();
    done(path, &["restore", "--from", "backup", "--data", "new"]);
}

#[tokio::test]
async fn a_document_that_the_store_has_spoilt_is_named_and_the_others_are_saved() {
    install_tls();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let key = platform(path);
    let server = Running::serve(path);
    let claims = client(&server, &key);
    for number in 0..3 {
        declare(&claims, number).await;
    }
    drop(server);
    done(path, &["backup", "--to", "first"]);
    let name = manifest(&path.join("first"))["documents"][1]["name"].as_str().unwrap().to_owned();
    std::fs::write(path.join("constat-data/documents").join(&name), "spoilt").unwrap();
    let said = done(path, &["backup", "--to", "second"]);
    assert!(said.contains("1 documents were lost") && said.contains(&name), "{said}");
    let manifest = manifest(&path.join("second"));
    assert_eq!((manifest["documents"].as_array().unwrap().len(), &manifest["lost"][0]), (2, &Value::from(name)));
    assert!(done(path, &["restore", "--from", "second", "--data", "new"]).contains("2 documents"));
}

#[test]
fn a_postgresql_database_is_left_to_its_own_tools() {
    let folder = tempfile::tempdir().unwrap();
    for command in [["backup", "--to", "backup"], ["restore", "--from", "backup"]] {
        let mut program = constat(folder.path());
        let output =
            program.env("CONSTAT_DATABASE", "postgres://unknown@127.0.0.1:1/none").args(command).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains("docs/operations.md"), "{said}");
    }
}

/// What docs/operations.md says of PostgreSQL, done: the dump first, the documents after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_dump_of_postgresql_and_the_documents_after_it_are_a_backup() {
    install_tls();
    let (here, there) = (Folder::on(TestDatabase::Postgres), Folder::on(TestDatabase::Postgres));
    let path = here.path();
    let key = platform(path);
    let server = Running::serve(path);
    let claims = client(&server, &key);
    let before = [declare(&claims, 0).await, declare(&claims, 1).await];
    let postgres = |program: &str| std::process::Command::new(Programs::find().folder().join(program));
    let dump = path.join("constat.dump");
    let dumped = postgres("pg_dump").args(["--format=custom", "--file"]).arg(&dump).arg(here.url()).status().unwrap();
    assert!(dumped.success());
    // One more comes before the documents are copied.
    declare(&claims, 2).await;
    drop(server);
    let (from, to) = (path.join("constat-data/documents"), there.path().join("constat-data/documents"));
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    assert!(std::process::Command::new("cp").arg("-r").args([&from, &to]).status().unwrap().success());
    let restored = postgres("pg_restore").args(["--dbname", there.url()]).arg(&dump).status().unwrap();
    assert!(restored.success());

    let said = done(there.path(), &["documents", "sweep", "--older-than-minutes", "0", "--repair"]);
    assert!(said.contains("Removed 1 stray files; 0 documents are asked for again"), "{said}");
    assert!(done(there.path(), &["audit", "verify"]).contains("are as they were recorded"));
    let server = Running::serve(there.path());
    let claims = client(&server, &key);
    for id in &before {
        claims.read_claim(id).await.unwrap();
    }
    declare(&claims, 3).await;
}
