//! The firm's experts, and the check that a key is the firm's.

use constat_core::AppError;
use constat_domain::expert::Expert;
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::experts;

use crate::scheduler::Scheduler;

/// An expert as the firm knows the person.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownExpert {
    /// The record.
    pub expert: Expert,
    /// The firm's own reference.
    pub reference: String,
}

/// Refuses a key that the firm gave to a platform.
pub(crate) fn require_firm(caller: &Caller) -> Result<(), BookingRefusal> {
    if caller.owns_the_data() { Ok(()) } else { Err(BookingRefusal::NotAllowed) }
}

impl Scheduler {
    /// The firm's experts, by its own reference.
    ///
    /// # Errors
    /// [`BookingRefusal::NotAllowed`] for a platform's key.
    pub fn list_experts(&self, caller: &Caller) -> Result<Vec<KnownExpert>, AppError> {
        require_firm(caller)?;
        let known = self.core.store.read(|connection| experts::listed_of_tenant(connection, &caller.tenant))?;
        Ok(known.into_iter().map(|(reference, expert)| KnownExpert { expert, reference }).collect())
    }
}
