//! Sealed tokens: offers, sessions and download links that need no row.
//!
//! A token carries its content encrypted and authenticated (XChaCha20-Poly1305) under a server key. Any node can
//! open what another issued, a client can neither read nor alter it, and a token for one purpose is not valid for
//! another. Keys rotate: the newest seals; older ones still open until they are dropped.

use std::sync::{Arc, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use constat_store::queries::sealing_keys::{self, SealingKey};
use constat_store::{Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock_and_random::SecureRandom;
use crate::error::AppError;

const NONCE: usize = 24;

/// A key seals for this long; then a new one takes over.
const SEALS_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A key opens for this long. More than the longest life of a token (one hour) past [`SEALS_FOR`].
const OPENS_FOR: SignedDuration = SignedDuration::from_hours(48);

/// What a sealed token is for. A token opens only for the purpose it was sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// A partner firm's search session (`sessionID`).
    Session,
    /// An offered slot (`Timeslot.id`).
    Slot,
    /// A platform's search session for a claim (`sessionID`).
    PlatformSession,
    /// A signed download link.
    Download,
}

impl Seal {
    const fn purpose(self) -> &'static [u8] {
        match self {
            Self::Session => b"session",
            Self::Slot => b"slot",
            Self::PlatformSession => b"platform session",
            Self::Download => b"download",
        }
    }
}

/// Seals and opens tokens.
pub struct Sealer {
    store: Store,
    secure_random: Arc<dyn SecureRandom>,
    /// Newest first, never empty.
    keys: RwLock<Vec<SealingKey>>,
}

impl Sealer {
    /// Loads the keys, and makes the first one if there is none.
    pub async fn open_store(
        store: Store,
        secure_random: Arc<dyn SecureRandom>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let sealer = Self { store, secure_random, keys: RwLock::new(Vec::new()) };
        sealer.rotate(now).await?;
        Ok(sealer)
    }

    /// Makes a new key when the newest is over a day old, and drops those that are too old to open
    /// anything that still lives. To be called at start and now and then.
    pub async fn rotate(&self, now: Timestamp) -> Result<(), StoreError> {
        let known = self.store.read(sealing_keys::all)?;
        let newest = known.first();
        let old = |key: &SealingKey, age| now.duration_since(key.created_at) > age;
        if newest.is_none_or(|key| old(key, SEALS_FOR)) {
            let mut secret = vec![0; 32];
            self.secure_random.fill(&mut secret);
            let number = newest.map_or(1, |key| key.number + 1);
            let fresh = SealingKey { number, secret, created_at: now };
            let dropped: Vec<i64> = known.iter().filter(|key| old(key, OPENS_FOR)).map(|key| key.number).collect();
            let written = self
                .store
                .write(move |tx| {
                    sealing_keys::insert(tx, &fresh)?;
                    dropped.iter().try_for_each(|number| sealing_keys::remove(tx, *number))
                })
                .await;
            match written {
                // Another node was faster: its key will do.
                Ok(()) | Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.reload()
    }

    fn reload(&self) -> Result<(), StoreError> {
        let fresh = self.store.read(sealing_keys::all)?;
        if let Ok(mut keys) = self.keys.write() {
            *keys = fresh;
        }
        Ok(())
    }

    /// Seals a value into a URL-safe token.
    pub fn seal(&self, seal: Seal, value: &impl Serialize) -> Result<String, AppError> {
        let fault = |what: &str| AppError::Fault(format!("cannot seal: {what}"));
        let content = serde_json::to_vec(value).map_err(|error| fault(&error.to_string()))?;
        let keys = self.keys.read().map_err(|_poisoned| fault("keys"))?;
        let key = keys.first().ok_or_else(|| fault("no key"))?;
        let mut nonce = [0; NONCE];
        self.secure_random.fill(&mut nonce);
        let cipher = XChaCha20Poly1305::new_from_slice(&key.secret).map_err(|_length| fault("key length"))?;
        let sealed = cipher
            .encrypt((&nonce).into(), Payload { msg: &content, aad: seal.purpose() })
            .map_err(|_opaque| fault("cipher"))?;
        let mut token = u32::try_from(key.number).map_err(|_range| fault("key number"))?.to_be_bytes().to_vec();
        token.extend_from_slice(&nonce);
        token.extend_from_slice(&sealed);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// Opens a token. `None` when it was not sealed here for this purpose, was altered, or is older
    /// than every key that is kept.
    pub fn open<T: DeserializeOwned>(&self, seal: Seal, token: &str) -> Option<T> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (number, rest) = bytes.split_at_checked(4)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE)?;
        let number = i64::from(u32::from_be_bytes(number.try_into().ok()?));
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let secret = self.secret(number)?;
        let cipher = XChaCha20Poly1305::new_from_slice(&secret).ok()?;
        let content = cipher.decrypt((&nonce).into(), Payload { msg: sealed, aad: seal.purpose() }).ok()?;
        serde_json::from_slice(&content).ok()
    }

    fn secret(&self, number: i64) -> Option<Vec<u8>> {
        let known = |keys: &[SealingKey]| keys.iter().find(|key| key.number == number).map(|key| key.secret.clone());
        let newest = {
            let keys = self.keys.read().ok()?;
            if let Some(secret) = known(&keys) {
                return Some(secret);
            }
            keys.first()?.number
        };
        // Another node may have made the next key; a number far beyond is invalid.
        if number != newest + 1 {
            return None;
        }
        self.reload().ok()?;
        known(&self.keys.read().ok()?)
    }
}
