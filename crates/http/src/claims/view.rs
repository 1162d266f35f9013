//! Claims as the contract writes them.

use constat_app::{Answer, AppError};
use constat_domain::catalogue::{Catalogue, Category};
use constat_domain::claim::{self, Claim};
use constat_wire::claims::{self as wire, ClaimView, DocumentCategory, DocumentEntry, Success};
use serde_json::Value;

use crate::answer::entity_tag;

/// A claim with what the catalogue adds: questions in words, the documents it asks for.
pub(crate) fn claim(claim: &Claim) -> wire::Claim {
    let subtype = claim.declared_as(Catalogue::embedded()).map(|(_family, subtype)| subtype);
    let entries = subtype.map(|subtype| claim.entries_of(subtype)).unwrap_or_default();
    let can_submit = claim.can_submit(Catalogue::embedded());
    let document_entries = entries
        .iter()
        .map(|entry| DocumentEntry::new(&entry.rule.label, category(entry.rule.category), entry.document))
        .collect();
    let questions = match subtype {
        Some(subtype) => subtype
            .wire_questions(&claim.answers)
            .into_iter()
            .filter_map(|(text, answer)| match answer {
                Value::Bool(yes) => Some((text, claim::Answer::Bool(yes))),
                Value::String(words) => Some((text, claim::Answer::Text(words))),
                _ => None,
            })
            .collect(),
        None => claim.answers.clone(),
    };
    ClaimView { claim, questions, document_entries, can_submit }.into()
}

/// 200 with the claim and its entity tag.
pub(super) fn answer(changed: &Claim) -> Result<Answer, AppError> {
    let body = Success::new(claim(changed));
    Ok(Answer::json(200, &body)?.with_header("etag", entity_tag(changed.version)))
}

/// What a submission answers.
pub(super) fn submitted(claim: &Claim, auto_submitted: bool) -> Result<wire::SubmitResponse, AppError> {
    let (Some(id), Some(at)) = (claim.claim_id, claim.submitted_at) else {
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

const fn category(category: Category) -> DocumentCategory {
    match category {
        Category::Mandatory => DocumentCategory::Mandatory,
        Category::Expected => DocumentCategory::Expected,
        Category::Optional => DocumentCategory::Optional,
    }
}
