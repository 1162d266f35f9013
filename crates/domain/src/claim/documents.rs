//! Which documents a claim asks for, and what an upload does.

use std::borrow::Cow;

use jiff::Timestamp;

use super::bounds::{MAX_DOCUMENTS, room_for_one};
use super::{Answer, Claim, ClaimStatus, Document, DocumentRequest, DocumentStatus, Duplicate, Photo, ScanState};
use crate::catalogue::{Catalogue, Category, DocumentRule, Family, Subtype};
use crate::ids::DocumentId;
use crate::refusal::{ClaimRefusal, one_of};

/// Most bytes of one document: 20 MiB. Source: claims API v2, "Document rules".
pub const MAX_DOCUMENT_BYTES: u64 = 20_971_520;

/// Why a document is rejected that the virus scanner found something in, in the language of its
/// reader.
const INFECTED: &str = "L'antivirus a détecté une menace dans ce fichier. Merci d'en envoyer un autre.";

/// A document that the claim asks for, and what came.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// The rule that asks for it: the catalogue's, or a handler's own.
    pub rule: Cow<'a, DocumentRule>,
    /// The handler's request, when one asked for it.
    pub request: Option<&'a DocumentRequest>,
    /// The newest upload of that type.
    pub document: Option<&'a Document>,
    /// The question id and answer that made the rule hold; `None` when it always holds.
    pub because: Option<(String, Answer)>,
}

impl Entry<'_> {
    /// Whether something came that was not refused. A document that takes a password to open does not count until
    /// a handler accepts it.
    pub fn is_filled(&self) -> bool {
        self.document.is_some_and(|document| match document.status {
            DocumentStatus::Accepted => true,
            DocumentStatus::Rejected => false,
            DocumentStatus::WaitingFor | DocumentStatus::ToVerify => !document.protected,
        })
    }

    /// Whether a handler has yet to decide about a document that takes a password to open.
    pub fn is_locked(&self) -> bool {
        self.document.is_some_and(|document| document.protected && document.status == DocumentStatus::ToVerify)
    }

    /// Refuses unless an upload may fill it: accepted documents stay.
    fn may_be_filled(&self, field: impl FnOnce() -> String) -> Result<(), ClaimRefusal> {
        match self.document {
            Some(document) if document.status == DocumentStatus::Accepted => {
                Err(ClaimRefusal::DocumentAlreadyValidated { field: field() })
            }
            _ => Ok(()),
        }
    }

    /// Whether a claim cannot be submitted for want of it.
    pub fn is_missing(&self) -> bool {
        self.rule.category == Category::Mandatory && !self.is_filled()
    }
}

/// An upload whose bytes were looked at and found good.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDocument {
    /// Where the request says so, to blame it: empty, or `[index]` in an array.
    pub path: String,
    /// Its identifier.
    pub id: DocumentId,
    /// Its type as the uploader wrote it: French label or stable id.
    pub kind: String,
    /// Title.
    pub title: String,
    /// File name, already cleaned.
    pub filename: String,
    /// Media type, detected from the content.
    pub mime_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: String,
    /// Where the bytes are.
    pub storage_key: String,
    /// The uploader's comment.
    pub note: Option<String>,
    /// Whether it takes a password to open it.
    pub protected: bool,
    /// What the virus scanner said.
    pub scan: ScanState,
    /// An older document with the same bytes.
    pub duplicate_of: Option<Duplicate>,
    /// Metadata of the photo's file.
    pub photo: Option<Box<Photo>>,
}

