//! How a claim moves from one status to the next, and what may be changed on the way.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::bounds::{MAX_NOTES, room_for_one};
use super::transitions::Step;
use super::{Answer, Claim, ClaimState, ClaimStatus, Entry, GivenUp, InternalNote, LocationEdit, NextStatus, Rules};
use crate::catalogue::Catalogue;
use crate::ids::ClaimId;
use crate::refusal::{ClaimRefusal, FieldError, Refusal};

/// Changes of a draft; `None` leaves a field unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClaimEdit {
    /// What happened more closely: another subtype of the same loss type.
    pub subtype: Option<String>,
    /// What happened, in the insured's words.
    pub description: Option<String>,
    /// Where it happened.
    pub location: LocationEdit,
    /// The answers, all of them anew, by French text or stable id.
    pub answers: Option<BTreeMap<String, Answer>>,
}

/// What a handler decides about a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Where it goes.
    pub to: NextStatus,
    /// Why, for the insured to read.
    pub reason: Option<String>,
}

impl Claim {
    /// Marks a change made at `at`: one more version.
    pub fn touch(&mut self, at: Timestamp) {
        self.version += 1;
        self.updated_at = at;
    }

    /// Changes the description, parts of the place, the subtype or the answers. Only a draft may be edited.
    ///
    /// # Errors
    /// It is no draft any more; the subtype, the answers, the country or the postcode are not valid.
    pub fn edit(&mut self, catalogue: &Catalogue, edit: &ClaimEdit, at: Timestamp) -> Result<(), Refusal> {
        self.may_edit()?;
        let mut changed = self.clone();
        if let Some(subtype) = &edit.subtype {
            changed.choose_subtype(catalogue, subtype)?;
        }
        if let Some(answers) = &edit.answers {
            changed.answer(catalogue, answers)?;
        }
        changed.edit_location(&edit.location)?;
        if let Some(description) = &edit.description {
            changed.description.clone_from(description);
        }
        changed.touch(at);
        *self = changed;
        Ok(())
    }

    /// Refuses unless it is a draft.
    pub(super) fn may_edit(&self) -> Result<(), ClaimRefusal> {
        if self.status() == ClaimStatus::Draft { Ok(()) } else { Err(ClaimRefusal::NotEditable) }
    }

    /// Replaces the answers to the questions, by French text or stable id.
    /// Refuses unknown questions, answers of the wrong kind, and mandatory ones that are missing.
    fn answer(&mut self, catalogue: &Catalogue, given: &BTreeMap<String, Answer>) -> Result<(), ClaimRefusal> {
        let (_, subtype) = self.declared_as(catalogue).ok_or(ClaimRefusal::UnsupportedProductType)?;
        let given: Vec<(&String, Value)> = given.iter().map(|(name, answer)| (name, answer.clone().into())).collect();
        let answers = subtype.read_answers(given.iter().map(|(name, answer)| (*name, answer)));
        self.answers = answers.map_err(ClaimRefusal::QuestionsIncomplete)?;
        Ok(())
    }

