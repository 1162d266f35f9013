//! A small picture of a document.

use std::time::Duration;

use constat_domain::claim::Document;
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
    /// A JPEG of a file of this media type: a photo made small, or the first page of a PDF. `None` when
    /// the file cannot be drawn, or not within its bounds of time and memory.
    fn draw(&self, media_type: &str, bytes: Vec<u8>) -> BoxFuture<'_, Option<Vec<u8>>>;
}

/// Draws nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDraughtsman;

impl Draughtsman for NoDraughtsman {
    fn draw(&self, _media_type: &str, _bytes: Vec<u8>) -> BoxFuture<'_, Option<Vec<u8>>> {
        Box::pin(std::future::ready(None))
    }
}

/// A JPEG of the document, small and the right way up. [`ClaimRefusal::NoPreview`] for what cannot be
/// drawn.
pub async fn preview(app: &App, document: &Document) -> Result<Vec<u8>, AppError> {
    let turn = tokio::time::timeout(PATIENCE, app.preview_turn.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        return Err(StoreError::Busy("too many previews at once".to_owned()).into());
    };
    let pieces: Vec<bytes::Bytes> = copy_bytes(app, document, Copy::Original, None)
        .await?
        .try_collect()
        .await
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let drawn = app.draughtsman.draw(&document.mime_type, pieces.concat()).await;
    drawn.ok_or_else(|| ClaimRefusal::NoPreview.into())
}
