//! API keys: issued, shown once, recognised by their hash.
//!
//! A secret reads `test_` or `live_`, 64 hexadecimal characters (32 random bytes) and 8 more of
//! checksum, so that a mistyped key is refused without a look at the database, and a leaked one can
//! be found by a scanner. Only the SHA-256 of the whole is kept.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use constat_domain::ids::{Entropy, KeyId, OrgId};
use constat_domain::tenancy::{Api, ApiKey, Caller, Mode};
use constat_store::queries::api_keys;
use constat_store::{CommitCounter, StoreError};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::clock_and_random::SecureRandom;
use crate::core::Core;
use crate::error::AppError;
use crate::recent_keys::Remembered;

/// How long a recognised key is trusted at most while the count of key changes stays the same: a bound for
/// changes that are made behind this program's back.
const TRUSTED_FOR: SignedDuration = SignedDuration::from_secs(5);

/// Why a key is refused. A caller learns no more than that it is.
#[derive(Debug)]
pub enum KeyFault {
    /// It is no key: too long, too short, or with a wrong checksum.
    Malformed,
    /// There is no such key.
    Unknown,
    /// It was revoked.
    Revoked(KeyId),
    /// It is a key of another contract.
    OtherContract(KeyId),
    /// The database cannot tell.
    Store(StoreError),
}

impl KeyFault {
    /// The fault in one word, for the log and the metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Revoked(_) => "revoked",
            Self::OtherContract(_) => "other_contract",
            Self::Store(_) => "store",
        }
    }

    /// The key, when there is one.
    pub const fn key(&self) -> Option<KeyId> {
        match self {
            Self::Revoked(key) | Self::OtherContract(key) => Some(*key),
            Self::Malformed | Self::Unknown | Self::Store(_) => None,
        }
    }
}

impl From<StoreError> for KeyFault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<KeyFault> for AppError {
    fn from(fault: KeyFault) -> Self {
        if let KeyFault::Store(error) = fault { Self::Store(error) } else { Self::InvalidKey }
    }
}

/// What to issue.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The contract it opens.
    pub api: Api,
    /// Whose data it opens.
    pub issuer: OrgId,
    /// Who will carry it.
    pub holder: OrgId,
    /// Test or live.
    pub mode: Mode,
    /// What it is for.
    pub label: String,
}

/// A key just issued. The secret cannot be shown again.
#[derive(Clone)]
pub struct IssuedKey {
    /// What is kept of it.
    pub key: ApiKey,
    /// What its holder must send.
    pub secret: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// SHA-256 of a secret as it is kept, lower-case hex.
pub fn hash_secret(secret: &str) -> String {
    hex(&digest(secret))
}

/// The random part of a key: drawn once for a request, so that a transaction that runs again issues the same key.
pub struct KeyMaterial {
    secret: [u8; 32],
    id: Entropy,
}

impl KeyMaterial {
    /// Draws the random bytes of one key.
    pub fn draw(secure_random: &dyn SecureRandom) -> Self {
        let mut secret = [0; 32];
        secure_random.fill(&mut secret);
        Self { secret, id: secure_random.entropy() }
    }

    /// The identifier of the key that is issued at this instant.
    pub fn id(&self, at: Timestamp) -> KeyId {
        KeyId::new(at, &self.id)
    }

    /// What the holder of the key sends.
    pub fn secret(&self, mode: Mode) -> String {
        let start = format!("{}_{}", mode.as_str(), hex(&self.secret));
        format!("{start}{}", checksum(&start))
    }