    /// Whether this is a draft with every mandatory document uploaded and none refused. The mandatory documents
    /// depend on the answers and the catalogue version: false while answers are missing or the version is gone.
    pub fn can_submit<'r>(&self, rules: impl Into<Rules<'r>>) -> bool {
        self.may_submit(rules.into()).is_ok()
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

    /// Refuses unless the claim can be submitted: also when the catalogue no longer has the version that it
    /// was declared with, and outside the cover where the platform refuses that.
    pub(super) fn may_submit(&self, rules: Rules<'_>) -> Result<ClaimStatus, ClaimRefusal> {
        let Rules { catalogue, outside_cover } = rules;
        let next = self.may_step(Step::Submit).map_err(|_locked| ClaimRefusal::NotSubmittable)?;
        self.declared_as(catalogue).ok_or(ClaimRefusal::NotSubmittable)?;
        self.may_be_outside_cover(outside_cover)?;
        let unanswered = self.missing_answers(catalogue);
        if !unanswered.is_empty() {
            return Err(ClaimRefusal::QuestionsIncomplete(unanswered));
        }
        let missing = self.missing_documents(catalogue);
        if missing.is_empty() {
            return Ok(next);
        }
        let entries = self.entries(catalogue);
        let locked = entries.iter().filter(|entry| entry.is_missing() && entry.is_locked());
        let protected = locked.map(|entry| entry.rule.label.clone()).collect();
        Err(ClaimRefusal::DocumentsIncomplete { missing, protected })
    }

    /// Hands a draft in; it becomes the internal claim `id`.
    pub fn submit<'r>(&mut self, rules: impl Into<Rules<'r>>, id: ClaimId, at: Timestamp) -> Result<(), ClaimRefusal> {
        self.may_submit(rules.into())?;
        self.state = ClaimState::submitted(id, at);
        self.touch(at);
        Ok(())
    }

    /// Gives the claim up: a draft is archived, a submitted claim or one that waits for the insured
    /// is abandoned. In any other status, or while money is on its way, it cannot be.
    pub fn give_up(&mut self, reason: Option<String>, at: Timestamp) -> Result<(), ClaimRefusal> {
        self.may_step(Step::GiveUp)?;
        self.state.give_up(GivenUp { at, reason });
        self.touch(at);
        Ok(())
    }

    /// Refuses unless the claim can be given up.
    pub(super) fn may_give_up(&self) -> Result<(), ClaimRefusal> {
        self.may_step(Step::GiveUp).map(|_next| ())
    }

    /// What a handler decides. The reason is what the insured reads: it becomes the claim's note, but
    /// for an abandonment, where it says why the claim was given up. A rejection demands one.
    pub fn decide(&mut self, decision: &Decision, at: Timestamp) -> Result<(), Refusal> {
        self.may_become(decision.to)?;
        let reason = decision.reason.as_ref();
        match decision.to {
            NextStatus::Abandoned => return Ok(self.give_up(reason.cloned(), at)?),
            NextStatus::Rejected if reason.is_none_or(|reason| reason.trim().is_empty()) => {
                return Err(Refusal::field("reason", "a rejection needs a reason, which the insured reads"));
            }
            NextStatus::Rejected | NextStatus::InProgress | NextStatus::PendingInfo | NextStatus::Closed => {}
        }
        if let Some(reason) = reason {
            self.note = Some(reason.clone());
        }
        self.state.enter(decision.to, None, at);
        self.touch(at);
        Ok(())
    }

    /// Refuses unless a handler may move the claim there now.
    pub fn may_become(&self, to: NextStatus) -> Result<(), ClaimRefusal> {
        let step = self.status().step_to(to.into()).ok_or(ClaimRefusal::StatusLocked)?;
        self.may_step(step).map(|_next| ())
    }

    /// Where a step leads from here. Nothing ends while money is on its way: the payment is made or
    /// withdrawn first.
    pub(super) fn may_step(&self, step: Step) -> Result<ClaimStatus, ClaimRefusal> {
        let next = self.status().after(step).ok_or(ClaimRefusal::StatusLocked)?;
        if next.is_end() && self.has_active_payment() {
            return Err(ClaimRefusal::ActivePaymentBlocking);
        }
        Ok(next)
    }

    /// Changes what the insured reads of the handler; `None` takes it away.
    pub fn set_note(&mut self, note: Option<String>, at: Timestamp) {
        self.note = note;
        self.touch(at);
    }

    /// Refuses when there are as many notes as may be.
    pub(super) fn may_add_note(&self) -> Result<(), ClaimRefusal> {
        room_for_one("internal notes", self.internal_notes.len(), MAX_NOTES)
    }

    /// Adds an internal note of a handler. It is visible to handlers only and never changes.
    pub fn add_internal_note(&mut self, note: InternalNote) -> Result<(), ClaimRefusal> {
        self.may_add_note()?;
        let at = note.at;
        self.internal_notes.push(note);
        self.touch(at);
        Ok(())
    }
}
