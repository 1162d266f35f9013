//! Correcting the facts of a claim after it was handed in.

use constat_domain::FieldError;
use constat_domain::claim::{Correction, InsuredEdit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LocationParts, MAX_DESCRIPTION_CHARS, MIN_DESCRIPTION_CHARS};
use crate::common::{Checker, Instant, LossCharacteristics};
use crate::dossier::Risk;

/// The parts of the insured to correct.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InsuredParts {
    /// First name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub last_name: Option<String>,
    /// Phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20), example = &"+33612345678")]
    pub phone_number: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 254))]
    pub email: Option<String>,
    /// Company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub company: Option<String>,
}

impl InsuredParts {
    fn read(self, checker: &mut Checker) -> InsuredEdit {
        InsuredEdit {
            first_name: self.first_name.map(|name| checker.name("firstName", &name, 1, 100)),
            last_name: self.last_name.map(|name| checker.name("lastName", &name, 1, 100)),
            phone_number: self.phone_number.map(|phone| checker.phone("phoneNumber", &phone, 1, 20)),
            email: checker.optional_email("email", self.email.as_ref(), 254),
            company: checker.optional_name("company", self.company.as_ref(), 200),
        }
    }
}

/// Corrects the facts of a claim. What is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CorrectClaim {
    /// When the loss happened; not after its declaration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_at: Option<Instant>,
    /// What happened, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 50, max = 20_000))]
    pub description: Option<String>,
    /// The parts of the location to correct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationParts>,
    /// The parts of the insured to correct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insured: Option<InsuredParts>,
    /// What happened, as codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<LossCharacteristics>,
    /// The building or place at risk, whole: visits take place there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
}

impl CorrectClaim {
    /// Reads the correction, or lists everything wrong with it. A correction of nothing is refused.
    pub fn into_domain(self) -> Result<Correction, Vec<FieldError>> {
        let mut checker = Checker::new();
        let Self { claim_at, description, location, insured, loss, risk } = self;
        let (location, insured) = (location.unwrap_or_default(), insured.unwrap_or_default());
        let is_told = claim_at.is_some() || description.is_some() || loss.is_some() || risk.is_some();
        if !is_told && location == LocationParts::default() && insured == InsuredParts::default() {
            let message = "nothing to correct: give claimAt, description, loss, risk, or parts of location or insured";
            checker.fail("", message);
        }
        checker.optional_text("description", description.as_ref(), MIN_DESCRIPTION_CHARS, MAX_DESCRIPTION_CHARS);
        let correction = Correction {
            claim_at: claim_at.map(Into::into),
            description,
            location: checker.object("location", |inner| location.read(inner)),
            insured: checker.object("insured", |inner| insured.read(inner)),
            loss: loss.map(|loss| checker.object("loss", |inner| loss.read(inner))),
            risk: risk.map(|risk| checker.object("risk", |inner| risk.read(inner))),
        };
        checker.finish(Some(correction))
    }
}
