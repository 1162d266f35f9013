//! The firms that a search asks, or that an offer takes somebody of: usually one.

use std::sync::Arc;

use constat_availability::{CalendarIndex, Requirement, Travel, feasible};
use constat_domain::Refusal;
use constat_domain::ids::ExpertId;
use constat_domain::tenancy::TenantId;
use constat_store::StoreError;
use jiff::Timestamp;

use crate::Scheduler;
use crate::offer::token::Offer;
use constat_core::AppError;

/// One firm's part.
#[derive(Clone)]
pub(crate) struct Side {
    pub(crate) tenant: TenantId,
    /// What is asked of its expert.
    pub(crate) requirement: Requirement,
    /// The firm's calendars at that moment.
    pub(crate) calendars: Arc<CalendarIndex>,
}

impl Side {
    /// The side of the firm that is asked.
    pub(crate) fn of(
        scheduler: &Scheduler,
        tenant: TenantId,
        requirement: Requirement,
        now: Timestamp,
    ) -> Result<Self, AppError> {
        Ok(Self { tenant, requirement, calendars: scheduler.calendars.of(&tenant, now)? })
    }

    /// The side of another party to the same meeting, whose expert comes for this insurer.
    pub(crate) fn beside(
        &self,
        scheduler: &Scheduler,
        tenant: TenantId,
        insurer: Option<&String>,
        now: Timestamp,
    ) -> Result<Self, AppError> {
        Self::of(scheduler, tenant, self.requirement.for_party(insurer), now)
    }
}

/// One firm's part of an offer.
pub(crate) struct Named {
    pub(crate) side: Side,
    /// Whom the offer names: one expert, or a team of workers.
    pub(crate) people: Vec<ExpertId>,
}

impl Named {
    /// True when everybody who was named can take the time, as far as the snapshot knows.
    pub(crate) fn can_be_kept<T: Travel>(&self, travel: &T, (from, to): (Timestamp, Timestamp)) -> bool {
        let Side { calendars, requirement, .. } = &self.side;
        self.people.iter().all(|expert| {
            let calendar = calendars.get(*expert);
            calendar.is_some_and(|calendar| feasible(calendar, requirement, from, to, travel).is_ok())
        })
    }
}

/// The sides of an offer, the firm that makes it first. `read` gives a firm's calendars:
/// [`Calendars::of`](super::Calendars::of), or [`people_of`](super::Calendars::people_of) within a commit.
pub(crate) fn named_by(
    scheduler: &Scheduler,
    offer: &Offer,
    mut read: impl FnMut(&TenantId) -> Result<Arc<CalendarIndex>, StoreError>,
) -> Result<Vec<Named>, AppError> {
    let (from, to) = (offer.busy_from, offer.busy_to);
    let settings = &scheduler.core.settings.availability;
    let requirement = offer.criteria.requirement(from, to, offer.asked_at, settings).map_err(Refusal::Invalid)?;
    let mut side =
        |tenant: TenantId, requirement| read(&tenant).map(|calendars| Side { tenant, requirement, calendars });
    let main = side(offer.tenant, requirement)?;
    let mut all = vec![Named { side: main, people: vec![offer.expert] }];
    for other in &offer.others {
        if let Some(named) = all.iter_mut().find(|named| named.side.tenant == other.tenant) {
            named.people.push(other.expert);
            continue;
        }
        let requirement = all[0].side.requirement.for_party(other.insurer.as_ref());
        all.push(Named { side: side(other.tenant, requirement)?, people: vec![other.expert] });
    }
    Ok(all)
}
