//! Uploading documents: bytes first, then the rows that name them.

use std::sync::Arc;

use bytes::Bytes;
use constat_domain::catalogue::Catalogue;
use constat_domain::claim::{Claim, LARGEST_DOCUMENT, NewDocument, clean_filename, media_type_of};
use constat_domain::ids::{ClaimId, DocumentId};
use constat_domain::refusal::ClaimRefusal;
use constat_domain::{FieldError, Refusal};
use constat_store::queries::claims;
use sha2::{Digest as _, Sha256};

use super::{claim_to_change, events, read_claim};
use crate::{Act, Answer, App, AppError, Idempotency, Tx};

/// A file as it came.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Where the request says so, to blame it: empty, or `[index]` in an array.
    pub path: String,
    /// Field that carries the bytes: `content` or `file`.
    pub content_field: &'static str,
    /// Document type: French label or stable id.
    pub kind: String,
    /// Title.
    pub title: String,
    /// File name as given.
    pub filename: String,
    /// Comment.
    pub comment: Option<String>,
    /// The bytes.
    pub bytes: Bytes,
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
/// The bytes are safe before a row names them; when the transaction refuses, or the answer turns out
/// to have been given before, they are removed again. Runs to its end even when its caller goes away.
pub async fn upload_documents(
    app: &Arc<App>,
    act: Act,
    request: UploadRequest,
    render: impl Fn(&Uploaded) -> Result<Answer, AppError> + Send + Sync + 'static,
) -> Result<Answer, AppError> {
    let app = Arc::clone(app);
    let task = tokio::spawn(async move { upload(&app, act, request, render).await });
    task.await.map_err(|error| AppError::Fault(format!("an upload stopped: {error}")))?
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

async fn upload(
    app: &App,
    act: Act,
    request: UploadRequest,
    render: impl Fn(&Uploaded) -> Result<Answer, AppError> + Send + Sync + 'static,
) -> Result<Answer, AppError> {
    let UploadRequest { claim: id, files, auto_submit, if_match, idempotency } = request;
    if let Some(answer) = app.kept_answer(&act, idempotency.as_ref())? {
        return Ok(answer);
    }
    // Refuse what can be refused before any byte is written; the transaction decides again.
    let mut claim = read_claim(app, &act.caller, &id)?;
    let checked = check_all(&act, &claim, files).await?;
    let (documents, contents): (Vec<NewDocument>, Vec<Bytes>) = checked.into_iter().unzip();
    one_of_each(&claim, &documents)?;
    for document in &documents {
        claim.take_document(Catalogue::embedded(), document, act.at)?;
    }
    let keys: Vec<String> = documents.iter().map(|document| document.storage_key.clone()).collect();
    let outcome = match store_all(app, &keys, contents).await {
        Ok(()) => {
            let mark = documents.first().map(|document| document.id.to_string());
            let decide = move |tx: &mut Tx, act: &Act| {
                let taken = take(tx, act, &id, &documents, auto_submit, if_match.as_deref())?;
                render(&taken)
            };
            let answer = app.command(act, idempotency, decide).await;
            // An answer that does not name the new documents was given before, to the same request.
            let fresh = answer.as_ref().is_ok_and(|answer| mark.is_some_and(|mark| answer.body.contains(&mark)));
            if fresh {
                return answer;
            }
            answer
        }
        Err(error) => Err(error),
    };
    for key in &keys {
        if let Err(error) = app.documents.remove(key).await {
            tracing::warn!(key, %error, "bytes that no row names could not be removed");
        }
    }
    outcome
}

async fn store_all(app: &App, keys: &[String], contents: Vec<Bytes>) -> Result<(), AppError> {
    for (key, bytes) in keys.iter().zip(contents) {
        app.documents.put(key, bytes).await?;
    }
    Ok(())
}

/// The transaction.
fn take(
    tx: &mut Tx,
    act: &Act,
    id: &str,
    documents: &[NewDocument],
    auto_submit: bool,
    if_match: Option<&[i64]>,
) -> Result<Uploaded, AppError> {
    let catalogue = Catalogue::embedded();
    let mut claim = claim_to_change(tx, act, id, if_match)?;
    let was_ready = claim.can_submit(catalogue);
    for document in documents {
        claim.take_document(catalogue, document, act.at)?;
    }
    claim.touch(act.at);
    claims::update(tx, &claim)?;
    for document in documents {
        events::record_upload(tx, act, &claim, document.id)?;
    }
    let ready = claim.can_submit(catalogue);
    if ready && !was_ready {
        events::record(tx, act, events::DRAFT_READY, &claim)?;
    }
    let submitted = auto_submit && ready;
    if submitted {
        claim.submit(catalogue, ClaimId::new(act.at, &act.entropy()), act.at)?;
        claims::update(tx, &claim)?;
        events::record(tx, act, events::SUBMITTED, &claim)?;
    }
    Ok(Uploaded { claim, documents: documents.iter().map(|document| document.id).collect(), submitted })
}

/// Looks at every file. Hashing many megabytes would hold up other requests, so it runs aside.
async fn check_all(act: &Act, claim: &Claim, files: Vec<Upload>) -> Result<Vec<(NewDocument, Bytes)>, AppError> {
    let (act, tenant, declaration) = (act.clone(), claim.tenant, claim.declaration_id);
    let folder = format!("documents/{tenant}/{declaration}");
    let task = tokio::task::spawn_blocking(move || files.into_iter().map(|file| check(&act, &folder, file)).collect());
    task.await.map_err(|error| AppError::Fault(format!("an upload stopped: {error}")))?
}

/// Looks at the bytes, never at the name or the header.
fn check(act: &Act, folder: &str, file: Upload) -> Result<(NewDocument, Bytes), AppError> {
    let place = |name: &str| if file.path.is_empty() { name.to_owned() } else { format!("{}.{name}", file.path) };
    let size = file.bytes.len() as u64;
    if size > LARGEST_DOCUMENT {
        return Err(ClaimRefusal::FileTooLarge { field: place(file.content_field), limit: LARGEST_DOCUMENT }.into());
    }
    let mime_type =
        media_type_of(&file.bytes).ok_or_else(|| ClaimRefusal::InvalidMimeType { field: place(file.content_field) })?;
    let id = DocumentId::new(act.at, &act.entropy());
    let document = NewDocument {
        id,
        kind: file.kind,
        title: file.title,
        filename: clean_filename(&file.filename),
        mime_type: mime_type.to_owned(),
        size,
        sha256: format!("{:x}", Sha256::digest(&file.bytes)),
        storage_key: format!("{folder}/{id}"),
        note: file.comment,
        path: file.path,
    };
    Ok((document, file.bytes))
}

/// An entry holds one document: two files of one type in one request would lose the first.
fn one_of_each(claim: &Claim, documents: &[NewDocument]) -> Result<(), Refusal> {
    let family = Catalogue::embedded().family_for_product(&claim.product.kind);
    let name = |document: &NewDocument| {
        family
            .and_then(|family| family.document(&document.kind))
            .map_or_else(|| document.kind.clone(), |rule| rule.id.clone())
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
