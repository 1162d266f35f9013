//! The contract registry.

use constat_domain::claim::Contract;
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;

use super::{from_bodies, from_body, to_body};
use crate::connection::on_each;
use crate::schema::contracts;
use crate::{Connection, StoreError, Tx};

/// Adds a contract, or replaces the one with its id.
pub fn upsert_of_tenant(tx: &mut Tx, tenant: &TenantId, contract: &Contract) -> Result<(), StoreError> {
    let (body, email) = (to_body(contract)?, contract.holder.email.as_deref().map(email_key));
    let row = (
        contracts::user_id.eq(&contract.user_id),
        contracts::number.eq(&contract.number),
        contracts::email.eq(email.as_deref()),
        contracts::body.eq(&body),
    );
    on_each!(&mut **tx, one => diesel::insert_into(contracts::table)
        .values((contracts::tenant.eq(tenant.to_string()), contracts::id.eq(&contract.id), row))
        .on_conflict((contracts::tenant, contracts::id))
        .do_update()
        .set(row)
        .execute(one))?;
    Ok(())
}

/// The contract with this id.
pub fn of_tenant_by_id(
    connection: &mut Connection,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<Contract>, StoreError> {
    let body: Option<String> =
        contracts::table.find((tenant.to_string(), id)).select(contracts::body).get_result(connection).optional()?;
    body.as_deref().map(from_body).transpose()
}

/// Whether the registry has this id.
pub fn exists_in_tenant(connection: &mut Connection, tenant: &TenantId, id: &str) -> Result<bool, StoreError> {
    Ok(diesel::select(diesel::dsl::exists(contracts::table.find((tenant.to_string(), id)))).get_result(connection)?)
}

/// How many there are.
pub fn count_of_tenant(connection: &mut Connection, tenant: &TenantId) -> Result<i64, StoreError> {
    Ok(contracts::table.filter(contracts::tenant.eq(tenant.to_string())).count().get_result(connection)?)
}

/// Those after an id, in the order of their ids: for an export, which reads a page at a time.
pub fn page_of_tenant_after(
    connection: &mut Connection,
    tenant: &TenantId,
    id: &str,
    limit: i64,
) -> Result<Vec<Contract>, StoreError> {
    let bodies: Vec<String> = contracts::table
        .filter(contracts::tenant.eq(tenant.to_string()).and(contracts::id.gt(id)))
        .order(contracts::id)
        .limit(limit)
        .select(contracts::body)
        .load(connection)?;
    from_bodies(&bodies)
}

/// A user's contracts, by id.
pub fn list_of_tenant_by_user(
    connection: &mut Connection,
    tenant: &TenantId,
    user_id: &str,
) -> Result<Vec<Contract>, StoreError> {
    let bodies: Vec<String> = contracts::table
        .filter(contracts::tenant.eq(tenant.to_string()).and(contracts::user_id.eq(user_id)))
        .order(contracts::id)
        .select(contracts::body)
        .load(connection)?;
    from_bodies(&bodies)
}

/// The contracts with this insurer's number, by id. Several insurers may use the same number.
pub fn list_of_tenant_by_number(
    connection: &mut Connection,
    tenant: &TenantId,
    number: &str,
) -> Result<Vec<Contract>, StoreError> {
    let bodies: Vec<String> = contracts::table
        .filter(contracts::tenant.eq(tenant.to_string()).and(contracts::number.eq(number)))
        .order(contracts::id)
        .select(contracts::body)
        .load(connection)?;
    from_bodies(&bodies)
}

/// The user who holds a contract of this insurer under this e-mail address, in any capitals; of the first
/// contract by id when several do. The address is not verified: contracts of other insurers under the same
/// address may be another person's, and do not count.
pub fn user_of_tenant_and_insurer_by_email(
    connection: &mut Connection,
    tenant: &TenantId,
    acam_code: &str,
    email: &str,
) -> Result<Option<String>, StoreError> {
    let email = email_key(email);
    if email.is_empty() {
        return Ok(None);
    }
    let bodies: Vec<String> = contracts::table
        .filter(contracts::tenant.eq(tenant.to_string()).and(contracts::email.eq(email)))
        .order(contracts::id)
        .select(contracts::body)
        .load(connection)?;
    let held: Vec<Contract> = from_bodies(&bodies)?;
    Ok(held.into_iter().find(|contract| contract.insurer.acam_code == acam_code).map(|contract| contract.user_id))
}

/// An e-mail address as the column keeps it.
fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Whether any contract belongs to this user.
pub fn user_exists_in_tenant(
    connection: &mut Connection,
    tenant: &TenantId,
    user_id: &str,
) -> Result<bool, StoreError> {
    let found = diesel::select(diesel::dsl::exists(
        contracts::table.filter(contracts::tenant.eq(tenant.to_string()).and(contracts::user_id.eq(user_id))),
    ))
    .get_result(connection)?;
    Ok(found)
}
