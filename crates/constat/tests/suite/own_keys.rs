//! Keys that an organisation manages over HTTP with a key that it holds itself.

use constat_client::wire::common::{IssueKey, Key, KeyApi};
use constat_client::{ClaimsClient, ClientError, Options, PartnerClient};
use constat_core::authenticate;
use constat_domain::ids::OrgId;
use constat_domain::tenancy::{Api, Mode, OrganisationKind, TenantId};
use constat_store::queries::events;
use constat_testkit::{ClaimsCaller, Got, Server, expert};
use reqwest::Method;
use serde_json::{Value, json};

use crate::platform_support::{claims_client, refusal};
use crate::shared::integrator;

fn partner_client(server: &Server, key: &str) -> PartnerClient {
    PartnerClient::new(&format!("{}{}", server.url, PartnerClient::BASE_PATH), key, Options::default()).unwrap()
}

fn labelled(label: &str) -> IssueKey {
    IssueKey { label: label.to_owned(), ..IssueKey::default() }
}

#[track_caller]
fn secret(key: &Key) -> String {
    key.secret.clone().expect("a secret, once")
}

/// Kind, subject and actor of the events about keys in an organisation's test data.
fn key_events(server: &Server, org: OrgId) -> Vec<(String, String, String)> {
    let tenant = TenantId { org, mode: Mode::Test };
    let found = server.services.core.store.read(|connection| events::of_tenant_after(connection, &tenant, 0, 100));
    let all = found.unwrap().into_iter().map(|(_position, event)| event);
    all.filter(|event| event.kind.name().starts_with("key."))
        .map(|event| (event.kind.name().to_owned(), event.subject, event.actor))
        .collect()
}

fn is_invalid_key<T: std::fmt::Debug>(answer: Result<T, ClientError>) {
    assert_eq!(refusal(answer), (401, 9002));
}

#[tokio::test]
async fn a_platform_issues_rotates_and_revokes_keys_and_every_server_follows() {
    let server = Server::start().await;
    let twin = server.twin().await;
    let platform = server.platform("Plateforme").await;
    let claims = claims_client(&server, &platform.key);
    let own = claims.list_keys().await.unwrap();
    assert_eq!((own.len(), &*own[0].holder.name, own[0].api), (1, "Plateforme", KeyApi::Claims));

    let issued = claims.issue_key(&labelled("nightly import")).await.unwrap();
    assert!(secret(&issued).starts_with("test_") && issued.revoked_at.is_none());
    let listed = claims.list_keys().await.unwrap();
    assert!(listed.contains(&Key { secret: None, ..issued.clone() }), "{listed:?}");
    claims_client(&twin, &secret(&issued)).list_keys().await.unwrap();

    let rotated = claims.rotate_key(&issued.id).await.unwrap();
    assert_eq!((&*rotated.label, &rotated.holder), ("nightly import", &issued.holder));
    is_invalid_key(claims_client(&twin, &secret(&issued)).list_keys().await);
    let second = claims_client(&twin, &secret(&rotated));
    second.list_keys().await.unwrap();
    // A key may replace itself, and its secret still opens nothing but its own data.
    let third = second.rotate_key(&rotated.id).await.unwrap();
    is_invalid_key(second.list_keys().await);

    let revoked = claims.revoke_key(&third.id).await.unwrap();
    assert!(revoked.revoked_at.is_some() && revoked.secret.is_none());
    is_invalid_key(claims_client(&twin, &secret(&third)).list_keys().await);
    assert_eq!(claims.revoke_key(&third.id).await.unwrap(), revoked, "a second time changes nothing");
    // The last one stays, so that the platform is not locked out.
    assert_eq!(refusal(claims.revoke_key(&own[0].id).await), (409, 3003));
    assert_eq!(refusal(claims.rotate_key(&third.id).await), (400, 1000));

    let actor = own[0].id.clone();
    let event = |kind: &str, key: &Key, actor: &str| (kind.to_owned(), key.id.clone(), actor.to_owned());
    let expected = [
        event("key.issued", &issued, &actor),
        event("key.rotated", &issued, &actor),
        event("key.rotated", &rotated, &rotated.id),
        event("key.revoked", &third, &actor),
    ];
    assert_eq!(key_events(&server, platform.tenant.org), expected);
}

#[tokio::test]
async fn a_firm_issues_a_platforms_key_which_books_but_manages_no_keys() {
    let server = Server::start().await;
    let firm = server.firm_with_experts("Cabinet", vec![expert(1)]).await;
    server.organisation(OrganisationKind::Platform, "Plateforme").await;
    let partner = partner_client(&server, &firm.own_key);
    let wanted = IssueKey { holder: Some("Plateforme".to_owned()), ..labelled("production") };
    let issued = partner.issue_key(&wanted).await.unwrap();
    assert_eq!((issued.api, &*issued.holder.name), (KeyApi::Partner, "Plateforme"));
    assert_eq!(partner.list_keys().await.unwrap().len(), 2);

    let holder = partner_client(&server, &secret(&issued));
    holder.list_appointments(&serde_json::from_value(json!({})).unwrap()).await.unwrap();
    assert_eq!(refusal(holder.list_keys().await).0, 403);
    assert_eq!(refusal(holder.issue_key(&labelled("")).await).0, 403);
    assert_eq!(refusal(holder.rotate_key(&issued.id).await).0, 403);
    assert_eq!(refusal(holder.revoke_key(&issued.id).await).0, 403);

    let rotated = partner.rotate_key(&issued.id).await.unwrap();
    assert_eq!(rotated.holder, issued.holder);
    assert_eq!(refusal(holder.list_appointments(&serde_json::from_value(json!({})).unwrap()).await).0, 401);
    // The key of a platform may be the last one: only the firm's own are kept.
    partner.revoke_key(&rotated.id).await.unwrap();
    let own = partner.list_keys().await.unwrap().into_iter().find(|key| key.holder.name == "Cabinet").unwrap();
    assert_eq!(refusal(partner.revoke_key(&own.id).await).0, 409);
}

