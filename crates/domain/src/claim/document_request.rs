//! A document requested by a handler.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalogue::{Category, DocumentRule};
use crate::text::sentence_key;

/// How the stable ids start of documents that no catalogue has.
pub(super) const FREE: &str = "requested_";

/// A document requested by a handler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentRequest {
    /// Stable id of its type: the catalogue's, or `requested_1`, `requested_2`... for one that it does
    /// not have.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its French name at the time of the request.
    pub label: String,
    /// How much it is wanted.
    pub category: Category,
    /// The handler's message to the insured.
    pub comment: Option<String>,
    /// When it was last requested.
    pub requested_at: Timestamp,
}

impl DocumentRequest {
    /// The request as a rule of the catalogue would ask for it.
    pub(super) fn rule(&self) -> DocumentRule {
        DocumentRule { id: self.kind.clone(), label: self.label.clone(), category: self.category, when: None }
    }

    /// Whether it has no name but the one that the handler gave it.
    pub(super) fn is_free(&self) -> bool {
        self.kind.starts_with(FREE)
    }

    /// Whether a name means this document.
    pub(super) fn is_named(&self, key: &str) -> bool {
        self.kind == key || sentence_key(&self.label) == key
    }
}
