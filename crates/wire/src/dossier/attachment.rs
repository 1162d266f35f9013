//! A document of the claim, with its link.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A document of the claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// Identifies it: `fileId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Name of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Media type of the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"application/pdf")]
    pub mime_type: Option<String>,
    /// What the document is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where to fetch it: absolute, signed, good for one hour.
    #[schemars(extend("format" = "uri"))]
    pub href: String,
}