#[tokio::test]
async fn keys_of_others_do_not_exist_and_each_wrong_field_is_named() {
    let server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let elsewhere = server.platform("Autre plateforme").await;
    let live = server.caller(TenantId { mode: Mode::Live, ..platform.tenant }).await;
    let other = claims_client(&server, &elsewhere.key).list_keys().await.unwrap().remove(0);
    let in_live = claims_client(&server, &live.key).list_keys().await.unwrap().remove(0);
    assert_eq!(claims_client(&server, &platform.key).list_keys().await.unwrap().len(), 1, "test keys see test keys");
    for id in [&*other.id, &in_live.id, "key_06E3ZQK8X5V2M0TQ9R7H4B1CDS", "x", "%00"] {
        platform.send(Method::DELETE, &format!("/keys/{id}")).await.is_error(404, 2004);
        platform.send(Method::POST, &format!("/keys/{id}/rotate")).await.is_error(404, 2004);
    }
    let broker = integrator(&server, &platform, "Courtier").await;
    broker.get("/keys").await.is_error(403, 98_888);
    broker.post("/keys", &json!({})).await.is_error(403, 98_888);

    for (body, field) in [
        (json!({ "holder": "Personne" }), "holder"),
        (json!({ "holder": "org_06E3ZQK8X5V2M0TQ9R7H4B1CDS" }), "holder"),
        (json!({ "holder": " " }), "holder"),
        (json!({ "label": "x".repeat(201) }), "label"),
        (json!({ "label": "a\u{7}" }), "label"),
        (json!({ "api": "other" }), "api"),
        (json!({ "label": 3 }), "label"),
        (json!({ "hodler": "Courtier" }), "hodler"),
    ] {
        let got = platform.post("/keys", &body).await;
        got.is_error(400, 1000);
        assert_eq!(got.fields(), [field], "{body}");
    }
    assert!(key_events(&server, platform.tenant.org).is_empty());
}

async fn issue_under(caller: &ClaimsCaller, key: &str, path: &str) -> Got {
    let request = caller.request(Method::POST, path).header("idempotency-key", key).json(&json!({ "label": "once" }));
    Got::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_repeat_and_a_dry_run_show_no_secret() {
    let server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let tried = platform.post("/keys?dryRun=true", &json!({})).await;
    assert!(tried.data()["secret"].is_null() && tried.header("x-dry-run") == "true");
    let first = issue_under(&platform, "k1", "/keys").await;
    let repeat = issue_under(&platform, "k1", "/keys").await;
    assert!(first.data()["secret"].is_string() && repeat.data()["secret"].is_null());
    let without_secret = |got: &Got| {
        let mut data = got.data().clone();
        data["secret"] = Value::Null;
        data
    };
    assert_eq!(without_secret(&first), without_secret(&repeat));
    assert_eq!(platform.get("/keys").await.data().as_array().unwrap().len(), 2);
    // What is stored opens nothing.
    let secret = first.data()["secret"].as_str().unwrap().to_owned();
    let bytes = server.database_bytes();
    assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "the secret is stored");
}

#[tokio::test]
async fn of_two_that_revoke_the_last_two_keys_at_once_one_is_refused() {
    let server = Server::start().await;
    let twin = server.twin().await;
    let platform = server.platform("Plateforme").await;
    let first = claims_client(&server, &platform.key);
    let issued = first.issue_key(&labelled("")).await.unwrap();
    let second: ClaimsClient = claims_client(&twin, &secret(&issued));
    let own = first.list_keys().await.unwrap().into_iter().find(|key| key.id != issued.id).unwrap();
    // Each revokes the other's key.
    let (one, other) = tokio::join!(first.revoke_key(&issued.id), second.revoke_key(&own.id));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    let still = if one.is_ok() { &first } else { &second };
    let active = still.list_keys().await.unwrap().into_iter().filter(|key| key.revoked_at.is_none());
    assert_eq!(active.count(), 1);
}

#[tokio::test]
async fn an_organisation_has_a_thousand_active_keys_at_most() {
    let server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    for _ in 1..1_000 {
        server.key(Api::Claims, platform.tenant.org, platform.tenant.org, Mode::Test).await;
    }
    platform.post("/keys", &json!({})).await.is_error(409, 3003);
    let claims = claims_client(&server, &platform.key);
    let own = authenticate(&server.services.core, Api::Claims, &platform.key).unwrap().key.to_string();
    let spare = claims.list_keys().await.unwrap().into_iter().find(|key| key.id != own).unwrap();
    // A rotated key takes no further place.
    let rotated = claims.rotate_key(&spare.id).await.unwrap();
    platform.post("/keys", &json!({})).await.is_error(409, 3003);
    claims.revoke_key(&rotated.id).await.unwrap();
    claims.issue_key(&labelled("")).await.unwrap();
}
