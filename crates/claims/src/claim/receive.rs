//! Bytes of a document on their way in: stored, hashed and looked at piece by piece, so that no more
//! than one part of a document is in memory however many come at once.

use constat_domain::claim::{Claim, MAX_DOCUMENT_BYTES, Photo, media_type_of};
use constat_domain::ids::DocumentId;
use constat_domain::refusal::ClaimRefusal;
use constat_media::EncryptionScan;
use constat_media::photo::PhotoScan;
use constat_store::{Documents, IncomingBytes};
use sha2::{Digest as _, Sha256};

use crate::ClaimService;
use constat_core::{AppError, CommandContext};

/// How many of the first bytes tell the type: the longest header that is looked at is 1 KiB.
const HEAD: usize = 4096;

/// Why the bytes are not taken.
#[derive(Debug, Clone, Copy)]
enum Fault {
    TooLarge,
    WrongType,
}

/// Bytes that are coming in. Ends with [`finish`](Self::finish); when it is dropped before, nothing is
/// left that a reader could see.
pub struct Receiving {
    id: DocumentId,
    key: String,
    sha256: Sha256,
    size: u64,
    head: Vec<u8>,
    mime_type: Option<&'static str>,
    photo: Option<PhotoScan>,
    encryption: EncryptionScan,
    bytes: Option<IncomingBytes>,
    fault: Option<Fault>,
}

/// Bytes that came whole, lie in the store and are named by no row yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The identifier of the document that they will be.
    pub id: DocumentId,
    /// Where they are.
    pub key: String,
    /// How many.
    pub size: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Their type, told from the content.
    pub mime_type: &'static str,
    /// What a photo tells of itself.
    pub photo: Option<Box<Photo>>,
    /// Whether it is a PDF that names an encryption: it may take a password to open.
    pub may_be_encrypted: bool,
}

impl Receiving {
    /// Makes room for a document of this claim.
    pub fn begin(service: &ClaimService, context: &CommandContext, claim: &Claim) -> Self {
        let id = DocumentId::new(context.at, &context.entropy());
        let key = format!("documents/{}/{}/{id}", claim.tenant, claim.declaration_id);
        Self {
            id,
            bytes: Some(service.documents.incoming(&key)),
            key,
            sha256: Sha256::new(),
            size: 0,
            head: Vec::new(),
            mime_type: None,
            photo: None,
            encryption: EncryptionScan::default(),
            fault: None,
        }
    }

    /// Takes the next bytes. Those of a document that is refused already are counted and forgotten.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), AppError> {
        self.size += bytes.len() as u64;
        if self.fault.is_some() {
            return Ok(());
        }
        if self.size > MAX_DOCUMENT_BYTES {
            return self.refuse(Fault::TooLarge).await;
        }
        if self.mime_type.is_none() {
            let (head, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
            self.head.extend_from_slice(head);
            if self.head.len() == HEAD {
                if !self.knows_its_type() {
                    return self.refuse(Fault::WrongType).await;
                }
                self.look(rest);
            }
        } else {
            self.look(bytes);
        }
        self.sha256.update(bytes);
        if let Some(incoming) = &mut self.bytes {
            incoming.write(bytes).await?;
        }
        Ok(())
    }

    /// Bytes that are there already, in pieces small enough that other requests get their turn.
    pub async fn write_all(&mut self, bytes: &[u8]) -> Result<(), AppError> {
        for piece in bytes.chunks(256 * 1024) {
            self.write(piece).await?;
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Looks at the bytes, never at the name or the header.
    fn knows_its_type(&mut self) -> bool {
        self.mime_type = media_type_of(&self.head);
        self.photo = self.mime_type.and_then(PhotoScan::of);
        let head = std::mem::take(&mut self.head);
        self.look(&head);
        self.mime_type.is_some()
    }

    fn look(&mut self, bytes: &[u8]) {
        if let Some(scan) = &mut self.photo {
            scan.feed(bytes);
        }
        if self.mime_type == Some("application/pdf") {
            self.encryption.feed(bytes);
        }
    }

    async fn refuse(&mut self, fault: Fault) -> Result<(), AppError> {
        self.fault = Some(fault);
        match self.bytes.take() {
            Some(incoming) => Ok(incoming.abort().await?),
            None => Ok(()),
        }
    }

    /// Whether what comes is already known to be refused.
    pub fn is_refused(&self) -> bool {
        self.fault.is_some()
    }

    /// All came. `field` is where the request carries them. Safe from a crash when this returns.
    pub async fn finish(mut self, field: &str) -> Result<Received, AppError> {
        if self.fault.is_none() && self.mime_type.is_none() && !self.knows_its_type() {
            self.refuse(Fault::WrongType).await?;
        }
        let field = field.to_owned();
        match (self.fault, self.mime_type, self.bytes.take()) {
            (Some(Fault::TooLarge), ..) => Err(ClaimRefusal::FileTooLarge { field, limit: MAX_DOCUMENT_BYTES }.into()),
            (None, Some(mime_type), Some(incoming)) => {
                incoming.finish().await?;
                let sha256 = format!("{:x}", self.sha256.finalize());
                let photo = self.photo.map(|scan| Box::new(scan.finish()));
                let may_be_encrypted = self.encryption.found();
                Ok(Received { id: self.id, key: self.key, size: self.size, sha256, mime_type, photo, may_be_encrypted })
            }
            _ => Err(ClaimRefusal::InvalidMimeType { field }.into()),
        }
    }
}

/// Removes bytes that no row will name. What cannot be removed is found by the sweep.
pub async fn forget(documents: &Documents, keys: &[String]) {
    for key in keys {
        if let Err(error) = documents.remove(key).await {
            tracing::warn!(key, %error, "bytes that no row names could not be removed");
        }
    }
}
