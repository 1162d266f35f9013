//! What an operator may set. The binary reads it from a file, the environment and flags.

use constat_domain::ids::OrgId;
use constat_domain::service::ServiceKind;
use serde::{Deserialize, Serialize};

/// Settings of one server. Every value has a default.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where others reach this server, without a final slash: the start of every link it gives.
    pub public_url: String,
    /// Most requests a key may make in a minute; 0 for no limit.
    pub requests_per_minute: u32,
    /// The partner firms that this platform asks for appointments, in order of preference.
    pub partners: Vec<PartnerLink>,
    /// Seconds to wait for a partner's answer.
    pub partner_timeout_seconds: u64,
    /// How slots are searched and judged.
    pub availability: constat_availability::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            requests_per_minute: 0,
            partners: Vec::new(),
            partner_timeout_seconds: 10,
            availability: constat_availability::Settings::default(),
        }
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
