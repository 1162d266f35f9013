//! The criteria of a search that a token carries: enough to verify a visit again, nothing personal.

use constat_availability::{PlaceFacts, Requirement, Settings};
use constat_domain::FieldError;
use constat_domain::expert::Trade;
use constat_domain::geo::Position;
use constat_domain::ids::AppointmentId;
use constat_domain::service::{
    CustomerType, Dwelling, Granularity, LossTriple, ServiceKind, ServiceRequest, Urgency, Valuation,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::place::is_holiday;

/// A requirement without its window: nothing personal, no address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Criteria {
    /// The kind of intervention.
    pub kind: ServiceKind,
    /// The position of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// The département of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// The zone of the place, an IANA name.
    pub zone: String,
    /// What happened, as codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<LossTriple>,
    /// The trades of the repair.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trades: Vec<Trade>,
    /// The stakes.
    pub stakes: Valuation,
    /// ACAM code of the insurer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurer: Option<String>,
    /// Type of customer.
    pub customer: CustomerType,
    /// Type of dwelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dwelling: Option<Dwelling>,
    /// The language of the insured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The insurer's reference of the claim: some experts are excluded from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurer_claim: Option<String>,
    /// Every trade must be covered by the experts who come.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_trades: bool,
    /// The share of each day that was withheld at the search, in percent.
    #[serde(default, skip_serializing_if = "is_none_withheld")]
    pub withheld_percent: u8,
    /// The appointments that are rescheduled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reschedules: Vec<AppointmentId>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_none_withheld(percent: &u8) -> bool {
    *percent == 0
}

impl Criteria {
    /// The criteria of a search.
    pub(crate) fn of(requirement: &Requirement, place: &PlaceFacts, all_trades: bool) -> Self {
        Self {
            kind: requirement.kind,
            position: place.position,
            department: place.department.clone(),
            zone: place.zone.clone(),
            loss: requirement.loss.clone(),
            trades: requirement.trades.clone(),
            stakes: requirement.stakes,
            insurer: requirement.insurer.clone(),
            customer: requirement.customer,
            dwelling: requirement.dwelling,
            language: requirement.language.clone(),
            insurer_claim: requirement.insurer_claim.clone(),
            all_trades,
            withheld_percent: requirement.withheld_percent,
            reschedules: requirement.reschedules.clone(),
        }
    }

    /// Whether several workers may be needed for the trades.
    pub(crate) fn is_for_a_team(&self) -> bool {
        self.all_trades && self.trades.len() > 1
    }

    /// The requirement of one exact visit. `asked_at` is the instant of the search, so that a visit
    /// offered at the edge of the notice period stays bookable.
    pub(crate) fn requirement(
        &self,
        from: Timestamp,
        to: Timestamp,
        asked_at: Timestamp,
        settings: &Settings,
    ) -> Result<Requirement, Vec<FieldError>> {
        let request = ServiceRequest {
            kind: self.kind,
            kind_label: None,
            claim: None,
            from,
            to,
            limit: 1,
            place: None,
            dwelling: self.dwelling,
            customer: self.customer,
            insurer_claim_id: self.insurer_claim.clone().unwrap_or_default(),
            mission_type: None,
            damages: Vec::new(),
            language: self.language.clone(),
            granularity: Granularity::Hour,
            process: None,
            reschedules: None,
            parties: Vec::new(),
            all_trades: self.all_trades,
            urgency: Urgency::default(),
        };
        let place =
            PlaceFacts { position: self.position, department: self.department.clone(), zone: self.zone.clone() };
        let mut requirement = Requirement::derive(&request, &place, settings, &is_holiday, asked_at)?;
        requirement.set_loss(self.loss.clone(), settings);
        requirement.trades.clone_from(&self.trades);
        requirement.stakes = self.stakes;
        requirement.withheld_percent = self.withheld_percent;
        requirement.insurer.clone_from(&self.insurer);
        requirement.reschedules.clone_from(&self.reschedules);
        Ok(requirement)
    }
}
