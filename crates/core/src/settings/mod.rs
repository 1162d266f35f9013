//! What an operator may set. The binary reads it from a file, the environment and flags.

use constat_availability::Estimator;
use constat_domain::FieldError;
use constat_domain::claim::OutsideCover;
use constat_domain::ids::OrgId;
use constat_domain::service::ServiceKind;
use serde::{Deserialize, Serialize};

mod deadlines;
mod geocoder;
mod network;
mod requests;
mod scanner;
mod webhooks;

use crate::catalogues::CatalogueSettings;
pub use deadlines::DeadlineSettings;
pub use geocoder::GeocoderSettings;
pub use network::{Network, NotANetwork, client_group, logged_prefix};
pub use requests::RequestSettings;
pub use scanner::{ScannerSettings, WhenAway};
pub use webhooks::WebhookSettings;

/// Settings of one server. Every value has a default.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where others reach this server, without a final slash: the start of every link it gives.
    pub public_url: String,
    /// Most requests that one key, test or live, may make in a minute, up to 10 000 000; 0 for no limit. A key
    /// that was quiet may make a minute's worth at once.
    pub requests_per_minute: u32,
    /// What is taken on at once.
    pub requests: RequestSettings,
    /// The partner firms that this platform asks for appointments, in order of preference.
    pub partners: Vec<PartnerLink>,
    /// Seconds to wait for a partner's answer, 1 to 300.
    pub partner_timeout_seconds: u64,
    /// Who knows where street addresses are.
    pub geocoder: GeocoderSettings,
    /// How slots are searched and judged.
    pub availability: constat_availability::Settings,
    /// How long a drive takes where no routing server has told.
    pub travel: Estimator,
    /// The routing server that knows the roads.
    pub routing: RoutingSettings,
    /// How webhooks are sent.
    pub webhooks: WebhookSettings,
    /// Which deadlines count.
    pub deadlines: DeadlineSettings,
    /// How documents come in.
    pub uploads: UploadSettings,
    /// Who looks for viruses.
    pub scanner: ScannerSettings,
    /// Where further catalogue files are.
    pub catalogue: CatalogueSettings,
    /// How claims are judged.
    pub claims: ClaimSettings,
}

/// How claims are judged, beside the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimSettings {
    /// What becomes of a loss outside the contract's cover.
    pub outside_cover: OutsideCover,
}

/// What documents on their way in may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UploadSettings {
    /// MiB of memory that all uploads may use together.
    pub memory_mb: u32,
    /// Seconds that an upload waits for its share of it.
    pub wait_seconds: u64,
    /// MiB of documents that one organisation may store, in test and in live mode each; 0 for no bound.
    pub quota_mb: u64,
}

impl Default for UploadSettings {
    fn default() -> Self {
        Self { memory_mb: 256, wait_seconds: 10, quota_mb: 102_400 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            requests_per_minute: 30_000,
            requests: RequestSettings::default(),
            partners: Vec::new(),
            partner_timeout_seconds: 10,
            geocoder: GeocoderSettings::default(),
            availability: constat_availability::Settings::default(),
            travel: Estimator::default(),
            routing: RoutingSettings::default(),
            webhooks: WebhookSettings::default(),
            deadlines: DeadlineSettings::default(),
            uploads: UploadSettings::default(),
            scanner: ScannerSettings::default(),
            catalogue: CatalogueSettings::default(),
            claims: ClaimSettings::default(),
        }
    }
}

/// Which routing server is asked for drive times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoutingKind {
    /// None: drives are estimated.
    None,
    /// OSRM, `/table/v1`.
    Osrm,
    /// Valhalla, `/sources_to_targets`.
    Valhalla,
}

/// A routing server, and how far it may be relied on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoutingSettings {
    /// Which.
    pub kind: RoutingKind,
    /// Where it is.
    pub url: String,
    /// OSRM's profile or Valhalla's costing; the usual one for cars when empty.
    pub profile: String,
    /// Milliseconds to wait for one of its answers.
    pub timeout_ms: u64,
    /// Milliseconds that a search or a booking may wait for it, all in all; a search that is made once more because
    /// others were offered the same times meanwhile, twice as long.
    pub budget_ms: u64,
    /// Most sources and targets of one call, together.
    pub coordinates: u16,
    /// Seconds that it is left alone after it failed three times in a row.
    pub pause_seconds: u32,
    /// Most drives kept in memory.
    pub remembered_drives: usize,
    /// Hours after which a drive is asked for again; some are kept twice as long.
    pub remembered_hours: u32,
}

