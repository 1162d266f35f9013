//! Whether the contract covered the day of the loss.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Claim, ClaimStatus, Contract, CoverTerms};
use crate::catalogue::Catalogue;
use crate::holidays::zone_of_department;
use crate::refusal::ClaimRefusal;

/// Whether the contract covered the day of the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoverState {
    /// It did.
    Covered,
    /// It did not.
    Outside,
    /// Unknown: the contract's dates are missing.
    Unknown,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoverReason {
    /// The loss lies between the first and the last day of cover, both included, or after the first of a
    /// contract without an end.
    InForce,
    /// The loss lies before the first day of cover.
    BeforeStart,
    /// The loss lies after the last day of cover.
    AfterEnd,
    /// The loss lies before the end, and the first day of cover is not known.
    StartUnknown,
    /// Neither date of the contract is known.
    DatesUnknown,
}

/// The cover on the day of the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cover {
    /// Whether that day was covered.
    pub state: CoverState,
    /// Why.
    pub reason: CoverReason,
    /// First day of cover, when known.
    pub effective_from: Option<Date>,
    /// Day after the last day of cover, when known.
    pub effective_to: Option<Date>,
    /// The day of the loss at the place of the contract: of the risk's address, else of the loss.
    pub loss_on: Date,
}

impl Cover {
    /// What is wrong, in words; `None` unless the loss lies outside the cover.
    pub fn fault(&self) -> Option<String> {
        let Self { reason, effective_from, effective_to, loss_on, .. } = self;
        match (reason, effective_from, effective_to.and_then(|day| day.yesterday().ok())) {
            (CoverReason::BeforeStart, Some(first), _) => {
                Some(format!("the loss of {loss_on} lies before the first day of cover, {first}"))
            }
            (CoverReason::AfterEnd, _, Some(last)) => {
                Some(format!("the loss of {loss_on} lies after the last day of cover, {last}"))
            }
            _ => None,
        }
    }
}

/// What becomes of a loss outside the cover, as the platform set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutsideCover {
    /// It is taken, with a warning.
    #[default]
    Warn,
    /// It is neither declared nor submitted.
    Refuse,
}

/// What judges a claim: the catalogue, and what the platform set.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The catalogue.
    pub catalogue: &'a Catalogue,
    /// What becomes of a loss outside the cover.
    pub outside_cover: OutsideCover,
}

impl<'a> From<&'a Catalogue> for Rules<'a> {
    /// The catalogue with the usual settings.
    fn from(catalogue: &'a Catalogue) -> Self {
        Self { catalogue, outside_cover: OutsideCover::default() }
    }
}

impl Claim {
    /// Whether the contract covered the day of the loss, by the dates that the claim knows of it.
    pub fn cover(&self) -> Cover {
        self.cover_by(&self.contract.cover)
    }

    /// The same by these dates.
    pub(super) fn cover_by(&self, terms: &CoverTerms) -> Cover {
        let (effective_from, effective_to) = (terms.effective_from, terms.effective_to);
        let loss_on = self.cover_zone(terms).to_datetime(self.claim_at).date();
        let (state, reason) = match (effective_from, effective_to) {
            (None, None) => (CoverState::Unknown, CoverReason::DatesUnknown),
            (Some(first), _) if loss_on < first => (CoverState::Outside, CoverReason::BeforeStart),
            (_, Some(end)) if loss_on >= end => (CoverState::Outside, CoverReason::AfterEnd),
            (None, Some(_)) => (CoverState::Unknown, CoverReason::StartUnknown),
            (Some(_), _) => (CoverState::Covered, CoverReason::InForce),
        };
        Cover { state, reason, effective_from, effective_to, loss_on }
    }

    fn cover_zone(&self, terms: &CoverTerms) -> TimeZone {
        let of_loss = || zone_of_department(&self.location.department().unwrap_or_default());
        let name = terms.zone.as_deref().unwrap_or_else(of_loss);
        TimeZone::get(name).unwrap_or(TimeZone::UTC)
    }

    /// Refuses a loss outside the cover where the platform refuses that.
    ///
    /// # Errors
    /// What is wrong with the cover.
    pub fn may_be_outside_cover(&self, outside_cover: OutsideCover) -> Result<(), ClaimRefusal> {
        match outside_cover {
            OutsideCover::Warn => Ok(()),
            OutsideCover::Refuse => match self.cover().fault() {
                None => Ok(()),
                // The dates are the contract's: who may not read it does not learn them from a refusal.
                Some(_) if self.is_contract_withheld => {
                    Err(ClaimRefusal::OutsideCover("the loss lies outside the cover of the contract".to_owned()))
                }
                Some(fault) => Err(ClaimRefusal::OutsideCover(fault)),
            },
        }
    }

