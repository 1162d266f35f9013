//! What a handler does with a claim: decides, writes notes, asks for documents.

use constat_domain::FieldError;
use constat_domain::catalogue::Category;
use constat_domain::claim::{self, Decision, NewRequest, NextStatus as DomainNext, RequestedDocument};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DocumentCategory, ErrorBody};
use crate::common::{Checker, CoverReason, Instant, every_field_present, wire_enum};

/// Most characters of a reason, a comment or a note.
const MAX_TEXT_CHARS: usize = 2_000;

wire_enum! {
    /// Where a handler may move a claim.
    NextStatus = DomainNext {
        /// Taken up, gone on with, or reopened.
        InProgress = "in_progress",
        /// Waits for the insured.
        PendingInfo = "pending_info",
        /// Settled.
        Closed = "closed",
        /// Refused.
        Rejected = "rejected",
        /// Given up.
        Abandoned = "abandoned",
    }
}

/// Moves a claim to another status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeStatus {
    /// Where to. `in_progress` takes a submitted claim up, goes on with one that waited, and reopens a
    /// closed one.
    pub to: NextStatus,
    /// Why. The insured reads it: it becomes the claim's `note`, but for an abandonment, which keeps it
    /// as its own reason. A rejection needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2000), example = &"Le contrat ne couvre pas les accessoires.")]
    pub reason: Option<String>,
}

impl ChangeStatus {
    /// Reads it, or lists everything wrong with it.
    pub fn into_domain(self) -> Result<Decision, Vec<FieldError>> {
        let mut checker = Checker::new();
        checker.optional_text("reason", self.reason.as_ref(), 1, MAX_TEXT_CHARS);
        if self.to == NextStatus::Rejected && self.reason.is_none() {
            checker.fail("reason", "a rejection needs a reason, which the insured reads");
        }
        checker.finish(Some(Decision { to: self.to.into(), reason: self.reason }))
    }
}

/// What the insured reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = every_field_present)]
pub struct SetNote {
    /// The note; null takes it away.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(length(min = 1, max = 2000), example = &"Nous attendons le rapport de l'expert.")]
    pub note: Option<String>,
}

impl SetNote {
    /// Everything wrong with it.
    pub fn check(&self) -> Vec<FieldError> {
        let mut checker = Checker::new();
        checker.optional_text("note", self.note.as_ref(), 1, MAX_TEXT_CHARS);
        checker.into_errors()
    }
}

/// A note to write among handlers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AddInternalNote {
    /// What it says. It cannot be changed afterwards.
    #[schemars(length(min = 1, max = 2000), example = &"Appelé le garage, devis attendu.")]
    pub text: String,
}

impl AddInternalNote {
    /// Everything wrong with it.
    pub fn check(&self) -> Vec<FieldError> {
        let mut checker = Checker::new();
        checker.text("text", &self.text, 1, MAX_TEXT_CHARS);
        checker.into_errors()
    }
}

/// What handlers tell each other about a claim; on no answer but theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InternalNote {
    /// What it says.
    pub text: String,
    /// When it was written.
    pub at: Instant,
    /// The key that it was written with.
    #[schemars(example = &"key_06E3ZQK8X5V2M0TQ9R7H4B1CDS")]
    pub by: String,
}

impl From<&claim::InternalNote> for InternalNote {
    fn from(note: &claim::InternalNote) -> Self {
        Self { text: note.text.clone(), at: note.at.into(), by: note.by.to_string() }
    }
}

/// Asks the insured for a document: one of the catalogue's by `type`, or another one by `title`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestDocument {
    /// A document of the product's catalogue: its French label or stable id.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), example = &"Facture d'achat")]
    pub kind: Option<String>,
    /// Another document: what it is, in French. Give this or `type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub title: Option<String>,
    /// How much it is wanted: `mandatory` (as is, when left out) or `expected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<DocumentCategory>,
    /// What the insured should know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2000))]
    pub comment: Option<String>,
    /// Whether the claim, `in_progress`, then waits for it as `pending_info`. One that waits already goes
    /// on waiting.
    #[serde(default)]
    pub wait_for_it: bool,
}

