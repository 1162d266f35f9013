//! Who owns what: organisations, test and live data, API keys and the callers they make.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{KeyId, OrgId};
use crate::refusal::ClaimRefusal;

/// Test data and live data never meet: each key, row and answer belongs to one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Trials; keys start with `test_`.
    Test,
    /// The real thing; keys start with `live_`.
    Live,
}

impl Mode {
    /// `test` or `live`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "test" => Ok(Self::Test),
            "live" => Ok(Self::Live),
            _ => Err("expected test or live".to_owned()),
        }
    }
}

/// What an organisation is in the trade. It may still play several roles on one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrganisationKind {
    /// Carries the risk; known by its ACAM code.
    Insurer,
    /// Runs claims for insurers and asks partners for appointments.
    Platform,
    /// A firm of loss adjusters or a repair network.
    Partner,
}

/// An organisation known to this server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its identifier.
    pub id: OrgId,
    /// What it is.
    pub kind: OrganisationKind,
    /// Its trade name.
    pub name: String,
    /// The insurer's ACAM code, when it is one.
    pub acam_code: Option<String>,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// One organisation's test data or live data: the scope of every row and every query.
///
/// Written `org_…/test`. One value, so that no query can name the organisation and forget the mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId {
    /// The organisation.
    pub org: OrgId,
    /// Test or live.
    pub mode: Mode,
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.org, self.mode.as_str())
    }
}

impl FromStr for TenantId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (org, mode) = text.split_once('/').ok_or("expected org_…/test or org_…/live")?;
        Ok(Self { org: org.parse().map_err(|error| format!("{error}"))?, mode: mode.parse()? })
    }
}

impl Serialize for TenantId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TenantId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The public contract that a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// Claims API v2, header `key`.
    Claims,
    /// Partner appointment API, header `pid`.
    Partner,
    /// Dossier API, header `ctoken`.
    Dossier,
}

impl Api {
    /// The name used in storage and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claims => "claims",
            Self::Partner => "partner",
            Self::Dossier => "dossier",
        }
    }
}

impl FromStr for Api {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "claims" => Ok(Self::Claims),
            "partner" => Ok(Self::Partner),
            "dossier" => Ok(Self::Dossier),
            _ => Err("expected claims, partner or dossier".to_owned()),
        }
    }
}

/// An API key as it is kept: never the secret, only its hash.
///
/// The *issuer* implements the API and owns the data behind it; the *holder* is who was given the
/// key. A partner firm issues its partner-API keys to platforms; a platform issues claims keys to
/// integrators and dossier keys to partner firms and insurers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its public name, safe to show and to log.
    pub id: KeyId,
    /// The contract it opens.
    pub api: Api,
    /// Whose data it opens.
    pub issuer: OrgId,
    /// Who carries it.
    pub holder: OrgId,
    /// Test or live.
    pub mode: Mode,
    /// What the key is for, in the words of who made it.
    pub label: String,
    /// SHA-256 of the whole secret, lower-case hex.
    pub hash: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it stopped working, if it did.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// The holder of the key.
    pub fn caller(&self) -> Caller {
        let tenant = TenantId { org: self.issuer, mode: self.mode };
        Caller { key: self.id, api: self.api, tenant, holder: self.holder }
    }
}

/// An authenticated caller, from its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The key that was shown.
    pub key: KeyId,
    /// The contract the key opens.
    pub api: Api,
    /// The data it may see: the issuer's, in the key's mode.
    pub tenant: TenantId,
    /// The organisation that carries the key.
    pub holder: OrgId,
}

impl Caller {
    /// True when the key's holder is the very organisation whose data it opens.
    pub fn owns_the_data(&self) -> bool {
        self.holder == self.tenant.org
    }

    /// Refuses callers other than the platform itself: only the data holder decides about claims; an integrator
    /// declares and follows them.
    pub fn require_handler(&self) -> Result<(), ClaimRefusal> {
        if self.owns_the_data() { Ok(()) } else { Err(ClaimRefusal::NoPermission) }
    }

    /// Whether a claim of this tenant that this organisation declared is there for the key, over the claims
    /// API: the platform sees all of its claims, an integrator those that it declared itself, with whichever
    /// of its keys. Source: claims API v2, "Someone else's claim is a 404, never a 403".
    ///
    /// The keys of the other contracts see claims by mandate or by insurer, which is judged elsewhere.
    pub fn may_see(&self, tenant: TenantId, declared_by: OrgId) -> bool {
        let is_theirs = self.sees_only().is_none_or(|holder| holder == declared_by);
        self.api == Api::Claims && self.tenant == tenant && is_theirs
    }

    /// The same for lists: the one organisation whose claims the key sees; `None` when it sees those of all.
    pub fn sees_only(&self) -> Option<OrgId> {
        (!self.owns_the_data()).then_some(self.holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integrator_sees_what_it_declared_and_the_platform_sees_all() {
        let org = |number: u8| OrgId::new(Timestamp::UNIX_EPOCH, &[number; 10]);
        let (platform, broker, lessor) = (org(1), org(2), org(3));
        let tenant = TenantId { org: platform, mode: Mode::Test };
        let key = KeyId::new(Timestamp::UNIX_EPOCH, &[4; 10]);
        let caller = |holder| Caller { key, api: Api::Claims, tenant, holder };
        for declarer in [platform, broker, lessor] {
            assert!(caller(platform).may_see(tenant, declarer));
            assert_eq!(caller(broker).may_see(tenant, declarer), declarer == broker);
        }
        assert_eq!((caller(platform).sees_only(), caller(broker).sees_only()), (None, Some(broker)));
        // Claims of another tenant, or of the other mode, are not visible, regardless of the declarer.
        for other in [TenantId { org: lessor, ..tenant }, TenantId { mode: Mode::Live, ..tenant }] {
            assert!(!caller(platform).may_see(other, platform) && !caller(broker).may_see(other, broker));
        }
        // A firm's mandate is another rule's business.
        assert!(!Caller { api: Api::Dossier, ..caller(broker) }.may_see(tenant, broker));
    }
}
