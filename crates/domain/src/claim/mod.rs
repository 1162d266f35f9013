//! Claims: from the declaration to the closed file. One model behind both contracts.
//!
//! [`Claim`] is the data; which status follows which is in `transitions`, the verbs of its life in
//! `life_cycle`, its money in `settlements`, what happens to its documents in `documents` and `requests`,
//! what may be done next in `actions`, how a declaration becomes a claim in `declaration`. Each rule either changes the
//! claim or refuses and leaves it as it was.

mod actions;
mod bounds;
mod declaration;
mod documents;
mod draft;
mod erasure;
mod facets;
mod life_cycle;
mod media_type;
mod milestone;
mod moved;
mod photo;
mod requests;
mod settlements;
#[cfg(test)]
pub(crate) mod tests;
mod transitions;

pub use actions::{Action, Asker};
pub use declaration::{Declaration, DeclaredWith, code_faults};
pub use documents::{Entry, LARGEST_DOCUMENT, NewDocument, clean_filename};
pub use draft::NewDraft;
pub use erasure::{ERASED, Retention};
pub use life_cycle::{ClaimEdit, Decision, NextStatus};
pub use media_type::media_type_of;
pub use milestone::MilestoneKind;
pub use photo::{PhotoScan, Stretch};
pub use requests::{DocumentRequest, RequestedDocument};
pub use settlements::NewSettlement;
pub use transitions::{Step, TRANSITIONS, Transition};

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::geo::{Position, PostalAddress};
use crate::ids::{ClaimId, DeclarationId, DocumentId, KeyId, MissionId, SettlementId};
use crate::money::Money;
use crate::service::{CustomerType, Insurer, LossTriple, Valuation};
use crate::tenancy::TenantId;

/// Where a claim stands.
///
/// Which follows which: [`TRANSITIONS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimStatus {
    /// A pre-declaration that may still be edited.
    Draft,
    /// Handed in.
    Submitted,
    /// A handler works on it.
    InProgress,
    /// The handler waits for the insured.
    PendingInfo,
    /// Settled.
    Closed,
    /// Refused.
    Rejected,
    /// Given up after it was submitted.
    Abandoned,
    /// Given up as a draft.
    Archived,
}

impl ClaimStatus {
    /// The name on the wire and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::InProgress => "in_progress",
            Self::PendingInfo => "pending_info",
            Self::Closed => "closed",
            Self::Rejected => "rejected",
            Self::Abandoned => "abandoned",
            Self::Archived => "archived",
        }
    }
}

/// The insured thing, as it was when the loss was declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// Catalogue family: `bike`, `phone`, `home`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// Kind within the family: `electric`.
    pub subtype: Option<String>,
    /// Brand.
    pub brand: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Anti-theft marking: `marked`, `not_marked`, or as registered.
    pub product_marked: Option<String>,
    /// The owner's own reference of it.
    pub internal_id: Option<String>,
    /// Free properties of the registry.
    #[serde(default)]
    pub custom: serde_json::Map<String, serde_json::Value>,
}

/// One insured thing on a contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContractProduct {
    /// Its id on the contract: `contractProductId`.
    pub id: String,
    /// What it is.
    #[serde(flatten)]
    pub product: Product,
    /// For buildings: what and where the risk is.
    pub risk: Option<Risk>,
}

/// A building or place at risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    /// Code of `risk_type.csv`.
    pub kind: String,
    /// Code of `risk_relationship.csv`: what the insured is to it (owner, tenant, ...).
    pub relationship: Option<String>,
    /// Measures by code of `risk_measure.csv`: rooms, square metres.
    #[serde(default)]
    pub measures: BTreeMap<String, f64>,
    /// Where.
    pub address: PostalAddress,
    /// Position, when known.
    pub position: Option<Position>,
    /// In words.
    pub description: Option<String>,
}

/// A contract of the registry: what the platform knows of the cover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// Its id in the registry: `contractId`.
    pub id: String,
    /// The insured's user id.
    pub user_id: String,
    /// The insurer's number of the contract.
    pub number: String,
    /// The product's commercial name.
    pub name: String,
    /// Whose risk it is.
    pub insurer: Insurer,
    /// Code of `guarantee_type.csv` that claims fall under unless their loss says otherwise.
    pub guarantee: String,
    /// Private person or business.
    pub customer_type: CustomerType,
    /// The policyholder.
    pub holder: Insured,
    /// What the insured bears.
    pub deductible: Option<Money>,
    /// What is insured.
    pub products: Vec<ContractProduct>,
    /// First day of cover, when known.
    pub effective_from: Option<jiff::civil::Date>,
    /// Day after the last day of cover, when known.
    pub effective_to: Option<jiff::civil::Date>,
}

/// The contract as the claim remembers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContractSnapshot {
    /// `contractId`.
    pub id: String,
    /// `contractProductId`.
    pub product_id: Option<String>,
    /// The insurer's number.
    pub number: String,
    /// Commercial name.
    pub name: String,
    /// Whose risk.
    pub insurer: Insurer,
    /// Guarantee code.
    pub guarantee: String,
    /// Private person or business.
    pub customer_type: CustomerType,
    /// What the insured bears.
    pub deductible: Option<Money>,
}

/// Where the loss happened, as the claims API writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Number and street.
    pub address: String,
    /// Town.
    pub city: String,
    /// Country, as written: `France`.
    pub country: String,
    /// Postcode.
    pub zipcode: String,
}

