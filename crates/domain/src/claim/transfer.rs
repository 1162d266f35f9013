//! Checks of a claim that is transferred from another system with its history.

use std::collections::HashSet;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::bounds::{MAX_DOCUMENTS, MAX_NOTES, MAX_REQUESTS, MAX_SETTLEMENTS};
use super::filename::is_unsafe_filename;
use super::{Claim, ClaimStatus, code_faults};
use crate::catalogue::{Catalogue, Subtype};
use crate::clock::lies_ahead;
use crate::codes::{Codes, Table};
use crate::money::Currency;
use crate::refusal::FieldError;

/// Longest description, in characters: that of the claims API.
const MAX_DESCRIPTION_CHARS: usize = 20_000;
/// Longest other text, in characters.
const MAX_TEXT_CHARS: usize = 4_000;
/// The claims API writes amounts as numbers of euros.
const IN_EUROS: &str = "must be in euros: currency EUR";
/// Highest version: far above what a claim reaches, and far below where a number ends.
const HIGHEST_VERSION: i64 = 1_000_000_000;

impl Claim {
    /// Everything that keeps a claim from being moved here with its history, field by field: dates that
    /// contradict its status or each other, a loss that the catalogue does not know, unknown codes,
    /// questions and document types. Empty when it is sound.
    ///
    /// It may say less than a new declaration must: a short description, questions without an answer.
    pub fn check_transferred(&self, catalogue: &Catalogue, codes: &Codes, now: Timestamp) -> Vec<FieldError> {
        let mut faults = Vec::new();
        self.check_texts(&mut faults);
        self.check_place(&mut faults);
        self.check_history(now, &mut faults);
        match self.declared_as(catalogue) {
            Some((_family, subtype)) => self.check_answers(subtype, &mut faults),
            None if catalogue.find(&self.product.kind, &self.loss_type, &self.subtype).is_ok() => {
                let message = "the catalogue has no such version; leave it out to take the present one";
                faults.push(FieldError::new("catalogue_version", message));
            }
            None => {
                let message = "the catalogue has no such type and subtype for this product";
                faults.push(FieldError::new("subtype", message));
            }
        }
        if codes.insurers_of(&self.contract.insurer.acam_code).is_empty() {
            let message = "unknown insurer: expected an ACAM code of insurer_acam.csv, eight digits";
            faults.push(FieldError::new("contract.insurer.acam_code", message));
        }
        if !codes.contains(Table::GuaranteeType, &self.contract.guarantee) {
            let message = codes.unknown(Table::GuaranteeType, &self.contract.guarantee);
            faults.push(FieldError::new("contract.guarantee", message));
        }
        for fault in code_faults(&self.dossier, codes) {
            faults.push(FieldError::new(format!("dossier.{}", fault.field), fault.message));
        }
        self.check_parts(&mut faults);
        faults
    }

    /// Writes country and postcode of the loss and of the risk in one way, as far as they can be read.
    pub fn normalise_places(&mut self) {
        if let Some(risk) = &mut self.dossier.risk {
            risk.address.normalise();
        }
        // What is wrong with it is said by `check_transferred`.
        let _wrong = self.location.normalise();
    }

    /// What is wrong with the place of a claim whose visits may still take place there. The others keep
    /// what was written.
    fn check_place(&self, faults: &mut Vec<FieldError>) {
        let is_over = matches!(
            self.status(),
            ClaimStatus::Closed | ClaimStatus::Rejected | ClaimStatus::Abandoned | ClaimStatus::Archived
        );
        let is_blank = self.location.country.trim().is_empty() || self.location.zipcode.trim().is_empty();
        if is_over || is_blank {
            return;
        }
        for fault in self.location.clone().normalise().err().into_iter().flatten() {
            faults.push(FieldError::new(format!("location.{}", fault.field), fault.message));
        }
    }

    fn check_texts(&self, faults: &mut Vec<FieldError>) {
        let required = [
            ("user_id", &self.user_id, 100),
            ("contract.id", &self.contract.id, 200),
            ("insured.first_name", &self.insured.first_name, 100),
            ("insured.last_name", &self.insured.last_name, 100),
            ("insured.phone_number", &self.insured.phone_number, 20),
            ("location.address", &self.location.address, 200),
            ("location.city", &self.location.city, 100),
            ("location.country", &self.location.country, 100),
            ("location.zipcode", &self.location.zipcode, 20),
        ];
        for (field, text, longest) in required {
            if text.trim().is_empty() || text.chars().count() > longest {
                faults.push(FieldError::new(field, format!("must have 1 to {longest} characters")));
            }
        }
        faults.extend(self.insured.faults("insured"));
        // A draft that an insurer opened has no description yet.
        let is_missing = self.status() != ClaimStatus::Draft && self.description.trim().is_empty();
        if is_missing || self.description.chars().count() > MAX_DESCRIPTION_CHARS {
            faults.push(FieldError::new("description", format!("must have 1 to {MAX_DESCRIPTION_CHARS} characters")));
        }
        for (field, text) in [("note", self.note.as_deref()), ("abandon_reason", self.abandon_reason())] {
            if text.is_some_and(|text| text.chars().count() > MAX_TEXT_CHARS) {
                faults.push(FieldError::new(field, format!("must have {MAX_TEXT_CHARS} characters at most")));
            }
        }
    }