    /// Takes over the dates of its contract as the registry has them now. Tells whether they differ. A claim
    /// that was refused or given up stays as it was decided.
    pub fn renew_cover(&mut self, contract: &Contract, at: Timestamp) -> bool {
        let is_decided =
            matches!(self.status(), ClaimStatus::Rejected | ClaimStatus::Abandoned | ClaimStatus::Archived);
        let terms = contract.cover_terms(self.contract.product_id.as_deref());
        if is_decided || contract.id != self.contract.id || terms == self.contract.cover {
            return false;
        }
        self.contract.cover = terms;
        self.touch(at);
        true
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::claim::tests::{catalogue, complete_draft, draft, now};

    /// The cover of a loss at an instant, on a contract whose risk lies in a zone.
    fn cover(from: Option<Date>, to: Option<Date>, zone: Option<&str>, loss: &str) -> Cover {
        let mut claim = draft();
        claim.claim_at = loss.parse().unwrap();
        let terms = &mut claim.contract.cover;
        (terms.effective_from, terms.effective_to, terms.zone) = (from, to, zone.map(str::to_owned));
        claim.cover()
    }

    #[test]
    fn days_are_those_of_the_place_and_the_end_is_excluded() {
        let (from, to) = (Some(date(2025, 1, 1)), Some(date(2026, 1, 1)));
        for (loss, zone, reason) in [
            ("2025-06-01T12:00:00Z", "Europe/Paris", CoverReason::InForce),
            // The first day, from its first instant; the last one, to its last.
            ("2024-12-31T22:59:59Z", "Europe/Paris", CoverReason::BeforeStart),
            ("2024-12-31T23:00:00Z", "Europe/Paris", CoverReason::InForce),
            ("2025-12-31T22:59:59Z", "Europe/Paris", CoverReason::InForce),
            ("2025-12-31T23:00:00Z", "Europe/Paris", CoverReason::AfterEnd),
            ("2026-01-01T12:00:00Z", "Europe/Paris", CoverReason::AfterEnd),
            // Overseas the day is another one.
            ("2026-01-01T01:00:00Z", "America/Guadeloupe", CoverReason::InForce),
            ("2026-01-01T04:00:00Z", "America/Guadeloupe", CoverReason::AfterEnd),
            ("2025-01-01T01:00:00Z", "America/Guadeloupe", CoverReason::BeforeStart),
            ("2025-12-31T20:00:00Z", "Indian/Reunion", CoverReason::AfterEnd),
            ("2025-12-31T12:00:00Z", "Pacific/Wallis", CoverReason::AfterEnd),
        ] {
            let found = cover(from, to, Some(zone), loss);
            assert_eq!(found.reason, reason, "{loss} {zone}");
            let is_outside = matches!(reason, CoverReason::BeforeStart | CoverReason::AfterEnd);
            let state = if is_outside { CoverState::Outside } else { CoverState::Covered };
            assert_eq!((found.state, found.fault().is_some()), (state, is_outside));
        }
    }

    #[test]
    fn what_the_dates_do_not_tell_is_unknown() {
        let (day, loss) = (Some(date(2025, 1, 1)), "2025-06-01T12:00:00Z");
        let told = |from, to, loss| {
            let cover = cover(from, to, None, loss);
            (cover.state, cover.reason)
        };
        assert_eq!(told(None, None, loss), (CoverState::Unknown, CoverReason::DatesUnknown));
        // Without an end it goes on; without a start only what lies after the end is known.
        assert_eq!(told(day, None, loss), (CoverState::Covered, CoverReason::InForce));
        assert_eq!(told(day, None, "2024-06-01T12:00:00Z").1, CoverReason::BeforeStart);
        assert_eq!(told(None, day, loss), (CoverState::Outside, CoverReason::AfterEnd));
        assert_eq!(told(None, day, "2024-06-01T12:00:00Z"), (CoverState::Unknown, CoverReason::StartUnknown));
    }

    #[test]
    fn a_contract_without_a_place_counts_the_days_of_the_loss() {
        let mut claim = draft();
        claim.contract.cover.effective_to = Some(date(2026, 1, 1));
        claim.contract.cover.effective_from = Some(date(2025, 1, 1));
        claim.claim_at = "2026-01-01T01:00:00Z".parse().unwrap();
        assert_eq!(claim.cover().loss_on, date(2026, 1, 1));
        (claim.location.zipcode, claim.location.country) = ("97110".to_owned(), "Guadeloupe".to_owned());
        assert_eq!((claim.cover().loss_on, claim.cover().state), (date(2025, 12, 31), CoverState::Covered));
    }

    #[test]
    fn outside_the_cover_a_platform_warns_or_refuses() {
        let mut claim = complete_draft();
        let refuses = Rules { outside_cover: OutsideCover::Refuse, ..catalogue().into() };
        assert!(claim.can_submit(refuses) && claim.cover().fault().is_none());
        claim.contract.cover.effective_to = Some(date(2024, 1, 1));
        assert!(claim.can_submit(catalogue()) && !claim.can_submit(refuses));
        let warning = claim.cover().fault().unwrap();
        assert!(warning.contains("last day of cover, 2023-12-31"), "{warning}");
        let id = crate::ids::ClaimId::new(now(), &[9; 10]);
        let outcome = claim.submit(refuses, id, now());
        assert!(matches!(outcome, Err(ClaimRefusal::OutsideCover(_))), "{outcome:?}");
        claim.submit(catalogue(), id, now()).unwrap();
    }
}
