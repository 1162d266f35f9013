//! Statutory deadlines: what claims' clocks say, the facts that they count from, and the watch that
//! raises events when a term nears, is met or is over.
//!
//! The rules are the domain's (`constat_domain::deadlines`). Nothing here refuses a command because a
//! term is over.

pub(crate) mod milestones;
pub(crate) mod read;
pub(crate) mod watch;

pub use constat_store::queries::deadlines::Terms;
pub use milestones::{record_milestone, remove_milestone};
pub use read::{DueClaims, due_claims};
pub use watch::{refresh_rules_version, watch_deadlines};
