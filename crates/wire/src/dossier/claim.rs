//! The claim file as the partner pulls it.

use constat_domain::claim;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attachment::Attachment;
use super::declared_damages::DeclaredDamages;
use super::{Risk, handed_out};
use crate::common::{
    Checker, Company, CoverDates, Customer, Instant, LossCharacteristics, PostalAddress, UserInfo, Valuation,
};

/// The contract that the claim falls under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Contract")]
pub struct ContractReference {
    /// The insurer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<Company>,
    /// Commercial name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The insurer's number of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

/// Why the cause of the loss was not removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CauseRemovalReason {
    /// The repair is under way.
    EnCoursDeReparation,
    /// Not repaired.
    NonRepare,
    /// The cause is being looked for.
    RechercheEnCours,
    /// The repair is planned.
    ReparationPrevue,
    /// Another reason.
    Autre,
}

impl CauseRemovalReason {
    const ALL: [(Self, &'static str); 5] = [
        (Self::EnCoursDeReparation, "EnCoursDeReparation"),
        (Self::NonRepare, "NonRepare"),
        (Self::RechercheEnCours, "RechercheEnCours"),
        (Self::ReparationPrevue, "ReparationPrevue"),
        (Self::Autre, "Autre"),
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(reason, _)| *reason == self).map_or("Autre", |(_, name)| name)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(reason, _)| *reason)
    }
}

/// Whether the cause of the loss was removed (French: suppression de la cause).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CauseRemoval {
    /// It was.
    pub done: bool,
    /// Else why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<CauseRemovalReason>,
}

impl From<CauseRemoval> for claim::CauseRemoval {
    fn from(removal: CauseRemoval) -> Self {
        Self { done: removal.done, reason: removal.reason.map(|reason| reason.as_str().to_owned()) }
    }
}

impl From<&claim::CauseRemoval> for CauseRemoval {
    fn from(removal: &claim::CauseRemoval) -> Self {
        Self { done: removal.done, reason: removal.reason.as_deref().and_then(CauseRemovalReason::from_name) }
    }
}

/// How the loss is judged in law.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Qualification {
    /// A third party is involved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_party: Option<bool>,
    /// The insured is liable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insured_responsible: Option<bool>,
    /// Recovery from the party liable is possible (French: recours).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<bool>,
    /// Code of the kind of recovery: `Recours`, `AbandonDeRecours`...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub recourse: Option<String>,
    /// Code of the agreement between insurers that applies (French: convention).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub covenant: Option<String>,
}

impl Qualification {
    /// Notes codes beyond all measure. To blame unknown ones: `recourse`, `covenant`.
    pub fn check(&self, checker: &mut Checker) {
        checker.optional_text("recourse", self.recourse.as_ref(), 0, 100);
        checker.optional_text("covenant", self.covenant.as_ref(), 0, 100);
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accident {
    /// As codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characteristics: Option<LossCharacteristics>,
    /// In the insured's words (French: circonstances déclarées).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circonstances_declarees: Option<String>,
    /// What was damaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_damages: Option<DeclaredDamages>,
    /// Measures were taken to limit the damage (French: mesures conservatoires).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conservation_measures: Option<bool>,
    /// Whether the cause was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause_removal: Option<CauseRemoval>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<PostalAddress>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Instant>,
    /// How it is judged in law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualification: Option<Qualification>,
}

/// The claim file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// When the claim was declared.
    pub date: Instant,
    /// The insurer.
    pub company: Company,
    /// The contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<ContractReference>,
    /// Code of the guarantee that the claim falls under.
    #[schemars(example = &"DegatsDesEaux")]
    pub guarantee: String,
    /// Extension: whether the contract covered the day of the loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<CoverDates>,
    /// The insured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// What happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accident: Option<Accident>,
    /// The claim's documents.
    #[serde(default)]
    pub documents: Vec<Attachment>,
    /// What is at stake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valuation: Option<Valuation>,
    /// The insurer's reference of the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The building or place at risk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// The mission ordered on the claim.
    #[serde(rename = "missionID", default, skip_serializing_if = "Option::is_none")]
    pub mission_id: Option<String>,
}

impl Claim {
    /// The file of a claim. The attachments are made elsewhere: their links are signed.
    pub fn new(claim: &claim::Claim, documents: Vec<Attachment>) -> Self {
        let dossier = &claim.dossier;
        let place = claim.location.to_postal();
        let home = dossier.risk.as_ref().map(|risk| &risk.address).or(place.as_ref());
        // What is stored was read through these very types; something else would be older data,
        // and is left out rather than failing the whole file.
        let declared_damages = dossier.declared_damages.clone().map(handed_out);
        let declared_damages = declared_damages.and_then(|tree| serde_json::from_value(tree).ok());
        let qualification = dossier.qualification.clone().and_then(|tree| serde_json::from_value(tree).ok());
        Self {
            date: claim.declaration_at.into(),
            company: (&claim.contract.insurer).into(),
            contract: Some(ContractReference {
                company: Some((&claim.contract.insurer).into()),
                name: Some(claim.contract.name.clone()),
                number: Some(claim.contract.number.clone()),
            }),
            guarantee: claim.contract.guarantee.clone(),
            cover: Some(claim.cover().into()),
            customer: Some(Customer {
                first_name: claim.insured.first_name.clone(),
                last_name: claim.insured.last_name.clone(),
                gender: None,
                user_info: UserInfo {
                    mobile_phone: Some(claim.insured.phone_number.clone()),
                    email: claim.insured.email.clone(),
                    ..UserInfo::default()
                },
                user_type: Some(claim.contract.customer_type.into()),
                adress: home.map(Into::into),
            }),
            accident: Some(Accident {
                characteristics: dossier.loss.as_ref().map(Into::into),
                circonstances_declarees: Some(claim.description.clone()),
                declared_damages,
                conservation_measures: dossier.conservation_measures,
                cause_removal: dossier.cause_removal.as_ref().map(Into::into),
                address: place.as_ref().map(Into::into),
                date: Some(claim.claim_at.into()),
                qualification,
            }),
            documents,
            valuation: Valuation::known(&dossier.valuation),
            reference: dossier.insurer_reference.clone(),
            risk: dossier.risk.as_ref().map(Into::into),
            mission_id: dossier.mission.map(|mission| mission.to_string()),
        }
    }
}
