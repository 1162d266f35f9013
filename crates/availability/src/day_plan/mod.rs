//! Day plans: an expert's visits in order, with drives, slack, and warnings about what cannot be kept.
//!
//! The rules are those of search and booking (see the crate's page), with one difference: a search reserves a whole
//! arrival window, while here a visit takes its length somewhere within it. So a day booked by the engine is drivable;
//! one that is not has changed since (new hours, an absence over appointments), and the plan says where.

mod frame;
mod plan;
mod proposal;
mod search;
mod tour;
mod visit;

pub use plan::{DayPlan, LegEnd, PlannedLeg, PlannedVisit, Range, Warning, WarningCode, plan_day};
pub use proposal::{Change, Proposal, propose};
pub use visit::{Member, Visit};
