//! The firm's own view of its experts' days: the experts, a day's plan, and a proposal for fewer drives. For the firm's
//! own keys; nothing here changes anything.

mod day_records;
mod experts;
mod plan;
mod proposal;

pub use constat_availability::{LegEnd, Range};
pub use experts::KnownExpert;
pub use plan::{ExpertDay, MAX_DAYS};
pub use proposal::{MAX_EXPERTS, MAX_VISITS, ProposedDays, Team};
