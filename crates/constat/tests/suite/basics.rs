//! Keys, unknown paths and methods, on every contract.

use constat_domain::tenancy::{Api, Mode, OrganisationKind};
use constat_testkit::Server;
use serde_json::Value;

#[tokio::test]
async fn an_unknown_path_is_answered_in_the_contracts_own_words_and_named() {
    let server = Server::start().await;
    let platform = server.organisation(OrganisationKind::Platform, "Plateforme").await;
    let _key = server.key(Api::Claims, platform, platform, Mode::Test).await;
    let answer = server.http.get(format!("{}/v2/nothing", server.url)).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    let named = answer.headers()["x-execution-id"].to_str().unwrap().to_owned();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["success"], false);
    assert_eq!(body["error"]["executionId"], named.as_str());

    let answer = server.http.get(format!("{}/claims/api/v1/nothing", server.url)).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["value"], 7);
}
