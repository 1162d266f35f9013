//! The firm's experts, as the firm itself sees them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One of the firm's experts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KnownExpert {
    /// Identifies the person.
    pub id: String,
    /// The name shown to the insured.
    pub display_name: String,
    /// The firm's own reference, as it was imported.
    pub reference: String,
    /// Off: keeps what is booked, gets nothing new.
    pub active: bool,
}

/// The firm's experts, by reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpertList {
    /// 0.
    pub value: i32,
    /// `OK`.
    pub description: String,
    /// The experts.
    pub data: Vec<KnownExpert>,
}

impl ExpertList {
    /// The experts with the status `OK`.
    pub fn ok(data: Vec<KnownExpert>) -> Self {
        Self { value: 0, description: "OK".to_owned(), data }
    }
}

/// The expert or artisan who comes or calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Expert {
    /// Identifies the person at the partner.
    pub id: String,
    /// The name to tell the insured.
    pub display_name: String,
}
