//! A small picture of a document.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use constat_domain::claim::Document;
use constat_domain::ids::DocumentId;
use constat_domain::refusal::ClaimRefusal;
use constat_store::StoreError;
use futures_util::TryStreamExt as _;
use futures_util::future::BoxFuture;

use super::{Copy, copy_bytes};
use crate::{App, AppError};

/// How long a preview waits for its turn: one is made at a time, so that memory stays bounded.
const PATIENCE: Duration = Duration::from_secs(10);

/// Draws small pictures of files that strangers sent. Whatever a file does to its decoder, it is not
/// done to this server.
pub trait Draughtsman: Send + Sync + 'static {
    /// A JPEG of a file of this media type: a photo made small, or the first page of a PDF.
    fn draw(&self, media_type: &str, bytes: Vec<u8>) -> BoxFuture<'_, Drawn>;
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
pub(crate) struct Undrawable(Mutex<HashSet<DocumentId>>);

impl Undrawable {
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
pub struct NoDraughtsman;

impl Draughtsman for NoDraughtsman {
    fn draw(&self, _media_type: &str, _bytes: Vec<u8>) -> BoxFuture<'_, Drawn> {
        Box::pin(std::future::ready(Drawn::Never))
    }
}

/// A JPEG of the document, small and the right way up. A document never changes, so that one that cannot
/// be drawn is tried once.
///
/// # Errors
/// [`ClaimRefusal::NoPreview`] for what cannot be drawn; busy when its turn does not come,
/// unavailable when drawing could not be tried.
pub async fn preview(app: &App, document: &Document) -> Result<Vec<u8>, AppError> {
    if app.undrawable.has(document.id) {
        return Err(ClaimRefusal::NoPreview.into());
    }
    let turn = tokio::time::timeout(PATIENCE, app.preview_turn.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        return Err(StoreError::Busy("too many previews at once".to_owned()).into());
    };
    // Somebody before may have found out.
    if app.undrawable.has(document.id) {
        return Err(ClaimRefusal::NoPreview.into());
    }
    let pieces: Vec<bytes::Bytes> = copy_bytes(app, document, Copy::Original, None)
        .await?
        .try_collect()
        .await
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    match app.draughtsman.draw(&document.mime_type, pieces.concat()).await {
        Drawn::Picture(picture) => Ok(picture),
        Drawn::Never => {
            app.undrawable.remember(document.id);
            Err(ClaimRefusal::NoPreview.into())
        }
        Drawn::NotNow => Err(StoreError::Unavailable("previews cannot be drawn now".to_owned()).into()),
    }
}
