//! Experts and repair workers: skills, territory, working hours, absences.
//!
//! These are facts and their checks. The `availability` crate computes free time from them.

mod absence;
mod hours;
mod record;
mod schedule;
mod skills;
mod territory;
mod trade;
mod working_hours;

pub use absence::Absence;
pub use hours::{HourRange, WeeklyHours};
pub use record::Expert;
pub use schedule::{Duty, Exception, OnCall, Schedule};
pub use skills::Skills;
pub use territory::{Exclusions, Territory};
pub use trade::Trade;
