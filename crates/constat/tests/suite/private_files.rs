//! Files and folders that the program creates are its owner's alone, whatever the umask; links planted in a
//! backup or in the folder that it is restored into are not followed; passwords are in no error.

#![cfg(unix)]

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use constat_client::wire::claims::{CreateClaim, DocumentMeta};
use constat_client::{ClaimsClient, Options};
use constat_testkit::fixtures;

use crate::cli::{Running, Starting, constat, done, install_tls, refused, sample};

/// Runs the binary under a umask.
fn run(folder: &Path, umask: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_constat")]);
    command.args(arguments).current_dir(folder).env_clear().output().unwrap()
}

fn must(folder: &Path, umask: &str, arguments: &[&str]) -> String {
    let output = run(folder, umask, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Everything below a folder, with its mode.
fn below(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let about = path.symlink_metadata().unwrap();
        found.push((path.clone(), about.permissions().mode() & 0o777));
        if about.is_dir() {
            found.extend(below(&path));
        }
    }
    found
}

fn set(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// A claim with a document, at a running server.
async fn declare(server: &Running, key: &str) {
    let claims =
        ClaimsClient::new(&format!("{}{}", server.url, ClaimsClient::BASE_PATH), key, Options::default()).unwrap();
    let mut theft = fixtures::stolen_bike();
    for (name, value) in [("userId", "user-1"), ("contractId", "contract-bike-1"), ("contractProductId", "bike-1")] {
        theft[name] = value.into();
    }
    let theft: CreateClaim = serde_json::from_value(theft).unwrap();
    let claim = claims.create_claim(&theft).await.unwrap();
    let (kind, title) = (fixtures::POLICE_REPORT.to_owned(), "Plainte".to_owned());
    let meta = DocumentMeta { kind, title, filename: None, comment: None };
    claims.upload_file(&claim.id, &meta, "plainte.pdf", fixtures::pdf(), false).await.unwrap();
}

const TENANT: [&str; 4] = ["--organisation", "Plateforme", "--mode", "test"];

/// A data folder with a platform, its contracts and a key; gives the key.
fn platform(path: &Path, umask: &str) -> String {
    must(path, umask, &["organisations", "add", "--kind", "platform", "--name", "Plateforme"]);
    let contracts = sample("contracts.csv");
    must(path, umask, &[&["import", "contracts", &contracts][..], &TENANT].concat());
    let create = ["keys", "create", "--api", "claims", "--issuer", "Plateforme", "--holder", "Plateforme"];
    must(path, umask, &[&create[..], &["--mode", "test"]].concat())
}

/// A server under a umask.
fn serve(path: &Path, umask: &str) -> Running {
    // The shell sets the mask and becomes the server.
    let wrapper = path.join("constat-under-umask");
    let script = format!("#!/bin/sh\numask {umask}\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_constat"));
    std::fs::write(&wrapper, script).unwrap();
    set(&wrapper, 0o700);
    Starting::program(&wrapper, path, &[]).serving()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_program_creates_is_its_owners_alone_under_any_umask() {
    install_tls();
    for umask in ["022", "000", "027"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let key = platform(path, umask);
        let server = serve(path, umask);
        declare(&server, &key).await;
        must(path, umask, &["backup", "--to", "backups/first"]);
        drop(server);
        must(path, umask, &["restore", "--from", "backups/first", "--data", "restored/data"]);
        let export = |what: &[&str]| must(path, umask, &[&["export"][..], what, &TENANT].concat());
        export(&["claims", "--output", "claims.jsonl", "--documents", "files"]);
        export(&["contracts", "--format", "csv", "--output", "contracts.csv"]);
        // An import with a fault in it leaves a list of faults.
        let contracts = std::fs::read_to_string(sample("contracts.csv")).unwrap();
        std::fs::write(path.join("faulty.csv"), format!("{contracts}broken,\n")).unwrap();
        run(path, umask, &[&["import", "contracts", "faulty.csv", "--skip-faulty"][..], &TENANT].concat());

        let mine = ["constat-under-umask", "faulty.csv"];
        let found = below(path);
        for name in [
            "constat.db",
            "manifest.json",
            "claims.jsonl",
            "contracts.csv",
            "server.lock",
            ".pdf",
            "faulty.csv.errors.jsonl",
        ] {
            assert!(found.iter().any(|(path, _)| path.to_string_lossy().ends_with(name)), "no {name}: {found:?}");
        }
        assert!(found.iter().any(|(path, _)| path.starts_with(folder.path().join("restored/data/documents"))));
        for (file, mode) in found {
            if mine.iter().any(|name| file == path.join(name)) {
                continue;
            }
            let expected = if file.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, expected, "umask {umask}: {} is {mode:04o}", file.display());
        }
    }
}

#[test]
fn a_file_that_is_written_anew_loses_wider_rights_and_a_link_in_its_place_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    platform(path, "022");
    let (output, part, victim) = (path.join("out.csv"), path.join("out.csv.part"), path.join("victim"));
    std::fs::write(&output, "old").unwrap();
    set(&output, 0o644);
    std::fs::write(&victim, "kept").unwrap();
    symlink(&victim, &part).unwrap();
    let export = [&["export", "contracts", "--format", "csv", "--output", "out.csv"][..], &TENANT].concat();
    must(path, "022", &export);
    assert_eq!((mode(&output), std::fs::read_to_string(&victim).unwrap().as_str()), (0o600, "kept"));
    assert!(std::fs::read_to_string(&output).unwrap().lines().count() > 1);
    // A part left by a run that was cut short, readable by all.
    std::fs::write(&part, "left").unwrap();
    set(&part, 0o666);
    must(path, "000", &export);
    assert_eq!(mode(&output), 0o600);
}

