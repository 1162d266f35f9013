//! API keys, as the organisation that issued them manages them.

use constat_domain::FieldError;
use constat_domain::tenancy::{Api, ApiKey, Mode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Checker, Instant, every_field_present, wire_enum};

/// Longest label of a key, and longest name of a holder.
const MAX_LABEL_CHARS: usize = 200;

wire_enum! {
    /// The contract that a key opens.
    KeyApi = Api {
        /// The claims API v2.
        Claims = "claims",
        /// The partner appointment API.
        Partner = "partner",
        /// The dossier API.
        Dossier = "dossier",
    }
}

wire_enum! {
    /// Whether a key opens test data or live data.
    KeyMode = Mode {
        /// Test data; the secret starts with `test_`.
        Test = "test",
        /// Live data; the secret starts with `live_`.
        Live = "live",
    }
}

/// The organisation that holds a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyHolder {
    /// Its identifier.
    #[schemars(example = &"org_06E3ZQK8X5V2M0TQ9R7H4B1CDS")]
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A key to the data of the caller's organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct Key {
    /// Its identifier, safe to show and to log.
    #[schemars(example = &"key_06E3ZQK8X5V2M0TQ9R7H4B1CDS")]
    pub id: String,
    /// The contract that it opens.
    pub api: KeyApi,
    /// Test or live data.
    pub mode: KeyMode,
    /// Its purpose; may be empty.
    pub label: String,
    /// The organisation that holds it.
    pub holder: KeyHolder,
    /// When it was issued.
    pub created_at: Instant,
    /// When it was revoked, or null.
    pub revoked_at: Option<Instant>,
    /// The secret, only in the answer that issues the key and never again: the server stores its hash. Null in every
    /// other answer, also in a repeat of that one under its `Idempotency-Key`.
    pub secret: Option<String>,
}

impl Key {
    /// A key without its secret.
    pub fn new(key: &ApiKey, holder_name: &str) -> Self {
        Self {
            id: key.id.to_string(),
            api: key.api.into(),
            mode: key.mode.into(),
            label: key.label.clone(),
            holder: KeyHolder { id: key.holder.to_string(), name: holder_name.to_owned() },
            created_at: key.created_at.into(),
            revoked_at: key.revoked_at.map(Into::into),
            secret: None,
        }
    }
}

/// Issues a key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueKey {
    /// The contract that it opens; that of the request when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<KeyApi>,
    /// Name or id of the organisation that will hold it; the caller's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), example = &"Plateforme")]
    pub holder: Option<String>,
    /// Its purpose.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 200), example = &"nightly import")]
    pub label: String,
}

impl IssueKey {
    /// Lists the fields that are wrong.
    pub fn check(&self) -> Vec<FieldError> {
        let mut checker = Checker::new();
        checker.optional_text("holder", self.holder.as_ref(), 1, MAX_LABEL_CHARS);
        checker.text("label", &self.label, 0, MAX_LABEL_CHARS);
        checker.into_errors()
    }
}
