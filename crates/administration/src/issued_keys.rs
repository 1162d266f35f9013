//! The keys to an organisation's data, managed by the organisation itself.
//!
//! A key that an organisation holds itself manages all keys that it issued in the same mode: those of platforms at a
//! partner firm, those of integrators and firms at a platform, and its own. A test key never issues a live one.

use constat_core::{AppError, KeyMaterial, NewKey, Tx};
use constat_domain::Refusal;
use constat_domain::ids::{KeyId, OrgId};
use constat_domain::refusal::AdministrationRefusal;
use constat_domain::tenancy::{Api, ApiKey, Caller, Organisation};
use constat_store::queries::{api_keys, events, organisations};
use constat_store::{Connection, StoreError};

use crate::Actor;
use crate::keys::{add_key, revoke_key, rotate_key};

/// Maximum active keys that an organisation may have in one mode to issue another over HTTP.
const MAX_ACTIVE_KEYS: usize = 1_000;

/// A key with the organisation that holds it.
#[derive(Debug, Clone)]
pub struct IssuedTo {
    /// The key.
    pub key: ApiKey,
    /// The name of its holder.
    pub holder_name: String,
}

/// A key to issue.
#[derive(Debug, Clone)]
pub struct KeyRequest {
    /// The contract that it opens.
    pub api: Api,
    /// Name or id of the organisation that will hold it; `None` for the issuer itself.
    pub holder: Option<String>,
    /// The purpose of the key, at most 200 characters.
    pub label: String,
}

/// The keys that the caller's organisation issued in the caller's mode, oldest first, revoked ones included.
///
/// # Errors
/// [`AdministrationRefusal::NotOwner`] for a key that another organisation issued.
pub fn list_issued_keys(connection: &mut Connection, caller: &Caller) -> Result<Vec<IssuedTo>, AppError> {
    let keys = issued_keys(connection, caller)?;
    keys.into_iter().map(|key| with_holder(connection, key)).collect()
}

/// Issues a key to the data of the caller's organisation, in the caller's mode. Its secret is that of `material`
/// and is stored nowhere.
///
/// # Errors
/// Under `holder`, when no organisation has this name or id; under `label`, when it is over 200 characters;
/// [`AdministrationRefusal::TooManyKeys`] with 1,000 active keys; [`AdministrationRefusal::NotOwner`].
pub fn issue_key_as(
    tx: &mut Tx,
    actor: &Actor,
    caller: &Caller,
    material: &KeyMaterial,
    request: &KeyRequest,
) -> Result<IssuedTo, AppError> {
    let keys = lock_issued_keys(tx, caller)?;
    if keys.iter().filter(|key| key.revoked_at.is_none()).count() >= MAX_ACTIVE_KEYS {
        return Err(AdministrationRefusal::TooManyKeys { most: MAX_ACTIVE_KEYS }.into());
    }
    let holder = match &request.holder {
        Some(named) => find_holder(tx, named)?.id,
        None => caller.tenant.org,
    };
    let new = NewKey {
        api: request.api,
        issuer: caller.tenant.org,
        holder,
        mode: caller.tenant.mode,
        label: request.label.clone(),
    };
    let issued = add_key(tx, actor, material, new)?;
    with_holder(tx, issued.key)
}

/// Replaces a key by a new one with the same contract, holder and label, and revokes the old one. The key of the
/// request may replace itself.
///
/// # Errors
/// [`AdministrationRefusal::KeyNotFound`]; under `id`, when the key is revoked already;
/// [`AdministrationRefusal::NotOwner`].
pub fn rotate_key_as(
    tx: &mut Tx,
    actor: &Actor,
    caller: &Caller,
    material: &KeyMaterial,
    id: KeyId,
) -> Result<IssuedTo, AppError> {
    require_known(&lock_issued_keys(tx, caller)?, id)?;
    let issued = rotate_key(tx, actor, material, id)?.ok_or(AdministrationRefusal::KeyNotFound)?;
    with_holder(tx, issued.key)
}

/// Revokes a key: every server refuses it from its next request on. One that is revoked already stays as it was.
///
/// # Errors
/// [`AdministrationRefusal::KeyNotFound`]; [`AdministrationRefusal::LastOwnKey`] when it is the last active key of
/// its contract that the organisation holds itself; [`AdministrationRefusal::NotOwner`].
pub fn revoke_key_as(tx: &mut Tx, actor: &Actor, caller: &Caller, id: KeyId) -> Result<IssuedTo, AppError> {
    let keys = lock_issued_keys(tx, caller)?;
    let key = require_known(&keys, id)?;
    let is_own = |key: &&ApiKey| key.holder == caller.tenant.org && key.revoked_at.is_none();
    let has_another = keys.iter().filter(is_own).any(|other| other.api == key.api && other.id != id);
    if is_own(&key) && !has_another {
        return Err(AdministrationRefusal::LastOwnKey.into());
    }
    let revoked = revoke_key(tx, actor, id)?.ok_or(AdministrationRefusal::KeyNotFound)?;
    with_holder(tx, revoked)
}

fn issued_keys(connection: &mut Connection, caller: &Caller) -> Result<Vec<ApiKey>, AppError> {
    if !caller.owns_the_data() {
        return Err(AdministrationRefusal::NotOwner.into());
    }
    let mut keys = api_keys::of_issuer(connection, caller.tenant.org)?;
    keys.retain(|key| key.mode == caller.tenant.mode);
    Ok(keys)
}

/// The issued keys, locked against other changes until the transaction ends: of two requests that revoke the last two
/// keys, the second sees the effect of the first. Every change of a key appends to the event chain that is locked
/// here. Refuses a caller whose key was revoked after the request was authenticated.
fn lock_issued_keys(tx: &mut Tx, caller: &Caller) -> Result<Vec<ApiKey>, AppError> {
    events::last_position_of_tenant(tx, &caller.tenant)?;
    let keys = issued_keys(tx, caller)?;
    if keys.iter().any(|key| key.id == caller.key && key.revoked_at.is_none()) {
        Ok(keys)
    } else {
        Err(AppError::InvalidKey)
    }
}

fn require_known(keys: &[ApiKey], id: KeyId) -> Result<&ApiKey, AdministrationRefusal> {
    keys.iter().find(|key| key.id == id).ok_or(AdministrationRefusal::KeyNotFound)
}

fn find_holder(connection: &mut Connection, named: &str) -> Result<Organisation, AppError> {
    let found = match named.parse::<OrgId>() {
        Ok(id) => organisations::by_id(connection, id)?,
        Err(_not_an_id) => organisations::by_name(connection, named.trim())?,
    };
    found.ok_or_else(|| {
        Refusal::field("holder", "no organisation has this name or id; the operator of the server registers it").into()
    })
}

fn with_holder(connection: &mut Connection, key: ApiKey) -> Result<IssuedTo, AppError> {
    let holder = organisations::by_id(connection, key.holder)?;
    let unknown = || StoreError::Corrupt(format!("key {}: its holder is unknown", key.id));
    let holder_name = holder.ok_or_else(unknown)?.name;
    Ok(IssuedTo { key, holder_name })
}
