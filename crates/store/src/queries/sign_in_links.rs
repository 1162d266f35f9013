//! Single-use sign-in links to a declaration.

use constat_domain::ids::{DeclarationId, KeyId};
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;
use jiff::Timestamp;

use super::{instant, micros};
use crate::columns::{AsText, Micros};
use crate::schema::sign_in_links;
use crate::{Connection, StoreError, Tx};

/// A stored link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInLink {
    /// Whose data the declaration is.
    pub tenant: TenantId,
    /// The declaration it opens.
    pub declaration: DeclarationId,
    /// The key that it was made with: the link ends when it is revoked.
    pub key: KeyId,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was used; it works once.
    pub used_at: Option<Timestamp>,
}

/// Saves a link under the SHA-256 of its secret (lower-case hex).
pub fn insert(tx: &mut Tx, hash: &str, link: &SignInLink) -> Result<(), StoreError> {
    diesel::insert_into(sign_in_links::table)
        .values((
            sign_in_links::hash.eq(hash),
            sign_in_links::tenant.eq(link.tenant.to_string()),
            sign_in_links::declaration_id.eq(link.declaration.to_string()),
            sign_in_links::expires_at.eq(micros(link.expires_at)),
            sign_in_links::used_at.eq(link.used_at.map(micros)),
            sign_in_links::api_key.eq(link.key.to_string()),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sign_in_links)]
struct Row {
    tenant: AsText<TenantId>,
    declaration_id: AsText<DeclarationId>,
    expires_at: Micros,
    used_at: Option<i64>,
    api_key: AsText<KeyId>,
}

/// The link with this hash, whatever its state.
pub fn by_hash(connection: &mut Connection, hash: &str) -> Result<Option<SignInLink>, StoreError> {
    let row: Option<Row> =
        sign_in_links::table.find(hash).select(Row::as_select()).get_result(connection).optional()?;
    let read = |row: Row| {
        Ok(SignInLink {
            tenant: row.tenant.0,
            declaration: row.declaration_id.0,
            key: row.api_key.0,
            expires_at: row.expires_at.0,
            used_at: row.used_at.map(instant).transpose()?,
        })
    };
    row.map(read).transpose()
}

/// Marks the link as used. `false` when it was used before.
pub fn consume(tx: &mut Tx, hash: &str, at: Timestamp) -> Result<bool, StoreError> {
    let unused = sign_in_links::table.find(hash).filter(sign_in_links::used_at.is_null());
    let rows = diesel::update(unused).set(sign_in_links::used_at.eq(micros(at))).execute(&mut **tx)?;
    Ok(rows == 1)
}

/// Removes the links that had ended before an instant. Gives how many.
pub fn forget_before(tx: &mut Tx, before: Timestamp) -> Result<usize, StoreError> {
    let ended = sign_in_links::table.filter(sign_in_links::expires_at.lt(micros(before)));
    Ok(diesel::delete(ended).execute(&mut **tx)?)
}
