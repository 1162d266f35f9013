//! A document's bytes, as a reader may have them.

use constat_domain::event_kinds::EventKind;
use std::io::Error;
use std::ops::Range;

use bytes::Bytes;
use constat_domain::claim::{Claim, Document, Photo, ScanState};
use constat_domain::ids::{EventId, KeyId};
use constat_domain::refusal::ClaimRefusal;
use constat_media::photo::{PhotoScan, Stretch, clean_copy, clean_size};
use constat_store::queries::events::{self, Event};
use constat_store::{DocumentBytes, Documents, StoreError};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::json;

use crate::ClaimService;
use crate::claim::download::{Copy, Reading};
use crate::claim::events::about;
use constat_core::AppError;

impl Reading {
    /// Makes ready for the bytes to be sent: a photo that was taken in under older rules of cleaning is looked at
    /// again.
    pub async fn prepare(&mut self, service: &ClaimService) -> Result<(), AppError> {
        if self.copy == Copy::Clean && !self.document.scan.withholds() && is_outdated(&self.document) {
            self.document.photo = Some(Box::new(look_again(service, &self.document).await?));
        }
        Ok(())
    }

    /// Records that an original was read which holds more than the cleaned copy, such as a position. To be called
    /// before the bytes are sent.
    pub async fn record(&self, service: &ClaimService) -> Result<(), AppError> {
        if self.copy == Copy::Original {
            record_originals(service, &self.claim, &[&self.document], self.reader).await?;
        }
        Ok(())
    }
}

/// Whether the stretches to leave out were found under older rules.
fn is_outdated(document: &Document) -> bool {
    let is_looked_at = PhotoScan::of(&document.mime_type).is_some();
    is_looked_at && document.photo.as_deref().is_none_or(|photo| photo.rules < Photo::RULES)
}

async fn look_again(service: &ClaimService, document: &Document) -> Result<Photo, AppError> {
    let mut scan = PhotoScan::of(&document.mime_type).ok_or(ClaimRefusal::DocumentNotFound)?;
    let found = service.documents.get(&document.storage_key, None).await?;
    let mut bytes = found.ok_or(ClaimRefusal::DocumentNotFound)?;
    while let Some(piece) = bytes.try_next().await.map_err(|error| StoreError::Unavailable(error.to_string()))? {
        scan.feed(&piece);
        tokio::task::yield_now().await;
    }
    Ok(scan.finish())
}

/// Records, for each of these documents whose original holds more than its cleaned copy, that it was read.
pub(crate) async fn record_originals(
    service: &ClaimService,
    claim: &Claim,
    documents: &[&Document],
    reader: KeyId,
) -> Result<(), AppError> {
    let tells_more = |photo: &Photo| photo.position.is_some() || !photo.edits.is_empty();
    let told = documents.iter().filter(|document| document.photo.as_deref().is_some_and(tells_more));
    let (now, tenant, subject) = (service.core.clock.now(), claim.tenant, claim.declaration_id);
    let actor = reader.to_string();
    let recorded: Vec<Event> = told
        .map(|document| Event {
            id: EventId::new(now, &service.core.secure_random.entropy()),
            tenant,
            subject: subject.to_string(),
            kind: EventKind::ClaimDocumentOriginalRead.into(),
            at: now,
            actor: actor.clone(),
            data: about(claim, json!({ "documentId": document.id })),
        })
        .collect();
    if recorded.is_empty() {
        return Ok(());
    }
    service
        .core
        .store
        .write(move |tx| {
            for event in &recorded {
                events::append(tx, event)?;
            }
            Ok::<(), AppError>(())
        })
        .await
}

/// What is said of the bytes before any of them is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyFacts {
    /// How many there are.
    pub size: u64,
    /// What tells these bytes from all others: the entity tag without its quotes.
    pub tag: String,
}

/// The edits that stand between the original and this copy of it.
fn edits(document: &Document, copy: Copy) -> Option<&Photo> {
    document.photo.as_deref().filter(|photo| copy == Copy::Clean && !photo.edits.is_empty())
}

/// Size and tag of a copy. A document that the virus scanner has not seen yet, or found something in,
/// is given to no reader.
pub fn copy_facts(document: &Document, copy: Copy) -> Result<CopyFacts, AppError> {
    match document.scan {
        ScanState::Pending => return Err(ClaimRefusal::DocumentBeingChecked.into()),
        ScanState::Infected => return Err(ClaimRefusal::DocumentQuarantined.into()),
        ScanState::None | ScanState::Clean => {}
    }
    Ok(match edits(document, copy) {
        Some(photo) => CopyFacts { size: clean_size(photo, document.size), tag: format!("{}-clean", document.sha256) },
        None => CopyFacts { size: document.size, tag: document.sha256.clone() },
    })
}

/// Streams a copy, or a range of it.
pub async fn copy_bytes(
    service: &ClaimService,
    document: &Document,
    copy: Copy,
    range: Option<Range<u64>>,
) -> Result<DocumentBytes, AppError> {
    let size = copy_facts(document, copy)?.size;
    let found = match edits(document, copy) {
        Some(photo) => {
            let stretches = clean_copy(photo, document.size, range.unwrap_or(0..size));
            clean(&service.documents, &document.storage_key, stretches).await?
        }
        None => service.documents.get(&document.storage_key, range).await?,
    };
    found.ok_or_else(|| ClaimRefusal::DocumentNotFound.into())
}

/// Stretches of the original one after the other, and what is put between them. `None` when the
/// original is gone.
async fn clean(documents: &Documents, key: &str, stretches: Vec<Stretch>) -> Result<Option<DocumentBytes>, AppError> {
    if documents.size(key).await?.is_none() {
        return Ok(None);
    }
    let (documents, key) = (documents.clone(), key.to_owned());
    let stream = futures_util::stream::iter(stretches).then(move |stretch| {
        let (documents, key) = (documents.clone(), key.clone());
        async move {
            match stretch {
                Stretch::Original(range) => {
                    let found = documents.get(&key, Some(range)).await.map_err(Error::other)?;
                    found.ok_or_else(|| Error::other("the original is gone"))
                }
                Stretch::Bytes(bytes) => Ok(futures_util::stream::iter([Ok(Bytes::from(bytes))]).boxed()),
                Stretch::Zeros(count) => Ok(zeros(count)),
            }
        }
    });
    Ok(Some(stream.try_flatten().boxed()))
}

/// This number of zeros, a piece at a time.
fn zeros(count: u64) -> DocumentBytes {
    static PIECE: [u8; 16 * 1024] = [0; 16 * 1024];
    let most = PIECE.len() as u64;
    let pieces = std::iter::successors(Some(count), move |left| left.checked_sub(most)).take_while(|left| *left > 0);
    let piece = |left: u64| Bytes::from_static(&PIECE[..usize::try_from(left).unwrap_or(usize::MAX).min(PIECE.len())]);
    futures_util::stream::iter(pieces.map(move |left| Ok(piece(left)))).boxed()
}
