//! The firm's own view of its experts' days: who there is, what a day looks like, and how it could be
//! driven better. For the firm's own key only; nothing here changes anything.

mod diary;
mod plan;
mod proposal;

use constat_domain::expert::Expert;
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::experts;

use crate::Scheduler;
use constat_core::AppError;

pub use crate::day::plan::{ExpertDay, read_day, read_team_day};
pub use crate::day::proposal::{MOST_EXPERTS, MOST_VISITS, ProposedDays, Team, propose_days};
pub use constat_availability::{LegEnd, Range};

/// Most experts whose days are read at once.
pub const MOST_DAYS: usize = 100;

/// An expert as the firm knows the person.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownExpert {
    /// The record.
    pub expert: Expert,
    /// The firm's own reference.
    pub reference: String,
}

/// Refuses a key that the firm gave to somebody else: whose days these are is not theirs to know.
fn firm_only(caller: &Caller) -> Result<(), BookingRefusal> {
    if caller.owns_the_data() { Ok(()) } else { Err(BookingRefusal::NotAllowed) }
}

/// The firm's experts, by its own reference.
pub fn list_experts(scheduler: &Scheduler, caller: &Caller) -> Result<Vec<KnownExpert>, AppError> {
    firm_only(caller)?;
    let known = scheduler.core.store.read(|connection| experts::listed_of_tenant(connection, &caller.tenant))?;
    Ok(known.into_iter().map(|(reference, expert)| KnownExpert { expert, reference }).collect())
}
