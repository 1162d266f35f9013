//! Damages as the insured declared them: to contents and to the building.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::building::BuildingDamage;
use super::checks::each;
use super::contents::ContentDamage;
use crate::common::Checker;

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
