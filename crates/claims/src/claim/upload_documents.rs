//! Uploading documents: bytes first, then the rows that name them.

use constat_domain::catalogue::Catalogue;
use constat_domain::claim::{Claim, Duplicate, NewDocument, ScanState, name_of_file};
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::{ClaimId, DocumentId};
use constat_domain::tenancy::TenantId;
use constat_domain::{FieldError, Refusal};
use constat_store::queries::{claims, document_files};

use crate::ClaimService;
use crate::claim::cover::cover_of;
use crate::claim::find::claim_to_change;
use crate::claim::preview::takes_password;
use crate::claim::receive::{Received, forget};
use crate::claim::{events, keep_file, read_claim};
use constat_core::{Answer, AppError, CommandContext, Idempotency, RequestAttempt};
use constat_store::Tx;

/// A file as it came; its bytes are in the store.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Where the request says so, to blame it: empty, or `[index]` in an array.
    pub path: String,
    /// Document type: French label or stable id.
    pub kind: String,
    /// Title.
    pub title: String,
    /// File name as given.
    pub filename: String,
    /// Comment.
    pub comment: Option<String>,
    /// The bytes.
    pub received: Received,
}

/// What an upload did.
#[derive(Debug, Clone, PartialEq)]
pub struct Uploaded {
    /// The claim with its new documents.
    pub claim: Claim,
    /// The new documents, in the order they came in.
    pub documents: Vec<DocumentId>,
    /// Whether the upload submitted the claim.
    pub submitted: bool,
}

/// Takes all of the files in, or none. With `auto_submit`, a draft that now has every mandatory
/// document is submitted in the same transaction.
///
/// The bytes are in the store before a row names them; when the transaction refuses, or the answer
/// turns out to have been given before, they are removed again. When it is not known what became of the
/// transaction they stay: a row may name them, and [`sweep`](crate::document_gc) finds those that none names. The caller
/// makes sure that this runs to its end ([`run_to_completion`](constat_core::to_its_end)).
pub async fn upload_documents(
    service: &ClaimService,
    context: CommandContext,
    request: UploadRequest,
    render: impl Fn(&Uploaded) -> Result<Answer, AppError> + Send + Sync + 'static,
) -> Result<Answer, AppError> {
    let keys: Vec<String> = request.files.iter().map(|file| file.received.key.clone()).collect();
    let mark = request.files.first().map(|file| file.received.id.to_string());
    let kept = !context.dry_run;
    let outcome = decide(service, context, request, render).await;
    // An answer that does not name the new documents was given before, to the same request.
    let is_named = match &outcome {
        Ok(answer) => mark.is_some_and(|mark| answer.body.contains(&mark)),
        Err(AppError::Store(error)) if error.is_unavailable() => true,
        Err(_) => false,
    };
    if !(kept && is_named) {
        forget(&service.documents, &keys).await;
    }
    outcome
}

/// An upload as it is asked for.
#[derive(Debug)]
pub struct UploadRequest {
    /// The claim, by either id.
    pub claim: String,
    /// The files; one at least.
    pub files: Vec<Upload>,
    /// Submit the claim when it is complete.
    pub auto_submit: bool,
    /// Versions of the claim that the caller accepts.
    pub if_match: Option<Vec<i64>>,
    /// The request's idempotency key.
    pub idempotency: Option<Idempotency>,
}

async fn decide(
    service: &ClaimService,
    context: CommandContext,
    request: UploadRequest,
    render: impl Fn(&Uploaded) -> Result<Answer, AppError> + Send + Sync + 'static,
) -> Result<Answer, AppError> {
    let UploadRequest { claim: id, files, auto_submit, if_match, idempotency } = request;
    let attempt = service.core.attempt(&context, idempotency).await?;
    let documents: Vec<NewDocument> = files.into_iter().map(new_document).collect();
    let documents = match look_at(service, &context, &attempt, &id, documents).await {
        Ok(Ok(documents)) => documents,
        Ok(Err(answer)) => return Ok(answer),
        Err(refusal) => return service.core.refuse(&attempt, refusal).await,
    };
    let quota_mb = service.core.settings.uploads.quota_mb;
    let decide = move |tx: &mut Tx, context: &CommandContext| {
        let taken = take(tx, context, &id, &documents, auto_submit, if_match.as_deref())?;
        if quota_mb > 0 {
            // The sum has the new documents in it.
            within_quota(document_files::bytes_of_tenant_held(tx, context.tenant())?, quota_mb)?;
        }
        render(&taken)
    };
    service.core.command_of(&attempt, context, decide).await
}

