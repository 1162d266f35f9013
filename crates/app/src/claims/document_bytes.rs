//! A document's bytes, as somebody may have them.

use std::io::Error;
use std::ops::Range;

use bytes::Bytes;
use constat_domain::claim::{Document, Photo, ScanState, Stretch};
use constat_domain::refusal::ClaimRefusal;
use constat_store::{DocumentBytes, Documents};
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::Copy;
use crate::{App, AppError};

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
/// is given to nobody.
pub fn copy_facts(document: &Document, copy: Copy) -> Result<CopyFacts, AppError> {
    match document.scan {
        ScanState::Pending => return Err(ClaimRefusal::DocumentBeingChecked.into()),
        ScanState::Infected => return Err(ClaimRefusal::DocumentQuarantined.into()),
        ScanState::None | ScanState::Clean => {}
    }
    Ok(match edits(document, copy) {
        Some(photo) => CopyFacts { size: photo.clean_size(document.size), tag: format!("{}-clean", document.sha256) },
        None => CopyFacts { size: document.size, tag: document.sha256.clone() },
    })
}

/// Streams a copy, or a range of it.
pub async fn copy_bytes(
    app: &App,
    document: &Document,
    copy: Copy,
    range: Option<Range<u64>>,
) -> Result<DocumentBytes, AppError> {
    let size = copy_facts(document, copy)?.size;
    let found = match edits(document, copy) {
        Some(photo) => {
            let stretches = photo.clean(document.size, range.unwrap_or(0..size));
            clean(&app.documents, &document.storage_key, stretches).await?
        }
        None => app.documents.get(&document.storage_key, range).await?,
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

/// So many zeros, a piece at a time.
fn zeros(count: u64) -> DocumentBytes {
    static PIECE: [u8; 16 * 1024] = [0; 16 * 1024];
    let most = PIECE.len() as u64;
    let pieces = std::iter::successors(Some(count), move |left| left.checked_sub(most)).take_while(|left| *left > 0);
    let piece = |left: u64| Bytes::from_static(&PIECE[..usize::try_from(left).unwrap_or(usize::MAX).min(PIECE.len())]);
    futures_util::stream::iter(pieces.map(move |left| Ok(piece(left)))).boxed()
}
