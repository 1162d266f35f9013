//! `GET /claims/{claimId}`

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::Path;
use constat_claims::claim::signed_download_url;
use constat_claims::dossier::read_dossier;
use constat_core::AppError;
use constat_domain::claim::{Claim, Document, DocumentStatus};
use constat_domain::codes::Codes;
use constat_wire::dossier::{self as wire, Attachment};

use super::{ClaimPath, docs as say};
use crate::authenticated_request::{AuthenticatedRequest, Dossier};
use crate::{Problem, Reply};

pub(super) async fn read(
    request: AuthenticatedRequest<Dossier>,
    Path(path): Path<ClaimPath>,
) -> Result<Reply, Problem> {
    let claim = read_dossier(&request.claims, &request.caller, &path.claim_id)?;
    let attachments: Result<Vec<Attachment>, AppError> = documents_of(&claim)
        .map(|document| {
            Ok(attachment(document, signed_download_url(&request.claims, &claim, document, &request.caller)?))
        })
        .collect();
    let file = wire::Claim::new(&claim, attachments?);
    let reply = Reply::ok(&file)?.with_version(claim.version);
    // The links inside open documents without a key: no cache may keep them.
    Ok(Reply(reply.0.with_header("cache-control", "no-store")))
}

/// The documents that a claim file lists: neither replaced nor rejected.
pub(crate) fn documents_of(claim: &Claim) -> impl Iterator<Item = &Document> {
    let is_good = |document: &&Document| document.replaced_by.is_none() && document.status != DocumentStatus::Rejected;
    claim.documents.iter().filter(is_good)
}

/// A document as a claim file lists it, to be fetched at `href`.
pub(crate) fn attachment(document: &Document, href: String) -> Attachment {
    Attachment {
        id: Some(document.id.to_string()),
        description: Some(document.title.clone()).filter(|title| !title.is_empty()),
        file_name: Some(document.safe_filename()),
        mime_type: Some(document.mime_type.clone()),
        kind: Codes::embedded().attachment_of_document(&document.kind).to_owned(),
        href,
    }
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = operation
        .id("getClaim")
        .summary("Pull a claim file")
        .description(
            "The full claim with its documents. A partner's key reads it only while it holds a live appointment on \
             the claim (the mandate), an insurer's key when the risk is its own.\n\n\
             Each document's `href` is absolute, signed, and lasts one hour; it needs no key.",
        )
        .response_with::<200, Json<wire::Claim>, _>(|answer| answer.description("The claim file"));
    say::no_claim(operation)
}
