//! The server under load, as a process of its own, so that its memory is its own.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use constat_claims::ClaimService;
use constat_connectors::WebhooksOverHttp;
use constat_core::WebhookSettings;
use constat_core::{Core, NewKey, Settings, issue_key};
use constat_domain::claim::Contract;
use constat_domain::ids::OrgId;
use constat_domain::tenancy::{Api, Mode, Organisation, OrganisationKind, TenantId};
use constat_http::Services;
use constat_jobs::Deliverer;
use constat_scheduling::Scheduler;
use constat_store::queries::{api_keys, contracts, organisations};
use constat_store::{Documents, Store};
use constat_testkit::{SeededRandom, fixtures};
use serde_json::json;
use tokio::net::TcpListener;

use super::clients::Insured;
use crate::clock::RunningClock;

/// Serves from this folder until it is killed; its first line says where and with which key.
pub fn serve(folder: &Path, speed: u32, insured: usize) {
    // Fails only when a provider is installed already, which is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let clock = Arc::new(RunningClock::start(speed));
        let store = Store::open(&folder.join("constat.db")).expect("a new database");
        let documents = Documents::local(&folder.join("documents")).expect("a documents folder");
        let secure_random = Arc::new(SeededRandom::new(2026));
        let webhooks = WebhookSettings { allow_private: true, poll_seconds: 1, ..WebhookSettings::default() };
        // One key makes all requests.
        let settings = Settings { webhooks, requests_per_minute: 0, ..Settings::default() };
        let sender = Arc::new(WebhooksOverHttp::new(&settings.webhooks));
        let core = Arc::new(Core::new(store, clock, secure_random, settings).await.expect("a core"));
        let claims = ClaimService::new(Arc::clone(&core), documents).with_webhooks(sender);
        let services = Services::new(Scheduler::new(Arc::clone(&core)), claims);
        let key = platform(&core, insured).await;
        tokio::spawn(Deliverer::new(Arc::clone(&services.claims), constat_http::webhook_body).run());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        println!("{}", json!({ "address": address, "key": key }));
        std::io::stdout().flush().expect("stdout is open");
        let bounds = core.settings.requests.clone();
        constat_http::serve(listener, constat_http::router(&services), &bounds, std::future::pending()).await;
    });
}

/// The contract of one of the insured: a bike of their own.
fn contract(number: usize) -> Contract {
    let insured = Insured::number(number);
    let mut contract = fixtures::bike_contract();
    (contract.id, contract.user_id) = (insured.contract, insured.user);
    contract.products[0].id = insured.product;
    contract
}

/// Creates a platform with a number of insured people; returns its key.
async fn platform(core: &Core, insured: usize) -> String {
    let at = core.clock.now();
    let id = OrgId::new(at, &core.secure_random.entropy());
    let kind = OrganisationKind::Platform;
    let new = Organisation { id, kind, name: "Platform".to_owned(), acam_code: None, created_at: at };
    let label = "load".to_owned();
    let new_key = NewKey { api: Api::Claims, issuer: id, holder: id, mode: Mode::Test, label };
    let issued = issue_key(new_key, at, core.secure_random.as_ref());
    let key = issued.key.clone();
    let write = core.store.write(move |tx| {
        organisations::insert(tx, &new)?;
        api_keys::insert(tx, &key)?;
        let tenant = TenantId { org: id, mode: Mode::Test };
        (0..insured).try_for_each(|number| contracts::upsert_of_tenant(tx, &tenant, &contract(number)))
    });
    write.await.expect("a platform");
    issued.secret
}
