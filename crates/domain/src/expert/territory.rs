//! Where an expert goes, and the insurers and claims that the expert does not take.

use serde::{Deserialize, Serialize};

use crate::FieldError;

/// Maximum length of a claim's reference (partner API: `insurerClaimId`), in characters.
const MAX_CASE_CHARS: usize = 100;

/// Where an expert goes for a visit on site.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Territory {
    /// Any place that the drive allows.
    #[default]
    Anywhere,
    /// Département codes: `75`, `2A`, `974`.
    Departments(Vec<String>),
    /// Within this distance of the base, in kilometres, as the crow flies.
    RadiusKm(f64),
}

impl Territory {
    /// Adds the faults of a record that an import refuses.
    pub(super) fn check(&self, errors: &mut Vec<FieldError>) {
        match self {
            Self::RadiusKm(radius) if !(radius.is_finite() && *radius >= 0.0) => {
                errors.push(FieldError::new("territory.radius_km", "must be a number of kilometres, 0 or more"));
            }
            _ => {}
        }
    }
}

/// Insurers and claims that an expert never takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exclusions {
    /// ACAM codes of insurers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub insurers: Vec<String>,
    /// Insurers' references of claims (`insurerClaimId`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<String>,
}

impl Exclusions {
    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.insurers.is_empty() && self.cases.is_empty()
    }

    /// Adds the faults of a record that an import refuses.
    pub(super) fn check(&self, errors: &mut Vec<FieldError>) {
        if self.cases.iter().any(|case| case.is_empty() || case.chars().count() > MAX_CASE_CHARS) {
            let message = format!("expected insurers' references of claims, 1 to {MAX_CASE_CHARS} characters each");
            errors.push(FieldError::new("exclusions.cases", message));
        }
    }
}