/// The insured person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Insured {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Phone number.
    pub phone_number: String,
    /// E-mail.
    pub email: Option<String>,
    /// Company.
    pub company: Option<String>,
}

/// An answer to a catalogue question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// Yes or no.
    Bool(bool),
    /// In words, or one of the question's choices.
    Text(String),
}

impl From<Answer> for serde_json::Value {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Bool(yes) => Self::Bool(yes),
            Answer::Text(text) => Self::String(text),
        }
    }
}

/// Where a document entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    /// Not uploaded yet.
    WaitingFor,
    /// Uploaded; nobody has looked.
    ToVerify,
    /// Good.
    Accepted,
    /// Refused; may be uploaded again.
    Rejected,
}

impl DocumentStatus {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WaitingFor => "waiting_for",
            Self::ToVerify => "to_verify",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

/// An uploaded document. Its bytes are immutable and lie in the object store under `storage_key`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Its identifier.
    pub id: DocumentId,
    /// Stable id of the document type in the catalogue.
    #[serde(rename = "type")]
    pub kind: String,
    /// Title given by the uploader.
    pub title: String,
    /// File name given by the uploader, cleaned of paths and control characters.
    pub filename: String,
    /// Type told from the content.
    pub mime_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes, lower-case hex; also the entity tag.
    pub sha256: String,
    /// Where the bytes are.
    pub storage_key: String,
    /// Where it stands.
    pub status: DocumentStatus,
    /// Why it was refused.
    pub refusal_reason: Option<String>,
    /// The uploader's comment, or the handler's note.
    pub note: Option<String>,
    /// When it was uploaded.
    pub uploaded_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// When it was refused.
    pub refused_at: Option<Timestamp>,
    /// The newer document that took its place, after a refusal or before a review.
    pub replaced_by: Option<DocumentId>,
    /// What the virus scanner said.
    #[serde(default)]
    pub scan: ScanState,
    /// An older document of the same platform with the very same bytes.
    #[serde(default)]
    pub duplicate_of: Option<Duplicate>,
    /// When and where the photo was taken, as its file told, and which of its bytes tell it.
    #[serde(default)]
    pub photo: Option<Box<Photo>>,
}

/// Another document with the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicate {
    /// The claim that has it.
    pub declaration: DeclarationId,
    /// The document.
    pub document: DocumentId,
}

/// What is known of viruses in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanState {
    /// No scanner looked: none is set up, or the operator lets documents pass while it is away.
    #[default]
    None,
    /// The scanner could not be reached; nobody gets the bytes until it was.
    Pending,
    /// Nothing was found.
    Clean,
    /// Something was found; nobody gets the bytes.
    Infected,
}

impl ScanState {
    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Clean => "clean",
            Self::Infected => "infected",
        }
    }

    /// The state with that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::None, Self::Pending, Self::Clean, Self::Infected].into_iter().find(|state| state.as_str() == name)
    }
}

/// What a photo's own file tells of it, kept apart from the bytes that others get.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Photo {
    /// When it was taken, by the camera's clock, which knows no zone.
    pub taken_at: Option<jiff::civil::DateTime>,
    /// Where the camera was.
    pub position: Option<Position>,
    /// What to change in the bytes before anybody but the platform gets them: in order, never
    /// overlapping.
    pub edits: Vec<PhotoEdit>,
}

/// One stretch of the original that others do not get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoEdit {
    /// First byte left out.
    pub from: u64,
    /// First byte after it that stays.
    pub to: u64,
    /// What is put in its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<u8>,
    /// How many zeros follow that.
    #[serde(default)]
    pub zeros: u64,
}

/// What a settlement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SettlementKind {
    /// Paid to the insured.
    Refund,
    /// Paid by the insured.
    Charge,
    /// A settlement that was withdrawn.
    Cancel,
    /// A payment that came back.
    Returned,
}

/// Money that moves, or is to move, for a claim. One row for one payment: when it is withdrawn or comes
/// back, its own kind says so, for the contract's row has no field that could point at another. Whoever
/// adds up the refunds of a claim thereby never counts money that did not stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Its identifier.
    pub id: SettlementId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: SettlementKind,
    /// How much.
    pub amount: Money,
    /// When it was paid; `None` while it is under way.
    pub payment_at: Option<Timestamp>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// What it was before it was withdrawn or came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<SettlementKind>,
    /// When it was withdrawn or came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_at: Option<Timestamp>,
}

/// What handlers tell each other about a claim. Never on the claim that others read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternalNote {
    /// What it says.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
    /// The key that it was written with.
    pub by: KeyId,
}

/// What the dossier contract tells beyond the claims contract.
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
    /// The pre-declaration's id: `id` on the wire, for the claim's whole life.
    pub declaration_id: DeclarationId,
    /// The internal claim's id, given when it is submitted.
    pub claim_id: Option<ClaimId>,
    /// The insured's user id.
    pub user_id: String,
    /// Where it stands.
    pub status: ClaimStatus,
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
    /// When it was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// When it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_at: Option<Timestamp>,
    /// When it was last reopened.
    pub reopened_at: Option<Timestamp>,
    /// When it was abandoned or archived.
    pub abandoned_at: Option<Timestamp>,
    /// Why it was abandoned or archived.
    pub abandon_reason: Option<String>,
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
    /// Documents that a handler asked for, oldest first.
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
    /// Days of what happened, as handlers told it: what deadlines count from or are met by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub milestones: BTreeMap<MilestoneKind, jiff::civil::Date>,
    /// Number of changes so far; the resource's entity tag.
    pub version: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