impl NewDocument {
    /// The path of one of its fields in the request.
    pub fn field(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

impl Claim {
    /// The family and subtype of the claim in its catalogue version; `None` when that version is gone. Such a
    /// claim can be read, but neither answered nor submitted, because its requirements are unknown.
    pub fn declared_as<'a>(&self, catalogue: &'a Catalogue) -> Option<(&'a Family, &'a Subtype)> {
        let family = catalogue.family_at(&self.product.kind, &self.catalogue_version)?;
        Some((family, family.subtype(&self.loss_type, &self.subtype)?))
    }

    /// What the claim asks for: in the order of the catalogue that it was declared with (nothing when its
    /// version is gone), then what handlers asked for besides.
    pub fn entries<'a>(&'a self, catalogue: &'a Catalogue) -> Vec<Entry<'a>> {
        self.entries_of(self.declared_as(catalogue).map(|(_, subtype)| subtype))
    }

    /// The same, when the subtype was looked up already.
    pub fn entries_of<'a>(&'a self, subtype: Option<&'a Subtype>) -> Vec<Entry<'a>> {
        let required = subtype.map(|subtype| subtype.required_documents(&self.answers)).unwrap_or_default();
        let mut entries: Vec<Entry<'a>> = required
            .into_iter()
            .map(|required| Entry {
                rule: Cow::Borrowed(required.rule),
                request: None,
                document: self.current_document(&required.rule.id),
                because: required.because,
            })
            .collect();
        for request in &self.requests {
            match entries.iter_mut().find(|entry| entry.rule.id == request.kind) {
                Some(entry) => {
                    // A handler may want a document more than the catalogue does, never less.
                    if request.category == Category::Mandatory {
                        entry.rule.to_mut().category = request.category;
                    }
                    entry.request = Some(request);
                }
                None => entries.push(Entry {
                    rule: Cow::Owned(request.rule()),
                    request: Some(request),
                    document: self.current_document(&request.kind),
                    because: None,
                }),
            }
        }
        entries
    }

    /// The newest upload of a document type (stable id).
    pub fn current_document(&self, kind: &str) -> Option<&Document> {
        self.documents.iter().rev().find(|document| document.kind == kind && document.replaced_by.is_none())
    }

    /// A document by its identifier, replaced ones too.
    pub fn document(&self, id: DocumentId) -> Option<&Document> {
        self.documents.iter().find(|document| document.id == id)
    }

    /// The French label of a document of this claim; its stable id when the catalogue has none.
    pub fn document_label<'a>(&'a self, catalogue: &'a Catalogue, document: &'a Document) -> &'a str {
        if let Some(request) = self.requests.iter().find(|request| request.kind == document.kind) {
            return &request.label;
        }
        let kind = &self.product.kind;
        let family = catalogue.family_at(kind, &self.catalogue_version).or_else(|| catalogue.family_for_product(kind));
        family.and_then(|family| family.document(&document.kind)).map_or(&document.kind, |rule| &rule.label)
    }

    /// Takes an upload in. It fills the entry of its type: a first one, or one in place of an
    /// upload that was refused or not looked at yet. Uploads are taken until the claim is decided.
    pub fn take_document(
        &mut self,
        catalogue: &Catalogue,
        new: &NewDocument,
        at: Timestamp,
    ) -> Result<(), ClaimRefusal> {
        self.may_upload()?;
        let (kind, replaced) = {
            let entry = self.entry_for(catalogue, new)?;
            entry.may_be_filled(|| new.field("type"))?;
            (entry.rule.id.clone(), entry.document.map(|document| document.id))
        };
        for document in self.documents.iter_mut().filter(|document| Some(document.id) == replaced) {
            document.replaced_by = Some(new.id);
            document.updated_at = at;
        }
        self.documents.push(Document {
            id: new.id,
            kind,
            title: new.title.clone(),
            filename: new.filename.clone(),
            mime_type: new.mime_type.clone(),
            size: new.size,
            sha256: new.sha256.clone(),
            storage_key: new.storage_key.clone(),
            status: DocumentStatus::ToVerify,
            refusal_reason: None,
            note: new.note.clone(),
            uploaded_at: at,
            updated_at: at,
            accepted_at: None,
            refused_at: None,
            replaced_by: None,
            protected: new.protected,
            scan: new.scan,
            duplicate_of: new.duplicate_of,
            photo: new.photo.clone(),
        });
        self.keep_scan(new.id, new.scan, at);
        Ok(())
    }

    /// Keeps what the virus scanner said of a document. One that it found something in is rejected, and
    /// may come again.
    pub fn keep_scan(&mut self, id: DocumentId, scan: ScanState, at: Timestamp) {
        let Some(document) = self.documents.iter_mut().find(|document| document.id == id) else { return };
        document.scan = scan;
        document.updated_at = at;
        if scan == ScanState::Infected {
            document.status = DocumentStatus::Rejected;
            document.refusal_reason = Some(INFECTED.to_owned());
            document.refused_at = Some(at);
            document.accepted_at = None;
        }
    }

    /// The handler finds a document good: it can no longer be replaced.
    pub fn accept_document(&mut self, id: DocumentId, at: Timestamp) -> Result<(), ClaimRefusal> {
        self.may_accept(self.document(id).ok_or(ClaimRefusal::DocumentNotFound)?)?;
        let document = self.document_mut(id)?;
        document.status = DocumentStatus::Accepted;
        document.accepted_at = Some(at);
        document.updated_at = at;
        Ok(())
    }

    /// The handler finds a document not good, for a reason that the insured reads: it may come again.
    pub fn reject_document(&mut self, id: DocumentId, reason: &str, at: Timestamp) -> Result<(), ClaimRefusal> {
        self.may_review(self.document(id).ok_or(ClaimRefusal::DocumentNotFound)?)?;
        let document = self.document_mut(id)?;
        document.status = DocumentStatus::Rejected;
        document.refusal_reason = Some(reason.to_owned());
        document.refused_at = Some(at);
        document.updated_at = at;
        Ok(())
    }

    fn document_mut(&mut self, id: DocumentId) -> Result<&mut Document, ClaimRefusal> {
        self.documents.iter_mut().find(|document| document.id == id).ok_or(ClaimRefusal::DocumentNotFound)
    }

    /// Refuses unless the document waits for a handler, on a claim that one works on. In a draft a handler decides
    /// about documents that take a password to open, since the draft cannot be submitted with them.
    fn may_review(&self, document: &Document) -> Result<(), ClaimRefusal> {
        let is_reviewed = self.status().is_open() || (self.status() == ClaimStatus::Draft && document.protected);
        if !is_reviewed || document.replaced_by.is_some() {
            return Err(ClaimRefusal::StatusLocked);
        }
        match document.status {
            DocumentStatus::ToVerify => Ok(()),
            DocumentStatus::Accepted => Err(ClaimRefusal::DocumentAlreadyValidated { field: "documentId".to_owned() }),
            DocumentStatus::WaitingFor | DocumentStatus::Rejected => Err(ClaimRefusal::StatusLocked),
        }
    }

    /// The same, and unless the virus scanner let it pass.
    fn may_accept(&self, document: &Document) -> Result<(), ClaimRefusal> {
        self.may_review(document)?;
        match document.scan {
            ScanState::Pending => Err(ClaimRefusal::DocumentBeingChecked),
            ScanState::Infected => Err(ClaimRefusal::DocumentQuarantined),
            ScanState::None | ScanState::Clean => Ok(()),
        }
    }

    /// Refuses unless some document could be accepted.
    pub(super) fn may_accept_one(&self) -> Result<(), ClaimRefusal> {
        one_of(self.current_documents().map(|document| self.may_accept(document)), ClaimRefusal::DocumentNotFound)
    }

    /// Refuses unless some document could be rejected.
    pub(super) fn may_reject_one(&self) -> Result<(), ClaimRefusal> {
        one_of(self.current_documents().map(|document| self.may_review(document)), ClaimRefusal::DocumentNotFound)
    }

    /// Refuses unless some document could be uploaded.
    pub(super) fn may_upload_one(&self, catalogue: &Catalogue) -> Result<(), ClaimRefusal> {
        self.may_upload()?;
        let field = || "type".to_owned();
        let none = ClaimRefusal::InvalidDocumentType { field: field(), expected: Vec::new() };
        one_of(self.entries(catalogue).iter().map(|entry| entry.may_be_filled(field)), none)
    }

    /// The newest upload of each type.
    fn current_documents(&self) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(|document| document.replaced_by.is_none())
    }

    /// Refuses unless documents are taken: with the draft, and later when the handler asks or refuses
    /// one.
    fn may_upload(&self) -> Result<(), ClaimRefusal> {
        if !self.status().is_open() && self.status() != ClaimStatus::Draft {
            return Err(ClaimRefusal::NotEditable);
        }
        room_for_one("documents", self.documents.len(), MAX_DOCUMENTS)
    }

    fn entry_for<'a>(&'a self, catalogue: &'a Catalogue, new: &NewDocument) -> Result<Entry<'a>, ClaimRefusal> {
        let wanted = self.document_kind(catalogue, &new.kind);
        let mut entries = self.entries(catalogue);
        match entries.iter().position(|entry| Some(&entry.rule.id) == wanted.as_ref()) {
            Some(position) => Ok(entries.swap_remove(position)),
            None => Err(ClaimRefusal::InvalidDocumentType {
                field: new.field("type"),
                expected: entries.iter().map(|entry| entry.rule.label.clone()).collect(),
            }),
        }
    }
}
