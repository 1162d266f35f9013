//! Experts and repair workers. What an expert is belongs to the availability engine: the store
//! keeps it as a document it does not read.

use constat_domain::ids::ExpertId;
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{calendar_changes, from_bodies, from_body, parse, to_body};
use crate::connection::on_each;
use crate::schema::experts;
use crate::{Connection, StoreError, Tx};

/// Adds an expert, or replaces the one with its id. `reference` is the firm's own, unique within
/// the tenant; one that another expert has is a [`StoreError::Conflict`]. Calendars in memory read
/// the firm again.
pub fn upsert_of_tenant(
    tx: &mut Tx,
    tenant: &TenantId,
    id: ExpertId,
    reference: &str,
    expert: &impl Serialize,
) -> Result<(), StoreError> {
    let body = to_body(expert)?;
    on_each!(&mut **tx, one => diesel::insert_into(experts::table)
        .values((
            experts::id.eq(id.to_string()),
            experts::tenant.eq(tenant.to_string()),
            experts::reference.eq(reference),
            experts::body.eq(&body),
        ))
        .on_conflict(experts::id)
        .do_update()
        .set((experts::reference.eq(reference), experts::body.eq(&body)))
        .execute(one))?;
    calendar_changes::bump_of_tenant(tx, tenant)
}

/// The expert with this id.
pub fn of_tenant_by_id<T: DeserializeOwned>(
    connection: &mut Connection,
    tenant: &TenantId,
    id: ExpertId,
) -> Result<Option<T>, StoreError> {
    let body: Option<String> = experts::table
        .find(id.to_string())
        .filter(experts::tenant.eq(tenant.to_string()))
        .select(experts::body)
        .get_result(connection)
        .optional()?;
    body.as_deref().map(from_body).transpose()
}

/// The id of the expert with the firm's own reference.
pub fn of_tenant_by_reference(
    connection: &mut Connection,
    tenant: &TenantId,
    reference: &str,
) -> Result<Option<ExpertId>, StoreError> {
    let id: Option<String> = experts::table
        .filter(experts::tenant.eq(tenant.to_string()).and(experts::reference.eq(reference)))
        .select(experts::id)
        .get_result(connection)
        .optional()?;
    id.as_deref().map(parse).transpose()
}

/// All of a firm's experts, by id.
pub fn all_of_tenant<T: DeserializeOwned>(
    connection: &mut Connection,
    tenant: &TenantId,
) -> Result<Vec<T>, StoreError> {
    let bodies: Vec<String> = experts::table
        .filter(experts::tenant.eq(tenant.to_string()))
        .order(experts::id)
        .select(experts::body)
        .load(connection)?;
    from_bodies(&bodies)
}

/// All of a firm's experts with the firm's own references, by reference.
pub fn listed_of_tenant<T: DeserializeOwned>(
    connection: &mut Connection,
    tenant: &TenantId,
) -> Result<Vec<(String, T)>, StoreError> {
    let rows: Vec<(String, String)> = experts::table
        .filter(experts::tenant.eq(tenant.to_string()))
        .order((experts::reference, experts::id))
        .select((experts::reference, experts::body))
        .load(connection)?;
    rows.into_iter().map(|(reference, body)| Ok((reference, from_body(&body)?))).collect()
}
