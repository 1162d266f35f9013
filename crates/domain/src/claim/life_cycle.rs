//! How a claim moves from one status to the next, and what may be changed on the way.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Answer, Claim, ClaimStatus, Entry, Location, SettlementKind};
use crate::catalogue::Catalogue;
use crate::ids::ClaimId;
use crate::refusal::{ClaimRefusal, FieldError};

/// What changes of a draft; what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClaimEdit {
    /// What happened, in the insured's words.
    pub description: Option<String>,
    /// Number and street.
    pub address: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Postcode.
    pub zipcode: Option<String>,
    /// The answers, all of them anew, by French text or stable id.
    pub answers: Option<BTreeMap<String, Answer>>,
}

impl Claim {
    /// Marks a change made at `at`: one more version.
    pub fn touch(&mut self, at: Timestamp) {
        self.version += 1;
        self.updated_at = at;
    }

    /// Changes the description, parts of the place or the answers. Only a draft may be edited.
    pub fn edit(&mut self, catalogue: &Catalogue, edit: &ClaimEdit, at: Timestamp) -> Result<(), ClaimRefusal> {
        if self.status != ClaimStatus::Draft {
            return Err(ClaimRefusal::NotEditable);
        }
        if let Some(answers) = &edit.answers {
            self.answer(catalogue, answers)?;
        }
        let Location { address, city, country, zipcode } = &mut self.location;
        for (new, now) in [
            (&edit.description, &mut self.description),
            (&edit.address, address),
            (&edit.city, city),
            (&edit.country, country),
            (&edit.zipcode, zipcode),
        ] {
            if let Some(new) = new {
                now.clone_from(new);
            }
        }
        self.touch(at);
        Ok(())
    }

    /// Answers the questions anew, by French text or stable id. What they were before is forgotten.
    /// Refuses unknown questions, answers of the wrong kind, and mandatory ones that are missing.
    fn answer(&mut self, catalogue: &Catalogue, given: &BTreeMap<String, Answer>) -> Result<(), ClaimRefusal> {
        let (_, subtype) = self.declared_as(catalogue).ok_or(ClaimRefusal::UnsupportedProductType)?;
        let given: Vec<(&String, Value)> = given.iter().map(|(name, answer)| (name, answer.clone().into())).collect();
        let answers = subtype.read_answers(given.iter().map(|(name, answer)| (*name, answer)));
        self.answers = answers.map_err(ClaimRefusal::QuestionsIncomplete)?;
        Ok(())
    }

    /// Whether it is a draft with every mandatory document uploaded and none of them refused. Which
    /// ones are mandatory depends on the answers, and on the catalogue that it was declared with: while
    /// some are missing, or it is gone, nobody can tell.
    pub fn can_submit(&self, catalogue: &Catalogue) -> bool {
        self.status == ClaimStatus::Draft
            && self.declared_as(catalogue).is_some()
            && self.missing_documents(catalogue).is_empty()
            && self.missing_answers(catalogue).is_empty()
    }

    /// What a draft that an insurer opened still lacks of a declaration: the description, and the
    /// mandatory questions by their French text.
    pub fn missing_answers(&self, catalogue: &Catalogue) -> Vec<FieldError> {
        let mut missing = Vec::new();
        if self.description.trim().is_empty() {
            missing.push(FieldError::new("description", "is missing"));
        }
        if let Some((_, subtype)) = self.declared_as(catalogue) {
            let unanswered = subtype
                .asked(&self.answers)
                .filter(|question| question.mandatory && !self.answers.contains_key(&question.id));
            missing.extend(
                unanswered.map(|question| FieldError::new(format!("questions.{}", question.text), "is missing")),
            );
        }
        missing
    }

    /// The French labels of the mandatory documents that have not come, or must come again.
    pub fn missing_documents(&self, catalogue: &Catalogue) -> Vec<String> {
        self.entries(catalogue).into_iter().filter(Entry::is_missing).map(|entry| entry.rule.label.clone()).collect()
    }

    /// Hands a draft in; it becomes the internal claim `id`. Refused when the catalogue no longer has the
    /// version that it was declared with.
    pub fn submit(&mut self, catalogue: &Catalogue, id: ClaimId, at: Timestamp) -> Result<(), ClaimRefusal> {
        if self.status != ClaimStatus::Draft || self.declared_as(catalogue).is_none() {
            return Err(ClaimRefusal::NotSubmittable);
        }
        let unanswered = self.missing_answers(catalogue);
        if !unanswered.is_empty() {
            return Err(ClaimRefusal::QuestionsIncomplete(unanswered));
        }
        let missing = self.missing_documents(catalogue);
        if !missing.is_empty() {
            return Err(ClaimRefusal::DocumentsIncomplete { missing });
        }
        self.status = ClaimStatus::Submitted;
        self.claim_id = Some(id);
        self.submitted_at = Some(at);
        self.touch(at);
        Ok(())
    }

    /// Gives the claim up: a draft is archived, a submitted claim or one that waits for the insured
    /// is abandoned. In any other status, or while money is on its way, it cannot be.
    pub fn give_up(&mut self, reason: Option<String>, at: Timestamp) -> Result<(), ClaimRefusal> {
        let next = match self.status {
            ClaimStatus::Draft => ClaimStatus::Archived,
            ClaimStatus::Submitted | ClaimStatus::PendingInfo => ClaimStatus::Abandoned,
            ClaimStatus::InProgress
            | ClaimStatus::Closed
            | ClaimStatus::Rejected
            | ClaimStatus::Abandoned
            | ClaimStatus::Archived => return Err(ClaimRefusal::StatusLocked),
        };
        if self.has_active_payment() {
            return Err(ClaimRefusal::ActivePaymentBlocking);
        }
        self.status = next;
        self.abandoned_at = Some(at);
        self.abandon_reason = reason;
        self.touch(at);
        Ok(())
    }

    /// Whether money was decided on and has not been paid yet.
    pub fn has_active_payment(&self) -> bool {
        self.settlements.iter().any(|settlement| {
            settlement.payment_at.is_none()
                && matches!(settlement.kind, SettlementKind::Refund | SettlementKind::Charge)
        })
    }
}
