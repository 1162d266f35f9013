//! API keys, found by the hash of their secret.

use constat_domain::ids::{KeyId, OrgId};
use constat_domain::tenancy::ApiKey;
use diesel::prelude::*;

use super::{from_bodies, from_body, one_row, to_body};
use crate::columns::{AsText, Micros};
use crate::schema::{api_key_changes, api_keys};
use crate::{Connection, StoreError, Tx};

/// A new key.
#[derive(Insertable)]
#[diesel(table_name = api_keys)]
struct New<'a> {
    id: AsText<KeyId>,
    hash: &'a str,
    issuer: AsText<OrgId>,
    holder: AsText<OrgId>,
    created_at: Micros,
    body: String,
}

/// Saves a new key.
pub fn insert(tx: &mut Tx, key: &ApiKey) -> Result<(), StoreError> {
    let new = New {
        id: AsText(key.id),
        hash: &key.hash,
        issuer: AsText(key.issuer),
        holder: AsText(key.holder),
        created_at: Micros(key.created_at),
        body: to_body(key)?,
    };
    diesel::insert_into(api_keys::table).values(new).execute(&mut **tx)?;
    Ok(())
}

/// The key whose secret has this SHA-256 (lower-case hex), revoked or not.
pub fn by_hash(connection: &mut Connection, hash: &str) -> Result<Option<ApiKey>, StoreError> {
    let body: Option<String> =
        api_keys::table.filter(api_keys::hash.eq(hash)).select(api_keys::body).get_result(connection).optional()?;
    body.as_deref().map(from_body).transpose()
}

/// The key with this public name, revoked or not.
pub fn by_id(connection: &mut Connection, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
    let body: Option<String> =
        api_keys::table.find(id.to_string()).select(api_keys::body).get_result(connection).optional()?;
    body.as_deref().map(from_body).transpose()
}

/// The keys that one organisation issued to another, revoked or not.
pub fn of_issuer_and_holder(
    connection: &mut Connection,
    issuer: OrgId,
    holder: OrgId,
) -> Result<Vec<ApiKey>, StoreError> {
    let bodies: Vec<String> = api_keys::table
        .filter(api_keys::issuer.eq(issuer.to_string()).and(api_keys::holder.eq(holder.to_string())))
        .select(api_keys::body)
        .load(connection)?;
    from_bodies(&bodies)
}

/// The keys that one organisation issued, oldest first, revoked or not.
pub fn of_issuer(connection: &mut Connection, issuer: OrgId) -> Result<Vec<ApiKey>, StoreError> {
    let bodies: Vec<String> = api_keys::table
        .filter(api_keys::issuer.eq(issuer.to_string()))
        .order((api_keys::created_at, api_keys::id))
        .select(api_keys::body)
        .load(connection)?;
    from_bodies(&bodies)
}

/// All keys, oldest first.
pub fn all(connection: &mut Connection) -> Result<Vec<ApiKey>, StoreError> {
    let bodies: Vec<String> =
        api_keys::table.order((api_keys::created_at, api_keys::id)).select(api_keys::body).load(connection)?;
    from_bodies(&bodies)
}

/// How often keys were changed: what was learnt of any key holds as long as this stays the same. A count and
/// not the highest number, which a transaction that commits late does not raise.
pub fn changes(connection: &mut Connection) -> Result<i64, StoreError> {
    Ok(api_key_changes::table.count().get_result(connection)?)
}

/// Saves a key that was changed (revoked, relabelled). Every node looks it up again for the next request.
pub fn update(tx: &mut Tx, key: &ApiKey) -> Result<(), StoreError> {
    diesel::insert_into(api_key_changes::table)
        .values(api_key_changes::key.eq(key.id.to_string()))
        .execute(&mut **tx)?;
    let rows = diesel::update(api_keys::table.find(key.id.to_string()))
        .set(api_keys::body.eq(to_body(key)?))
        .execute(&mut **tx)?;
    one_row(rows, "the key")
}
