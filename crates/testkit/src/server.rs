//! A server of a test's own, on a free port, with everything in a temporary folder.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use constat_claims::ClaimService;
use constat_connectors::{PartnerOverHttp, PreviewProcess, WebhooksOverHttp, routing_service};
use constat_core::{Catalogues, Clock, Core, NewKey, SecureRandom, Settings, issue_key};
use constat_domain::claim::Contract;
use constat_domain::ids::OrgId;
use constat_domain::tenancy::{Api, Mode, Organisation, OrganisationKind, TenantId};
use constat_http::Services;
use constat_jobs::{AbandonedVisits, DeadlineWatch, Deliverer};
use constat_scheduling::Scheduler;
use constat_store::queries::{api_keys, contracts, organisations};
use constat_store::{Database, Documents, S3, Store, StoreError};
use diesel::connection::SimpleConnection as _;
use jiff::Timestamp;

use crate::openapi::{self, Faults};
use crate::postgres::{self, FreshDatabase, TestDatabase, migrated_database};
use crate::{ClaimsCaller, SeededRandom, TestClock, fixtures};

/// How a test's server differs from the usual one.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// What the clock shows at first. Monday 23 November 2026, 08:00 in Paris, unless set.
    pub now: Timestamp,
    /// Settings; `public_url` is filled in with the server's own address.
    pub settings: Settings,
    /// The bucket that holds the documents; a local folder when `None`.
    pub bucket: Option<S3>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        let monday = Timestamp::from_second(1_795_417_200).expect("a constant in range");
        Self { now: monday, settings: Settings::default(), bucket: None }
    }
}

/// A running server. It stops when dropped, and then fails the test if any answer it gave is not
/// what its OpenAPI document says.
pub struct Server {
    /// The services behind it.
    pub services: Services,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// `http://127.0.0.1:<port>`.
    pub url: String,
    /// Speaks HTTP to it, for requests that the typed client would never make.
    pub http: reqwest::Client,
    /// Where its answers differed from the documents.
    pub faults: Faults,
    /// Where `GET /metrics` is.
    pub metrics_url: String,
    task: tokio::task::JoinHandle<()>,
    place: Arc<Place>,
}

/// Where a server, and its twins, keep everything.
struct Place {
    folder: tempfile::TempDir,
    database: Database,
    /// Dropped with it.
    _on_server: Option<FreshDatabase>,
}

impl Place {
    /// A new one, empty. The database is what `CONSTAT_TEST_DATABASE` asks for.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        match TestDatabase::wanted() {
            TestDatabase::Sqlite => {
                let database = Database::File(folder.path().join("constat.db"));
                Self { folder, database, _on_server: None }
            }
            TestDatabase::Postgres => {
                let made = migrated_database(|url| {
                    let _migrated = Store::of(Database::server(url)).expect("the schema");
                });
                Self { folder, database: Database::server(&made.url), _on_server: Some(made) }
            }
        }
    }
}

async fn bind() -> (tokio::net::TcpListener, String) {
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound address"));
    (listener, url)
}

/// Serves the services; gives the task and the URL of its metrics.
async fn serve(
    services: &Services,
    listener: tokio::net::TcpListener,
    faults: &Faults,
) -> (tokio::task::JoinHandle<()>, String) {
    let settings = services.core.settings.requests.clone();
    let routers = constat_http::routers(services);
    let (metrics, metrics_url) = bind().await;
    let checked = axum::middleware::from_fn_with_state(faults.clone(), openapi::check);
    // As a service of its own, so that what the router adds at its very edge (`Allow`) is seen too.
    let router = axum::Router::new().fallback_service(routers.public).layer(checked);
    let task = tokio::spawn(async move {
        let public = constat_http::serve(listener, router, &settings, std::future::pending());
        let of_operators = constat_core::RequestSettings::default();
        let metrics = constat_http::serve(metrics, routers.metrics, &of_operators, std::future::pending());
        tokio::join!(public, metrics);
    });
    (task, metrics_url)
}

