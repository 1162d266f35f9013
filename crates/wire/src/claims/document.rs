//! Documents of a claim: uploaded, listed, read.

use constat_domain::FieldError;
use constat_domain::claim::{self, DocumentStatus as DomainStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Answer;
use crate::common::{Checker, Instant, OneOrMany, every_field_present, wire_enum};

/// Longest file name that is taken, in characters. An encoded word is several times as long as the name.
const MAX_FILENAME: usize = 4000;

wire_enum! {
    /// Where a document stands.
    DocumentStatus = DomainStatus {
        /// Not uploaded yet.
        WaitingFor = "waiting_for",
        /// Uploaded, not checked yet.
        ToVerify = "to_verify",
        /// Good. It cannot be replaced any more.
        Accepted = "accepted",
        /// Refused. Upload it again.
        Rejected = "rejected",
    }
}

/// How much a document is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DocumentCategory {
    /// The claim cannot be submitted without it.
    Mandatory,
    /// The handler will ask for it.
    Expected,
    /// It may help.
    Optional,
}

impl From<constat_domain::catalogue::Category> for DocumentCategory {
    fn from(category: constat_domain::catalogue::Category) -> Self {
        use constat_domain::catalogue::Category as C;
        match category {
            C::Mandatory => Self::Mandatory,
            C::Expected => Self::Expected,
            C::Optional => Self::Optional,
        }
    }
}

/// What was uploaded for an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = contracts_fields_present)]
pub struct EntryDocument {
    /// Identifies the document.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Media type, told from its content.
    #[schemars(example = &"application/pdf")]
    pub mime_type: String,
    /// Why it was refused, or null.
    pub refusal_reason: Option<String>,
    /// A note, or null.
    pub note: Option<String>,
    /// When it was uploaded.
    pub uploaded_at: Instant,
    /// The file takes a password to open: it does not count as uploaded until a handler accepts it. Left out
    /// when it does not. Extension.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
}

/// An answer of the declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Because {
    /// The question (French).
    #[schemars(example = &"Y a-t-il eu effraction d'un lieu privé ?")]
    pub question: String,
    /// What was answered.
    pub answer: Answer,
}

/// Every field of the contract is always there; the extensions only where they say something, so that a
/// published answer is written back as it was.
fn contracts_fields_present(schema: &mut schemars::Schema) {
    every_field_present(schema);
    if let Some(serde_json::Value::Array(names)) = schema.ensure_object().get_mut("required") {
        names.retain(|name| name != "because" && name != "request" && name != "protected");
    }
}

/// One document that the claim asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = contracts_fields_present)]
pub struct DocumentEntry {
    /// What it is (French).
    #[serde(rename = "type")]
    #[schemars(example = &"Dépôt de plainte")]
    pub kind: String,
    /// How much it is wanted.
    pub category: DocumentCategory,
    /// Where it stands.
    pub status: DocumentStatus,
    /// What was uploaded, or null.
    pub document: Option<EntryDocument>,
    /// The answer that made the claim ask for it; left out when such a loss always does. Extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Because>,
    /// The handler's request; only when one asked for it. Extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<EntryRequest>,
}

/// A handler's request for a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct EntryRequest {
    /// What the handler says of it, or null.
    pub comment: Option<String>,
    /// When it was last asked for.
    pub requested_at: Instant,
}

impl DocumentEntry {
    /// An entry of the catalogue with what was uploaded for it, if anything was.
    pub fn new(label: impl Into<String>, category: DocumentCategory, document: Option<&claim::Document>) -> Self {
        Self {
            because: None,
            kind: label.into(),
            category,
            status: document.map_or(DocumentStatus::WaitingFor, |document| document.status.into()),
            document: document.map(|document| EntryDocument {
                id: document.id.to_string(),
                title: document.title.clone(),
                mime_type: document.mime_type.clone(),
                refusal_reason: document.refusal_reason.clone(),
                note: document.note.clone(),
                uploaded_at: document.uploaded_at.into(),
                protected: document.protected,
            }),
            request: None,
        }
    }
}

