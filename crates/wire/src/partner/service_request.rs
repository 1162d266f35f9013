//! The request for free slots: what, where, when, for whom.

use constat_domain::FieldError;
use constat_domain::ids::AppointmentId;
use constat_domain::service::{
    self, Dwelling as DomainDwelling, Granularity as DomainGranularity, MAX_PARTIES, ServiceKind,
};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MAX_SLOTS, USUAL_SLOTS, USUAL_WINDOW_DAYS};
use crate::common::{
    Checker, Company, Instant, LossCharacteristics, Place, PostalAddress, UserType, Valuation, wire_enum,
};

/// Longest language tag: what RFC 5646 (section 4.4.1) has room for without extensions.
const MAX_TAG_CHARS: usize = 35;

wire_enum! {
    /// The kind of intervention.
    Kind = ServiceKind {
        /// Expertise on site (French: expertise sur site).
        OnSite = "ESS",
        /// Expertise by video call.
        Video = "VISIO",
        /// Expertise at a distance, by phone or video (French: expertise à distance).
        AtDistance = "EAD",
        /// Remote expertise, by phone.
        Remote = "TELE",
        /// Adversarial expertise (French: contradictoire): the parties' experts meet on site.
        Adversarial = "CONTRADICTOIRE",
        /// Repair in kind (French: réparation en nature) by an approved artisan.
        RepairInKind = "REN",
    }
}

wire_enum! {
    /// The dwelling.
    Dwelling = DomainDwelling {
        /// A flat.
        Flat = "Appartement",
        /// A detached, semi-detached or terraced home.
        House = "MaisonParticuliere",
        /// Anything else.
        Other = "AutreRisque",
    }
}

wire_enum! {
    /// How coarse the offered slots are.
    Granularity = DomainGranularity {
        /// Exact times (`HoraireFixe`).
        Hour = "hour",
        /// An arrival window for each half-day (`HorairePlage`).
        HalfDay = "halfday",
        /// An arrival window a day (`HorairePlage`).
        Day = "day",
    }
}

/// Private person or business.
pub type CustomerType = UserType;

/// The kind of intervention, with an optional label for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceType {
    /// The kind.
    pub name: Kind,
    /// A label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub label: Option<String>,
}

/// The dwelling, with an optional label for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RiskType {
    /// The dwelling.
    pub name: Dwelling,
    /// A label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub label: Option<String>,
}

/// What happened, when and where.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Accident {
    /// When it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Instant>,
    /// What happened, as codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characteristics: Option<LossCharacteristics>,
    /// Where it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<PostalAddress>,
}

/// The claim in brief.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimBrief {
    /// When the claim was declared.
    pub date: Instant,
    /// Code of the guarantee that the claim falls under.
    #[schemars(length(min = 1, max = 100), example = &"DegatsDesEaux")]
    pub guarantee: String,
    /// The insurer.
    pub company: Company,
    /// What happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accident: Option<Accident>,
    /// What is at stake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valuation: Option<Valuation>,
    /// The platform's id of the claim: pull the claim file by it.
    #[schemars(length(min = 1, max = 100))]
    pub claim_id: String,
}

impl ClaimBrief {
    fn read(&self, checker: &mut Checker) -> service::ClaimBrief {
        checker.text("guarantee", &self.guarantee, 1, 100);
        checker.text("claimId", &self.claim_id, 1, 100);
        let accident = self.accident.as_ref();
        let (loss, loss_place) = checker.object("accident", |inner| {
            let loss = accident
                .and_then(|accident| accident.characteristics.as_ref())
                .map(|triple| inner.object("characteristics", |deeper| triple.read(deeper)));
            let place = accident
                .and_then(|accident| accident.address.as_ref())
                .map(|address| inner.object("address", |deeper| address.read(deeper)))
                .map(|address| constat_domain::geo::Place { address, position: None });
            (loss, place)
        });
        service::ClaimBrief {
            date: self.date.0,
            guarantee: self.guarantee.clone(),
            insurer: checker.object("company", |inner| self.company.read(inner)),
            claim_id: self.claim_id.clone(),
            loss_at: accident.and_then(|accident| accident.date).map(Into::into),
            loss,
            loss_place,
            valuation: self
                .valuation
                .as_ref()
                .map(|valuation| checker.object("valuation", |inner| valuation.read(inner)))
                .unwrap_or_default(),
        }
    }
}

impl From<&service::ClaimBrief> for ClaimBrief {
    fn from(brief: &service::ClaimBrief) -> Self {
        let accident = Accident {
            date: brief.loss_at.map(Into::into),
            characteristics: brief.loss.as_ref().map(Into::into),
            address: brief.loss_place.as_ref().map(|place| (&place.address).into()),
        };
        Self {
            date: brief.date.into(),
            guarantee: brief.guarantee.clone(),
            company: (&brief.insurer).into(),
            accident: (accident != Accident::default()).then_some(accident),
            valuation: Valuation::known(&brief.valuation),
            claim_id: brief.claim_id.clone(),
        }
    }
}

