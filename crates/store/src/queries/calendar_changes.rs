//! A counter for each firm of changes to its experts and absences, so that calendars in memory know
//! when they are stale, whichever process made the change.

use constat_domain::tenancy::TenantId;
use diesel::prelude::*;

use crate::connection::on_each;
use crate::schema::calendar_changes;
use crate::{Connection, StoreError, Tx};

/// Counts a change. Part of every query that changes an expert or an absence.
pub(super) fn bump_of_tenant(tx: &mut Tx, tenant: &TenantId) -> Result<(), StoreError> {
    on_each!(&mut **tx, one => diesel::insert_into(calendar_changes::table)
        .values((calendar_changes::tenant.eq(tenant.to_string()), calendar_changes::version.eq(1)))
        .on_conflict(calendar_changes::tenant)
        .do_update()
        .set(calendar_changes::version.eq(calendar_changes::version + 1))
        .execute(one))?;
    Ok(())
}

/// Changes so far; 0 for a firm that never had an expert.
pub fn version_of_tenant(connection: &mut Connection, tenant: &TenantId) -> Result<i64, StoreError> {
    let found: Option<i64> = on_each!(connection, one => calendar_changes::table
        .find(tenant.to_string())
        .select(calendar_changes::version)
        .get_result(one)
        .optional())?;
    Ok(found.unwrap_or(0))
}