impl From<&claim::DocumentRequest> for EntryRequest {
    fn from(request: &claim::DocumentRequest) -> Self {
        Self { comment: request.comment.clone(), requested_at: request.requested_at.into() }
    }
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = contracts_fields_present)]
pub struct ClaimDocument {
    /// Identifies it.
    pub id: String,
    /// What it is (French).
    #[serde(rename = "type")]
    #[schemars(example = &"Dépôt de plainte")]
    pub kind: String,
    /// Its title.
    #[schemars(example = &"Plainte du 15/01/2024")]
    pub title: String,
    /// Media type, told from its content.
    #[schemars(example = &"application/pdf")]
    pub mime_type: String,
    /// Where it stands.
    pub status: DocumentStatus,
    /// Why it was refused, or null.
    pub refusal_reason: Option<String>,
    /// A note, or null.
    pub note: Option<String>,
    /// When it was uploaded.
    pub uploaded_at: Instant,
    /// The file takes a password to open: it does not count as uploaded until a handler accepts it. Left out
    /// when it does not. Extension.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
}

impl ClaimDocument {
    /// A document under the catalogue's label of its type.
    pub fn new(document: &claim::Document, label: impl Into<String>) -> Self {
        Self {
            id: document.id.to_string(),
            kind: label.into(),
            title: document.title.clone(),
            mime_type: document.mime_type.clone(),
            status: document.status.into(),
            refusal_reason: document.refusal_reason.clone(),
            note: document.note.clone(),
            uploaded_at: document.uploaded_at.into(),
            protected: document.protected,
        }
    }
}

/// A document, and where to fetch it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = contracts_fields_present)]
pub struct ClaimDocumentWithUrl {
    /// The document.
    #[serde(flatten)]
    pub document: ClaimDocument,
    /// When it was uploaded.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// When it was accepted, or null.
    pub accepted_at: Option<Instant>,
    /// When it was refused, or null.
    pub refused_at: Option<Instant>,
    /// Where to fetch the bytes: signed, no key needed.
    #[schemars(extend("format" = "uri"))]
    pub download_url: String,
    /// When the link stops working: one hour after it was made.
    pub download_url_expires_at: Instant,
    /// What a photo's file tells of it, or null; null to all but the platform's own keys. Extension.
    #[serde(default)]
    pub photo: Option<PhotoFacts>,
    /// Extension: an older document of this platform with identical bytes, or null. Only the platform sees a
    /// document on a claim that is not visible to the caller.
    #[serde(default)]
    pub duplicate_of: Option<DuplicateDocument>,
}

/// When and where a photo was taken, as its file told. For the platform's own keys; left out of what integrators,
/// partners and insurers fetch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct PhotoFacts {
    /// By the camera's clock, which knows no zone: `2024-01-15T14:30:00`. Or null.
    pub taken_at: Option<String>,
    /// Degrees north, or null.
    pub latitude: Option<f64>,
    /// Degrees east, or null.
    pub longitude: Option<f64>,
}

impl PhotoFacts {
    /// `None` when the file told nothing.
    fn of(document: &claim::Document) -> Option<Self> {
        let photo = document.photo.as_deref().filter(|photo| photo.taken_at.is_some() || photo.position.is_some())?;
        Some(Self {
            taken_at: photo.taken_at.map(|at| at.to_string()),
            latitude: photo.position.map(|position| position.lat),
            longitude: photo.position.map(|position| position.lon),
        })
    }
}

/// Another document with the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DuplicateDocument {
    /// The claim that has it: its pre-declaration's id.
    pub claim_id: String,
    /// The document.
    pub document_id: String,
}

