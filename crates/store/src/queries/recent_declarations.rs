//! Drafts declared lately without an `Idempotency-Key`: the same declaration twice is one draft.

use constat_domain::ids::DeclarationId;
use diesel::prelude::*;
use jiff::Timestamp;

use super::{micros, parse};
use crate::connection::on_each;
use crate::schema::recent_declarations;
use crate::{StoreError, Tx};

/// Notes a declaration under its digest. Gives the draft that the same declaration made since `since`, which
/// stays noted; `None` when there is none and `declaration` is noted now. A transaction that notes the same
/// digest at the same time is waited for.
pub fn note(
    tx: &mut Tx,
    digest: &str,
    declaration: DeclarationId,
    at: Timestamp,
    since: Timestamp,
) -> Result<Option<DeclarationId>, StoreError> {
    let row = (
        recent_declarations::digest.eq(digest),
        recent_declarations::declaration_id.eq(declaration.to_string()),
        recent_declarations::declared_at.eq(micros(at)),
    );
    let inserted = on_each!(&mut **tx, one => diesel::insert_into(recent_declarations::table)
        .values(row.clone())
        .on_conflict_do_nothing()
        .execute(one))?;
    if inserted == 1 {
        return Ok(None);
    }
    let known: Option<(String, i64)> = recent_declarations::table
        .find(digest)
        .select((recent_declarations::declaration_id, recent_declarations::declared_at))
        .get_result(&mut **tx)
        .optional()?;
    match known {
        Some((first, declared_at)) if declared_at > micros(since) => Ok(Some(parse(&first)?)),
        // It is over, or was removed just now: noted anew, unless another transaction is faster.
        Some((_, declared_at)) => {
            let over = recent_declarations::table.find(digest).filter(recent_declarations::declared_at.eq(declared_at));
            let taken = diesel::update(over).set((row.1, row.2)).execute(&mut **tx)?;
            if taken == 1 { Ok(None) } else { Err(StoreError::Conflict("the same declaration".to_owned())) }
        }
        None => Err(StoreError::Conflict("the same declaration".to_owned())),
    }
}

/// Notes another draft under a digest: the one that was noted is no draft any more.
pub fn replace(tx: &mut Tx, digest: &str, declaration: DeclarationId, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(recent_declarations::table.find(digest))
        .set((
            recent_declarations::declaration_id.eq(declaration.to_string()),
            recent_declarations::declared_at.eq(micros(at)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Removes what was noted before an instant. Gives how many.
pub fn forget_before(tx: &mut Tx, before: Timestamp) -> Result<usize, StoreError> {
    let over = recent_declarations::table.filter(recent_declarations::declared_at.lt(micros(before)));
    Ok(diesel::delete(over).execute(&mut **tx)?)
}
