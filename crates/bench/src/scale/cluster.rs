//! The servers that are measured: one or more on one database, and firms with experts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use constat_claims::ClaimService;
use constat_core::{Clock, Core, Settings};
use constat_domain::ids::{ExpertId, OrgId};
use constat_domain::tenancy::{Api, Mode, OrganisationKind, TenantId};
use constat_http::Services;
use constat_scheduling::Scheduler;
use constat_store::queries::appointments;
use constat_store::{Database, Documents, Store};
use constat_testkit::SeededRandom;
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;

use super::figures;
use crate::clock::monday;
use crate::schedule::Commune;
use crate::world;

/// Servers on one database, in this process: each with connections, writers, calendars and a gate of its
/// own, so that they share nothing but the database (and the machine).
pub struct Cluster {
    nodes: Vec<Node>,
    platform: OrgId,
    firms: AtomicUsize,
    clock: Arc<dyn Clock>,
    /// Places to visit, spread over the firms' region.
    pub places: Vec<Commune>,
}

struct Node {
    core: Arc<Core>,
    address: SocketAddr,
}

/// A firm, and how a platform asks it.
pub struct Firm {
    tenant: TenantId,
    /// Opens its partner API.
    pub key: String,
}

impl Cluster {
    /// Starts a number of servers on the current runtime. SQLite takes one.
    pub async fn start(folder: &Path, database: &Database, count: usize, clock: Arc<dyn Clock>) -> Self {
        let mut nodes = Vec::new();
        for number in 0..count {
            // Each draws its own identifiers.
            let secure_random = Arc::new(SeededRandom::new(2026 + (number as u64) * 1_000_003));
            let store = Store::of(database.clone()).expect("a database");
            let documents = Documents::local(&folder.join("documents")).expect("a documents folder");
            // One key makes all requests.
            let settings = Settings { requests_per_minute: 0, ..Settings::default() };
            let core = Core::new(store, Arc::clone(&clock), secure_random, settings).await;
            let core = Arc::new(core.expect("a core"));
            let claims = ClaimService::new(Arc::clone(&core), documents);
            let services = Services::new(Scheduler::new(Arc::clone(&core)), claims);
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
            let address = listener.local_addr().expect("a bound address");
            let (router, bounds) = (constat_http::router(&services), core.settings.requests.clone());
            tokio::spawn(async move { constat_http::serve(listener, router, &bounds, std::future::pending()).await });
            nodes.push(Node { core, address });
        }
        let platform = world::organisation(&nodes[0].core, OrganisationKind::Platform, "Platform").await;
        Self { nodes, platform, firms: AtomicUsize::new(0), clock, places: world::places() }
    }

    /// A new firm of experts, each with `visits.0` visits in the `visits.1` days from today on.
    pub async fn firm(&self, experts: usize, visits: (usize, usize)) -> Firm {
        let core = self.core();
        let name = format!("Firm {}", self.firms.fetch_add(1, Ordering::Relaxed) + 1);
        let firm = world::organisation(core, OrganisationKind::Partner, &name).await;
        let key = world::key(core, Api::Partner, firm, self.platform).await;
        world::hire(core, firm, &self.places, experts, visits).await;
        Firm { tenant: TenantId { org: firm, mode: Mode::Test }, key }
    }

    /// The first server.
    pub fn core(&self) -> &Core {
        &self.nodes[0].core
    }

    /// Where the first `count` servers listen.
    pub fn addresses(&self, count: usize) -> Vec<SocketAddr> {
        self.nodes.iter().take(count).map(|node| node.address).collect()
    }

    /// Where each client of all servers goes: in turn.
    pub fn address(&self, client: usize) -> SocketAddr {
        self.nodes[client % self.nodes.len()].address
    }

    /// How many servers there are.
    pub const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The time by which the servers go.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A search at the place of a number, over a number of days from `window.0` days after tomorrow on.
    pub fn search(&self, place: usize, window: (i64, i64), limit: u8) -> Value {
        world::search_at(&self.places[place % self.places.len()], self.now(), window, limit)
    }

    /// Everything that a firm has booked, read from the database: how many visits, and what is wrong with
    /// them. `acknowledged`: the appointments that were answered with success and stand, with their starts.
    pub fn judge(&self, firm: &Firm, acknowledged: &[(String, Option<Timestamp>)]) -> Verdict {
        let read =
            self.core().store.read(|connection| appointments::busy_of_tenant_after(connection, &firm.tenant, monday()));
        let rows = read.expect("the appointments");
        let visit =
            |row: &appointments::BusyRow| -> (ExpertId, Timestamp, Timestamp) { (row.expert, row.start, row.end) };
        let starts: BTreeMap<String, Timestamp> =
            rows.iter().map(|row| (row.appointment.to_string(), row.start)).collect();
        Verdict {
            visits: rows.len(),
            overlapping: figures::overlaps(rows.iter().map(visit)),
            missing: figures::missing(acknowledged, &starts),
        }
    }
}

/// What the calendars say in the end.
pub struct Verdict {
    /// Visits that are booked.
    pub visits: usize,
    /// Number of overlapping visits of one expert.
    pub overlapping: usize,
    /// Acknowledged ones that are not there, or not at their time.
    pub missing: usize,
}
