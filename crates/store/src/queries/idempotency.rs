//! Answers kept for writes that carried an `Idempotency-Key`.

use constat_domain::ids::KeyId;
use diesel::prelude::*;
use jiff::Timestamp;

use super::micros;
use crate::schema::idempotent_answers;
use crate::{Connection, StoreError, Tx};

/// What was answered, and to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Digest of the request that was answered.
    pub request_digest: String,
    /// The answer, as the edge wrote it.
    pub answer: String,
}

/// What this caller was answered under this key, if anything.
pub fn find(connection: &mut Connection, caller: KeyId, key: &str) -> Result<Option<Kept>, StoreError> {
    let row: Option<(String, String)> = idempotent_answers::table
        .find((caller.to_string(), key))
        .select((idempotent_answers::request_digest, idempotent_answers::answer))
        .get_result(connection)
        .optional()?;
    Ok(row.map(|(request_digest, answer)| Kept { request_digest, answer }))
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
