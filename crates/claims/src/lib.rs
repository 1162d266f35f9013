//! Claims: their operations, documents, deadlines, appointments with partner firms, dossier, webhooks, import and
//! export.
//!
//! One file for each operation: load, decide, save. An operation that writes is a plain function over a transaction
//! and a command context; one that reads takes the [`ClaimService`].

pub mod claim;
pub mod claim_appointments;
pub mod deadlines;
pub mod document_gc;
pub mod dossier;
pub mod import_export;
mod preview_renderer;
mod scanner;
mod service;
mod upload_memory;
mod virus_scanner;
pub mod webhooks;

pub use preview_renderer::{Drawn, NoPreviewRenderer, PreviewRenderer};
pub use service::ClaimService;
pub use upload_memory::UploadShare;
pub use virus_scanner::{NoScanner, Verdict, VirusScanner};
