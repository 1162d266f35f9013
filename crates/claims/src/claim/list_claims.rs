//! Listing a user's claims.

use constat_domain::claim::{Claim, ClaimStatus};
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::{claims, contracts};

use crate::ClaimService;
use constat_core::AppError;

/// Claims that are listed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimGroup {
    /// Drafts.
    Draft,
    /// Everything once submitted, whatever became of it.
    Submitted,
    /// Archived drafts.
    Cancelled,
}

impl ClaimGroup {
    const fn statuses(self) -> &'static [ClaimStatus] {
        match self {
            Self::Draft => &[ClaimStatus::Draft],
            Self::Submitted => &[
                ClaimStatus::Submitted,
                ClaimStatus::InProgress,
                ClaimStatus::PendingInfo,
                ClaimStatus::Closed,
                ClaimStatus::Rejected,
                ClaimStatus::Abandoned,
            ],
            Self::Cancelled => &[ClaimStatus::Archived],
        }
    }
}

/// One page of a user's claims.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedClaims {
    /// The claims of the page, newest first.
    pub claims: Vec<Claim>,
    /// How many there are on all pages.
    pub total: u64,
}

/// One page of a user's claims, newest first; all groups when `group` is `None`. An integrator's list has the
/// claims that it declared itself. A user with no claim that the key sees is refused, unless the key is the
/// platform's and the user has a contract: an integrator is not told which users the registry knows.
pub fn list_claims(
    service: &ClaimService,
    caller: &Caller,
    user_id: &str,
    group: Option<ClaimGroup>,
    limit: u32,
    offset: u32,
) -> Result<ListedClaims, AppError> {
    let statuses = group.map(ClaimGroup::statuses).unwrap_or_default();
    let declared_by = caller.sees_only();
    service.core.store.read(|connection| {
        let mut list = |statuses: &[ClaimStatus], page| {
            claims::list_of_tenant(connection, &caller.tenant, user_id, declared_by, statuses, page)
        };
        let page = list(statuses, (limit.into(), offset.into()))?;
        if page.total == 0
            && list(&[], (1, 0))?.total == 0
            && !(declared_by.is_none() && contracts::user_exists_in_tenant(connection, &caller.tenant, user_id)?)
        {
            return Err(ClaimRefusal::UserNotAuthorised.into());
        }
        Ok(ListedClaims { claims: page.rows, total: page.total.unsigned_abs() })
    })
}
