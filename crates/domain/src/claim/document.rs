//! An uploaded document: its status and the metadata of its bytes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::safe_filename;
use crate::geo::Position;
use crate::ids::{DeclarationId, DocumentId};

/// Status of a document entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    /// Not uploaded yet.
    WaitingFor,
    /// Uploaded, not checked yet.
    ToVerify,
    /// Good.
    Accepted,
    /// Refused; may be uploaded again.
    Rejected,
}

impl DocumentStatus {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WaitingFor => "waiting_for",
            Self::ToVerify => "to_verify",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

/// An uploaded document. Its bytes are immutable and lie in the object store under `storage_key`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Its identifier.
    pub id: DocumentId,
    /// Stable id of the document type in the catalogue.
    #[serde(rename = "type")]
    pub kind: String,
    /// Title given by the uploader.
    pub title: String,
    /// File name given by the uploader, cleaned of paths and control characters.
    pub filename: String,
    /// Media type, detected from the content.
    pub mime_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes, lower-case hex; also the entity tag.
    pub sha256: String,
    /// Where the bytes are.
    pub storage_key: String,
    /// Its status.
    pub status: DocumentStatus,
    /// Why it was refused.
    pub refusal_reason: Option<String>,
    /// The uploader's comment, or the handler's note.
    pub note: Option<String>,
    /// When it was uploaded.
    pub uploaded_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// When it was refused.
    pub refused_at: Option<Timestamp>,
    /// The newer document that took its place, after a refusal or before a review.
    pub replaced_by: Option<DocumentId>,
    /// Whether it takes a password to open it. It then fills its entry only once a handler has accepted it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
    /// What the virus scanner said.
    #[serde(default)]
    pub scan: ScanState,
    /// An older document of the same platform with the very same bytes.
    #[serde(default)]
    pub duplicate_of: Option<Duplicate>,
    /// When and where the photo was taken, as its file told, and which of its bytes tell it.
    #[serde(default)]
    pub photo: Option<Box<Photo>>,
}

impl Document {
    /// The name under which its bytes are handed out. Its ending follows the type that was detected.
    pub fn safe_filename(&self) -> String {
        safe_filename(&self.filename, &self.mime_type)
    }
}

/// Another document with the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicate {
    /// The claim that has it.
    pub declaration: DeclarationId,
    /// The document.
    pub document: DocumentId,
    /// The same integrator declared both claims. Integrators do not see duplicates on claims of others, nor on
    /// claims without a recorded declarer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_own: bool,
}

/// Result of a virus scan of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanState {
    /// No scanner looked: none is set up, or the operator lets documents pass while it is away.
    #[default]
    None,
    /// The scanner could not be reached; the content is withheld until a scan.
    Pending,
    /// Nothing was found.
    Clean,
    /// Malware found; the content is withheld.
    Infected,
}

impl ScanState {
    /// Whether the content is withheld: not scanned yet, or infected.
    pub const fn withholds(self) -> bool {
        matches!(self, Self::Pending | Self::Infected)
    }

    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Clean => "clean",
            Self::Infected => "infected",
        }
    }

    /// The state with that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::None, Self::Pending, Self::Clean, Self::Infected].into_iter().find(|state| state.as_str() == name)
    }
}

/// Metadata of a photo's file, stored apart from the bytes that others get.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Photo {
    /// When it was taken, by the camera's clock, which knows no zone.
    pub taken_at: Option<jiff::civil::DateTime>,
    /// Where the camera was.
    pub position: Option<Position>,
    /// Edits to apply to the bytes for all readers but the platform: in order, not overlapping.
    pub edits: Vec<PhotoEdit>,
    /// The rules of cleaning that the edits follow.
    #[serde(default)]
    pub rules: u16,
}

impl Photo {
    /// The present rules of cleaning. A copy of a file that was looked at under older ones is made anew.
    pub const RULES: u16 = 3;
}

/// One stretch of the original that others do not get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoEdit {
    /// First byte left out.
    pub from: u64,
    /// First byte after it that stays.
    pub to: u64,
    /// What is put in its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<u8>,
    /// How many zeros follow that.
    #[serde(default)]
    pub zeros: u64,
}