impl Default for RoutingSettings {
    fn default() -> Self {
        Self {
            kind: RoutingKind::None,
            url: String::new(),
            profile: String::new(),
            timeout_ms: 800,
            budget_ms: 1500,
            coordinates: 100,
            pause_seconds: 30,
            remembered_drives: 500_000,
            remembered_hours: 24,
        }
    }
}

impl Settings {
    /// Everything about partners and keys that a configuration must not contain.
    pub fn check_partners(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if !(1..=300).contains(&self.partner_timeout_seconds) {
            errors.push(FieldError::new("partner_timeout_seconds", "must be 1 to 300"));
        }
        if self.requests_per_minute > 10_000_000 {
            errors.push(FieldError::new("requests_per_minute", "must be 0 to 10000000"));
        }
        errors
    }

    /// Everything about documents that a configuration must not contain.
    pub fn check_documents(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut refuse = |refused: bool, field: &str, message: &str| {
            if refused {
                errors.push(FieldError::new(field, message));
            }
        };
        refuse(!(16..=65_536).contains(&self.uploads.memory_mb), "uploads.memory_mb", "must be 16 to 65536");
        refuse(self.uploads.wait_seconds > 300, "uploads.wait_seconds", "must be 0 to 300");
        refuse(self.uploads.quota_mb > 1_000_000_000, "uploads.quota_mb", "must be 0 to 1000000000");
        let scanner = &self.scanner;
        let is_address = scanner.address.strip_prefix("unix:").map_or_else(
            || {
                scanner
                    .address
                    .rsplit_once(':')
                    .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
            },
            |path| !path.is_empty(),
        );
        let wrong = !scanner.address.is_empty() && !is_address;
        refuse(wrong, "scanner.address", "must be host:port, or unix: and a path");
        refuse(!(100..=300_000).contains(&scanner.timeout_ms), "scanner.timeout_ms", "must be 100 to 300000");
        refuse(!(1..=86_400).contains(&scanner.retry_seconds), "scanner.retry_seconds", "must be 1 to 86400");
        errors
    }

    /// Everything about drives that a configuration must not contain.
    pub fn check_roads(&self) -> Vec<FieldError> {
        let of_travel = self.travel.check().into_iter();
        let mut errors: Vec<FieldError> =
            of_travel.map(|fault| FieldError::new(format!("travel.{}", fault.field), fault.message)).collect();
        let mut refuse = |refused: bool, field: &str, message: &str| {
            if refused {
                errors.push(FieldError::new(field, message));
            }
        };
        let routing = &self.routing;
        let is_url = routing.url.starts_with("http://") || routing.url.starts_with("https://");
        let wants_url = routing.kind != RoutingKind::None || !routing.url.is_empty();
        refuse(wants_url && !is_url, "routing.url", "must start with http:// or https://");
        refuse(!(10..=60_000).contains(&routing.timeout_ms), "routing.timeout_ms", "must be 10 to 60000");
        let budget = routing.timeout_ms..=60_000;
        refuse(!budget.contains(&routing.budget_ms), "routing.budget_ms", "must be timeout_ms to 60000");
        refuse(!(2..=500).contains(&routing.coordinates), "routing.coordinates", "must be 2 to 500");
        refuse(!(1..=86_400).contains(&routing.pause_seconds), "routing.pause_seconds", "must be 1 to 86400");
        let drives = 1000..=20_000_000;
        refuse(!drives.contains(&routing.remembered_drives), "routing.remembered_drives", "must be 1000 to 20000000");
        refuse(!(1..=8760).contains(&routing.remembered_hours), "routing.remembered_hours", "must be 1 to 8760");
        errors
    }
}

/// A partner firm that this platform may ask for appointments.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerLink {
    /// The name that requests and answers use.
    pub name: String,
    /// Where its partner API is, up to and including `/claims/api/v1`.
    pub url: String,
    /// The key that the partner issued to this platform.
    pub key: String,
    /// What it can be asked for.
    pub serves: Vec<ServiceKind>,
    /// The platform that may ask it; every platform of this server when absent.
    #[serde(default)]
    pub platform: Option<OrgId>,
    /// The partner's organisation on this server: who gets the mandate to pull the file.
    #[serde(default)]
    pub organisation: Option<OrgId>,
}

impl std::fmt::Debug for PartnerLink {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartnerLink").field("name", &self.name).field("url", &self.url).finish_non_exhaustive()
    }
}
