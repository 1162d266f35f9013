//! An expert's day as it will be lived: the visits in order with the drives between them, how much
//! each may slip, and what cannot be kept.
//!
//! The rules are those of search and commit (see the crate's page), with one difference: a search
//! keeps a whole arrival window free, while here a visit takes its own length somewhere within it. So
//! a day that was booked through the engine is drivable; one that is not has been changed since (new
//! hours, an absence over appointments), and the plan says where.

mod frame;
mod plan;
mod proposal;
mod search;
mod tour;
mod visit;

pub use plan::{DayPlan, LegEnd, PlannedLeg, PlannedVisit, Range, Warning, WarningCode, plan_day};
pub use proposal::{Change, Proposal, propose};
pub use visit::{Member, Visit};
