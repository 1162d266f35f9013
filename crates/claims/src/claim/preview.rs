//! A small picture of a document, and what else is found out about its file in a process apart.

use std::time::Duration;

use constat_domain::claim::Document;
use constat_domain::refusal::ClaimRefusal;
use constat_store::StoreError;
use futures_util::TryStreamExt as _;

use crate::ClaimService;
use crate::claim::document_bytes::copy_bytes;
use crate::claim::download::Copy;
use crate::preview_renderer::Drawn;
use constat_core::AppError;

/// Longest wait for the process that tries a password. Beyond it the document is taken for protected.
const PASSWORD_TIMEOUT: Duration = Duration::from_secs(15);

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
