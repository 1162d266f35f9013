//! The claims service of this server.

use std::sync::Arc;

use constat_core::Core;
use constat_store::Documents;

use crate::claim_appointments::gateway::{NoPartners, PartnerGateway};
use crate::preview_renderer::{FailedPreviews, NoPreviewRenderer, PreviewRenderer};
use crate::upload_memory::UploadMemory;
use crate::virus_scanner::{NoScanner, VirusScanner};
use crate::webhooks::sender::{NoWebhookSender, WebhookSender};

/// Claims, their documents, deadlines, appointments with partner firms and webhooks. Shared by reference count.
pub struct ClaimService {
    /// The database, time, settings.
    pub core: Arc<Core>,
    /// The documents' bytes.
    pub documents: Documents,
    /// Partner firms; none until [`ClaimService::with_partners`].
    pub partners: Arc<dyn PartnerGateway>,
    /// Sends webhooks; none until [`ClaimService::with_webhooks`].
    pub webhooks: Arc<dyn WebhookSender>,
    /// The memory that uploads may use.
    pub upload_memory: UploadMemory,
    /// The virus scanner; none until [`ClaimService::with_scanner`].
    pub scanner: Arc<dyn VirusScanner>,
    /// Renders previews; none until [`ClaimService::with_draughtsman`].
    pub preview_renderer: Arc<dyn PreviewRenderer>,
    /// One file at a time is checked for a password.
    pub(crate) password_turn: tokio::sync::Semaphore,
    pub(crate) failed_previews: FailedPreviews,
    /// The key of the held document that the virus scanner last had no verdict for.
    pub(crate) last_unseen: std::sync::Mutex<String>,
}

impl ClaimService {
    /// A claims service without partner firms, webhooks, scanner and previews.
    pub fn new(core: Arc<Core>, documents: Documents) -> Self {
        Self {
            documents,
            partners: Arc::new(NoPartners),
            webhooks: Arc::new(NoWebhookSender),
            upload_memory: UploadMemory::of(&core.settings.uploads),
            scanner: Arc::new(NoScanner),
            preview_renderer: Arc::new(NoPreviewRenderer),
            password_turn: tokio::sync::Semaphore::new(1),
            failed_previews: FailedPreviews::default(),
            last_unseen: std::sync::Mutex::default(),
            core,
        }
    }

    /// The same with this gateway to partner firms.
    #[must_use]
    pub fn with_partners(self, partners: Arc<dyn PartnerGateway>) -> Self {
        Self { partners, ..self }
    }

    /// The same with this sender of webhooks.
    #[must_use]
    pub fn with_webhooks(self, webhooks: Arc<dyn WebhookSender>) -> Self {
        Self { webhooks, ..self }
    }

    /// The same with this virus scanner.
    #[must_use]
    pub fn with_scanner(self, scanner: Arc<dyn VirusScanner>) -> Self {
        Self { scanner, ..self }
    }

    /// The same with this renderer of previews.
    #[must_use]
    pub fn with_preview_renderer(self, preview_renderer: Arc<dyn PreviewRenderer>) -> Self {
        Self { preview_renderer, ..self }
    }
}