#[test]
fn rights_that_are_too_wide_are_warned_about_at_the_start_with_the_command_that_mends_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    platform(path, "022");
    let data = path.join("constat-data");
    // What a server says until it serves.
    let said = |environment: &[(&str, &str)]| Running::with(path, environment).said().join("\n");
    assert!(!said(&[]).contains("chmod"), "{}", said(&[]));
    for (file, wide) in [(data.clone(), 0o755), (data.join("constat.db"), 0o644), (data.join("documents"), 0o750)] {
        let before = mode(&file);
        set(&file, wide);
        let warning = said(&[]);
        assert!(warning.contains("chmod -R go-rwx") && warning.contains(&format!("({wide:04o})")), "{warning}");
        set(&file, before);
    }
    // The configuration, when it holds a secret.
    let config = path.join("constat.toml");
    for (text, warns) in [
        ("[documents]\naccess_key_id = \"me\"\nsecret_access_key = \"s3cret-value\"\n", true),
        ("requests_per_minute = 7\n", false),
    ] {
        std::fs::write(&config, text).unwrap();
        set(&config, 0o644);
        let warning = said(&[]);
        assert_eq!(warning.contains("chmod go-rwx"), warns, "{warning}");
        assert!(!warning.contains("s3cret-value"), "{warning}");
    }
}

