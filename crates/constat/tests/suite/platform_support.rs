//! What the tests of the platform's side share: a platform linked to partners, and the three typed
//! clients.

use constat_client::wire::appointments::{BookClaimAppointment, ClaimSlots, SearchAppointments};
use constat_client::wire::claims::{CreateClaim, DocumentMeta};
use constat_client::{ClaimsClient, ClientError, DossierClient, Options, PartnerClient, Refused};
use constat_core::{PartnerLink, Settings};
use constat_domain::expert::Expert;
use constat_domain::ids::ClaimId;
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::{Api, Mode};
use constat_testkit::{ClaimsCaller, Firm, Server, fixtures};
use serde_json::{Value, json};

/// A platform and a firm on one server, linked over HTTP.
pub struct World {
    pub server: Server,
    pub caller: ClaimsCaller,
    pub firm: Firm,
    /// An integrator of the platform.
    pub claims: ClaimsClient,
    /// The firm, looking into its own calendar.
    pub partner: PartnerClient,
    /// The firm, at the platform's dossier API.
    pub dossier: DossierClient,
}

/// The name of the linked partner.
pub const PARTNER: &str = "cabinet";

/// A link to a partner that serves these kinds.
pub fn link(url: &str, key: &str, serves: &[ServiceKind]) -> PartnerLink {
    PartnerLink {
        name: PARTNER.to_owned(),
        url: url.to_owned(),
        key: key.to_owned(),
        serves: serves.to_vec(),
        platform: None,
        organisation: None,
    }
}

impl World {
    pub async fn with(people: Vec<Expert>, kinds: &[ServiceKind]) -> Self {
        Self::set_to(people, kinds, |_| {}).await
    }

    /// The same, with other settings.
    pub async fn set_to(people: Vec<Expert>, kinds: &[ServiceKind], change: impl FnOnce(&mut Settings)) -> Self {
        let mut server = Server::start().await;
        let caller = server.platform("Plateforme").await;
        let firm = server.firm_with_experts("Cabinet d'expertise", people).await;
        let key = server.partner_key(&firm, caller.tenant.org).await;
        let dossier_key = server.key(Api::Dossier, caller.tenant.org, firm.org, Mode::Test).await;
        let base = format!("{}{}", server.url, PartnerClient::BASE_PATH);
        let linked = PartnerLink { organisation: Some(firm.org), ..link(&base, &key, kinds) };
        server
            .configure(|settings| {
                settings.partners = vec![linked];
                change(settings);
            })
            .await;
        let claims = claims_client(&server, &caller.key);
        let partner = PartnerClient::new(&base, &firm.own_key, Options::default()).unwrap();
        let dossier_base = format!("{}{}", server.url, DossierClient::BASE_PATH);
        let dossier = DossierClient::new(&dossier_base, &dossier_key, Options::default()).unwrap();
        Self { server, caller, firm, claims, partner, dossier }
    }

    /// The kinds of the events about a claim, in order.
    pub fn events(&self, declaration: &str) -> Vec<String> {
        events(&self.server, &self.caller, declaration)
    }
}

pub fn events(server: &Server, caller: &ClaimsCaller, declaration: &str) -> Vec<String> {
    let about = |connection: &mut constat_store::Connection| {
        constat_store::queries::events::of_tenant_about(connection, &caller.tenant, declaration)
    };
    server.services.core.store.read(about).unwrap().into_iter().map(|(_, event)| event.kind.name().to_owned()).collect()
}

pub fn claims_client(server: &Server, key: &str) -> ClaimsClient {
    ClaimsClient::new(&format!("{}{}", server.url, ClaimsClient::BASE_PATH), key, Options::default()).unwrap()
}

/// The water damage at 48 boulevard des Batignolles, with what a partner wants to know: the loss as
/// codes, the stakes, walls and floor.
pub fn water_damage() -> CreateClaim {
    let surface = |name: &str, covering: &str| json!({ "name": name, "covering": { "type": { "name": covering } } });
    let mut declaration = fixtures::water_damage();
    declaration["valuation"] = json!({ "totalCost": { "value": 1450.5, "currency": "EUR" } });
    declaration["insurerClaimId"] = "SIN-2026-000017".into();
    declaration["declaredDamages"] = json!({
        "contentDamages": [],
        "buildingDamages": [{ "roomDamages": [{
            "name": "salon", "surfaces": [surface("plafond", "PeintureMate"), surface("sol", "ParquetChene")],
        }] }],
    });
    read(declaration)
}

pub fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// Declares the water damage, uploads its photo and submits it. Gives both ids.
pub async fn submitted(claims: &ClaimsClient) -> (String, String) {
    let claim = claims.create_claim(&water_damage()).await.unwrap();
    claims.upload_file(&claim.id, &photo(), "degats.png", fixtures::png(), false).await.unwrap();
    let submitted = claims.submit_claim(&claim.id).await.unwrap();
    (claim.id, submitted.claim_id)
}

pub fn photo() -> DocumentMeta {
    DocumentMeta {
        kind: fixtures::DAMAGE_PHOTO.to_owned(),
        title: "Plafond du salon".to_owned(),
        filename: None,
        comment: None,
    }
}

/// A search of ten days from Tuesday 24 November 2026.
pub fn search(kind: &str) -> SearchAppointments {
    read(json!({ "type": kind, "dateFrom": "2026-11-24T00:00:00+01:00", "dateTo": "2026-12-04T00:00:00+01:00" }))
}

/// The body that books a slot: the least that a caller may send.
pub fn booking(found: &ClaimSlots, slot: usize) -> BookClaimAppointment {
    read(json!({ "sessionID": found.session_id, "timeslot": found.timeslots[slot] }))
}

/// The UUID form of an internal claim id, as a partner got it.
pub fn uuid(claim_id: &str) -> String {
    claim_id.parse::<ClaimId>().unwrap().uuid().to_string()
}

/// The error of the contract that a call met.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> Refused {
    match answer {
        Err(ClientError::Status { refused, .. }) => *refused,
        other => panic!("expected an error of the contract, got {other:?}"),
    }
}

/// Status and code of the error that a call met.
#[track_caller]
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> (u16, i64) {
    let refused = refused(answer);
    (refused.status, refused.code)
}
