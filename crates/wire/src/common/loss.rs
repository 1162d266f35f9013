//! The insurer, what happened and what is at stake: shared by the partner and dossier contracts.

use constat_domain::service;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Amount, Checker};

/// An insurance company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Company {
    /// The insurer's ACAM code (its number with the French supervisor): this identifies it.
    #[schemars(length(min = 1, max = 20), example = &"02000402")]
    pub id: String,
    /// Its name: a label, several names may share one code.
    #[serde(default)]
    #[schemars(length(max = 200), example = &"ALLIANZ IARD")]
    pub name: String,
}

impl Company {
    /// Notes an empty code or a name beyond all measure, and reads the insurer.
    pub fn read(&self, checker: &mut Checker) -> service::Insurer {
        checker.text("id", &self.id, 1, 20);
        checker.text("name", &self.name, 0, 200);
        service::Insurer { acam_code: self.id.clone(), name: self.name.clone() }
    }
}

impl From<&service::Insurer> for Company {
    fn from(insurer: &service::Insurer) -> Self {
        Self { id: insurer.acam_code.clone(), name: insurer.name.clone() }
    }
}

/// What happened, as three codes that go together: one line of the table of losses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LossCharacteristics {
    /// Nature of the loss: `DegatsDesEaux` water damage, `Incendie` fire, `Vol` theft...
    #[schemars(length(min = 1, max = 100), example = &"DegatsDesEaux")]
    pub nature: String,
    /// Cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub cause: Option<String>,
    /// Detail of the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub detail: Option<String>,
}

impl LossCharacteristics {
    /// Reads the triple. Whether it exists in the table is for the caller to look up: blame
    /// `nature`, `cause` or `detail` below the path this stands at.
    pub fn read(&self, checker: &mut Checker) -> service::LossTriple {
        checker.text("nature", &self.nature, 1, 100);
        checker.optional_text("cause", self.cause.as_ref(), 0, 100);
        checker.optional_text("detail", self.detail.as_ref(), 0, 100);
        if self.cause.is_none() && self.detail.is_some() {
            checker.fail("cause", "is required when detail is given");
        }
        // An empty code is how some senders write that there is none.
        let given = |code: &Option<String>| code.clone().filter(|code| !code.is_empty());
        service::LossTriple { nature: self.nature.clone(), cause: given(&self.cause), detail: given(&self.detail) }
    }
}

impl From<&service::LossTriple> for LossCharacteristics {
    fn from(loss: &service::LossTriple) -> Self {
        Self { nature: loss.nature.clone(), cause: loss.cause.clone(), detail: loss.detail.clone() }
    }
}

/// What is at stake (French: enjeu), tax-inclusive (TTC).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Valuation {
    /// Everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_cost: Option<Amount>,
    /// Contents (French: dommages mobiliers, DM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub furniture_damages_cost: Option<Amount>,
    /// Building (French: dommages immobiliers, DI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building_damages_cost: Option<Amount>,
}

impl Valuation {
    /// Notes each amount that is wrong, and reads the stakes.
    pub fn read(&self, checker: &mut Checker) -> service::Valuation {
        let mut amount = |name: &str, value: &Option<Amount>| {
            value.as_ref().and_then(|value| checker.object(name, |inner| value.read(inner)))
        };
        service::Valuation {
            total: amount("totalCost", &self.total_cost),
            contents: amount("furnitureDamagesCost", &self.furniture_damages_cost),
            building: amount("buildingDamagesCost", &self.building_damages_cost),
        }
    }

    /// The stakes, or `None` when nothing is known of them.
    pub fn known(valuation: &service::Valuation) -> Option<Self> {
        (*valuation != service::Valuation::default()).then(|| Self {
            total_cost: valuation.total.map(Into::into),
            furniture_damages_cost: valuation.contents.map(Into::into),
            building_damages_cost: valuation.building.map(Into::into),
        })
    }
}
