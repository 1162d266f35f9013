//! A small picture of a document, and what else is found out about its file in a process apart.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use constat_domain::claim::Document;
use constat_domain::ids::DocumentId;
use constat_domain::refusal::ClaimRefusal;
use constat_store::StoreError;
use futures_util::TryStreamExt as _;
use futures_util::future::BoxFuture;

use crate::ClaimService;
use crate::claim::document_bytes::copy_bytes;
use crate::claim::download::Copy;
use constat_core::AppError;

/// Longest wait for the process that tries a password. Beyond it the document is taken for protected.
const PASSWORD_TIMEOUT: Duration = Duration::from_secs(15);

/// Draws small pictures of files that strangers sent. Whatever a file does to its decoder, it is not
/// done to this server.
pub trait PreviewRenderer: Send + Sync + 'static {
    /// A JPEG of a file of this media type: a photo made small, or the first page of a PDF.
    fn draw(&self, media_type: &str, bytes: Vec<u8>) -> BoxFuture<'_, Drawn>;

    /// Whether it takes a password to open this PDF: one that is encrypted under the empty password takes none.
    /// `None` when that cannot be found out.
    fn takes_password(&self, bytes: Vec<u8>) -> BoxFuture<'_, Option<bool>>;
}

/// What came of drawing a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drawn {
    /// A JPEG.
    Picture(Vec<u8>),
    /// The file cannot be drawn, or not within its bounds of time and memory, and never will be.
    Never,
    /// It could not be tried.
    NotNow,
}

/// Documents that cannot be drawn. One may take seconds to find out, while others wait for their turn.
#[derive(Debug, Default)]
pub(crate) struct FailedPreviews(Mutex<HashSet<DocumentId>>);

impl FailedPreviews {
    /// Most that are remembered: some hundred kilobytes. Beyond it the memory begins anew.
    const MOST: usize = 10_000;

    fn has(&self, document: DocumentId) -> bool {
        self.0.lock().is_ok_and(|known| known.contains(&document))
    }

    fn remember(&self, document: DocumentId) {
        if let Ok(mut known) = self.0.lock() {
            if known.len() >= Self::MOST {
                known.clear();
            }
            known.insert(document);
        }
    }
}

/// Draws nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPreviewRenderer;

impl PreviewRenderer for NoPreviewRenderer {
    fn draw(&self, _media_type: &str, _bytes: Vec<u8>) -> BoxFuture<'_, Drawn> {
        Box::pin(std::future::ready(Drawn::Never))
    }

    fn takes_password(&self, _bytes: Vec<u8>) -> BoxFuture<'_, Option<bool>> {
        Box::pin(std::future::ready(None))
    }
}

/// Whether it takes a password to open the PDF under this key. One of which that cannot be found out is taken for
/// protected: a handler then decides.
pub(super) async fn takes_password(service: &ClaimService, key: &str) -> Result<bool, AppError> {
    let bytes = service.documents.get(key, None).await?;
    let Some(bytes) = bytes else {
        return Err(StoreError::Unavailable("bytes just written are not there".to_owned()).into());
    };
    let tried = tokio::time::timeout(PASSWORD_TIMEOUT, async {
        // One file at a time, so that memory stays bounded.
        let _turn = service.password_turn.acquire().await.ok()?;
        let pieces: Vec<bytes::Bytes> = bytes.try_collect().await.ok()?;
        service.preview_renderer.takes_password(pieces.concat()).await
    });
    Ok(tried.await.ok().flatten().unwrap_or(true))
}

/// Whether a preview of the document was tried before and cannot be drawn.
pub fn has_failed_preview(service: &ClaimService, document: &Document) -> bool {
    service.failed_previews.has(document.id)
}

/// A JPEG of the document, small and the right way up. A document never changes, so that one that cannot
/// be drawn is tried once. The caller sees to it that few are drawn at a time.
///
/// # Errors
/// [`ClaimRefusal::NoPreview`] for what cannot be drawn; unavailable when drawing could not be tried.
pub async fn preview(service: &ClaimService, document: &Document) -> Result<Vec<u8>, AppError> {
    if service.failed_previews.has(document.id) {
        return Err(ClaimRefusal::NoPreview.into());
    }
    let pieces: Vec<bytes::Bytes> = copy_bytes(service, document, Copy::Original, None)
        .await?
        .try_collect()
        .await
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    match service.preview_renderer.draw(&document.mime_type, pieces.concat()).await {
        Drawn::Picture(picture) => Ok(picture),
        Drawn::Never => {
            service.failed_previews.remember(document.id);
            Err(ClaimRefusal::NoPreview.into())
        }
        Drawn::NotNow => Err(StoreError::Unavailable("previews cannot be drawn now".to_owned()).into()),
    }
}
