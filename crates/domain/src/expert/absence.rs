//! Times when an expert does not work.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::FieldError;
use crate::ids::{AbsenceId, ExpertId};

/// A time when an expert does not work. It may last days and overlap others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// The identifier.
    pub id: AbsenceId,
    /// The absent expert.
    pub expert: ExpertId,
    /// First instant.
    pub start: Timestamp,
    /// First instant after it, later than `start`.
    pub end: Timestamp,
    /// The reason in the firm's words. It may be personal: never logged, never on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Absence {
    /// The faults that an import refuses.
    pub fn check(&self) -> Vec<FieldError> {
        if self.end > self.start { Vec::new() } else { vec![FieldError::new("end", "must be after `start`")] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absence_ends_after_it_starts() {
        let id = AbsenceId::new(Timestamp::UNIX_EPOCH, &[1; 10]);
        let expert = ExpertId::new(Timestamp::UNIX_EPOCH, &[1; 10]);
        let at = Timestamp::UNIX_EPOCH;
        assert_eq!(Absence { id, expert, start: at, end: at, reason: None }.check().len(), 1);
    }
}
