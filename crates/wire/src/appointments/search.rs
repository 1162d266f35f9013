//! Searching slots for a claim.

use constat_domain::FieldError;
use constat_domain::geo;
use constat_domain::ids::ClaimAppointmentId;
use constat_domain::service::{self, Granularity as DomainGranularity, ServiceKind};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Checker, Instant, Place};
use crate::partner::{
    Granularity, Kind, MAX_SLOTS, Party, Reason, SearchedLocation, Timeslot, USUAL_SLOTS, USUAL_WINDOW_DAYS, Urgency,
};

/// Searches free slots for a claim: the platform asks the partner on your behalf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchAppointments {
    /// The kind of intervention.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// First instant wanted.
    pub date_from: Instant,
    /// Last instant wanted; 14 days after `dateFrom` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_to: Option<Instant>,
    /// Most slots to answer; 10 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 30), example = 5)]
    pub limit: Option<i64>,
    /// How coarse the slots should be; `hour` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired_granularity: Option<Granularity>,
    /// For repair in kind: code of the mission's type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100), example = &"RenDirecte")]
    pub mission_type: Option<String>,
    /// Name of the configured partner to ask; the usual one for the kind when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub partner: Option<String>,
    /// Where the visit is; the place of the risk or of the loss when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Place>,
    /// Carried through untouched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub process: Option<String>,
    /// The claim's appointment that is to be moved: its own time counts as free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub appointment_id: Option<String>,
    /// For `CONTRADICTOIRE`: the other firms whose experts must be there, by the ids that the partner knows
    /// them under. For a partner on a server like this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3))]
    pub parties: Vec<Party>,
    /// For `REN`: every trade that the damages ask for must be there at the same time. For a partner on a
    /// server like this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_trades: Option<bool>,
    /// Why this search should come before others. A home that the claim's answers call uninhabitable needs
    /// not be named again. For a partner on a server like this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
}

/// A search that was found good.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedSearch {
    /// The kind of intervention.
    pub kind: ServiceKind,
    /// First instant wanted.
    pub from: Timestamp,
    /// Last instant wanted; after `from`.
    pub to: Timestamp,
    /// Most slots, 1 to 30.
    pub limit: u8,
    /// How coarse.
    pub granularity: DomainGranularity,
    /// Code of the mission's type, as given. Blame `missionType`.
    pub mission_type: Option<String>,
    /// The configured partner's name, as given. Blame `partner`.
    pub partner: Option<String>,
    /// Where, when it is not the claim's own place.
    pub place: Option<geo::Place>,
    /// Carried through.
    pub process: Option<String>,
    /// The appointment that is to be moved.
    pub reschedules: Option<ClaimAppointmentId>,
    /// The other firms of an adversarial expertise. Blame `parties[i].firm`.
    pub parties: Vec<service::Party>,
    /// Every trade at the same time.
    pub all_trades: bool,
    /// Why it should come before others.
    pub urgency: service::Urgency,
}

impl SearchAppointments {
    /// Reads the search, or lists everything wrong with it.
    pub fn into_domain(self) -> Result<CheckedSearch, Vec<FieldError>> {
        let mut checker = Checker::new();
        let from = self.date_from.0;
        let to = match self.date_to {
            Some(to) => to.0,
            None => from.saturating_add(SignedDuration::from_hours(24 * USUAL_WINDOW_DAYS)).unwrap_or(from),
        };
        if to <= from {
            checker.fail("dateTo", "must be after dateFrom");
        }
        let limit = self.limit.unwrap_or(i64::from(USUAL_SLOTS));
        checker.integer("limit", limit, 1, MAX_SLOTS);
        checker.optional_text("missionType", self.mission_type.as_ref(), 1, 100);
        checker.optional_text("partner", self.partner.as_ref(), 1, 100);
        checker.optional_text("process", self.process.as_ref(), 0, 1000);
        let reschedules = self
            .appointment_id
            .as_ref()
            .and_then(|id| id.parse().map_err(|error| checker.fail("appointmentId", format!("{error}"))).ok());
        let kind = ServiceKind::from(self.kind);
        let (parties, all_trades) = Party::read_all(&mut checker, kind, &self.parties, self.all_trades);
        let search = CheckedSearch {
            kind,
            from,
            to,
            limit: u8::try_from(limit).unwrap_or(USUAL_SLOTS),
            granularity: self.desired_granularity.map(Into::into).unwrap_or_default(),
            mission_type: self.mission_type,
            partner: self.partner,
            place: self.location.as_ref().map(|place| checker.object("location", |inner| place.read(inner))),
            process: self.process,
            reschedules,
            parties,
            all_trades,
            urgency: self.urgency.map(Into::into).unwrap_or_default(),
        };
        checker.finish(Some(search))
    }
}

/// The slots that the partner offers for the claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimSlots {
    /// The partner that was asked.
    pub partner: String,
    /// The session that the slots belong to: send it back with the booking. It knows what was
    /// searched.
    #[serde(rename = "sessionID")]
    pub session_id: String,
    /// When the session ends, when the partner says so (300 seconds after the search).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Instant>,
    /// The slots, best first. May be empty.
    pub timeslots: Vec<Timeslot>,
    /// When no slot was found: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasons: Option<Vec<Reason>>,
    /// Where the partner searched, when it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<SearchedLocation>,
}
