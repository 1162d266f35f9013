//! The renderer of previews, and the documents that it cannot render.

use constat_domain::ids::DocumentId;
use futures_util::future::BoxFuture;
use std::collections::HashSet;
use std::sync::Mutex;

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
    /// Maximum number that are remembered: some hundred kilobytes. Beyond it the memory begins anew.
    const MAX_REMEMBERED: usize = 10_000;

    pub(crate) fn has(&self, document: DocumentId) -> bool {
        self.0.lock().is_ok_and(|known| known.contains(&document))
    }

    pub(crate) fn remember(&self, document: DocumentId) {
        if let Ok(mut known) = self.0.lock() {
            if known.len() >= Self::MAX_REMEMBERED {
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