/// Refuses early what can be refused, and has the files scanned; the transaction decides again. Gives the answer of
/// an earlier attempt instead, if there is one: its files were scanned.
async fn look_at(
    service: &ClaimService,
    context: &CommandContext,
    attempt: &RequestAttempt,
    id: &str,
    mut documents: Vec<NewDocument>,
) -> Result<Result<Vec<NewDocument>, Answer>, AppError> {
    if let Some(answer) = service.core.earlier_answer(attempt).await? {
        return Ok(Err(answer));
    }
    let mut claim = read_claim(service, &context.caller, id)?;
    one_of_each(context.catalogue(), &claim, &documents)?;
    for document in &documents {
        claim.take_document(context.catalogue(), document, context.at)?;
    }
    require_room(service, &claim.tenant, documents.iter().map(|document| document.size).sum())?;
    for document in &mut documents {
        document.scan = service.scan(&document.storage_key).await?;
        document.protected = document.protected && takes_password(service, &document.storage_key).await?;
    }
    Ok(Ok(documents))
}

/// Refuses bytes for which an organisation has no room left. Early: uploads that end at the same moment are looked at
/// again in their transactions.
fn require_room(service: &ClaimService, tenant: &TenantId, bytes: u64) -> Result<(), AppError> {
    let quota_mb = service.core.settings.uploads.quota_mb;
    if quota_mb == 0 {
        return Ok(());
    }
    let used = service.core.store.read(|connection| document_files::bytes_of_tenant(connection, tenant))?;
    within_quota(used.saturating_add(bytes), quota_mb)
}

fn within_quota(bytes: u64, quota_mb: u64) -> Result<(), AppError> {
    let has_room = quota_mb == 0 || bytes <= quota_mb.saturating_mul(1024 * 1024);
    if has_room { Ok(()) } else { Err(AppError::StorageFull { quota_mb }) }
}

fn new_document(file: Upload) -> NewDocument {
    let Received { id, key, size, sha256, mime_type, photo, may_be_encrypted } = file.received;
    NewDocument {
        id,
        kind: file.kind,
        title: file.title,
        filename: name_of_file(&file.filename, mime_type),
        mime_type: mime_type.to_owned(),
        size,
        sha256,
        storage_key: key,
        note: file.comment,
        path: file.path,
        protected: may_be_encrypted,
        scan: ScanState::None,
        duplicate_of: None,
        photo,
    }
}

/// The transaction.
fn take(
    tx: &mut Tx,
    context: &CommandContext,
    id: &str,
    documents: &[NewDocument],
    auto_submit: bool,
    if_match: Option<&[i64]>,
) -> Result<Uploaded, AppError> {
    let catalogue = context.catalogue();
    let mut claim = claim_to_change(tx, context, id, if_match)?;
    let was_ready = claim.can_submit(context.rules());
    for document in documents {
        let duplicate_of = duplicate_of(tx, &claim, &document.sha256)?;
        claim.take_document(catalogue, &NewDocument { duplicate_of, ..document.clone() }, context.at)?;
        keep_file(tx, &claim, document.id)?;
    }
    claim.touch(context.at);
    claims::update(tx, &claim)?;
    for document in documents {
        events::record_upload(tx, context, &claim, document.id)?;
        if document.scan == ScanState::Infected {
            events::record_of_document(tx, context, EventKind::ClaimDocumentRefused, &claim, document.id)?;
        }
    }
    let ready = claim.can_submit(context.rules());
    if ready && !was_ready {
        events::record(tx, context, EventKind::ClaimDraftReady, &claim)?;
    }
    let submitted = auto_submit && ready;
    if submitted {
        claim.submit(context.rules(), ClaimId::new(context.at, &context.entropy()), context.at)?;
        claims::update(tx, &claim)?;
        events::record_with(tx, context, EventKind::ClaimCreated, &claim, cover_of(&claim))?;
    }
    Ok(Uploaded { claim, documents: documents.iter().map(|document| document.id).collect(), submitted })
}

/// Maximum documents with the same bytes whose claims are looked up.
const MAX_DUPLICATES: i64 = 100;

/// The first document with these bytes among the claims of the same declarer; else among all of the platform's.
/// An integrator must not learn whether others have the same.
fn duplicate_of(tx: &mut Tx, claim: &Claim, sha256: &str) -> Result<Option<Duplicate>, AppError> {
    let files = document_files::of_tenant_with_hash(tx, &claim.tenant, sha256, MAX_DUPLICATES)?;
    for file in &files {
        let declarer = claims::declarer_of_tenant(tx, &claim.tenant, &file.declaration.to_string())?;
        if declarer == Some(claim.declarer()) {
            return Ok(Some(Duplicate { declaration: file.declaration, document: file.document, is_own: true }));
        }
    }
    let first = files.first();
    Ok(first.map(|file| Duplicate { declaration: file.declaration, document: file.document, is_own: false }))
}

/// An entry holds one document: two files of one type in one request would lose the first.
fn one_of_each(catalogue: &Catalogue, claim: &Claim, documents: &[NewDocument]) -> Result<(), Refusal> {
    let name = |document: &NewDocument| {
        claim.document_kind(catalogue, &document.kind).unwrap_or_else(|| document.kind.clone())
    };
    let mut seen = Vec::new();
    for document in documents {
        let name = name(document);
        if seen.contains(&name) {
            let fault = FieldError::new(document.field("type"), "another document of this request has the same type");
            return Err(Refusal::Invalid(vec![fault]));
        }
        seen.push(name);
    }
    Ok(())
}