/// One damage to the building: what a repair firm picks trades from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Damage {
    /// Code of the damage's nature.
    #[schemars(length(min = 1, max = 100))]
    pub damage_nature: String,
    /// Code of the damage's detail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub damage_detail: Option<String>,
}

/// Another firm in an adversarial expertise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Party {
    /// The firm's id. You must hold a key of it, in the same mode.
    #[schemars(length(min = 1, max = 100))]
    pub firm: String,
    /// The insurer that the party's expert works for. Experts who may not work for it are excluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurer: Option<PartyInsurer>,
}

/// An insurer by its code alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartyInsurer {
    /// The insurer's ACAM code.
    #[schemars(length(min = 1, max = 20), example = &"02000402")]
    pub id: String,
}

impl From<&service::Party> for Party {
    fn from(party: &service::Party) -> Self {
        Self { firm: party.firm.to_string(), insurer: party.insurer.clone().map(|id| PartyInsurer { id }) }
    }
}

impl Party {
    /// Reads who else must be there, and notes what does not go with the kind: `parties`, `allTrades`.
    pub(crate) fn read_all(
        checker: &mut Checker,
        kind: ServiceKind,
        parties: &[Self],
        all_trades: Option<bool>,
    ) -> (Vec<service::Party>, bool) {
        if !parties.is_empty() && kind != ServiceKind::Adversarial {
            checker.fail("parties", "only goes with the type CONTRADICTOIRE");
        }
        if parties.len() > MAX_PARTIES {
            checker.fail("parties", format!("expected at most {MAX_PARTIES} other firms"));
        }
        let parties = checker.each("parties", parties, Self::read);
        let all_trades = all_trades.unwrap_or_default();
        if all_trades && kind != ServiceKind::RepairInKind {
            checker.fail("allTrades", "only goes with the type REN");
        }
        (parties.into_iter().flatten().collect(), all_trades)
    }

    fn read(&self, checker: &mut Checker) -> Option<service::Party> {
        let insurer = self.insurer.as_ref().map(|insurer| {
            checker.object("insurer", |inner| inner.text("id", &insurer.id, 1, 20));
            insurer.id.clone()
        });
        let firm = self.firm.parse().map_err(|_| checker.fail("firm", service::Party::UNKNOWN)).ok()?;
        Some(service::Party { firm, insurer })
    }
}

/// A request for free slots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceRequest {
    /// The kind of intervention.
    #[serde(rename = "type")]
    pub kind: ServiceType,
    /// The claim in brief.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimBrief>,
    /// First instant wanted.
    pub date_from: Instant,
    /// Last instant wanted; 14 days after `dateFrom` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_to: Option<Instant>,
    /// Most slots to answer; 10 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 30), example = 5)]
    pub limit: Option<i64>,
    /// Where the appointment is to take place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment_location: Option<Place>,
    /// The dwelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_type: Option<RiskType>,
    /// Private person or business.
    pub customer_type: CustomerType,
    /// The insurer's reference of the claim.
    #[schemars(length(min = 1, max = 100))]
    pub insurer_claim_id: String,
    /// For repair in kind: code of the mission's type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), example = &"RenDirecte")]
    pub mission_type: Option<String>,
    /// For repair in kind: the damages to the building.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub damages: Vec<Damage>,
    /// How coarse the slots should be; `hour` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired_granularity: Option<Granularity>,
    /// The language that the visit should be held in: a tag of BCP 47, of which the first part counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 35), example = &"en")]
    pub language: Option<String>,
    /// Carried through untouched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub process: Option<String>,
    /// The appointment that is to be moved: its own time counts as free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub appointment_id: Option<String>,
    /// Extension, for `CONTRADICTOIRE`: the other firms whose experts must attend. Every slot is free for one
    /// expert of each firm; booking it books all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3))]
    pub parties: Vec<Party>,
    /// Extension, for `REN`: every trade wanted must be there at the same time, with one worker who
    /// holds all of them, or with several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_trades: Option<bool>,
    /// Extension: why this request should come before others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
}

/// Why a request should come before others: counts in a catastrophe that the partner has declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Urgency {
    /// The home cannot be lived in.
    #[serde(default)]
    pub uninhabitable: bool,
    /// A vulnerable person lives there. Give no further detail.
    #[serde(default)]
    pub vulnerable_person: bool,
}

impl Urgency {
    pub(crate) fn known(urgency: service::Urgency) -> Option<Self> {
        let service::Urgency { uninhabitable, vulnerable_person } = urgency;
        urgency.is_urgent().then_some(Self { uninhabitable, vulnerable_person })
    }
}

