//! Damages to contents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::age::Age;
use super::checks::amount;
use super::file_reference::{FileReference, files};
use crate::common::{Amount, Checker};

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
