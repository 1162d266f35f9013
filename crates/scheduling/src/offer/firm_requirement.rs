//! What a search requires of one firm, with that firm's calendars.

use std::sync::Arc;

use constat_availability::{CalendarIndex, Requirement};
use constat_domain::tenancy::TenantId;
use constat_store::StoreError;
use jiff::Timestamp;

use crate::calendars::Calendars;

/// One firm in a search: the firm that is searched, or another party to the same meeting.
#[derive(Clone)]
pub(crate) struct FirmRequirement {
    pub(crate) tenant: TenantId,
    /// What the visit requires of the firm's expert.
    pub(crate) requirement: Requirement,
    /// The firm's calendars at the instant of the search.
    pub(crate) calendars: Arc<CalendarIndex>,
}

impl FirmRequirement {
    /// Reads the firm's calendars as of `now`.
    pub(crate) fn read(
        calendars: &Calendars,
        tenant: TenantId,
        requirement: Requirement,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        Ok(Self { tenant, requirement, calendars: calendars.of(&tenant, now)? })
    }

    /// The same visit for another party, whose expert comes for `insurer`.
    pub(crate) fn for_party(
        &self,
        calendars: &Calendars,
        tenant: TenantId,
        insurer: Option<&String>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        Self::read(calendars, tenant, self.requirement.for_party(insurer), now)
    }
}