impl ClaimDocumentWithUrl {
    /// A document under its label, with a link that was signed for it, as the asker sees it.
    pub fn new(
        document: &claim::Document,
        asker: claim::Asker,
        label: impl Into<String>,
        url: String,
        expires_at: Instant,
    ) -> Self {
        let is_told = |other: &claim::Duplicate| asker == claim::Asker::Handler || other.is_own;
        Self {
            document: ClaimDocument::new(document, label),
            created_at: document.uploaded_at.into(),
            updated_at: document.updated_at.into(),
            accepted_at: document.accepted_at.map(Into::into),
            refused_at: document.refused_at.map(Into::into),
            download_url: url,
            download_url_expires_at: expires_at,
            photo: PhotoFacts::of(document).filter(|_| asker == claim::Asker::Handler),
            duplicate_of: document.duplicate_of.filter(is_told).map(|other| DuplicateDocument {
                claim_id: other.declaration.to_string(),
                document_id: other.document.to_string(),
            }),
        }
    }
}

/// Why a document is rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RejectDocument {
    /// What the insured reads.
    #[schemars(length(min = 1, max = 1000), example = &"Photo illisible")]
    pub reason: String,
}

impl RejectDocument {
    /// Everything wrong with it.
    pub fn check(&self) -> Vec<FieldError> {
        let mut checker = Checker::new();
        checker.text("reason", &self.reason, 1, 1000);
        checker.into_errors()
    }
}

/// A document to upload, its content in base64. Its type is detected from the content, never from the name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UploadDocument {
    /// What it is: the French label of an entry of the claim, or its stable id.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 200), example = &"Dépôt de plainte")]
    pub kind: String,
    /// Its title.
    #[schemars(length(min = 1, max = 200), example = &"Plainte du 15/01/2024")]
    pub title: String,
    /// Name of the file, plain or as an encoded word (RFC 2047). It is kept with the ending of the detected type,
    /// and cut to 200 characters before it.
    #[schemars(length(min = 1, max = 4000), example = &"plainte.pdf")]
    pub filename: String,
    /// The bytes in base64, without a data-URL prefix; at most 20,971,520 bytes once decoded.
    #[schemars(length(min = 1), extend("contentEncoding" = "base64"))]
    pub content: String,
    /// A comment for the handler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub comment: Option<String>,
}

impl UploadDocument {
    /// Everything wrong with it but the base64, below a path: empty, or `[index]` in an array.
    pub fn check(&self, path: &str) -> Vec<FieldError> {
        let mut checker = Checker::at_path(path);
        checker.text("type", &self.kind, 1, 200);
        checker.name("title", &self.title, 1, 200);
        checker.text("filename", &self.filename, 1, MAX_FILENAME);
        if self.content.is_empty() {
            checker.fail("content", "may not be blank");
        }
        checker.optional_text("comment", self.comment.as_ref(), 0, 1000);
        checker.into_errors()
    }
}

/// The body of an upload in JSON: one document, or an array of them.
pub type DocumentUploads = OneOrMany<UploadDocument>;

/// The part `meta` of an upload in multipart form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentMeta {
    /// What it is: the French label of an entry of the claim, or its stable id.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 200), example = &"Dépôt de plainte")]
    pub kind: String,
    /// Its title.
    #[schemars(length(min = 1, max = 200), example = &"Plainte du 15/01/2024")]
    pub title: String,
    /// Name of the file; that of the part `file` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4000))]
    pub filename: Option<String>,
    /// A comment for the handler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub comment: Option<String>,
}

impl DocumentMeta {
    /// Everything wrong with it, below `meta`.
    pub fn check(&self) -> Vec<FieldError> {
        let mut checker = Checker::at_path("meta");
        checker.text("type", &self.kind, 1, 200);
        checker.name("title", &self.title, 1, 200);
        checker.optional_text("filename", self.filename.as_ref(), 0, MAX_FILENAME);
        checker.optional_text("comment", self.comment.as_ref(), 0, 1000);
        checker.into_errors()
    }
}
