//! Whether the contract covered the day of the loss.

use constat_domain::claim::{self, CoverReason as DomainReason, CoverState as DomainState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{every_field_present, wire_enum};

wire_enum! {
    /// Whether the contract covered the day of the loss.
    CoverState = DomainState {
        /// It did.
        Covered = "covered",
        /// It did not.
        Outside = "outside",
        /// The contract's dates do not tell.
        Unknown = "unknown",
    }
}

wire_enum! {
    /// Why.
    CoverReason = DomainReason {
        /// The loss lies within the cover; a contract without an end goes on.
        InForce = "in_force",
        /// The loss lies before the first day of cover.
        BeforeStart = "before_start",
        /// The loss lies after the last day of cover.
        AfterEnd = "after_end",
        /// The loss lies before the end, and the first day of cover is not known.
        StartUnknown = "start_unknown",
        /// Neither date of the contract is known.
        DatesUnknown = "dates_unknown",
    }
}

/// The cover on the day of the loss, by the contract's dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct CoverDates {
    /// Whether the contract covered that day.
    pub state: CoverState,
    /// Why.
    pub reason: CoverReason,
    /// First day of cover, or null.
    #[schemars(extend("format" = "date"), example = &"2024-01-01")]
    pub effective_from: Option<String>,
    /// Day after the last day of cover, or null: the contract has no end, or it is not known.
    #[schemars(extend("format" = "date"), example = &"2027-01-01")]
    pub effective_to: Option<String>,
    /// The day of the loss at the place of the contract: of the risk's address, else of the loss.
    #[schemars(extend("format" = "date"), example = &"2026-11-20")]
    pub loss_on: String,
}

impl From<claim::Cover> for CoverDates {
    fn from(cover: claim::Cover) -> Self {
        Self {
            state: cover.state.into(),
            reason: cover.reason.into(),
            effective_from: cover.effective_from.map(|day| day.to_string()),
            effective_to: cover.effective_to.map(|day| day.to_string()),
            loss_on: cover.loss_on.to_string(),
        }
    }
}
