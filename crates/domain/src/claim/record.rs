//! The record of a claim.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::document::Document;
use super::document_request::DocumentRequest;
use super::insured::{Insured, Location};
use super::milestone::MilestoneKind;
use super::settlement::Settlement;
use super::state::ClaimState;
use super::status::ClaimStatus;
use crate::contract::{ContractSnapshot, Product, Risk};
use crate::ids::{ClaimId, DeclarationId, KeyId, MissionId, OrgId};
use crate::service::{LossTriple, Valuation};
use crate::tenancy::TenantId;

/// An internal note of a handler. Not visible to other readers of the claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternalNote {
    /// The text.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
    /// The key that it was written with.
    pub by: KeyId,
}

/// Data of the dossier contract that the claims contract does not have.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Dossier {
    /// What happened, as codes.
    pub loss: Option<LossTriple>,
    /// The building or place at risk.
    pub risk: Option<Risk>,
    /// Stakes, tax-inclusive.
    #[serde(default)]
    pub valuation: Valuation,
    /// Damages as declared, in the shape of the dossier contract's `declaredDamages`, already
    /// checked against it.
    pub declared_damages: Option<serde_json::Value>,
    /// Whether measures were taken to limit the damage.
    pub conservation_measures: Option<bool>,
    /// `causeRemoval` of the dossier contract: whether the cause was removed, else why not.
    pub cause_removal: Option<CauseRemoval>,
    /// `qualification` of the dossier contract.
    pub qualification: Option<serde_json::Value>,
    /// The insurer's reference of the claim (`insurerClaimId`, `claim.number`).
    pub insurer_reference: Option<String>,
    /// The mission ordered on the claim.
    pub mission: Option<MissionId>,
}

/// Whether the cause of the loss was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseRemoval {
    /// It was.
    pub done: bool,
    /// Else why not: `EnCoursDeReparation`, `NonRepare`, `RechercheEnCours`, `ReparationPrevue`,
    /// `Autre`.
    pub reason: Option<String>,
}

/// A claim, whole. Saved as one document; its version guards every change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Whose data.
    pub tenant: TenantId,
    /// The integrator that declared it: the organisation that holds the key it was declared with. `None`
    /// when that was the platform itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_by: Option<OrgId>,
    /// The pre-declaration's id: `id` on the wire, for the claim's whole life.
    pub declaration_id: DeclarationId,
    /// The insured's user id.
    pub user_id: String,
    /// Its state: the status, and the facts that it rests on.
    #[serde(flatten)]
    pub state: ClaimState,
    /// `theft`, `break`, `water_damage`, ...
    pub loss_type: String,
    /// `total_theft`, ...
    pub subtype: String,
    /// Version of the catalogue it was declared with: the one that judges it for its whole life.
    pub catalogue_version: String,
    /// When the loss happened.
    pub claim_at: Timestamp,
    /// When it was declared.
    pub declaration_at: Timestamp,
    /// What happened, in the insured's words; 50 characters or more.
    pub description: String,
    /// The contract, as it was.
    pub contract: ContractSnapshot,
    /// The insured thing, as it was.
    pub product: Product,
    /// Where it happened.
    pub location: Location,
    /// The insured.
    pub insured: Insured,
    /// Answers by stable question id.
    pub answers: BTreeMap<String, Answer>,
    /// Every document ever uploaded, oldest first.
    pub documents: Vec<Document>,
    /// Documents requested by a handler, oldest first.
    #[serde(default)]
    pub requests: Vec<DocumentRequest>,
    /// The handler's note to the insured.
    pub note: Option<String>,
    /// Notes among handlers, oldest first.
    #[serde(default)]
    pub internal_notes: Vec<InternalNote>,
    /// Settlements, oldest first.
    pub settlements: Vec<Settlement>,
    /// What the dossier contract adds.
    #[serde(default)]
    pub dossier: Dossier,
    /// The risk came from the contract registry, and the integrator that declared the claim did not show that
    /// it knows the policyholder: the integrator does not read it. See [`crate::contract::Contract::is_held_by`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_risk_withheld: bool,
    /// The contract came from the registry by ids alone: the integrator that declared the claim has not shown that
    /// it knows the policyholder, and reads of the contract only what it sent. See [`crate::contract::Contract::is_held_by`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_contract_withheld: bool,
    /// Milestones recorded by handlers: deadlines count from them or are met by them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub milestones: BTreeMap<MilestoneKind, jiff::civil::Date>,
    /// Number of changes so far; the resource's entity tag.
    pub version: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Claim {
    /// The status.
    pub const fn status(&self) -> ClaimStatus {
        self.state.status()
    }

    /// The internal claim's id, given when the claim is submitted.
    pub fn claim_id(&self) -> Option<ClaimId> {
        self.state.submission().map(|submission| submission.claim_id)
    }

    /// When it was submitted.
    pub fn submitted_at(&self) -> Option<Timestamp> {
        self.state.submission().map(|submission| submission.at)
    }

    /// When it was last reopened.
    pub fn reopened_at(&self) -> Option<Timestamp> {
        self.state.submission().and_then(|submission| submission.reopened_at)
    }

    /// When it was abandoned or archived.
    pub fn abandoned_at(&self) -> Option<Timestamp> {
        self.state.given_up().map(|given_up| given_up.at)
    }

    /// Why it was abandoned or archived.
    pub fn abandon_reason(&self) -> Option<&str> {
        self.state.given_up().and_then(|given_up| given_up.reason.as_deref())
    }
}