/// A backup of a data folder with one document, and that document's path in it.
async fn backed_up(path: &Path) -> PathBuf {
    install_tls();
    let key = platform(path, "022");
    let server = Running::serve(path);
    declare(&server, &key).await;
    done(path, &["backup", "--to", "backup"]);
    drop(server);
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path.join("backup/manifest.json")).unwrap()).unwrap();
    path.join("backup/documents").join(manifest["documents"][0]["name"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_follows_no_symbolic_link_in_the_backup() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let document = backed_up(path).await;
    let claim = document.parent().unwrap().to_owned();
    let outside = path.join("outside");
    for planted in [document, claim, path.join("backup/constat.db"), path.join("backup/manifest.json")] {
        // The very same bytes, elsewhere: only that it is a link tells.
        std::fs::rename(&planted, &outside).unwrap();
        symlink(&outside, &planted).unwrap();
        let said = refused(path, &["restore", "--from", "backup", "--data", "new"]);
        assert!(said.contains("is a symbolic link"), "{said}");
        assert!(!path.join("new/constat.db").exists());
        std::fs::remove_file(&planted).unwrap();
        std::fs::rename(&outside, &planted).unwrap();
    }
    done(path, &["restore", "--from", "backup", "--data", "new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_writes_through_no_symbolic_link_in_the_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let document = backed_up(path).await;
    let (new, victim, elsewhere) = (path.join("new"), path.join("victim"), path.join("elsewhere"));
    std::fs::create_dir_all(&new).unwrap();
    std::fs::create_dir_all(&elsewhere).unwrap();
    std::fs::write(&victim, "kept").unwrap();
    let restore = ["restore", "--from", "backup", "--data", "new"];

    symlink(&elsewhere, new.join("documents")).unwrap();
    let said = refused(path, &restore);
    assert!(said.contains("is a symbolic link"), "{said}");
    std::fs::remove_file(new.join("documents")).unwrap();

    // A folder further down.
    let below = document.strip_prefix(path.join("backup")).unwrap().parent().unwrap();
    std::fs::create_dir_all(new.join(below).parent().unwrap()).unwrap();
    symlink(&elsewhere, new.join(below)).unwrap();
    let said = refused(path, &restore);
    assert!(said.contains("is a symbolic link"), "{said}");
    std::fs::remove_file(new.join(below)).unwrap();
    assert_eq!(below_count(&elsewhere), 0, "nothing was written elsewhere");

    for name in ["constat.db", "constat.db-wal"] {
        symlink(path.join("nowhere"), new.join(name)).unwrap();
        let said = refused(path, &restore);
        assert!(said.contains("nothing is overwritten"), "{said}");
        std::fs::remove_file(new.join(name)).unwrap();
    }
    assert!(!path.join("nowhere").exists());

    // The file that is renamed at the end: the link goes, what it led to stays.
    symlink(&victim, new.join("constat.db.restoring")).unwrap();
    done(path, &restore);
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "kept");
    assert!(new.join("constat.db").symlink_metadata().unwrap().is_file());
}

fn below_count(folder: &Path) -> usize {
    below(folder).len()
}

#[test]
fn no_piece_of_a_database_password_is_in_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "postgres://constat:hunter@two2@127.0.0.1:1/constat",
        "postgres://constat:hunter/two2@127.0.0.1:1/constat",
        "postgres://constat:hunter?two2@127.0.0.1:1/constat",
        "postgres://constat:hunter#two2@127.0.0.1:1/constat",
        "postgres://constat:hunter%two2@127.0.0.1:1/constat",
        "postgres://constat:hunter%2@127.0.0.1:1/constat",
        "postgres://constat:hunter two2@127.0.0.1:1/constat",
        "postgres://constat:hunter:two2@127.0.0.1:1/constat",
        "postgres://constat:hunter%40two2@127.0.0.1:1/constat",
        "postgres://constat:hunter@127.0.0.1:1/constat?sslmode=hunterly",
        "postgres://constat@127.0.0.1:1/constat?password=hunter%40two2",
        "postgres://constat@127.0.0.1:1/constat?password=hunter@two2",
        "postgres://constat@127.0.0.1:1/constat?passwort=hunter",
        "postgres://constat:hunter",
        "postgres://constat:hunter/two2",
        "mysql://constat:hunter@127.0.0.1/constat",
        "host=127.0.0.1 password=hunter",
    ] {
        for from_environment in [true, false] {
            let mut command = constat(folder.path());
            command.env("CONSTAT_DATABASE_WAIT_SECONDS", "0");
            if from_environment {
                command.env("CONSTAT_DATABASE", url).args(["serve", "--listen", "127.0.0.1:0"]);
            } else {
                command.args(["keys", "list", "--database", url]);
            }
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{url}");
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            for piece in ["hunter", "two2"] {
                assert!(!said.contains(piece), "{url}: {said}");
            }
        }
    }
}
