//! Pages in a real browser: headless Chromium, cut off from every other host.

use std::process::Command;

use constat_testkit::{Server, expert};
use serde_json::Value;

use crate::partner_support::{Partner, by_video};

/// What Chromium shows of a page once its scripts have run. Any host but this server is unknown to
/// it, so a page that needs another one shows its gap here.
async fn shown(url: String) -> String {
    let profile = tempfile::tempdir().unwrap();
    let browser = tokio::task::spawn_blocking(move || {
        let output = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--disable-quic"])
            .arg("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(["--virtual-time-budget=10000", "--dump-dom", &url])
            .output()
            .expect("chromium runs; `cargo xtask setup` installs it");
        String::from_utf8(output.stdout).unwrap()
    });
    browser.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_can_be_browsed_without_any_other_host() {
    let server = Server::start().await;
    for contract in ["claims", "partner", "dossier"] {
        let page = shown(format!("{}/openapi/{contract}", server.url)).await;
        let document: Value = server
            .http
            .get(format!("{}/openapi/{contract}.json", server.url))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let operations =
            document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
        let summaries: Vec<&str> = operations.filter_map(|operation| operation["summary"].as_str()).collect();
        assert!(summaries.len() > 3, "{contract} has operations");
        for summary in summaries {
            assert!(page.contains(summary), "the page of {contract} does not show “{summary}”");
        }
    }
    let index = shown(format!("{}/openapi", server.url)).await;
    assert!(["claims", "partner", "dossier"].iter().all(|contract| index.contains(&format!("/openapi/{contract}"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_of_a_remote_appointment_shows_when_and_with_whom_and_nothing_of_the_insured() {
    let partner = Partner::with(vec![expert(1)]).await;
    let booked = partner.booked(&by_video(), "CASE-1").await;
    let url = booked["connection"]["url"].as_str().unwrap().to_owned();
    let page = shown(url.clone()).await;
    let start: jiff::Timestamp = booked["schedule"]["startTime"].as_str().unwrap().parse().unwrap();
    let civil = start.in_tz("Europe/Paris").unwrap();
    for told in ["Votre rendez-vous à distance".to_owned(), format!("{:02} h {:02}", civil.hour(), civil.minute())] {
        assert!(page.contains(&told), "the page does not say “{told}”");
    }
    assert!(!page.contains("Batignolles") && !page.contains("CASE-1"));
    let other = url.replace("apt_0", "apt_1");
    assert!(shown(other).await.contains("Rendez-vous inconnu"));
}