/// Builds the services with their connections to the outside, as the settings say.
async fn build(
    store: Store,
    documents: Documents,
    clock: Arc<dyn Clock>,
    secure_random: Arc<dyn SecureRandom>,
    settings: Settings,
) -> Services {
    let gateway = Arc::new(PartnerOverHttp::of(&settings));
    let core = Core::new(store, clock, secure_random, settings).await.expect("a core");
    let catalogues = Catalogues::load(&core.settings.catalogue).expect("sound catalogues");
    let core = Arc::new(core.with_catalogues(catalogues));
    let settings = &core.settings;
    let routing = routing_service(&settings.routing).expect("a routing server, or none");
    let geocoder =
        constat_connectors::geocoder(&settings.geocoder, Arc::clone(&core.clock)).expect("a geocoder, or none");
    let scheduler = Scheduler::new(Arc::clone(&core)).with_geocoder(geocoder);
    let scheduler = match routing {
        Some(service) => scheduler.with_routing(service),
        None => scheduler,
    };
    // The binary stands beside the folder of the tests: built with them, as it is their package's.
    let tests = std::env::current_exe().expect("a running test");
    let program = tests.ancestors().nth(2).expect("a target folder").join("constat");
    let claims = ClaimService::new(Arc::clone(&core), documents)
        .with_partners(gateway)
        .with_webhooks(Arc::new(WebhooksOverHttp::new(&settings.webhooks)))
        .with_scanner(constat_connectors::virus_scanner(&settings.scanner))
        .with_preview_renderer(Arc::new(PreviewProcess::with(program)));
    Services::new(scheduler, claims)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        let faults = self.faults.take();
        if faults.is_empty() {
            return;
        }
        let list = format!("answers that differ from the OpenAPI documents:\n  {}", faults.join("\n  "));
        if std::thread::panicking() {
            eprintln!("{list}");
        } else {
            panic!("{list}");
        }
    }
}

impl Server {
    /// Starts a server with the usual options.
    pub async fn start() -> Self {
        Self::with(ServerOptions::default()).await
    }

    /// Starts a server.
    pub async fn with(options: ServerOptions) -> Self {
        // Fails only when a provider is installed already, which is as good.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let place = Arc::new(Place::new());
        let clock = Arc::new(TestClock::at(options.now));
        let documents = match &options.bucket {
            Some(bucket) => Documents::s3(bucket),
            None => Documents::local(&place.folder.path().join("documents")),
        };
        Self::over(place, clock, 2026, options.settings, documents.expect("a document store")).await
    }

    /// A second server over the same database, documents and clock, as another process would be.
    pub async fn twin(&self) -> Self {
        Self::over(
            Arc::clone(&self.place),
            Arc::clone(&self.clock),
            2027,
            self.services.core.settings.clone(),
            self.services.claims.documents.clone(),
        )
        .await
    }

    async fn over(
        place: Arc<Place>,
        clock: Arc<TestClock>,
        seed: u64,
        settings: Settings,
        documents: Documents,
    ) -> Self {
        let store = Store::of(place.database.clone()).expect("a database");
        let (listener, url) = bind().await;
        let mut settings = Settings { public_url: url.clone(), ..settings };
        // The clock stands still, and tests declare the same loss several times: a test that is about it sets
        // it with `configure`.
        settings.requests.repeat_seconds = 0;
        let secure_random = Arc::new(SeededRandom::new(seed));
        let services = build(store, documents, clock.clone(), secure_random, settings).await;
        let faults = Faults::default();
        let (task, metrics_url) = serve(&services, listener, &faults).await;
        Self { services, clock, url, http: reqwest::Client::new(), faults, metrics_url, task, place }
    }

    /// A deliverer of this server's webhooks, which works when the test says so.
    pub fn deliverer(&self) -> Deliverer {
        Deliverer::new(Arc::clone(&self.services.claims), constat_http::webhook_body)
    }

    /// A watch over this server's deadlines, which looks when the test says so.
    pub fn deadline_watch(&self) -> DeadlineWatch {
        DeadlineWatch::new(Arc::clone(&self.services.claims))
    }

    /// Who gives back the visits of claims that were given up, which looks when the test says so.
    pub fn abandoned_visits(&self) -> AbandonedVisits {
        AbandonedVisits::new(Arc::clone(&self.services.claims))
    }

    /// The folder of this server and of its twins: documents, and the database when it is a file.
    pub fn folder(&self) -> &Path {
        self.place.folder.path()
    }

    /// Runs statements on the database behind the server's back. Bytes are written as SQLite does,
    /// `x'00ff'`.
    pub async fn run_sql(&self, statements: &str) {
        if statements.is_empty() {
            return;
        }
        let statements = match self.place.database {
            Database::File(_) => statements.to_owned(),
            Database::Server { .. } => statements.replace("x'", "'\\x"),
        };
        let done = self.services.core.store.write(move |tx| Ok::<_, StoreError>(tx.batch_execute(&statements)?)).await;
        done.expect("the statements run");
    }

