//! The building or place at risk.

use std::collections::BTreeMap;

use constat_domain::claim;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Checker, PostalAddress};

/// A code with an optional label for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Labelled {
    /// The code.
    #[schemars(length(min = 1, max = 100), example = &"Appartement")]
    pub name: String,
    /// The label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub label: Option<String>,
}

impl Labelled {
    /// A code without a label.
    pub fn code(name: impl Into<String>) -> Self {
        Self { name: name.into(), label: None }
    }

    /// Notes a blank code or a label beyond all measure; gives the code.
    pub fn read(&self, checker: &mut Checker) -> String {
        checker.text("name", &self.name, 1, 100);
        checker.optional_text("label", self.label.as_ref(), 0, 200);
        self.name.clone()
    }
}

/// One measure of the risk: number of rooms, square metres.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measure {
    /// Code of what is measured.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 100), example = &"NombreDePieces")]
    pub kind: String,
    /// The measure.
    #[schemars(example = 3)]
    pub value: f64,
}

/// The building or place at risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Risk {
    /// The type of risk, such as a flat (`Appartement`) or a detached home (`MaisonParticuliere`).
    #[serde(rename = "type")]
    pub kind: Labelled,
    /// What the insured is to it: owner (`Proprietaire`), tenant (`Locataire`)...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relationship: Option<Labelled>,
    /// Its measures, each kind once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub measures: Vec<Measure>,
    /// Where it is.
    pub address: PostalAddress,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4000))]
    pub description: Option<String>,
}

impl Risk {
    /// Reads the risk. To blame codes: `type.name`, `relationship.name`, `measures[i].type`.
    pub fn read(&self, checker: &mut Checker) -> claim::Risk {
        checker.object("address", |inner| self.address.check_known_postcode(inner));
        if self.measures.len() > 50 {
            checker.fail("measures", "expected at most 50 measures");
        }
        let mut measures = BTreeMap::new();
        checker.each("measures", &self.measures, |measure, inner| {
            inner.text("type", &measure.kind, 1, 100);
            if measures.insert(measure.kind.clone(), measure.value).is_some() {
                inner.fail("type", "this measure was already given");
            }
        });
        checker.optional_text("description", self.description.as_ref(), 0, 4000);
        claim::Risk {
            kind: checker.object("type", |inner| self.kind.read(inner)),
            relationship: self
                .relationship
                .as_ref()
                .map(|relationship| checker.object("relationship", |inner| relationship.read(inner))),
            measures,
            address: checker.object("address", |inner| self.address.read(inner)),
            position: None,
            description: self.description.clone(),
        }
    }
}

impl From<&claim::Risk> for Risk {
    fn from(risk: &claim::Risk) -> Self {
        Self {
            kind: Labelled::code(&risk.kind),
            relationship: risk.relationship.as_ref().map(Labelled::code),
            measures: risk.measures.iter().map(|(kind, value)| Measure { kind: kind.clone(), value: *value }).collect(),
            address: (&risk.address).into(),
            description: risk.description.clone(),
        }
    }
}