    /// Makes the key and its secret. The caller saves the key.
    pub fn issue(&self, new: NewKey, at: Timestamp) -> IssuedKey {
        let secret = self.secret(new.mode);
        let key = ApiKey {
            id: self.id(at),
            api: new.api,
            issuer: new.issuer,
            holder: new.holder,
            mode: new.mode,
            label: new.label,
            hash: hash_secret(&secret),
            created_at: at,
            revoked_at: None,
        };
        IssuedKey { key, secret }
    }
}

/// Draws a key and its secret. The caller saves the key.
pub fn issue_key(new: NewKey, at: Timestamp, secure_random: &dyn SecureRandom) -> IssuedKey {
    KeyMaterial::draw(secure_random).issue(new, at)
}

fn checksum(start: &str) -> String {
    hex(&digest(start)[..4])
}

fn is_well_formed(secret: &str) -> bool {
    let Some((mode, rest)) = secret.split_once('_') else { return false };
    mode.parse::<Mode>().is_ok()
        && rest.len() == 72
        && rest.is_ascii()
        && secret.split_at_checked(secret.len() - 8).is_some_and(|(start, sum)| checksum(start) == sum)
}

/// Recognises the caller behind a secret shown to one contract.
///
/// # Errors
/// [`AppError::InvalidKey`]; failures of the database.
pub fn authenticate(core: &Core, api: Api, secret: &str) -> Result<Caller, AppError> {
    let changes = changes(core, core.store.commit_counter())?;
    Ok(recognise(core, api, secret, changes)?)
}

/// The same for a request: among many at once, one reads the count of key changes for all that wait.
///
/// # Errors
/// Why the key is refused.
pub async fn authenticate_request(core: &Core, api: Api, secret: &str) -> Result<Caller, KeyFault> {
    // Without a look at the database, however many come.
    if !is_well_formed(secret) {
        return Err(KeyFault::Malformed);
    }
    let changes = match core.store.commit_counter() {
        Some(commits) => changes(core, Some(commits))?,
        None => shared_changes(core).await?,
    };
    recognise(core, api, secret, changes)
}

/// The count of key changes that are committed now. `commits` was taken before: the count is at least as new.
fn changes(core: &Core, commits: Option<CommitCounter>) -> Result<i64, StoreError> {
    let seen = core.recent_keys.seen.lock().ok().and_then(|seen| *seen);
    if let (Some(commits), Some((at, changes))) = (commits, seen)
        && commits == at
    {
        return Ok(changes);
    }
    let changes = core.store.read(api_keys::changes)?;
    if let (Some(commits), Ok(mut seen)) = (commits, core.recent_keys.seen.lock()) {
        *seen = Some((commits, changes));
    }
    Ok(changes)
}

/// The count of key changes, read after this was called: by this caller, or by one that it waited for and
/// that began later than it came.
async fn shared_changes(core: &Core) -> Result<i64, StoreError> {
    let recent = &core.recent_keys;
    let mine = recent.arrived.fetch_add(1, Ordering::SeqCst) + 1;
    let mut shared = recent.shared.lock().await;
    if shared.arrived < mine {
        shared.arrived = recent.arrived.load(Ordering::SeqCst);
        shared.changes = None;
        shared.changes = Some(core.store.read(api_keys::changes)?);
    }
    // One failure is that of all who waited for it: they do not wait for a database that is away one by one.
    shared.changes.ok_or_else(|| StoreError::Unavailable("the count of key changes could not be read".to_owned()))
}

fn recognise(core: &Core, api: Api, secret: &str, changes: i64) -> Result<Caller, KeyFault> {
    let hash = digest(secret);
    let now = core.clock.now();
    let of_contract =
        |caller: Caller| if caller.api == api { Ok(caller) } else { Err(KeyFault::OtherContract(caller.key)) };
    if let Some(known) = core.recent_keys.by_hash.get(&hash)
        && known.changes == changes
        && now < known.until
    {
        return of_contract(known.caller);
    }
    if !is_well_formed(secret) {
        return Err(KeyFault::Malformed);
    }
    let key = core.store.read(|connection| api_keys::by_hash(connection, &hex(&hash)))?.ok_or(KeyFault::Unknown)?;
    if key.revoked_at.is_some() {
        return Err(KeyFault::Revoked(key.id));
    }
    let caller = key.caller();
    let until = now.saturating_add(TRUSTED_FOR).unwrap_or(now);
    core.recent_keys.by_hash.insert(hash, Remembered { caller, changes, until });
    of_contract(caller)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;
    impl SecureRandom for Sevens {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    #[test]
    fn a_mistyped_key_is_told_from_a_well_formed_one() {
        let org = OrgId::new(Timestamp::UNIX_EPOCH, &[1; 10]);
        let new = NewKey { api: Api::Claims, issuer: org, holder: org, mode: Mode::Test, label: "trial".to_owned() };
        let issued = issue_key(new, Timestamp::UNIX_EPOCH, &Sevens);
        assert!(issued.secret.starts_with("test_") && is_well_formed(&issued.secret));
        assert_eq!(issued.key.hash, hash_secret(&issued.secret));
        for bad in ["", "test_", "live_x", &issued.secret[1..], &issued.secret.replace("07", "08"), "prod_é"] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }
}