impl RequestDocument {
    /// Reads it, or lists everything wrong with it.
    pub fn into_domain(self) -> Result<NewRequest, Vec<FieldError>> {
        let mut checker = Checker::new();
        checker.optional_text("type", self.kind.as_ref(), 1, 200);
        if let Some(title) = &self.title {
            checker.name("title", title, 1, 200);
        }
        checker.optional_text("comment", self.comment.as_ref(), 1, MAX_TEXT_CHARS);
        let document = match (self.kind, self.title) {
            (Some(kind), None) => Some(RequestedDocument::OfCatalogue(kind)),
            (None, Some(title)) => Some(RequestedDocument::Free(title)),
            (None, None) => {
                checker.fail("type", "give `type` for a document of the catalogue, or `title` for another one");
                None
            }
            (Some(_), Some(_)) => {
                checker.fail("title", "is for documents that the catalogue does not have: give it or `type`");
                None
            }
        };
        let category = match self.category {
            None | Some(DocumentCategory::Mandatory) => Category::Mandatory,
            Some(DocumentCategory::Expected) => Category::Expected,
            Some(DocumentCategory::Optional) => {
                checker.fail("category", "expected mandatory or expected");
                Category::Optional
            }
        };
        let wanted =
            document.map(|document| NewRequest { document, category, comment: self.comment, wait: self.wait_for_it });
        checker.finish(wanted)
    }
}

/// What can be done with a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `PATCH /claims/{id}`.
    Edit,
    /// `PUT /claims/{id}/documents`, of some document.
    UploadDocument,
    /// `POST /claims/{id}/submit`.
    Submit,
    /// `DELETE /claims/{id}`.
    Cancel,
    /// `POST /claims/{id}/transitions` to `in_progress`.
    ToInProgress,
    /// The same to `pending_info`.
    ToPendingInfo,
    /// The same to `closed`.
    ToClosed,
    /// The same to `rejected`.
    ToRejected,
    /// The same to `abandoned`.
    ToAbandoned,
    /// `PUT /claims/{id}/note`.
    SetNote,
    /// `POST /claims/{id}/notes`.
    AddInternalNote,
    /// `POST /claims/{id}/corrections`.
    Correct,
    /// `POST /claims/{id}/documents/request`.
    RequestDocument,
    /// `POST /claims/{id}/documents/{documentId}/accept`, of some document.
    AcceptDocument,
    /// `POST /claims/{id}/documents/{documentId}/reject`, of some document.
    RejectDocument,
    /// `POST /claims/{id}/settlements`.
    CreateSettlement,
    /// `POST /claims/{id}/settlements/{settlementId}/paid`, of some settlement.
    PaySettlement,
    /// `POST /claims/{id}/settlements/{settlementId}/returned`, of some settlement.
    ReturnSettlement,
    /// `POST /claims/{id}/settlements/{settlementId}/cancel`, of some settlement.
    CancelSettlement,
}

impl From<claim::Action> for Action {
    fn from(action: claim::Action) -> Self {
        use claim::Action as Domain;
        match action {
            Domain::Edit => Self::Edit,
            Domain::UploadDocument => Self::UploadDocument,
            Domain::Submit => Self::Submit,
            Domain::Cancel => Self::Cancel,
            Domain::Move(DomainNext::InProgress) => Self::ToInProgress,
            Domain::Move(DomainNext::PendingInfo) => Self::ToPendingInfo,
            Domain::Move(DomainNext::Closed) => Self::ToClosed,
            Domain::Move(DomainNext::Rejected) => Self::ToRejected,
            Domain::Move(DomainNext::Abandoned) => Self::ToAbandoned,
            Domain::SetNote => Self::SetNote,
            Domain::AddInternalNote => Self::AddInternalNote,
            Domain::Correct => Self::Correct,
            Domain::RequestDocument => Self::RequestDocument,
            Domain::AcceptDocument => Self::AcceptDocument,
            Domain::RejectDocument => Self::RejectDocument,
            Domain::CreateSettlement => Self::CreateSettlement,
            Domain::PaySettlement => Self::PaySettlement,
            Domain::ReturnSettlement => Self::ReturnSettlement,
            Domain::CancelSettlement => Self::CancelSettlement,
        }
    }
}

/// What should be looked at before something is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoverWarning {
    /// Why the loss lies outside the cover.
    pub reason: CoverReason,
    /// The same in words.
    #[schemars(example = &"the loss of 2026-11-20 lies after the last day of cover, 2023-12-31")]
    pub message: String,
}

/// Whether the caller may perform an action on the claim now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = every_field_present)]
pub struct AllowedAction {
    /// What.
    pub action: Action,
    /// Whether.
    pub allowed: bool,
    /// Why not: the very error that the call would get. Null when it is allowed.
    pub because: Option<ErrorBody>,
    /// What should be looked at first: the loss lies outside the cover. Null when there is nothing, and when
    /// it is not allowed.
    #[serde(default)]
    pub warning: Option<CoverWarning>,
}
