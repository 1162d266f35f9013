//! API keys: issued, rotated and revoked by the organisation whose data they open.

use constat_core::{AppError, IssuedKey, KeyMaterial, NewKey, Tx};
use constat_domain::Refusal;
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::KeyId;
use constat_domain::tenancy::{ApiKey, TenantId};
use constat_store::queries::api_keys;
use serde_json::{Value, json};

use crate::Actor;

/// Longest label of a key, in characters.
const MAX_LABEL_CHARS: usize = 200;

/// Issues a key. Its secret is in the answer and is stored nowhere.
///
/// # Errors
/// A label over 200 characters.
pub fn add_key(tx: &mut Tx, actor: &Actor, material: &KeyMaterial, new: NewKey) -> Result<IssuedKey, AppError> {
    if new.label.chars().count() > MAX_LABEL_CHARS {
        return Err(Refusal::field("label", "must have at most 200 characters").into());
    }
    let issued = material.issue(new, actor.at());
    api_keys::insert(tx, &issued.key)?;
    record(tx, actor, &issued.key, EventKind::KeyIssued, json!({}))?;
    Ok(issued)
}

/// Replaces a key: issues one with the same contract, holder, mode and label, and revokes the old one. `None` when
/// there is no such key.
///
/// # Errors
/// When the key is revoked already.
pub fn rotate_key(
    tx: &mut Tx,
    actor: &Actor,
    material: &KeyMaterial,
    id: KeyId,
) -> Result<Option<IssuedKey>, AppError> {
    let Some(mut old) = api_keys::by_id(tx, id)? else { return Ok(None) };
    if old.revoked_at.is_some() {
        return Err(Refusal::field("id", "is a revoked key: issue a new one").into());
    }
    let ApiKey { api, issuer, holder, mode, ref label, .. } = old;
    let new = NewKey { api, issuer, holder, mode, label: label.clone() };
    let issued = material.issue(new, actor.at());
    api_keys::insert(tx, &issued.key)?;
    old.revoked_at = Some(actor.at());
    api_keys::update(tx, &old)?;
    record(tx, actor, &old, EventKind::KeyRotated, json!({ "replacedBy": issued.key.id }))?;
    Ok(Some(issued))
}

/// Revokes a key: every server refuses it from its next request on. `None` when there is no such key; one that is
/// revoked stays as it was.
///
/// # Errors
/// When the database fails.
pub fn revoke_key(tx: &mut Tx, actor: &Actor, id: KeyId) -> Result<Option<ApiKey>, AppError> {
    let Some(mut key) = api_keys::by_id(tx, id)? else { return Ok(None) };
    if key.revoked_at.is_none() {
        key.revoked_at = Some(actor.at());
        api_keys::update(tx, &key)?;
        record(tx, actor, &key, EventKind::KeyRevoked, json!({}))?;
    }
    Ok(Some(key))
}

/// Events of keys are in the data of the organisation that issued the key.
fn record(tx: &mut Tx, actor: &Actor, key: &ApiKey, kind: EventKind, more: Value) -> Result<(), AppError> {
    let tenant = TenantId { org: key.issuer, mode: key.mode };
    let mut data = json!({ "api": key.api, "holder": key.holder });
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    Ok(actor.record(tx, tenant, key.id, kind, data)?)
}
