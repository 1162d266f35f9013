//! A server that starts while its database is away, or that names none it may use.

use std::process::Command;

use constat_crash::Plain;
use constat_testkit::postgres::{TestDatabase, fresh_database};

use crate::cli::{Folder, Starting, constat, install_tls};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_started_before_its_database_serves_once_that_is_there() {
    install_tls();
    let (place, folder) = (tempfile::tempdir().unwrap(), Folder::on(TestDatabase::Sqlite));
    let mut database = Plain::on_a_free_port(place.path()).await.unwrap();
    let url = database.url("constat");
    database.kill();
    let mut starting = Starting::with(folder.path(), &[("CONSTAT_DATABASE", &url)]);
    let told = starting.until("the database does not answer yet");
    assert!(told.contains("trying again for 60 s in all") && told.contains("refused"), "{told}");
    database.start_again().await.unwrap();
    let server = starting.serving();
    let ready = reqwest::get(format!("{}/health/ready", server.url)).await.unwrap();
    assert_eq!(ready.text().await.unwrap(), r#"{"status":"ready"}"#);
}

/// What a server says that ends instead of serving.
fn refused(url: &str) -> String {
    let folder = Folder::on(TestDatabase::Sqlite);
    let mut command: Command = constat(folder.path());
    command.env("CONSTAT_DATABASE_WAIT_SECONDS", "1").args(["serve", "--listen", "127.0.0.1:0", "--database", url]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_server_whose_database_stays_away_says_so_and_ends() {
    // No server listens on a port that was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let said = refused(&format!("postgres://constat@127.0.0.1:{port}/constat"));
    assert!(said.contains("check that PostgreSQL runs") && said.contains("CONSTAT_DATABASE"), "{said}");
}

#[test]
fn a_server_that_may_not_come_in_says_what_to_check_at_once() {
    let database = fresh_database();
    let unknown_user = database.url.replace("user=constat", "user=unknown");
    let nowhere = database.url.replacen("postgres:///", "postgres:///no_", 1);
    let nonsense = format!("{}&no_such_option=1", database.url);
    let encrypted = format!("{}&sslmode=require", database.url);
    for (url, why, help) in [
        (unknown_user, "\"unknown\"", "check `database`"),
        (nowhere, "does not exist", "check `database`"),
        (nonsense, "no_such_option", "check `database`"),
        (encrypted, "sslmode", "tunnel"),
    ] {
        let said = refused(&url);
        assert!(said.contains(why) && said.contains(help), "{said}");
        assert!(!said.contains("trying again"), "{said}");
    }
}
