//! Experts and repair workers: one row per expert, its record as JSON.

use constat_domain::expert::Expert;
use constat_domain::ids::ExpertId;
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;

use super::{calendar_changes, from_bodies, from_body, parse, to_body};
use crate::connection::on_each;
use crate::schema::experts;
use crate::{Connection, StoreError, Tx};

/// Inserts an expert, or replaces the expert with the same id. `reference` is the firm's reference,
/// unique within the tenant. Calendars in memory load the firm again.
///
/// # Errors
/// [`StoreError::Conflict`] when another expert has the reference.
pub fn upsert_of_tenant(tx: &mut Tx, tenant: &TenantId, reference: &str, expert: &Expert) -> Result<(), StoreError> {
    let body = to_body(expert)?;
    on_each!(&mut **tx, one => diesel::insert_into(experts::table)
        .values((
            experts::id.eq(expert.id.to_string()),
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
pub fn of_tenant_by_id(
    connection: &mut Connection,
    tenant: &TenantId,
    id: ExpertId,
) -> Result<Option<Expert>, StoreError> {
    let body: Option<String> = experts::table
        .find(id.to_string())
        .filter(experts::tenant.eq(tenant.to_string()))
        .select(experts::body)
        .get_result(connection)
        .optional()?;
    body.as_deref().map(from_body).transpose()
}

/// The id of the expert with this reference of the firm.
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

/// The expert with this reference of the firm, or else with this id; with the reference.
pub fn of_tenant_by_name(
    connection: &mut Connection,
    tenant: &TenantId,
    named: &str,
) -> Result<Option<(String, Expert)>, StoreError> {
    let of_tenant = experts::table.filter(experts::tenant.eq(tenant.to_string()));
    let columns = (experts::reference, experts::body);
    let mut found: Option<(String, String)> =
        of_tenant.clone().filter(experts::reference.eq(named)).select(columns).get_result(connection).optional()?;
    if found.is_none() {
        found = of_tenant.filter(experts::id.eq(named)).select(columns).get_result(connection).optional()?;
    }
    found.map(|(reference, body)| Ok((reference, from_body(&body)?))).transpose()
}

/// All experts of a firm, by id.
pub fn all_of_tenant(connection: &mut Connection, tenant: &TenantId) -> Result<Vec<Expert>, StoreError> {
    let bodies: Vec<String> = experts::table
        .filter(experts::tenant.eq(tenant.to_string()))
        .order(experts::id)
        .select(experts::body)
        .load(connection)?;
    from_bodies(&bodies)
}

/// All experts of a firm with their references, by reference.
pub fn listed_of_tenant(connection: &mut Connection, tenant: &TenantId) -> Result<Vec<(String, Expert)>, StoreError> {
    let rows: Vec<(String, String)> = experts::table
        .filter(experts::tenant.eq(tenant.to_string()))
        .order((experts::reference, experts::id))
        .select((experts::reference, experts::body))
        .load(connection)?;
    rows.into_iter().map(|(reference, body)| Ok((reference, from_body(&body)?))).collect()
}
