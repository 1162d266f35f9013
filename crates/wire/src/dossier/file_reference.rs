//! Files of declared damages: documents of the claim, attachments, links to other sites.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attachment::Attachment;
use super::checks::each;
use super::outside::outside_host;
use crate::common::Checker;

/// A file: the id of one of the claim's `documents`, an attachment of its own, or a link that leads elsewhere.
///
/// What a declaration gives as an attachment is handed out as an outside link: the server has never seen the
/// file behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FileReference {
    /// Id of one of the claim's documents.
    Id(String),
    /// An attachment.
    Attachment(Attachment),
    /// A link that leads elsewhere.
    Outside(OutsideLink),
}

/// A link to another site, as the declaration gave it. The server never follows it, and what is behind it is no
/// document of the claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutsideLink {
    /// Where it leads.
    #[schemars(length(min = 1, max = 4000), extend("format" = "uri"))]
    pub outside_link: String,
    /// The site that it leads to: its host name.
    #[serde(default)]
    #[schemars(example = &"photos.example.com")]
    pub source: String,
}

impl FileReference {
    /// Notes an id that is none, or an address that may not be handed on.
    pub(super) fn check(&self, checker: &mut Checker) {
        match self {
            Self::Id(id) => {
                checker.text("", id, 1, 200);
                let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.;=".contains(letter);
                if !id.is_empty() && !id.chars().all(is_plain) {
                    checker.fail("", "expected the id of one of the claim's documents");
                }
            }
            Self::Attachment(attachment) => check_link(checker, "href", &attachment.href),
            Self::Outside(link) => check_link(checker, "outsideLink", &link.outside_link),
        }
    }
}

fn check_link(checker: &mut Checker, field: &str, address: &str) {
    checker.text(field, address, 1, 4000);
    if address.is_empty() {
        return;
    }
    if let Err(message) = outside_host(address) {
        checker.fail(field, message);
    }
}

/// Checks a list of files.
pub(super) fn files(checker: &mut Checker, name: &str, items: &[FileReference]) {
    each(checker, name, items, FileReference::check);
}
