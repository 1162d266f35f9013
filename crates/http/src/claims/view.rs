//! Claims as the contract writes them.

use constat_core::{Answer, AppError, CommandContext};
use constat_domain::catalogue::Subtype;
use constat_domain::claim::{self, Action, Asker, Claim, Entry, Rules};
use constat_domain::deadlines::Deadline;
use constat_wire::claims::{self as wire, AllowedAction, Because, ClaimView, CoverWarning, DocumentEntry, Success};
use serde_json::Value;

use super::problem;
use crate::answer::entity_tag;

/// A claim with what the catalogue adds: questions in words, the documents it asks for; with its
/// deadlines; and with what the asker may do next. What the asker may not know of the contract is left out.
pub(crate) fn claim<'r>(
    rules: impl Into<Rules<'r>>,
    deadlines_of_claim: &[Deadline<'_>],
    claim: &Claim,
    asker: Asker,
) -> wire::Claim {
    let rules = rules.into();
    let catalogue = rules.catalogue;
    let subtype = claim.declared_as(catalogue).map(|(_family, subtype)| subtype);
    let entries = claim.entries_of(subtype);
    let can_submit = claim.can_submit(rules);
    let document_entries = entries
        .iter()
        .map(|entry| DocumentEntry {
            because: subtype.and_then(|subtype| because(subtype, entry)),
            request: entry.request.map(Into::into),
            ..DocumentEntry::new(&entry.rule.label, entry.rule.category.into(), entry.document)
        })
        .collect();
    let questions = match subtype {
        Some(subtype) => subtype
            .wire_questions(&claim.answers)
            .into_iter()
            .filter_map(|(text, answer)| Some((text, answer_of(answer)?)))
            .collect(),
        None => claim.answers.clone(),
    };
    let allowed_actions = allowed_actions(rules, claim, asker);
    let deadlines = Some(deadlines_of_claim.iter().map(Into::into).collect());
    wire::Claim {
        deadlines,
        product: claim.product_for(asker).as_ref().into(),
        cover: Some(claim.cover_for(asker).into()),
        ..ClaimView { claim, questions, document_entries, can_submit, allowed_actions }.into()
    }
}

/// What the asker may do next, and with which error the rest would be refused.
fn allowed_actions(rules: Rules<'_>, claim: &Claim, asker: Asker) -> Vec<AllowedAction> {
    let cover = claim.cover();
    let fault = cover.fault().filter(|_| claim.shows_contract_to(asker));
    let told = |action: Action| {
        let refusal = claim.may(rules, action, asker).err();
        let because = refusal.as_ref().map(problem::because);
        let message = fault.clone().filter(|_| because.is_none() && action.minds_cover());
        let warning = message.map(|message| CoverWarning { reason: cover.reason.into(), message });
        AllowedAction { action: action.into(), allowed: because.is_none(), because, warning }
    };
    Action::ALL.into_iter().map(told).collect()
}

/// 200 with the claim that a command changed, as its caller sees it, and its entity tag.
pub(super) fn answer(context: &CommandContext, changed: &Claim) -> Result<Answer, AppError> {
    let asker = Asker::from(&context.caller);
    let body = Success::new(claim(context.rules(), &context.deadlines_of(changed), changed, asker));
    Ok(Answer::json(200, &body)?.with_header("etag", entity_tag(changed.version)))
}

/// What a submission answers.
pub(super) fn submitted(claim: &Claim, auto_submitted: bool) -> Result<wire::SubmitResponse, AppError> {
    let (Some(id), Some(at)) = (claim.claim_id(), claim.submitted_at()) else {
        return Err(AppError::Fault("a submitted claim without its id".to_owned()));
    };
    Ok(wire::SubmitResponse {
        id: claim.declaration_id.to_string(),
        claim_id: id.to_string(),
        status: wire::SubmittedStatus::Submitted,
        can_submit: constat_wire::common::False,
        auto_submitted,
        submitted_at: at.into(),
    })
}

/// The answer that made the claim ask for a document, in the words of its reader.
fn because(subtype: &Subtype, entry: &Entry<'_>) -> Option<Because> {
    let (question, answer) = entry.because.as_ref()?;
    let (text, answer) = subtype.wire_answer(question, answer)?;
    Some(Because { question: text.to_owned(), answer: (&answer_of(answer)?).into() })
}

/// An answer as the wire writes it: yes, no, or words.
fn answer_of(written: Value) -> Option<claim::Answer> {
    match written {
        Value::Bool(yes) => Some(claim::Answer::Bool(yes)),
        Value::String(words) => Some(claim::Answer::Text(words)),
        _ => None,
    }
}