    /// The instants of the claim's history; which of them go with its status: [`StoredState::faults`](super::StoredState::faults).
    fn check_history(&self, now: Timestamp, faults: &mut Vec<FieldError>) {
        let dates = [
            ("claim_at", Some(self.claim_at)),
            ("declaration_at", Some(self.declaration_at)),
            ("submitted_at", self.submitted_at()),
            ("closed_at", self.state.closed_at()),
            ("rejected_at", self.state.rejected_at()),
            ("reopened_at", self.reopened_at()),
            ("abandoned_at", self.abandoned_at()),
            ("created_at", Some(self.created_at)),
            ("updated_at", Some(self.updated_at)),
        ];
        for (field, at) in dates {
            if at.is_some_and(|at| lies_ahead(at, now)) {
                faults.push(FieldError::new(field, "lies in the future"));
            }
        }
        let declared = self.declaration_at;
        for (field, at) in [
            ("submitted_at", self.submitted_at()),
            ("closed_at", self.state.closed_at()),
            ("rejected_at", self.state.rejected_at()),
            ("abandoned_at", self.abandoned_at()),
        ] {
            if at.is_some_and(|at| at < declared) {
                faults.push(FieldError::new(field, "lies before declaration_at"));
            }
        }
        if lies_ahead(self.claim_at, declared) {
            faults.push(FieldError::new("claim_at", "lies after declaration_at"));
        }
        if !(1..=HIGHEST_VERSION).contains(&self.version) {
            faults.push(FieldError::new("version", format!("must be 1 to {HIGHEST_VERSION}")));
        }
        for (index, settlement) in self.settlements.iter().enumerate() {
            let dates = [
                ("created_at", Some(settlement.created_at)),
                ("payment_at", settlement.payment_at),
                ("undone_at", settlement.undone_at),
            ];
            for (field, _) in dates.into_iter().filter(|(_, at)| at.is_some_and(|at| lies_ahead(at, now))) {
                faults.push(FieldError::new(format!("settlements[{index}].{field}"), "lies in the future"));
            }
        }
        // It may be tomorrow at the place of the loss already.
        let today = TimeZone::UTC.to_datetime(now).date().saturating_add(1.day());
        for (kind, day) in &self.milestones {
            if let Some(message) = kind.fault_of(*day, today) {
                faults.push(FieldError::new(format!("milestones.{}", kind.as_str()), message));
            }
        }
    }

    fn check_answers(&self, subtype: &Subtype, faults: &mut Vec<FieldError>) {
        for (id, answer) in &self.answers {
            let value = serde_json::Value::from(answer.clone());
            // Answers one by one: which are missing is no fault of a claim that was decided long ago.
            // One to a question that this version has no longer stays as it is.
            let asked = subtype.question(id).is_some();
            let Err(errors) = subtype.read_answers([(id, &value)]) else { continue };
            let own = format!("questions.{id}");
            for error in errors.into_iter().filter(|error| asked && error.field == own) {
                faults.push(FieldError::new(format!("answers.{id}"), error.message));
            }
        }
    }

    fn check_parts(&self, faults: &mut Vec<FieldError>) {
        if self.contract.deductible.is_some_and(|deductible| deductible.currency != Currency::EUR) {
            faults.push(FieldError::new("contract.deductible", IN_EUROS));
        }
        let mut seen = HashSet::new();
        for (index, settlement) in self.settlements.iter().enumerate() {
            if !seen.insert(settlement.id.to_string()) {
                faults.push(FieldError::new(format!("settlements[{index}].id"), "is there twice"));
            }
            if settlement.amount.currency != Currency::EUR {
                faults.push(FieldError::new(format!("settlements[{index}].amount"), IN_EUROS));
            }
            if settlement.amount.minor < 0 {
                faults.push(FieldError::new(format!("settlements[{index}].amount"), "must not be negative"));
            }
        }
        for (index, document) in self.documents.iter().enumerate() {
            let field = |name: &str| format!("documents[{index}].{name}");
            if !seen.insert(document.id.to_string()) {
                faults.push(FieldError::new(field("id"), "is there twice"));
            }
            if document.title.chars().count() > 200 || document.filename.chars().count() > 255 {
                faults.push(FieldError::new(field("title"), "title or filename is too long"));
            }
            if is_unsafe_filename(&document.filename) {
                faults.push(FieldError::new(field("filename"), "has a path or signs that no file name may have"));
            }
            if document.mime_type.chars().count() > 100 || document.sha256.len() > 64 {
                faults.push(FieldError::new(field("sha256"), "mime_type or sha256 is too long"));
            }
        }
        for (field, most) in self.overfull() {
            faults.push(FieldError::new(field, format!("must be {most} at most")));
        }
        let mut kinds = HashSet::new();
        for (index, request) in self.requests.iter().enumerate() {
            if !kinds.insert(request.kind.as_str()) {
                faults.push(FieldError::new(format!("requests[{index}].type"), "is there twice"));
            }
        }
        let notes = self.internal_notes.iter().map(|note| ("internal_notes", Some(&note.text)));
        let requests = self.requests.iter().map(|request| ("requests", request.comment.as_ref()));
        let labels = self.requests.iter().map(|request| ("requests", Some(&request.label)));
        let documents = self.documents.iter().flat_map(|kept| [&kept.note, &kept.refusal_reason]);
        let documents = documents.map(|text| ("documents", text.as_ref()));
        for (field, text) in notes.chain(requests).chain(labels).chain(documents) {
            if text.is_some_and(|text| text.chars().count() > MAX_TEXT_CHARS) {
                faults.push(FieldError::new(field, format!("has a text of more than {MAX_TEXT_CHARS} characters")));
            }
        }
    }
}

impl Claim {
    /// Everything that the claim holds too much of: the field, and how much it may hold.
    fn overfull(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let all = [
            ("documents", self.documents.len(), MAX_DOCUMENTS),
            ("requests", self.requests.len(), MAX_REQUESTS),
            ("settlements", self.settlements.len(), MAX_SETTLEMENTS),
            ("internal_notes", self.internal_notes.len(), MAX_NOTES),
        ];
        all.into_iter().filter(|(_, there, most)| there > most).map(|(field, _, most)| (field, most))
    }
}
