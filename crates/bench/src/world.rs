//! What is measured: a server with one firm of experts, one platform, one claim.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use constat_claims::ClaimService;
use constat_core::{Core, IssuedKey, NewKey, Settings, issue_key};
use constat_domain::expert::{Expert, HourRange, Skills, WeeklyHours};
use constat_domain::gazetteer::Gazetteer;
use constat_domain::ids::{ExpertId, OrgId};
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::{Api, Mode, Organisation, OrganisationKind, TenantId};
use constat_http::Services;
use constat_scheduling::Scheduler;
use constat_store::queries::{api_keys, appointments, contracts, experts, organisations};
use constat_store::{Database, Documents, Store};
use constat_testkit::{SeededRandom, fixtures};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::net::TcpListener;

use crate::clock::RunningClock;
use crate::load::{Connection, request};
use crate::schedule::{self, Commune};

/// A running server and the keys to it.
pub struct World {
    /// The application, for its clock.
    pub services: Services,
    /// Where it listens.
    pub address: SocketAddr,
    /// Opens the claims API.
    pub claims_key: String,
    /// Opens the firm's partner API.
    pub partner_key: String,
    /// A claim to read.
    pub claim_id: String,
    /// Opens the partner API of a firm of 100 experts with 14 visits each in the next 7 days.
    pub small_firm_key: String,
    /// Opens the partner API of a firm of 1,000 experts with 60 visits each in the next 30 days.
    pub large_firm_key: String,
    /// Places to visit, spread over the firm's region.
    pub places: Vec<Commune>,
}

/// Builds a world with `count` experts who may take any request within reach, all based in the
/// communes around Paris, Monday to Friday, 8:30 to 12:30 and 13:30 to 18:00, and serves it on the
/// present runtime. The clock starts on Monday 23 November 2026, 08:00 in Paris.
pub async fn build(folder: &Path, database: Database, count: usize) -> World {
    let clock = Arc::new(RunningClock::start(1));
    let store = Store::of(database).expect("a new database");
    let documents = Documents::local(&folder.join("documents")).expect("a documents folder");
    let secure_random = Arc::new(SeededRandom::new(2026));
    // One key makes all requests.
    let settings = Settings { requests_per_minute: 0, ..Settings::default() };
    let core = Arc::new(Core::new(store, clock, secure_random, settings).await.expect("a core"));
    let claims = ClaimService::new(Arc::clone(&core), documents);
    let services = Services::new(Scheduler::new(Arc::clone(&core)), claims);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let router = constat_http::router(&services);
    let bounds = core.settings.requests.clone();
    tokio::spawn(async move { constat_http::serve(listener, router, &bounds, std::future::pending()).await });

    let platform = organisation(&core, OrganisationKind::Platform, "Platform").await;
    let firm = organisation(&core, OrganisationKind::Partner, "Firm").await;
    let claims_key = key(&core, Api::Claims, platform, platform).await;
    let partner_key = key(&core, Api::Partner, firm, platform).await;
    let places = places();
    hire(&core, firm, &places, count, (0, 1)).await;
    let mut busy_keys = Vec::new();
    for (name, count, visits) in [("Small firm", 100, (14, 7)), ("Large firm", 1_000, (60, 30))] {
        let firm = organisation(&core, OrganisationKind::Partner, name).await;
        busy_keys.push(key(&core, Api::Partner, firm, platform).await);
        hire(&core, firm, &places, count, visits).await;
    }
    let claim_id = declare(&core, address, platform, &claims_key).await;
    let [small_firm_key, large_firm_key] = <[String; 2]>::try_from(busy_keys).expect("two busy firms");
    World { services, address, claims_key, partner_key, claim_id, small_firm_key, large_firm_key, places }
}

/// A new organisation.
pub async fn organisation(core: &Core, kind: OrganisationKind, name: &str) -> OrgId {
    let id = OrgId::new(core.clock.now(), &core.secure_random.entropy());
    let new = Organisation { id, kind, name: name.to_owned(), acam_code: None, created_at: core.clock.now() };
    core.store.write(move |tx| organisations::insert(tx, &new)).await.expect("a new organisation");
    id
}

/// A new key to its test data.
pub async fn key(core: &Core, api: Api, issuer: OrgId, holder: OrgId) -> String {
    let new = NewKey { api, issuer, holder, mode: Mode::Test, label: "bench".to_owned() };
    let IssuedKey { key, secret } = issue_key(new, core.clock.now(), core.secure_random.as_ref());
    core.store.write(move |tx| api_keys::insert(tx, &key)).await.expect("a new key");
    secret
}

