//! Damages as declared: the tree's root and its damages to contents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outside::outside_host;
use super::{Attachment, BuildingDamage};
use crate::common::{Amount, Checker};

/// Maximum entries in a list of damages, premises or files.
pub(super) const MAX_LIST_ENTRIES: usize = 500;

/// The damages as the insured declared them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredDamages {
    /// Damages to contents (French: dommages mobiliers, DM).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub content_damages: Vec<ContentDamage>,
    /// Damages to the building (French: dommages immobiliers, DI).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub building_damages: Vec<BuildingDamage>,
}

impl DeclaredDamages {
    /// Notes everything wrong in the tree.
    pub fn check(&self, checker: &mut Checker) {
        each(checker, "contentDamages", &self.content_damages, ContentDamage::check);
        each(checker, "buildingDamages", &self.building_damages, BuildingDamage::check);
    }
}

/// Checks a list: not too long, and each of its items.
pub(super) fn each<T>(checker: &mut Checker, name: &str, items: &[T], check: impl Fn(&T, &mut Checker)) {
    if items.len() > MAX_LIST_ENTRIES {
        checker.fail(name, format!("expected at most {MAX_LIST_ENTRIES} items"));
    }
    checker.each(name, items, check);
}

/// Checks a list of files.
pub(super) fn files(checker: &mut Checker, name: &str, items: &[FileReference]) {
    each(checker, name, items, FileReference::check);
}

/// Checks an optional amount.
pub(super) fn amount(checker: &mut Checker, name: &str, value: Option<&Amount>) {
    if let Some(value) = value {
        checker.object(name, |inner| value.read(inner));
    }
}

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
    fn check(&self, checker: &mut Checker) {
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

/// The unit of an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AgeUnit {
    /// Years.
    #[serde(rename = "y")]
    Years,
    /// Months.
    #[serde(rename = "m")]
    Months,
    /// Days.
    #[serde(rename = "d")]
    Days,
}

/// How old a thing was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Age {
    /// How many.
    #[schemars(range(min = 0, max = 100_000))]
    pub value: f64,
    /// Of what.
    pub unit: AgeUnit,
}

impl Age {
    /// Notes an age below nothing.
    pub fn check(&self, checker: &mut Checker) {
        checker.number("value", self.value, 0.0, 100_000.0);
    }
}

/// One damaged or stolen thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContentDamage {
    /// What it is.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4000))]
    pub description: Option<String>,
    /// Brand and model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub brand_and_model: Option<String>,
    /// Category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub category: Option<String>,
    /// How old it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<Age>,
    /// What it cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buying_price: Option<Amount>,
    /// What it was worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market_price: Option<Amount>,
    /// The invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<FileReference>,
    /// Pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub pictures: Vec<FileReference>,
}

impl ContentDamage {
    /// Notes everything wrong with it.
    pub fn check(&self, checker: &mut Checker) {
        checker.text("name", &self.name, 1, 200);
        checker.optional_text("description", self.description.as_ref(), 0, 4000);
        checker.optional_text("brandAndModel", self.brand_and_model.as_ref(), 0, 200);
        checker.optional_text("category", self.category.as_ref(), 0, 200);
        if let Some(age) = &self.age {
            checker.object("age", |inner| age.check(inner));
        }
        amount(checker, "buyingPrice", self.buying_price.as_ref());
        amount(checker, "marketPrice", self.market_price.as_ref());
        if let Some(invoice) = &self.invoice {
            checker.object("invoice", |inner| invoice.check(inner));
        }
        files(checker, "pictures", &self.pictures);
    }
}
