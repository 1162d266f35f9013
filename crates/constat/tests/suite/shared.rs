//! What several files of the suite do in the same way: keys of integrators, revoked keys, uploads, erasures.

use constat_claims::import_export::erasure::{Erased, Erasure, erase};
use constat_core::{Core, authenticate};
use constat_domain::ids::OrgId;
use constat_domain::tenancy::{Api, Mode, OrganisationKind};
use constat_http::Services;
use constat_store::StoreError;
use constat_store::queries::api_keys;
use constat_testkit::{ClaimsCaller, Server, document};
use serde_json::Value;

/// A new organisation with a claims key of the platform: an integrator.
pub async fn integrator(server: &Server, platform: &ClaimsCaller, name: &str) -> ClaimsCaller {
    let holder = server.organisation(OrganisationKind::Platform, name).await;
    integrator_of(server, platform, holder).await
}

/// An organisation with a claims key of the platform.
pub async fn integrator_of(server: &Server, platform: &ClaimsCaller, holder: OrgId) -> ClaimsCaller {
    let key = server.key(Api::Claims, platform.tenant.org, holder, Mode::Test).await;
    ClaimsCaller { key, ..platform.clone() }
}

/// Revokes a key by its secret, now.
pub async fn revoke(core: &Core, api: Api, secret: &str) {
    let id = authenticate(core, api, secret).unwrap().key;
    let now = core.clock.now();
    let revoked: Result<(), StoreError> = core
        .store
        .write(move |tx| {
            let mut key = api_keys::by_id(tx, id)?.expect("the key");
            key.revoked_at = Some(now);
            api_keys::update(tx, &key)
        })
        .await;
    revoked.unwrap();
}

/// Uploads one document; gives it as the answer has it.
pub async fn upload(caller: &ClaimsCaller, claim: &str, kind: &str, content: &[u8]) -> Value {
    caller.put(&format!("/claims/{claim}/documents"), &document(kind, content)).await.data()[0].clone()
}

/// Erases an insured of the caller's platform, whatever retention says.
pub async fn erase_insured(services: &Services, platform: &ClaimsCaller, user: &str) -> Erased {
    let wanted =
        Erasure { tenant: platform.tenant, user_id: user.to_owned(), reason: "request", overriding: Some("test_data") };
    let catalogue = services.core.catalogues.of(&platform.tenant);
    let erased = erase(
        &services.core.store,
        &services.claims.documents,
        catalogue,
        &wanted,
        services.core.clock.now(),
        services.core.secure_random.as_ref(),
    )
    .await;
    erased.unwrap()
}
