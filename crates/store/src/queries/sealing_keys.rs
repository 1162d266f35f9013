//! The server's own keys, which seal offers, sessions and links.

use diesel::prelude::*;
use jiff::Timestamp;

use super::micros;
use crate::columns::Micros;
use crate::schema::sealing_keys;
use crate::{Connection, StoreError, Tx};

/// A sealing key.
#[derive(Clone)]
pub struct SealingKey {
    /// Its number, which every sealed token names. Grows by one.
    pub number: i64,
    /// 32 random bytes.
    pub secret: Vec<u8>,
    /// When it was made; the newest one seals, older ones still open.
    pub created_at: Timestamp,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sealing_keys)]
struct Row {
    number: i64,
    secret: Vec<u8>,
    created_at: Micros,
}

/// All keys that still open tokens, newest first.
pub fn all(connection: &mut Connection) -> Result<Vec<SealingKey>, StoreError> {
    let rows: Vec<Row> =
        sealing_keys::table.order(sealing_keys::number.desc()).select(Row::as_select()).load(connection)?;
    let read = |row: Row| SealingKey { number: row.number, secret: row.secret, created_at: row.created_at.0 };
    Ok(rows.into_iter().map(read).collect())
}

/// Adds a key. A number that another node just took is a [`StoreError::Conflict`].
pub fn insert(tx: &mut Tx, key: &SealingKey) -> Result<(), StoreError> {
    diesel::insert_into(sealing_keys::table)
        .values((
            sealing_keys::number.eq(key.number),
            sealing_keys::secret.eq(&key.secret),
            sealing_keys::created_at.eq(micros(key.created_at)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Forgets a key: every token it sealed is refused from now on.
pub fn remove(tx: &mut Tx, number: i64) -> Result<(), StoreError> {
    diesel::delete(sealing_keys::table.find(number)).execute(&mut **tx)?;
    Ok(())
}
