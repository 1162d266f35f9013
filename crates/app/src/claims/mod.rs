//! The verbs of the claims API.

mod cancel_claim;
mod change_status;
mod correct_claim;
pub(crate) mod cover;
mod create_claim;
mod document_bytes;
mod dossier;
mod download;
mod edit_claim;
pub(crate) mod events;
mod feed;
mod find;
mod list_claims;
mod notes;
mod preview;
mod read_claim;
mod receive;
mod request_document;
mod review_document;
mod settlements;
mod submit_claim;
mod timeline;
mod upload_documents;

pub use cancel_claim::cancel_claim;
pub(crate) use cancel_claim::give_up;
pub use change_status::change_status;
pub use constat_store::queries::claims::Stamp as ClaimStamp;
pub use correct_claim::correct_claim;
pub use create_claim::{Declared, SentTwice, create_claim};
pub(crate) use document_bytes::record_originals;
pub use document_bytes::{CopyFacts, copy_bytes, copy_facts};
pub use dossier::edit_dossier;
pub use download::{Copy, DownloadLink, LINK_LIFE, Reading, open_download, sign_download, signed_download_url};
pub use edit_claim::edit_claim;
pub(crate) use feed::entry_of;
pub use feed::{Feed, FeedEntry, LARGEST_FEED, read_feed};
pub(crate) use find::{claim_to_change, claim_to_handle, find, find_to_handle, knows_policyholder};
pub use list_claims::{ClaimGroup, ListedClaims, list_claims};
pub use notes::{add_internal_note, internal_notes, set_note};
pub(crate) use preview::Undrawable;
pub use preview::{Draughtsman, Drawn, NoDraughtsman, known_undrawable, preview};
pub use read_claim::{claim_stamp, read_claim, read_document};
pub use receive::{Received, Receiving, UploadMemory, UploadShare, forget};
pub use request_document::request_document;
pub use review_document::{Review, review_document};
pub use settlements::{SettlementChange, change_settlement, create_settlement, read_settlement};
pub use submit_claim::submit_claim;
pub(crate) use timeline::timeline_of;
pub use timeline::{ActorKind, Timeline, TimelineEntry, claim_timeline};
pub use upload_documents::{Upload, UploadRequest, Uploaded, upload_documents};

use constat_domain::claim::Claim;
use constat_domain::ids::DocumentId;
use constat_domain::refusal::ClaimRefusal;
use constat_store::queries::document_files::{self, DocumentFile};

use crate::{AppError, Tx};

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
        size: Some(document.size),
    };
    Ok(document_files::insert(tx, &file)?)
}
