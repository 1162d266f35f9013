//! The worklist: claims with terms that end soon, or are over.

use constat_domain::claim::Claim;
use constat_domain::tenancy::Caller;
use constat_store::queries::deadlines::{self, Terms};
use jiff::Timestamp;

use crate::ClaimService;
use constat_core::AppError;

/// One page of the worklist.
#[derive(Debug, Clone, PartialEq)]
pub struct DueClaims {
    /// The claims of the page, most urgent first.
    pub claims: Vec<Claim>,
    /// How many there are on all pages.
    pub total: u64,
}

/// The claims whose first such term ends before an instant, most urgent first. For
/// handlers. What changed in the last seconds may not be in it yet: it follows the watch.
pub fn due_claims(
    service: &ClaimService,
    caller: &Caller,
    which: Terms,
    before: Timestamp,
    limit: u32,
    offset: u32,
) -> Result<DueClaims, AppError> {
    caller.require_handler()?;
    service.core.store.read(|connection| {
        let (limit, offset) = (limit.into(), offset.into());
        let page = deadlines::of_tenant_due_before(connection, &caller.tenant, which, before, limit, offset)?;
        Ok(DueClaims { claims: page.rows, total: page.total.unsigned_abs() })
    })
}
