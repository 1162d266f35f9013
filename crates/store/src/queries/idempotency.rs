//! Answers kept for writes that carried an `Idempotency-Key`, and the attempts that are still open.
//!
//! A transaction takes the key first ([`take`]). On SQLite it needs nothing for it: transactions follow each other. On
//! PostgreSQL it holds an advisory lock of the key until it ends, so that two attempts of one request are never in two
//! transactions at once, and the later one sees what the earlier one committed.

use constat_domain::ids::KeyId;
use diesel::prelude::*;
use jiff::Timestamp;

use super::micros;
pub use crate::attempts::{Earlier, Kept};
use crate::columns::Micros;
use crate::schema::{idempotent_answers, open_attempts};
use crate::{Connection, StoreError, Tx, dialect};

/// An attempt that a server works on outside of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAttempt {
    /// Digest of the request.
    pub request_digest: String,
    /// Names the attempt.
    pub owner: String,
    /// The instant from which another attempt may take its place: its server has gone away.
    pub until: Timestamp,
}

/// Takes a caller's key until the transaction ends, unless another transaction has it, and gives what earlier
/// attempts came to. Never waits.
pub fn take(connection: &mut Connection, caller: KeyId, key: &str) -> Result<Earlier, StoreError> {
    Ok(dialect::take_idempotency_key(connection, &caller.to_string(), key)?)
}

/// Keeps an answer, in the transaction of the write it answers.
pub fn keep(tx: &mut Tx, caller: KeyId, key: &str, kept: &Kept, at: Timestamp) -> Result<(), StoreError> {
    diesel::insert_into(idempotent_answers::table)
        .values((
            idempotent_answers::caller.eq(caller.to_string()),
            idempotent_answers::idempotency_key.eq(key),
            idempotent_answers::request_digest.eq(&kept.request_digest),
            idempotent_answers::answer.eq(&kept.answer),
            idempotent_answers::created_at.eq(micros(at)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Removes some of the answers that were kept before an instant, the oldest first. Gives how many.
pub fn forget_before(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
    let old: Vec<(String, String)> = idempotent_answers::table
        .filter(idempotent_answers::created_at.lt(micros(before)))
        .order(idempotent_answers::created_at)
        .limit(limit)
        .select((idempotent_answers::caller, idempotent_answers::idempotency_key))
        .load(&mut **tx)?;
    for (caller, key) in &old {
        diesel::delete(idempotent_answers::table.find((caller, key))).execute(&mut **tx)?;
    }
    Ok(old.len())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = open_attempts)]
struct OpenRow {
    request_digest: String,
    owner: String,
    until: Micros,
}

/// The attempt that a server works on outside of a transaction, also one whose time is over.
pub fn find_open(connection: &mut Connection, caller: KeyId, key: &str) -> Result<Option<OpenAttempt>, StoreError> {
    let of_key = open_attempts::table.find((caller.to_string(), key));
    let row: Option<OpenRow> = of_key.select(OpenRow::as_select()).get_result(connection).optional()?;
    Ok(row.map(|OpenRow { request_digest, owner, until }| OpenAttempt { request_digest, owner, until: until.0 }))
}

/// Opens an attempt. One that was there is replaced: take the key and look at it first.
pub fn open(tx: &mut Tx, caller: KeyId, key: &str, attempt: &OpenAttempt) -> Result<(), StoreError> {
    diesel::delete(open_attempts::table.find((caller.to_string(), key))).execute(&mut **tx)?;
    diesel::insert_into(open_attempts::table)
        .values((
            open_attempts::caller.eq(caller.to_string()),
            open_attempts::idempotency_key.eq(key),
            open_attempts::request_digest.eq(&attempt.request_digest),
            open_attempts::owner.eq(&attempt.owner),
            open_attempts::until.eq(micros(attempt.until)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Closes an attempt, if it is still this owner's. Gives whether it was.
pub fn close(tx: &mut Tx, caller: KeyId, key: &str, owner: &str) -> Result<bool, StoreError> {
    let own = open_attempts::table.find((caller.to_string(), key)).filter(open_attempts::owner.eq(owner));
    Ok(diesel::delete(own).execute(&mut **tx)? == 1)
}

/// Removes the attempts whose time was over at an instant: their servers went away. Gives how many.
pub fn forget_open_before(tx: &mut Tx, before: Timestamp) -> Result<usize, StoreError> {
    let old = open_attempts::table.filter(open_attempts::until.lt(micros(before)));
    Ok(diesel::delete(old).execute(&mut **tx)?)
}
