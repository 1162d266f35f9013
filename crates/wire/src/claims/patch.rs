//! Changing a draft, and giving a claim up.

use std::collections::BTreeMap;

use constat_domain::FieldError;
use constat_domain::claim::{ClaimEdit, LocationEdit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::create::read_questions;
use super::{Answer, MAX_DESCRIPTION_CHARS, MIN_DESCRIPTION_CHARS};
use crate::common::Checker;

/// The parts of the location to change.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct LocationParts {
    /// Number and street.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub address: Option<String>,
    /// Town.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub city: Option<String>,
    /// Country: its name in French or English, or its ISO 3166-1 code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub country: Option<String>,
    /// Postcode. In France five digits, which may have spaces or `F-` before them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20))]
    pub zipcode: Option<String>,
}

impl LocationParts {
    /// Notes texts that are blank or too long, and reads the parts. What the claim's country makes of its
    /// postcode is judged with the rest of the location.
    pub(super) fn read(self, checker: &mut Checker) -> LocationEdit {
        for (field, value, longest) in [("address", &self.address, 200), ("city", &self.city, 100)] {
            if let Some(value) = value {
                checker.name(field, value, 1, longest);
            }
        }
        checker.optional_text("country", self.country.as_ref(), 1, 100);
        checker.optional_text("zipcode", self.zipcode.as_ref(), 1, 20);
        let Self { address, city, country, zipcode } = self;
        LocationEdit { address, city, country, zipcode }
    }
}

/// Changes a draft. What is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PatchClaim {
    /// What happened, in the insured's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 50, max = 20_000))]
    pub description: Option<String>,
    /// The parts of the location to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationParts>,
    /// Extension: the answers, all of them anew, by the question's text (French) or its stable id. A
    /// draft that an insurer opened comes without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub questions: Option<BTreeMap<String, Answer>>,
    /// Extension: a more specific subtype of the same type. A draft opened by an insurer has the first subtype
    /// of its type until it is changed. Answers to questions that the new subtype does not ask are deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub subtype: Option<String>,
}

impl PatchClaim {
    /// Reads the change, or lists everything wrong with it. A change of nothing is refused.
    pub fn into_domain(self) -> Result<ClaimEdit, Vec<FieldError>> {
        let mut checker = Checker::new();
        let location = self.location.unwrap_or_default();
        checker.optional_text("description", self.description.as_ref(), MIN_DESCRIPTION_CHARS, MAX_DESCRIPTION_CHARS);
        if let Some(questions) = &self.questions {
            read_questions(questions, &mut checker);
        }
        checker.optional_text("subtype", self.subtype.as_ref(), 1, 100);
        let told = self.description.is_some() || self.questions.is_some() || self.subtype.is_some();
        if !told && location == LocationParts::default() {
            checker.fail("", "nothing to change: give a description, parts of the location, questions or a subtype");
        }
        let location = checker.object("location", |inner| location.read(inner));
        let answers = self.questions.map(|all| all.into_iter().map(|(name, answer)| (name, answer.into())).collect());
        checker.finish(Some(ClaimEdit { subtype: self.subtype, description: self.description, location, answers }))
    }
}

/// Gives a claim up. The body may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct CancelClaim {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub reason: Option<String>,
}

impl CancelClaim {
    /// Everything wrong with it.
    pub fn check(&self) -> Vec<FieldError> {
        let mut checker = Checker::new();
        checker.optional_text("reason", self.reason.as_ref(), 0, 1000);
        checker.into_errors()
    }
}
