//! The made-up world, saved: organisations, keys, contracts, people and their diaries.

use std::sync::Arc;

use constat_availability::Settings;
use constat_core::{Clock as _, IssuedKey, NewKey, PartnerLink, SecureRandom as _, issue_key};
use constat_domain::appointment::Appointment;
use constat_domain::claim::Contract;
use constat_domain::expert::Expert;
use constat_domain::ids::OrgId;
use constat_domain::service::{Insurer, ServiceKind};
use constat_domain::tenancy::{Api, ApiKey, Mode, Organisation, OrganisationKind, TenantId};
use constat_store::queries::absences;
use constat_store::queries::{api_keys, appointments, contracts, experts, organisations};
use constat_store::{Store, StoreError};
use jiff::Timestamp;

use super::rng::SeededRng;
use super::schedule::{Diary, Writer};
use super::{contracts as registry, people};
use crate::clock_and_random::{OsRandom, SystemClock};
use crate::failure::Failure;

/// ACAM codes of the two insurers. The codes are real ones, the organisations are not: they bear
/// made-up names.
const ACAM_CODES: [&str; 2] = ["02000402", "21000402"];

/// Name of the expert firm among the platform's partners.
pub const EXPERT_FIRM: &str = "cabinet-demo";

/// Name of the repair network among the platform's partners.
pub const REPAIR_NETWORK: &str = "reseau-demo";

/// What came into being. All of it is test data.
pub struct World {
    /// The first insurer's ACAM code.
    pub insurer_acam_code: String,
    /// Who is who.
    pub platform: OrgId,
    firm: OrgId,
    network: OrgId,
    /// Claims API: the platform's.
    pub claims_key: String,
    /// Claims API: of the second insurer, which runs its own claims.
    pub other_tenant_claims_key: String,
    /// Partner API: the platform's at the expert firm.
    pub partner_key: String,
    /// Partner API: the firm's own, which sees all its appointments.
    pub firm_key: String,
    /// Partner API: the platform's at the repair network.
    pub ren_partner_key: String,
    /// Dossier API: the expert firm's.
    pub dossier_key: String,
    /// Dossier API: the repair network's.
    pub ren_dossier_key: String,
    /// Dossier API: the first insurer's.
    pub insurer_dossier_key: String,
    /// How many experts, artisans, appointments and contracts there are.
    pub counts: Counts,
}

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// Experts of the firm.
    pub experts: usize,
    /// Artisans of the network.
    pub artisans: usize,
    /// Appointments of both.
    pub appointments: usize,
    /// Contracts of the platform.
    pub contracts: usize,
}

impl World {
    /// The two partners, reached at the demonstration's own server.
    pub fn partners(&self, base_url: &str) -> Vec<PartnerLink> {
        let link = |name: &str, key: &str, organisation, serves: &[ServiceKind]| PartnerLink {
            name: name.to_owned(),
            url: format!("{base_url}/claims/api/v1"),
            key: key.to_owned(),
            serves: serves.to_vec(),
            platform: Some(self.platform),
            organisation: Some(organisation),
        };
        let expertise: Vec<ServiceKind> =
            ServiceKind::ALL.into_iter().filter(|kind| *kind != ServiceKind::RepairInKind).collect();
        vec![
            link(EXPERT_FIRM, &self.partner_key, self.firm, &expertise),
            link(REPAIR_NETWORK, &self.ren_partner_key, self.network, &[ServiceKind::RepairInKind]),
        ]
    }
}

/// One firm's people with their diaries.
struct Firm {
    tenant: TenantId,
    people: Vec<(Expert, Diary)>,
}

impl Firm {
    fn appointments(&self) -> impl Iterator<Item = &Appointment> {
        self.people.iter().flat_map(|(_, schedule)| &schedule.appointments)
    }
}

/// What is written to the database, in one transaction.
struct Rows {
    organisations: Vec<Organisation>,
    keys: Vec<ApiKey>,
    contracts: Vec<(TenantId, Contract)>,
    firms: Vec<Firm>,
}

