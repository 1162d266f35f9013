//! Bytes of a document on their way in: stored, hashed and looked at piece by piece, so that no more
//! than one part of a document is in memory however many come at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use constat_domain::claim::{Claim, LARGEST_DOCUMENT, Photo, media_type_of};
use constat_domain::ids::{DocumentId, KeyId};
use constat_domain::refusal::ClaimRefusal;
use constat_media::EncryptionScan;
use constat_media::photo::PhotoScan;
use constat_store::{Documents, IncomingBytes, StoreError};
use sha2::{Digest as _, Sha256};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::ClaimService;
use constat_core::{AppError, CommandContext, UploadSettings};

/// How many of the first bytes tell the type: the longest header that is looked at is 1 KiB.
const HEAD: usize = 4096;

/// Memory that uploads may use together. An upload takes its share before it reads its body, and
/// gives it back when it is done. One API key has half of it at most, so that a key that uploads much waits for
/// its own uploads, and others find room.
#[derive(Debug, Clone)]
pub struct UploadMemory {
    /// One permit for each MiB.
    shares: Arc<Semaphore>,
    /// The same for each key that uploads.
    of_keys: Arc<Mutex<HashMap<KeyId, Arc<Semaphore>>>>,
    /// What one key may have, in MiB: half of all.
    most: u32,
    patience: Duration,
}

/// An upload's share of the memory.
#[derive(Debug)]
pub struct UploadShare {
    _of_all: OwnedSemaphorePermit,
    _of_key: OwnedSemaphorePermit,
}

/// Keys remembered before those that upload nothing now are forgotten.
const MOST_KEYS: usize = 1_000;

impl UploadMemory {
    /// As much as the operator allows.
    pub fn of(settings: &UploadSettings) -> Self {
        let all = settings.memory_mb.max(2);
        let patience = Duration::from_secs(settings.wait_seconds);
        Self { shares: Arc::new(Semaphore::new(all as usize)), of_keys: Arc::default(), most: all / 2, patience }
    }

    /// Takes a share for this many bytes, at most what one key may have. Waits its turn, first behind the
    /// key's own uploads, then behind those of all; when that takes too long the server is
    /// [`StoreError::Busy`], and the sender should try again.
    pub async fn take(&self, key: KeyId, bytes: usize) -> Result<UploadShare, AppError> {
        let wanted = u32::try_from(bytes.div_ceil(1024 * 1024)).unwrap_or(u32::MAX).clamp(1, self.most);
        let turn = async {
            let of_key = self.of_key(key).acquire_many_owned(wanted).await?;
            let of_all = Arc::clone(&self.shares).acquire_many_owned(wanted).await?;
            Ok::<_, AcquireError>(UploadShare { _of_all: of_all, _of_key: of_key })
        };
        match tokio::time::timeout(self.patience, turn).await {
            Ok(Ok(share)) => Ok(share),
            Ok(Err(_)) | Err(_) => Err(StoreError::Busy("too many uploads at once".to_owned()).into()),
        }
    }

    fn of_key(&self, key: KeyId) -> Arc<Semaphore> {
        let mut known = self.of_keys.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KEYS {
            // An upload that holds or waits for a share holds the semaphore too.
            known.retain(|_, shares| Arc::strong_count(shares) > 1);
        }
        Arc::clone(known.entry(key).or_insert_with(|| Arc::new(Semaphore::new(self.most as usize))))
    }
}

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
        if self.size > LARGEST_DOCUMENT {
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
            (Some(Fault::TooLarge), ..) => Err(ClaimRefusal::FileTooLarge { field, limit: LARGEST_DOCUMENT }.into()),
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const MIB: usize = 1024 * 1024;

    fn key(number: u8) -> KeyId {
        KeyId::new(Timestamp::UNIX_EPOCH, &[number; 10])
    }

    #[tokio::test]
    async fn one_key_has_half_of_the_memory_and_others_find_room() {
        let memory = UploadMemory::of(&UploadSettings { memory_mb: 16, wait_seconds: 0, ..UploadSettings::default() });
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(memory.take(key(1), MIB).await.unwrap());
        }
        assert!(matches!(memory.take(key(1), 1).await, Err(AppError::Store(StoreError::Busy(_)))));
        // However much it asks for: a whole half, and no more.
        let other = memory.take(key(2), 64 * MIB).await.unwrap();
        assert!(memory.take(key(3), 1).await.is_err(), "all is in use");
        held.pop();
        memory.take(key(3), MIB).await.unwrap();
        drop((held, other));
        memory.take(key(1), 8 * MIB).await.unwrap();
    }

    #[tokio::test]
    async fn keys_that_upload_nothing_are_forgotten() {
        let memory = UploadMemory::of(&UploadSettings::default());
        let kept = memory.take(key(0), MIB).await.unwrap();
        for number in 0..2_u16 * 1_000 {
            let mut entropy = [1; 10];
            entropy[..2].copy_from_slice(&number.to_be_bytes());
            memory.take(KeyId::new(Timestamp::UNIX_EPOCH, &entropy), MIB).await.unwrap();
        }
        assert!(memory.of_keys.lock().unwrap().len() <= MOST_KEYS + 1);
        assert!(memory.of_keys.lock().unwrap().contains_key(&key(0)));
        drop(kept);
    }
}
