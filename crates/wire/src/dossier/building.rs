//! Damages to the building: rooms of the dwelling and their surfaces, outside, break-in, equipment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::age::Age;
use super::checks::{amount, each};
use super::file_reference::{FileReference, files};
use super::risk::Labelled;
use crate::common::{Amount, Checker};

/// Damages to the building.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BuildingDamage {
    /// Damages room by room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub room_damages: Vec<RoomDamage>,
    /// Damages outside: façade, roof, garden.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_damages: Vec<ExternalDamage>,
    /// Damages done by burglars.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub break_in_damages: Vec<BreakInDamage>,
    /// Damaged equipment of the building.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equipments: Vec<Equipment>,
}

impl BuildingDamage {
    /// Notes everything wrong with it.
    pub fn check(&self, checker: &mut Checker) {
        each(checker, "roomDamages", &self.room_damages, RoomDamage::check);
        each(checker, "externalDamages", &self.external_damages, ExternalDamage::check);
        each(checker, "breakInDamages", &self.break_in_damages, BreakInDamage::check);
        each(checker, "equipments", &self.equipments, Equipment::check);
    }
}

/// A damaged room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoomDamage {
    /// Which room.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// Its size in square metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub size: Option<f64>,
    /// Its damaged surfaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surfaces: Vec<Surface>,
    /// Pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<FileReference>,
}

impl RoomDamage {
    fn check(&self, checker: &mut Checker) {
        checker.text("name", &self.name, 1, 200);
        square_metres(checker, self.size);
        each(checker, "surfaces", &self.surfaces, Surface::check);
        files(checker, "pictures", &self.pictures);
    }
}

fn square_metres(checker: &mut Checker, size: Option<f64>) {
    if let Some(size) = size {
        checker.number("size", size, 0.0, 1_000_000.0);
    }
}

/// A damaged surface: a wall, the floor, the ceiling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Surface {
    /// Which surface.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// Its size in square metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub size: Option<f64>,
    /// The state it is in now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub condition: Option<String>,
    /// What covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covering: Option<Covering>,
}

impl Surface {
    fn check(&self, checker: &mut Checker) {
        checker.text("name", &self.name, 1, 200);
        square_metres(checker, self.size);
        checker.optional_text("condition", self.condition.as_ref(), 0, 200);
        if let Some(covering) = &self.covering {
            checker.object("covering", |inner| covering.check(inner));
        }
    }
}

/// Kind of covering: code and label.
pub type CoveringType = Labelled;

/// What covers a surface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Covering {
    /// Kind of covering.
    #[serde(rename = "type")]
    pub kind: CoveringType,
    /// State before the loss, 1 to 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3))]
    pub state: Option<i64>,
    /// Quality, 1 to 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3))]
    pub quality: Option<i64>,
}

impl Covering {
    fn check(&self, checker: &mut Checker) {
        checker.object("type", |inner| self.kind.read(inner));
        for (name, grade) in [("state", self.state), ("quality", self.quality)] {
            if let Some(grade) = grade {
                checker.integer(name, grade, 1, 3);
            }
        }
    }
}

/// A damage outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalDamage {
    /// What is damaged: a stable name.
    #[schemars(length(min = 1, max = 200))]
    pub slug: String,
    /// The cover it falls under: a stable name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub insurance_slug: Option<String>,
    /// Where it is: a stable name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub localization_slug: Option<String>,
    /// Pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<FileReference>,
}

impl ExternalDamage {
    fn check(&self, checker: &mut Checker) {
        checker.text("slug", &self.slug, 1, 200);
        checker.optional_text("insuranceSlug", self.insurance_slug.as_ref(), 0, 200);
        checker.optional_text("localizationSlug", self.localization_slug.as_ref(), 0, 200);
        files(checker, "pictures", &self.pictures);
    }
}

/// A damage by burglars, such as a forced front door or a broken window.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BreakInDamage {
    /// How it is to be made good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub compensation_mode: Option<String>,
    /// What is damaged.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub kind: Option<String>,
    /// Kind of repair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub reparation_type: Option<String>,
    /// It was repaired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_repaired: Option<bool>,
    /// It must be replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub must_be_replaced: Option<bool>,
    /// The receipt is still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for_receipt: Option<bool>,
    /// It needs a repair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_repair: Option<bool>,
    /// Amount of the quote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote_amount: Option<Amount>,
    /// Who made the quote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub quote_company_name: Option<String>,
    /// Phone of who made the quote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub quote_company_phone: Option<String>,
    /// Papers of a repair to come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending_repair_files: Vec<FileReference>,
    /// Papers of a repair done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repair_files: Vec<FileReference>,
    /// Pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<FileReference>,
}

impl BreakInDamage {
    fn check(&self, checker: &mut Checker) {
        checker.optional_text("compensationMode", self.compensation_mode.as_ref(), 0, 200);
        checker.optional_text("type", self.kind.as_ref(), 0, 200);
        checker.optional_text("reparationType", self.reparation_type.as_ref(), 0, 200);
        amount(checker, "quoteAmount", self.quote_amount.as_ref());
        checker.optional_name("quoteCompanyName", self.quote_company_name.as_ref(), 200);
        checker.optional_phone("quoteCompanyPhone", self.quote_company_phone.as_ref(), 20);
        files(checker, "pendingRepairFiles", &self.pending_repair_files);
        files(checker, "repairFiles", &self.repair_files);
        files(checker, "pictures", &self.pictures);
    }
}

/// A damaged piece of the building's equipment: a boiler, a kitchen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Equipment {
    /// What it is.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// Brand or model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub brand_or_model: Option<String>,
    /// How old it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<Age>,
    /// What it cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_price: Option<Amount>,
    /// Receipts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipt_files: Vec<FileReference>,
    /// Pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<FileReference>,
}

impl Equipment {
    fn check(&self, checker: &mut Checker) {
        checker.text("name", &self.name, 1, 200);
        checker.optional_text("brandOrModel", self.brand_or_model.as_ref(), 0, 200);
        if let Some(age) = &self.age {
            checker.object("age", |inner| age.check(inner));
        }
        amount(checker, "purchasePrice", self.purchase_price.as_ref());
        files(checker, "receiptFiles", &self.receipt_files);
        files(checker, "pictures", &self.pictures);
    }
}
