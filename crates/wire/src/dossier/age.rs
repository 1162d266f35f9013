//! The age of a damaged thing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::Checker;

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
