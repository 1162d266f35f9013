//! The virus scanner.

use constat_store::DocumentBytes;
use futures_util::future::BoxFuture;

/// What a scanner says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was found.
    Clean,
    /// Something was found. Its name is in the log.
    Infected,
}

/// Looks for viruses.
pub trait VirusScanner: Send + Sync + 'static {
    /// Whether there is one at all.
    fn is_there(&self) -> bool;

    /// Looks at these bytes. `None` when it cannot be reached, does not answer in time or not as
    /// agreed.
    fn scan(&self, bytes: DocumentBytes) -> BoxFuture<'_, Option<Verdict>>;
}

/// No scanner.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoScanner;

impl VirusScanner for NoScanner {
    fn is_there(&self) -> bool {
        false
    }

    fn scan(&self, _bytes: DocumentBytes) -> BoxFuture<'_, Option<Verdict>> {
        Box::pin(std::future::ready(None))
    }
}