impl From<Urgency> for service::Urgency {
    fn from(Urgency { uninhabitable, vulnerable_person }: Urgency) -> Self {
        Self { uninhabitable, vulnerable_person }
    }
}

impl ServiceRequest {
    /// Reads the request, or lists everything wrong with it.
    ///
    /// Codes are kept as given. To blame them: `claim.guarantee`, `claim.company.id`,
    /// `claim.accident.characteristics`, `missionType`, `damages[i].damageNature`,
    /// `damages[i].damageDetail`.
    pub fn into_domain(self) -> Result<service::ServiceRequest, Vec<FieldError>> {
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
        checker.object("type", |inner| inner.optional_text("label", self.kind.label.as_ref(), 0, 200));
        let risk_label = self.risk_type.as_ref().and_then(|risk| risk.label.as_ref());
        checker.object("riskType", |inner| inner.optional_text("label", risk_label, 0, 200));
        checker.text("insurerClaimId", &self.insurer_claim_id, 1, 100);
        checker.optional_text("missionType", self.mission_type.as_ref(), 1, 100);
        checker.optional_text("process", self.process.as_ref(), 0, 1000);
        if self.damages.len() > 200 {
            checker.fail("damages", "expected at most 200 damages");
        }
        let damages = checker.each("damages", &self.damages, |damage, inner| {
            inner.text("damageNature", &damage.damage_nature, 1, 100);
            inner.optional_text("damageDetail", damage.damage_detail.as_ref(), 0, 100);
            let detail = damage.damage_detail.clone().filter(|detail| !detail.is_empty());
            service::DamageCode { nature: damage.damage_nature.clone(), detail }
        });
        let language = self.language.as_deref().and_then(|tag| {
            let primary = primary_language(tag);
            if primary.is_none() {
                checker.fail("language", "expected a language tag such as fr or en-GB");
            }
            primary
        });
        let reschedules = self.appointment_id.as_ref().and_then(|id| {
            id.parse::<AppointmentId>().map_err(|error| checker.fail("appointmentId", error.to_string())).ok()
        });
        let kind = ServiceKind::from(self.kind.name);
        let (parties, all_trades) = Party::read_all(&mut checker, kind, &self.parties, self.all_trades);
        let request = service::ServiceRequest {
            kind,
            kind_label: self.kind.label.clone(),
            claim: self.claim.as_ref().map(|claim| checker.object("claim", |inner| claim.read(inner))),
            from,
            to,
            limit: u8::try_from(limit).unwrap_or(USUAL_SLOTS),
            place: self
                .appointment_location
                .as_ref()
                .map(|place| checker.object("appointmentLocation", |inner| place.read(inner))),
            dwelling: self.risk_type.map(|risk| risk.name.into()),
            customer: self.customer_type.into(),
            insurer_claim_id: self.insurer_claim_id,
            mission_type: self.mission_type,
            damages,
            granularity: self.desired_granularity.map(Into::into).unwrap_or_default(),
            language,
            process: self.process,
            reschedules,
            parties,
            all_trades,
            urgency: self.urgency.map(Into::into).unwrap_or_default(),
        };
        checker.finish(Some(request))
    }
}

/// The primary language of a BCP 47 tag, in lower case: `en` of `en-GB`.
fn primary_language(tag: &str) -> Option<String> {
    let mut parts = tag.split('-');
    let primary = parts.next().filter(|part| matches!(part.len(), 2 | 3))?;
    let is_sound = tag.len() <= MAX_TAG_CHARS
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    is_sound.then(|| primary.to_ascii_lowercase())
}

/// What a platform sends. A partner's appointment ids are opaque to it: to search for a move, set
/// `appointment_id` to the id that the partner gave.
impl From<&service::ServiceRequest> for ServiceRequest {
    fn from(request: &service::ServiceRequest) -> Self {
        Self {
            kind: ServiceType { name: request.kind.into(), label: request.kind_label.clone() },
            claim: request.claim.as_ref().map(Into::into),
            date_from: request.from.into(),
            date_to: Some(request.to.into()),
            limit: Some(i64::from(request.limit)),
            appointment_location: request.place.as_ref().map(Into::into),
            risk_type: request.dwelling.map(|dwelling| RiskType { name: dwelling.into(), label: None }),
            customer_type: request.customer.into(),
            insurer_claim_id: request.insurer_claim_id.clone(),
            mission_type: request.mission_type.clone(),
            damages: request
                .damages
                .iter()
                .map(|damage| Damage { damage_nature: damage.nature.clone(), damage_detail: damage.detail.clone() })
                .collect(),
            desired_granularity: Some(request.granularity.into()),
            language: request.language.clone(),
            process: request.process.clone(),
            appointment_id: request.reschedules.map(|id| id.to_string()),
            parties: request.parties.iter().map(Into::into).collect(),
            all_trades: request.all_trades.then_some(true),
            urgency: Urgency::known(request.urgency),
        }
    }
}
