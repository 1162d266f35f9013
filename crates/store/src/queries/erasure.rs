//! What erasing an insured's personal data touches beside claims and contracts.

use constat_domain::ids::{ClaimAppointmentId, DeclarationId, KeyId};
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;
use jiff::Timestamp;

use super::micros;
use crate::attempts::ERASED_DIGEST;
use crate::columns::AsText;
use crate::connection::on_each;
use crate::schema::{
    bytes_to_remove, document_files, erasures_to_pass_on, events, idempotent_answers, recent_declarations,
    sign_in_links,
};
use crate::{Connection, StoreError, Tx};

/// Kept answers read at once.
const PAGE: i64 = 500;

/// Removes the sign-in links to these claims, and the digests of how they were declared.
pub fn delete_sign_in_links(tx: &mut Tx, declarations: &[DeclarationId]) -> Result<(), StoreError> {
    let ids: Vec<String> = declarations.iter().map(ToString::to_string).collect();
    let noted = recent_declarations::table.filter(recent_declarations::declaration_id.eq_any(ids.clone()));
    diesel::delete(noted).execute(&mut **tx)?;
    diesel::delete(sign_in_links::table.filter(sign_in_links::declaration_id.eq_any(ids))).execute(&mut **tx)?;
    Ok(())
}

/// Empties every answer kept for one of these keys of which `is_about` holds. The row stays, of no request: the
/// same `Idempotency-Key` again is refused, and not done a second time.
pub fn empty_answers_where(tx: &mut Tx, callers: &[KeyId], is_about: impl Fn(&str) -> bool) -> Result<u64, StoreError> {
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
                if is_about(&answer) {
                    let row = idempotent_answers::table.find((&caller, key));
                    let empty =
                        (idempotent_answers::request_digest.eq(ERASED_DIGEST), idempotent_answers::answer.eq(""));
                    diesel::update(row).set(empty).execute(&mut **tx)?;
                    emptied += 1;
                }
            }
        }
    }
    Ok(emptied)
}

/// Empties every answer kept for one of these keys that names one of these ids, as [`empty_answers_where`] does.
/// The database looks for the ids; no answer is read here.
pub fn empty_answers_about(tx: &mut Tx, callers: &[KeyId], ids: &[String]) -> Result<usize, StoreError> {
    let callers: Vec<String> = callers.iter().map(ToString::to_string).collect();
    let mut emptied = 0;
    for id in ids {
        let about = idempotent_answers::table.filter(
            idempotent_answers::caller.eq_any(&callers).and(idempotent_answers::answer.like(format!("%{id}%"))),
        );
        let empty = (idempotent_answers::request_digest.eq(ERASED_DIGEST), idempotent_answers::answer.eq(""));
        emptied += diesel::update(about).set(empty).execute(&mut **tx)?;
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

/// An appointment at a partner firm whose personal data is to be erased there too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasureToPassOn {
    /// The platform's record of the appointment.
    pub appointment: ClaimAppointmentId,
    /// Whose record.
    pub tenant: TenantId,
    /// Its claim.
    pub declaration: DeclarationId,
    /// How often the firm was asked.
    pub attempts: i64,
}

/// Keeps that a firm is to be asked, at once.
pub fn pass_on(tx: &mut Tx, wanted: &ErasureToPassOn, at: Timestamp) -> Result<(), StoreError> {
    let row = (
        erasures_to_pass_on::appointment_id.eq(wanted.appointment.to_string()),
        erasures_to_pass_on::tenant.eq(wanted.tenant.to_string()),
        erasures_to_pass_on::declaration_id.eq(wanted.declaration.to_string()),
        erasures_to_pass_on::attempts.eq(wanted.attempts),
        erasures_to_pass_on::due_at.eq(micros(at)),
    );
    on_each!(&mut **tx, one => diesel::insert_into(erasures_to_pass_on::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(one))?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = erasures_to_pass_on)]
struct RowToPassOn {
    appointment_id: AsText<ClaimAppointmentId>,
    tenant: AsText<TenantId>,
    declaration_id: AsText<DeclarationId>,
    attempts: i64,
}

/// What firms are to be asked for by now, of all tenants, at most 100, the longest due first.
pub fn due_to_pass_on(connection: &mut Connection, now: Timestamp) -> Result<Vec<ErasureToPassOn>, StoreError> {
    let rows: Vec<RowToPassOn> = erasures_to_pass_on::table
        .filter(erasures_to_pass_on::due_at.le(micros(now)))
        .order((erasures_to_pass_on::due_at, erasures_to_pass_on::appointment_id))
        .limit(100)
        .select(RowToPassOn::as_select())
        .load(connection)?;
    let read = |row: RowToPassOn| ErasureToPassOn {
        appointment: row.appointment_id.0,
        tenant: row.tenant.0,
        declaration: row.declaration_id.0,
        attempts: row.attempts,
    };
    Ok(rows.into_iter().map(read).collect())
}

/// The firm did not answer: it is asked again at `due`.
pub fn pass_on_later(tx: &mut Tx, appointment: ClaimAppointmentId, due: Timestamp) -> Result<(), StoreError> {
    diesel::update(erasures_to_pass_on::table.find(appointment.to_string()))
        .set((
            erasures_to_pass_on::attempts.eq(erasures_to_pass_on::attempts + 1),
            erasures_to_pass_on::due_at.eq(micros(due)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// The firm has answered. `false` when that was kept before.
pub fn passed_on(tx: &mut Tx, appointment: ClaimAppointmentId) -> Result<bool, StoreError> {
    Ok(diesel::delete(erasures_to_pass_on::table.find(appointment.to_string())).execute(&mut **tx)? == 1)
}