/// Makes the world and saves it. The folder must be new.
pub async fn seed(store: &Store, seed: u64, settings: &Settings) -> Result<World, Failure> {
    if !store.read(organisations::all)?.is_empty() {
        return Err(Failure::new(
            "the data folder is already in use; the demonstration needs an empty one (--data DIR)",
        ));
    }
    let mut rng = SeededRng::new(seed);
    let now = SystemClock.now();
    let mut rows = Rows { organisations: Vec::new(), keys: Vec::new(), contracts: Vec::new(), firms: Vec::new() };
    let mut add = |kind, name: &str, acam: Option<&str>| {
        let id = OrgId::new(now, &OsRandom.entropy());
        let acam_code = acam.map(str::to_owned);
        rows.organisations.push(Organisation { id, kind, name: name.to_owned(), acam_code, created_at: now });
        id
    };
    let insurer_a = add(OrganisationKind::Insurer, "Assureur A (démo)", Some(ACAM_CODES[0]));
    let insurer_b = add(OrganisationKind::Insurer, "Assureur B (démo)", Some(ACAM_CODES[1]));
    let platform = add(OrganisationKind::Platform, "Plateforme (démo)", None);
    let firm = add(OrganisationKind::Partner, "Cabinet d'expertise (démo)", None);
    let network = add(OrganisationKind::Partner, "Réseau de réparation (démo)", None);

    let mut key = |api, issuer, holder, label: &str| issue(&mut rows.keys, now, api, issuer, holder, label);
    let claims_key = key(Api::Claims, platform, platform, "declarations");
    let other_tenant_claims_key = key(Api::Claims, insurer_b, insurer_b, "declarations");
    let partner_key = key(Api::Partner, firm, platform, "appointments");
    let firm_key = key(Api::Partner, firm, firm, "own calendar");
    let ren_partner_key = key(Api::Partner, network, platform, "repairs");
    let dossier_key = key(Api::Dossier, platform, firm, "claim files");
    let ren_dossier_key = key(Api::Dossier, platform, network, "claim files");
    let insurer_dossier_key = key(Api::Dossier, platform, insurer_a, "declarations");

    let test = |org| TenantId { org, mode: Mode::Test };
    let insurers: Vec<Insurer> = ACAM_CODES
        .iter()
        .zip(["Assureur A (démo)", "Assureur B (démo)"])
        .map(|(code, name)| Insurer { acam_code: (*code).to_owned(), name: name.to_owned() })
        .collect();
    for contract in registry::registry(&mut rng, &insurers) {
        rows.contracts.push((test(platform), contract));
    }
    let contracts = rows.contracts.len();
    for insurer in insurers.iter().skip(1) {
        rows.contracts.push((test(insurer_b), registry::bike_contract(insurer)));
        rows.contracts.push((test(insurer_b), registry::home_contract(insurer)));
    }

    let experts = people::experts(&mut rng, ACAM_CODES[0]);
    let artisans = people::artisans(&mut rng);
    for (org, people) in [(firm, experts), (network, artisans)] {
        let mut writer = Writer::new(test(org), platform, now, Arc::new(settings.clone()));
        let people = people
            .into_iter()
            .map(|person| {
                let schedule = writer.write(&mut rng, &person);
                (person, schedule)
            })
            .collect();
        rows.firms.push(Firm { tenant: test(org), people });
    }
    let counts = Counts {
        experts: rows.firms.first().map_or(0, |firm| firm.people.len()),
        artisans: rows.firms.last().map_or(0, |firm| firm.people.len()),
        appointments: rows.firms.iter().map(|firm| firm.appointments().count()).sum(),
        contracts,
    };
    let rows = Arc::new(rows);
    store.write(move |tx| save(tx, &rows)).await?;
    Ok(World {
        insurer_acam_code: ACAM_CODES[0].to_owned(),
        platform,
        firm,
        network,
        claims_key,
        other_tenant_claims_key,
        partner_key,
        firm_key,
        ren_partner_key,
        dossier_key,
        ren_dossier_key,
        insurer_dossier_key,
        counts,
    })
}

fn issue(keys: &mut Vec<ApiKey>, at: Timestamp, api: Api, issuer: OrgId, holder: OrgId, label: &str) -> String {
    let new = NewKey { api, issuer, holder, mode: Mode::Test, label: format!("demo: {label}") };
    let IssuedKey { key, secret } = issue_key(new, at, &OsRandom);
    keys.push(key);
    secret
}

fn save(tx: &mut constat_store::Tx, rows: &Rows) -> Result<(), StoreError> {
    for organisation in &rows.organisations {
        organisations::insert(tx, organisation)?;
    }
    for key in &rows.keys {
        api_keys::insert(tx, key)?;
    }
    for (tenant, contract) in &rows.contracts {
        contracts::upsert_of_tenant(tx, tenant, contract)?;
    }
    for firm in &rows.firms {
        for (person, schedule) in &firm.people {
            experts::upsert_of_tenant(tx, &firm.tenant, &person.display_name, person)?;
            for away in &schedule.absences {
                absences::upsert_of_tenant(tx, &firm.tenant, away)?;
            }
        }
        for appointment in firm.appointments() {
            appointments::insert(tx, appointment)?;
        }
    }
    Ok(())
}
