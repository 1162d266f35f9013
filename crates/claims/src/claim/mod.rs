//! The verbs of the claims API.

pub(crate) mod cancel_claim;
pub(crate) mod change_status;
pub(crate) mod correct_claim;
pub(crate) mod cover;
pub(crate) mod create_claim;
pub(crate) mod document_bytes;
pub(crate) mod dossier;
pub(crate) mod download;
pub(crate) mod edit_claim;
pub(crate) mod events;
pub(crate) mod feed;
pub(crate) mod find;
pub(crate) mod list_claims;
pub(crate) mod notes;
pub(crate) mod preview;
pub(crate) mod read_claim;
pub(crate) mod receive;
pub(crate) mod request_document;
pub(crate) mod review_document;
pub(crate) mod settlements;
pub(crate) mod submit_claim;
pub(crate) mod timeline;
pub(crate) mod upload_documents;

pub use crate::preview_renderer::{Drawn, NoPreviewRenderer, PreviewRenderer};
pub use crate::upload_memory::{UploadMemory, UploadShare};
pub use cancel_claim::cancel_claim;
pub(crate) use cancel_claim::give_up;
pub use change_status::change_status;
pub use constat_store::queries::claims::ClaimVersion;
pub use correct_claim::correct_claim;
pub use create_claim::{Declared, SentTwice, create_claim};
pub use document_bytes::{CopyFacts, copy_bytes, copy_facts};
pub use dossier::edit_dossier;
pub use download::{Copy, DownloadLink, LINK_LIFE, Reading, open_download, sign_download, signed_download_url};
pub use edit_claim::edit_claim;
pub use feed::{Feed, FeedEntry, MAX_FEED_ENTRIES, read_feed};
pub(crate) use find::find;
pub use list_claims::{ClaimGroup, ListedClaims, list_claims};
pub use notes::{add_internal_note, internal_notes, set_note};
pub use preview::{has_failed_preview, preview};
pub use read_claim::{claim_version, read_claim, read_document};
pub use receive::{Received, Receiving, forget};
pub use request_document::request_document;
pub use review_document::{Review, review_document};
pub use settlements::{SettlementChange, change_settlement, create_settlement, read_settlement};
pub use submit_claim::submit_claim;
pub use timeline::{ActorKind, Timeline, TimelineEntry, claim_timeline};
pub use upload_documents::{Upload, UploadRequest, Uploaded, upload_documents};

use constat_domain::claim::Claim;
use constat_domain::ids::DocumentId;
use constat_domain::refusal::ClaimRefusal;
use constat_store::queries::document_files::{self, DocumentFile};

use constat_core::AppError;
use constat_store::Tx;

/// Keeps whose bytes lie under the key of a document that the claim has taken in.
pub(crate) fn keep_file(tx: &mut Tx, claim: &Claim, id: DocumentId) -> Result<(), AppError> {
    let document = claim.document(id).ok_or(ClaimRefusal::DocumentNotFound)?;
    let file = DocumentFile {
        key: document.storage_key.clone(),
        tenant: claim.tenant,
        declaration: claim.declaration_id,
        document: id,
        sha256: document.sha256.clone(),
        scan: document.scan,
        size: document.size,
    };
    Ok(document_files::insert(tx, &file)?)
}
