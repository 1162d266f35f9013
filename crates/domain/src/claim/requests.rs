//! Handlers request documents beyond the rules of the catalogue.

use jiff::Timestamp;

use super::bounds::{MAX_REQUESTS, room_for_one};
use super::document::DocumentStatus;
use super::document_request::{DocumentRequest, FREE};
use super::record::Claim;
use super::status::NextStatus;
use super::transitions::Step;
use crate::catalogue::{Catalogue, Category, DocumentRule};
use crate::refusal::ClaimRefusal;
use crate::text::sentence_key;

/// What a handler asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequest {
    /// Which document.
    pub document: RequestedDocument,
    /// How much it is wanted.
    pub category: Category,
    /// What the insured should know of it.
    pub comment: Option<String>,
    /// Whether a claim that is worked on then waits for it.
    pub wait: bool,
}

/// The requested document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestedDocument {
    /// One of the product family's, by stable id or French label.
    OfCatalogue(String),
    /// Another one, called so.
    Free(String),
}

impl Claim {
    /// The stable id of a type of document that the claim may hold, by id or French label.
    pub fn document_kind(&self, catalogue: &Catalogue, name: &str) -> Option<String> {
        let key = sentence_key(name);
        if let Some(request) = self.requests.iter().find(|request| request.is_named(&key)) {
            return Some(request.kind.clone());
        }
        self.document_rule(catalogue, name).map(|rule| rule.id.clone())
    }

    /// The catalogue's rule of that name: the loss's own, or one of the product family's.
    fn document_rule<'a>(&self, catalogue: &'a Catalogue, name: &str) -> Option<&'a DocumentRule> {
        let (family, subtype) = self.declared_as(catalogue)?;
        subtype.document(name).or_else(|| family.document(name))
    }

    /// Refuses unless a handler may ask for documents: once submitted, until decided or given up.
    pub(super) fn may_request(&self) -> Result<(), ClaimRefusal> {
        if self.status().is_open() { Ok(()) } else { Err(ClaimRefusal::StatusLocked) }
    }

    /// Asks the insured for a document: it stands among the claim's entries from now on, and an upload
    /// fills it. One that was asked for before is asked for again, in the new words; one that was
    /// accepted is not. Gives the stable id of the document's type.
    pub fn request_document(
        &mut self,
        catalogue: &Catalogue,
        new: &NewRequest,
        at: Timestamp,
    ) -> Result<String, ClaimRefusal> {
        let NewRequest { document, category, comment, wait } = new;
        self.may_request()?;
        if *wait && self.status() != super::ClaimStatus::PendingInfo {
            self.may_step(Step::Wait)?;
        }
        let (kind, label) = self.requested_type(catalogue, document)?;
        if self.current_document(&kind).is_some_and(|current| current.status == DocumentStatus::Accepted) {
            return Err(ClaimRefusal::DocumentAlreadyValidated { field: "type".to_owned() });
        }
        let request = DocumentRequest {
            kind: kind.clone(),
            label,
            category: *category,
            comment: comment.clone(),
            requested_at: at,
        };
        if let Some(known) = self.requests.iter_mut().find(|known| known.kind == kind) {
            *known = request;
        } else {
            room_for_one("requested documents", self.requests.len(), MAX_REQUESTS)?;
            self.requests.push(request);
        }
        if *wait && self.status().after(Step::Wait).is_some() {
            self.state.enter(NextStatus::PendingInfo, None, at);
        }
        self.touch(at);
        Ok(kind)
    }

    /// Stable id and label of what is asked for. A free one that has the name of a known one is that.
    fn requested_type(
        &self,
        catalogue: &Catalogue,
        document: &RequestedDocument,
    ) -> Result<(String, String), ClaimRefusal> {
        let (RequestedDocument::OfCatalogue(name) | RequestedDocument::Free(name)) = document;
        let key = sentence_key(name);
        if let Some(known) = self.requests.iter().find(|request| request.is_named(&key)) {
            return Ok((known.kind.clone(), known.label.clone()));
        }
        match (self.document_rule(catalogue, name), document) {
            (Some(rule), _) => Ok((rule.id.clone(), rule.label.clone())),
            (None, RequestedDocument::Free(title)) => {
                let free = self.requests.iter().filter(|request| request.is_free()).count();
                Ok((format!("{FREE}{}", free + 1), title.trim().to_owned()))
            }
            (None, RequestedDocument::OfCatalogue(_)) => Err(ClaimRefusal::InvalidDocumentType {
                field: "type".to_owned(),
                expected: self.declared_as(catalogue).map(|(family, _)| family.document_labels()).unwrap_or_default(),
            }),
        }
    }
}