    /// All that the database has on disk, the write-ahead log too: to look for what must not be there. Of
    /// a database on a server, everything that its tables say.
    pub fn database_bytes(&self) -> Vec<u8> {
        if let Database::Server { url, .. } = &self.place.database {
            return postgres::dump(url);
        }
        let files = std::fs::read_dir(self.folder()).expect("the server's folder");
        let paths = files.map(|file| file.expect("a file").path()).filter(|path| path.is_file());
        paths.flat_map(|path| std::fs::read(path).expect("a readable file")).collect()
    }

    /// Starts again on the same address and data, with other settings: partners' keys, say, which
    /// are issued once the server is up. Clients made before must not be used after.
    pub async fn configure(&mut self, change: impl FnOnce(&mut Settings)) {
        self.task.abort();
        let _aborted = (&mut self.task).await;
        let old = self.services.clone();
        let mut settings = old.core.settings.clone();
        change(&mut settings);
        let address = self.url.trim_start_matches("http://").to_owned();
        let listener = tokio::net::TcpListener::bind(address).await.expect("the address it had");
        let (store, documents) = (old.core.store.clone(), old.claims.documents.clone());
        let (clock, secure_random) = (Arc::clone(&old.core.clock), Arc::clone(&old.core.secure_random));
        self.services = build(store, documents, clock, secure_random, settings).await;
        (self.task, self.metrics_url) = serve(&self.services, listener, &self.faults).await;
        self.http = reqwest::Client::new();
    }

    /// The count of a metric, labels included in its name as the text has them; zero when it is not
    /// there.
    pub async fn metric(&self, name: &str) -> u64 {
        let text = self.http.get(format!("{}/metrics", self.metrics_url)).send().await.expect("metrics");
        let text = text.text().await.expect("a text");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().expect("a whole number"))
    }

    /// Registers an organisation.
    pub async fn organisation(&self, kind: OrganisationKind, name: &str) -> OrgId {
        self.register(kind, name, None).await
    }

    /// Registers an insurer with its ACAM code.
    pub async fn insurer(&self, name: &str, acam_code: &str) -> OrgId {
        self.register(OrganisationKind::Insurer, name, Some(acam_code.to_owned())).await
    }

    async fn register(&self, kind: OrganisationKind, name: &str, acam_code: Option<String>) -> OrgId {
        let organisation = Organisation {
            id: OrgId::new(self.services.core.clock.now(), &self.services.core.secure_random.entropy()),
            kind,
            name: name.to_owned(),
            acam_code,
            created_at: self.services.core.clock.now(),
        };
        let id = organisation.id;
        self.services
            .core
            .store
            .write(move |tx| organisations::insert(tx, &organisation))
            .await
            .expect("a new organisation");
        id
    }

    /// Puts a contract into a tenant's registry, or replaces it.
    pub async fn contract(&self, tenant: TenantId, contract: Contract) {
        let saved: Result<(), StoreError> =
            self.services.core.store.write(move |tx| contracts::upsert_of_tenant(tx, &tenant, &contract)).await;
        saved.expect("a saved contract");
    }

    /// A new platform whose registry holds the fixtures' contracts, and a caller with a test key of
    /// its claims API.
    pub async fn platform(&self, name: &str) -> ClaimsCaller {
        let org = self.organisation(OrganisationKind::Platform, name).await;
        self.caller(TenantId { org, mode: Mode::Test }).await
    }

    /// Another caller of a platform's claims API, in any mode, with the fixtures' contracts there.
    pub async fn caller(&self, tenant: TenantId) -> ClaimsCaller {
        self.contract(tenant, fixtures::bike_contract()).await;
        self.contract(tenant, fixtures::home_contract()).await;
        let key = self.key(Api::Claims, tenant.org, tenant.org, tenant.mode).await;
        ClaimsCaller { tenant, key, url: format!("{}/v2", self.url), http: self.http.clone() }
    }

    /// Issues a key and gives its secret.
    pub async fn key(&self, api: Api, issuer: OrgId, holder: OrgId, mode: Mode) -> String {
        let new = NewKey { api, issuer, holder, mode, label: "test".to_owned() };
        let fresh = issue_key(new, self.services.core.clock.now(), self.services.core.secure_random.as_ref());
        let key = fresh.key;
        self.services.core.store.write(move |tx| api_keys::insert(tx, &key)).await.expect("a new key");
        fresh.secret
    }
}
