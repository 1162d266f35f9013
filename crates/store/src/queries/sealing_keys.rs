//! The server's own keys, which seal offers, sessions and links.

use diesel::prelude::*;
use jiff::Timestamp;

use super::{instant, micros};
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

/// All keys that still open tokens, newest first.
pub fn all(connection: &mut Connection) -> Result<Vec<SealingKey>, StoreError> {
    let rows: Vec<(i64, Vec<u8>, i64)> = sealing_keys::table.order(sealing_keys::number.desc()).load(connection)?;
    rows.into_iter()
        .map(|(number, secret, created_at)| Ok(SealingKey { number, secret, created_at: instant(created_at)? }))
        .collect()
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
