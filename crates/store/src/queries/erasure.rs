//! What erasing an insured's personal data touches beside claims and contracts.

use std::collections::BTreeSet;

use constat_domain::ids::{DeclarationId, KeyId};
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;

use crate::connection::on_each;
use crate::schema::{bytes_to_remove, document_files, events, idempotent_answers, sign_in_links};
use crate::{Connection, StoreError, Tx};

/// Kept answers read at once.
const PAGE: i64 = 500;

/// Removes the sign-in links to these claims.
pub fn delete_sign_in_links(tx: &mut Tx, declarations: &[DeclarationId]) -> Result<(), StoreError> {
    let ids: Vec<String> = declarations.iter().map(ToString::to_string).collect();
    diesel::delete(sign_in_links::table.filter(sign_in_links::declaration_id.eq_any(ids))).execute(&mut **tx)?;
    Ok(())
}

/// Empties every answer kept for one of these keys that holds one of these texts. The row stays, of no
/// request: the same `Idempotency-Key` again is refused rather than done a second time.
pub fn empty_answers_with(tx: &mut Tx, callers: &[KeyId], texts: &BTreeSet<String>) -> Result<u64, StoreError> {
    let mut emptied = 0;
    for caller in callers {
        let caller = caller.to_string();
        let mut last = String::new();
        loop {
            let page: Vec<(String, String)> = idempotent_answers::table
                .filter(idempotent_answers::caller.eq(&caller).and(idempotent_answers::idempotency_key.gt(&last)))
                .order(idempotent_answers::idempotency_key)
                .limit(PAGE)
                .select((idempotent_answers::idempotency_key, idempotent_answers::answer))
                .load(&mut **tx)?;
            let Some((end, _)) = page.last() else { break };
            last.clone_from(end);
            for (key, answer) in page {
                if texts.iter().any(|text| answer.contains(text)) {
                    let row = idempotent_answers::table.find((&caller, key));
                    let empty = (idempotent_answers::request_digest.eq("erased"), idempotent_answers::answer.eq(""));
                    diesel::update(row).set(empty).execute(&mut **tx)?;
                    emptied += 1;
                }
            }
        }
    }
    Ok(emptied)
}

/// Erases the data of events about a subject where `says_too_much` holds of it. The chain covers the
/// hash of the data, which stays.
pub fn erase_event_data(
    tx: &mut Tx,
    tenant: &TenantId,
    subject: &str,
    says_too_much: impl Fn(&str) -> bool,
) -> Result<u64, StoreError> {
    let rows: Vec<(String, Option<String>)> = events::table
        .filter(events::tenant.eq(tenant.to_string()).and(events::subject.eq(subject)))
        .select((events::id, events::data))
        .load(&mut **tx)?;
    let mut erased = 0;
    for (id, data) in rows {
        if data.is_some_and(|data| says_too_much(&data)) {
            let event = events::table.filter(events::id.eq(id));
            diesel::update(event).set(events::data.eq(None::<String>)).execute(&mut **tx)?;
            erased += 1;
        }
    }
    Ok(erased)
}

/// Gives up the bytes of a document: their row goes, and their key is kept until they are removed.
pub fn give_up_bytes(tx: &mut Tx, key: &str) -> Result<(), StoreError> {
    if diesel::delete(document_files::table.find(key)).execute(&mut **tx)? > 0 {
        let row = bytes_to_remove::storage_key.eq(key);
        on_each!(&mut **tx, one => diesel::insert_into(bytes_to_remove::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(one))?;
    }
    Ok(())
}

/// The keys of bytes that were given up and are still to be removed, of all tenants.
pub fn bytes_to_remove(connection: &mut Connection) -> Result<Vec<String>, StoreError> {
    Ok(bytes_to_remove::table.select(bytes_to_remove::storage_key).load(connection)?)
}

/// Forgets the keys of bytes that were removed.
pub fn forget_bytes(tx: &mut Tx, keys: &[String]) -> Result<(), StoreError> {
    for key in keys {
        diesel::delete(bytes_to_remove::table.find(key)).execute(&mut **tx)?;
    }
    Ok(())
}
