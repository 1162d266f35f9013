//! API keys: issued, shown once, recognised by their hash.
//!
//! A secret reads `test_` or `live_`, 64 hexadecimal characters (32 random bytes) and 8 more of
//! checksum, so that a mistyped key is refused without a look at the database, and a leaked one can
//! be found by a scanner. Only the SHA-256 of the whole is kept.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::RwLock;

use constat_domain::ids::{KeyId, OrgId};
use constat_domain::tenancy::{Api, ApiKey, Caller, Mode};
use constat_store::queries::api_keys;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::{App, AppError, Chance};

/// How long a recognised key is trusted without asking the database: a revoked key stops working
/// within this time on every node.
const TRUSTED_FOR: SignedDuration = SignedDuration::from_secs(5);

/// Most keys remembered at once; beyond it the memory is emptied and fills again.
const MOST_REMEMBERED: usize = 10_000;

/// Keys seen lately, by the hash of their secret.
#[derive(Default)]
pub struct RecentKeys {
    by_hash: RwLock<HashMap<[u8; 32], (Caller, Timestamp)>>,
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

/// Makes a key and its secret. The caller saves the key.
pub fn issue_key(new: NewKey, at: Timestamp, chance: &dyn Chance) -> IssuedKey {
    let mut random = [0; 32];
    chance.fill(&mut random);
    let start = format!("{}_{}", new.mode.as_str(), hex(&random));
    let secret = format!("{start}{}", checksum(&start));
    let key = ApiKey {
        id: KeyId::new(at, &chance.entropy()),
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
pub fn authenticate(app: &App, api: Api, secret: &str) -> Result<Caller, AppError> {
    let hash = digest(secret);
    let now = app.clock.now();
    if let Some((caller, until)) = app.recent_keys.by_hash.read().ok().and_then(|known| known.get(&hash).copied())
        && now < until
    {
        return if caller.api == api { Ok(caller) } else { Err(AppError::InvalidKey) };
    }
    if !is_well_formed(secret) {
        return Err(AppError::InvalidKey);
    }
    let key = app
        .store
        .read(|connection| api_keys::by_hash(connection, &hex(&hash)))?
        .filter(|key| key.revoked_at.is_none())
        .ok_or(AppError::InvalidKey)?;
    let caller = key.caller();
    if let Ok(mut known) = app.recent_keys.by_hash.write() {
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(hash, (caller, now.saturating_add(TRUSTED_FOR).unwrap_or(now)));
    }
    if caller.api == api { Ok(caller) } else { Err(AppError::InvalidKey) }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;
    impl Chance for Sevens {
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