/// Communes of Paris and its ring.
pub fn places() -> Vec<Commune> {
    Gazetteer::embedded()
        .communes()
        .iter()
        .filter(|commune| ["75", "92", "93", "94"].contains(&commune.department()))
        .filter_map(|commune| {
            let zip = commune.postcodes().next()?.to_owned();
            let name: String = commune.name.chars().take(32).collect();
            Some((zip, name, commune.position))
        })
        .collect()
}

/// Adds experts, each with a number of visits over a number of days.
pub async fn hire(core: &Core, firm: OrgId, places: &[Commune], count: usize, visits: (usize, usize)) {
    let tenant = TenantId { org: firm, mode: Mode::Test };
    let day: Vec<HourRange> = ["08:30-12:30", "13:30-18:00"].iter().filter_map(|range| range.parse().ok()).collect();
    let week = WeeklyHours::weekdays(&day);
    let staff: Vec<Expert> = (0..count)
        .map(|number| Expert {
            skills: Skills { kinds: ServiceKind::ALL.to_vec(), ..Skills::default() },
            week: week.clone(),
            ..Expert::new(
                ExpertId::new(core.clock.now(), &core.secure_random.entropy()),
                format!("Expert {number:03}"),
                places[number % places.len()].2,
                "Europe/Paris",
            )
        })
        .collect();
    let today = Timestamp::from_second(core.clock.now().as_second() / 86_400 * 86_400).expect("a time in range");
    let places = places.to_vec();
    let hired = core.store.write(move |tx| {
        for (seed, expert) in staff.iter().enumerate() {
            experts::upsert_of_tenant(tx, &tenant, &expert.display_name, expert)?;
            for visit in schedule::visits(tenant, expert, seed, visits, today, &places) {
                appointments::insert(tx, &visit)?;
            }
        }
        Ok::<_, constat_store::StoreError>(())
    });
    hired.await.expect("experts are saved");
}

async fn declare(core: &Core, address: SocketAddr, platform: OrgId, key: &str) -> String {
    let tenant = TenantId { org: platform, mode: Mode::Test };
    let contract = fixtures::bike_contract();
    core.store.write(move |tx| contracts::upsert_of_tenant(tx, &tenant, &contract)).await.expect("a contract");
    let body = fixtures::stolen_bike().to_string();
    let mut connection = Connection::open(address).await.expect("a connection");
    let answer = connection.send(&request("POST", "/v2/claims", Some(("key", key)), Some(&body))).await;
    let answer: serde_json::Value = serde_json::from_slice(&answer.expect("an answer").body).expect("JSON");
    answer["data"]["id"].as_str().unwrap_or_else(|| panic!("no claim was created: {answer}")).to_owned()
}

/// A search at a place, over a window of whole days that starts `day` days after tomorrow.
pub fn search(world: &World, place: usize, day: i64, days: i64, limit: u8) -> String {
    search_at(&world.places[place % world.places.len()], world.services.core.clock.now(), (day, days), limit)
        .to_string()
}

/// A search in a commune, over a window of whole days that starts `day` days after tomorrow.
pub fn search_at(
    (zip, city, position): &Commune,
    now: Timestamp,
    (day, days): (i64, i64),
    limit: u8,
) -> serde_json::Value {
    let from = now + SignedDuration::from_hours(24 * (1 + day));
    json!({
        "type": { "name": "ESS" },
        "claim": {
            "date": "2026-11-20T09:00:00Z",
            "guarantee": "DegatsDesEaux",
            "company": { "id": "21000402", "name": "ACTE I.A.R.D." },
            "claimId": "0190a7b4-0000-7000-8000-000000000000",
            "valuation": { "totalCost": { "value": 1850.0, "currency": "EUR" } },
        },
        "dateFrom": from.to_string(),
        "dateTo": (from + SignedDuration::from_hours(24 * days)).to_string(),
        "limit": limit,
        "customerType": "individual",
        "insurerClaimId": "BENCH",
        "riskType": { "name": "Appartement" },
        "appointmentLocation": {
            "address": { "street1": "1 place de la Mairie", "zipCode": zip, "city": city, "countryCode": "FR" },
            "position": { "lat": position.lat, "long": position.lon },
        },
    })
}
