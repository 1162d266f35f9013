//! What an operator may set about deadlines.

use constat_domain::FieldError;
use constat_domain::deadlines::Deadlines;
use serde::{Deserialize, Serialize};

/// Which deadlines count, and how often they are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeadlineSettings {
    /// Rules to turn on that are off by themselves, by their ids.
    pub enable: Vec<String>,
    /// Rules to turn off.
    pub disable: Vec<String>,
    /// Seconds between two looks at what has come due or changed, 1 to 3600.
    pub poll_seconds: u64,
}

impl Default for DeadlineSettings {
    fn default() -> Self {
        Self { enable: Vec::new(), disable: Vec::new(), poll_seconds: 5 }
    }
}

impl DeadlineSettings {
    /// Everything that a configuration must not contain, by field.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if let Err(wrong) = self.rules() {
            let field = if wrong.contains("both") { "enable" } else { self.blamed() };
            errors.push(FieldError::new(field, wrong));
        }
        if !(1..=3600).contains(&self.poll_seconds) {
            errors.push(FieldError::new("poll_seconds", "must be 1 to 3600"));
        }
        errors
    }

    /// The list that names a rule that is not there.
    fn blamed(&self) -> &'static str {
        if Deadlines::embedded().with(&self.enable, &[]).is_err() { "enable" } else { "disable" }
    }

    /// The rules as they are turned on and off here.
    ///
    /// # Errors
    /// The first id that is wrong.
    pub fn rules(&self) -> Result<Deadlines, String> {
        Deadlines::embedded().with(&self.enable, &self.disable)
    }
}
