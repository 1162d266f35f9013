//! The experts that an offer names, firm by firm, and what the visit requires of them.

use constat_availability::{CalendarIndex, Requirement, Settings, Travel, feasible};
use constat_domain::Refusal;
use constat_domain::ids::ExpertId;
use constat_domain::tenancy::TenantId;
use jiff::Timestamp;

use crate::offer::token::Offer;

/// One firm's part of an offer.
#[derive(Debug, Clone)]
pub(crate) struct OfferParticipants {
    pub(crate) tenant: TenantId,
    /// What the visit requires of an expert of this firm.
    pub(crate) requirement: Requirement,
    /// The experts that the offer names: one, or a team of workers.
    pub(crate) experts: Vec<ExpertId>,
}

impl OfferParticipants {
    /// True when all named experts are free from `from` to `to`, according to these calendars.
    pub(crate) fn are_free(
        &self,
        calendars: &CalendarIndex,
        travel: &impl Travel,
        (from, to): (Timestamp, Timestamp),
    ) -> bool {
        self.experts.iter().all(|expert| {
            let calendar = calendars.get(*expert);
            calendar.is_some_and(|calendar| feasible(calendar, &self.requirement, from, to, travel).is_ok())
        })
    }
}

/// The participants of an offer, firm by firm. The first is the firm that makes the offer.
///
/// # Errors
/// [`Refusal::Invalid`] when the criteria of the offer are not valid.
pub(crate) fn participants_of(offer: &Offer, settings: &Settings) -> Result<Vec<OfferParticipants>, Refusal> {
    let (from, to) = (offer.busy_from, offer.busy_to);
    let requirement = offer.criteria.requirement(from, to, offer.asked_at, settings).map_err(Refusal::Invalid)?;
    let mut all = vec![OfferParticipants { tenant: offer.tenant, requirement, experts: vec![offer.expert] }];
    for other in &offer.others {
        if let Some(known) = all.iter_mut().find(|known| known.tenant == other.tenant) {
            known.experts.push(other.expert);
            continue;
        }
        let requirement = all[0].requirement.for_party(other.insurer.as_ref());
        all.push(OfferParticipants { tenant: other.tenant, requirement, experts: vec![other.expert] });
    }
    Ok(all)
}
