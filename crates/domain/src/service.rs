//! What a platform asks of a partner firm: a service request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::geo::Place;
use crate::ids::{AppointmentId, OrgId};
use crate::money::Money;

/// The kind of intervention. The wire name is the variant's, in capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ServiceKind {
    /// Expertise on site.
    #[serde(rename = "ESS")]
    OnSite,
    /// Video call.
    #[serde(rename = "VISIO")]
    Video,
    /// Expertise at a distance, by phone or video.
    #[serde(rename = "EAD")]
    AtDistance,
    /// Remote, by phone.
    #[serde(rename = "TELE")]
    Remote,
    /// Adversarial expertise: every party's expert, on site.
    #[serde(rename = "CONTRADICTOIRE")]
    Adversarial,
    /// Repair in kind by an approved artisan.
    #[serde(rename = "REN")]
    RepairInKind,
}

impl ServiceKind {
    /// Every kind, in the contract's order.
    pub const ALL: [Self; 6] =
        [Self::OnSite, Self::Video, Self::AtDistance, Self::Remote, Self::Adversarial, Self::RepairInKind];

    /// The name on the wire.
    pub const fn wire(self) -> &'static str {
        match self {
            Self::OnSite => "ESS",
            Self::Video => "VISIO",
            Self::AtDistance => "EAD",
            Self::Remote => "TELE",
            Self::Adversarial => "CONTRADICTOIRE",
            Self::RepairInKind => "REN",
        }
    }

    /// True when the expert travels to the place.
    pub const fn is_on_site(self) -> bool {
        matches!(self, Self::OnSite | Self::Adversarial | Self::RepairInKind)
    }
}

/// Private person or business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CustomerType {
    /// A business.
    Professional,
    /// A private person.
    Individual,
}

/// The dwelling, as the partner contract tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Dwelling {
    /// A flat.
    #[serde(rename = "Appartement")]
    Flat,
    /// A detached, semi-detached or terraced home.
    #[serde(rename = "MaisonParticuliere")]
    House,
    /// Anything else.
    #[serde(rename = "AutreRisque")]
    Other,
}

/// How coarse the offered slots are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Granularity {
    /// Exact times (HoraireFixe).
    #[default]
    Hour,
    /// One arrival window for each half-day (HorairePlage).
    HalfDay,
    /// One arrival window a day (HorairePlage).
    Day,
}

/// Nature, cause and detail of a loss: one triple of `loss_nature_cause_detail.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LossTriple {
    /// Code of `loss_nature.csv`.
    pub nature: String,
    /// Code of `loss_cause.csv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Code of `loss_cause_detail.csv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Why a request should come before others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Urgency {
    /// The home cannot be lived in.
    pub uninhabitable: bool,
    /// A vulnerable person lives there. No further detail is recorded.
    pub vulnerable_person: bool,
}

impl Urgency {
    /// True when either holds.
    pub const fn is_urgent(self) -> bool {
        self.uninhabitable || self.vulnerable_person
    }

    /// True when neither holds.
    pub const fn is_usual(&self) -> bool {
        !self.is_urgent()
    }
}

/// What is at stake, tax-inclusive (TTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Valuation {
    /// Everything.
    pub total: Option<Money>,
    /// Contents (DM).
    pub contents: Option<Money>,
    /// Building (DI).
    pub building: Option<Money>,
}

/// An insurer by its ACAM code; the name is a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Insurer {
    /// ACAM code, eight digits.
    pub acam_code: String,
    /// Name, for people.
    pub name: String,
}

/// The claim in brief, as it goes with a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimBrief {
    /// When the claim was declared or the loss occurred, as the caller gave it.
    pub date: Timestamp,
    /// Code of `guarantee_type.csv`.
    pub guarantee: String,
    /// Whose risk it is.
    pub insurer: Insurer,
    /// The platform's id of the claim, as given (a UUID when the platform is this software).
    pub claim_id: String,
    /// When the loss happened.
    pub loss_at: Option<Timestamp>,
    /// What happened.
    pub loss: Option<LossTriple>,
    /// Where it happened.
    pub loss_place: Option<Place>,
    /// The stakes.
    #[serde(default)]
    pub valuation: Valuation,
}

/// One damage of the list that a repair firm picks trades from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamageCode {
    /// Code of `damage_nature.csv`.
    pub nature: String,
    /// Code of `damage_detail.csv`.
    pub detail: Option<String>,
}

/// A request for free slots: who, what, where, when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceRequest {
    /// What kind of intervention.
    pub kind: ServiceKind,
    /// A label that came with the kind.
    pub kind_label: Option<String>,
    /// The claim in brief.
    pub claim: Option<ClaimBrief>,
    /// First instant wanted.
    pub from: Timestamp,
    /// Last instant wanted; after `from`.
    pub to: Timestamp,
    /// Most slots to answer, 1 to 30.
    pub limit: u8,
    /// Where the visit is.
    pub place: Option<Place>,
    /// The dwelling.
    pub dwelling: Option<Dwelling>,
    /// Private person or business.
    pub customer: CustomerType,
    /// The insurer's reference of the claim.
    pub insurer_claim_id: String,
    /// Code of `mission_type.csv`, for repair requests.
    pub mission_type: Option<String>,
    /// Damages, for repair requests.
    pub damages: Vec<DamageCode>,
    /// How coarse the slots are.
    pub granularity: Granularity,
    /// The language wanted: a primary tag of BCP 47 in lower case, such as `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Carried through untouched.
    pub process: Option<String>,
    /// The appointment that is to be moved; its own time counts as free.
    pub reschedules: Option<AppointmentId>,
    /// For an adversarial expertise: the firms whose experts must be there too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parties: Vec<Party>,
    /// For a repair: every trade wanted must be there at the same time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_trades: bool,
    /// Why it should come before others.
    #[serde(default, skip_serializing_if = "Urgency::is_usual")]
    pub urgency: Urgency,
}

/// Most firms in an adversarial expertise besides the one that is asked. Insured, third parties and
/// their insurers seldom make more than four parties at one table.
pub const MAX_PARTIES: usize = 3;

/// Another firm in an adversarial expertise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The firm.
    pub firm: OrgId,
    /// ACAM code of the insurer that its expert comes for, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurer: Option<String>,
}

impl Party {
    /// Said of a firm that is none and of one that gave the caller no key alike: which firms exist is
    /// not the caller's business.
    pub const UNKNOWN: &str = "is no firm that you hold a key of, in this mode";
}
