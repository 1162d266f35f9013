//! The memory that uploads may use, in fair shares of keys.

use constat_core::{AppError, UploadSettings};
use constat_domain::ids::KeyId;
use constat_store::StoreError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

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
const MAX_KEYS: usize = 1_000;

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
        if known.len() >= MAX_KEYS {
            // An upload that holds or waits for a share holds the semaphore too.
            known.retain(|_, shares| Arc::strong_count(shares) > 1);
        }
        Arc::clone(known.entry(key).or_insert_with(|| Arc::new(Semaphore::new(self.most as usize))))
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
        assert!(memory.of_keys.lock().unwrap().len() <= MAX_KEYS + 1);
        assert!(memory.of_keys.lock().unwrap().contains_key(&key(0)));
        drop(kept);
    }
}
