//! Absences of experts.

use constat_domain::expert::Absence;
use constat_domain::ids::{AbsenceId, ExpertId};
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;
use jiff::Timestamp;

use super::{calendar_changes, micros};
use crate::columns::{AsText, Micros};
use crate::connection::on_each;
use crate::schema::absences;
use crate::{Connection, StoreError, Tx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = absences)]
struct Row {
    id: AsText<AbsenceId>,
    expert: AsText<ExpertId>,
    starts_at: Micros,
    ends_at: Micros,
    reason: String,
    series: AsText<AbsenceId>,
}

fn read(row: Row) -> Absence {
    let reason = Some(row.reason).filter(|reason| !reason.is_empty());
    Absence { id: row.id.0, expert: row.expert.0, start: row.starts_at.0, end: row.ends_at.0, reason }
}

fn read_with_series(row: Row) -> (AbsenceId, Absence) {
    (row.series.0, read(row))
}

/// Inserts an absence that is in no series, or replaces the absence with the same id. Calendars in
/// memory load the firm again.
pub fn upsert_of_tenant(tx: &mut Tx, tenant: &TenantId, absence: &Absence) -> Result<(), StoreError> {
    save(tx, tenant, absence.id, absence)?;
    calendar_changes::bump_of_tenant(tx, tenant)
}

/// Replaces the absences of `series` by `rows` and returns the replaced ones. Calendars in memory load
/// the firm again.
pub fn replace_series_of_tenant(
    tx: &mut Tx,
    tenant: &TenantId,
    series: AbsenceId,
    rows: &[Absence],
) -> Result<Vec<Absence>, StoreError> {
    let known =
        absences::table.filter(absences::series.eq(series.to_string()).and(absences::tenant.eq(tenant.to_string())));
    let before: Vec<Row> = known.clone().order(absences::starts_at).select(Row::as_select()).load(&mut **tx)?;
    diesel::delete(known).execute(&mut **tx)?;
    for row in rows {
        save(tx, tenant, series, row)?;
    }
    calendar_changes::bump_of_tenant(tx, tenant)?;
    Ok(before.into_iter().map(read).collect())
}

fn save(tx: &mut Tx, tenant: &TenantId, series: AbsenceId, absence: &Absence) -> Result<(), StoreError> {
    let (tenant, expert, series) = (tenant.to_string(), absence.expert.to_string(), series.to_string());
    let row = (
        absences::tenant.eq(&tenant),
        absences::expert.eq(&expert),
        absences::starts_at.eq(micros(absence.start)),
        absences::ends_at.eq(micros(absence.end)),
        absences::reason.eq(absence.reason.as_deref().unwrap_or_default()),
        absences::series.eq(&series),
    );
    on_each!(&mut **tx, one => diesel::insert_into(absences::table)
        .values((absences::id.eq(absence.id.to_string()), row))
        .on_conflict(absences::id)
        .do_update()
        .set(row)
        .execute(one))?;
    Ok(())
}

/// The absences of one expert that overlap the time from `from` (included) to `to` (excluded). The
/// expert implies the tenant.
pub fn of_expert_between(
    connection: &mut Connection,
    expert: ExpertId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Absence>, StoreError> {
    let rows: Vec<Row> = on_each!(connection, one => absences::table
        .filter(
            absences::expert
                .eq(expert.to_string())
                .and(absences::ends_at.gt(micros(from)))
                .and(absences::starts_at.lt(micros(to))),
        )
        .order(absences::starts_at)
        .select(Row::as_select())
        .load(one))?;
    Ok(rows.into_iter().map(read).collect())
}

/// The absences of one expert that overlap the time from `from` (included) to `to` (excluded), by start, each with the
/// id of its series.
pub fn listed_of_tenant_and_expert_between(
    connection: &mut Connection,
    tenant: &TenantId,
    expert: ExpertId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(AbsenceId, Absence)>, StoreError> {
    let rows: Vec<Row> = absences::table
        .filter(
            absences::tenant
                .eq(tenant.to_string())
                .and(absences::expert.eq(expert.to_string()))
                .and(absences::ends_at.gt(micros(from)))
                .and(absences::starts_at.lt(micros(to))),
        )
        .order((absences::starts_at, absences::id))
        .select(Row::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(read_with_series).collect())
}

/// Deletes an absence of one expert by its id, or all absences of a series by the id of the series. Returns
/// them, each with the id of its series.
/// Calendars in memory load the firm again.
pub fn delete_of_tenant_and_expert(
    tx: &mut Tx,
    tenant: &TenantId,
    expert: ExpertId,
    id: AbsenceId,
) -> Result<Vec<(AbsenceId, Absence)>, StoreError> {
    let known = absences::table.filter(
        absences::tenant
            .eq(tenant.to_string())
            .and(absences::expert.eq(expert.to_string()))
            .and(absences::id.eq(id.to_string()).or(absences::series.eq(id.to_string()))),
    );
    let rows: Vec<Row> = known.clone().order(absences::starts_at).select(Row::as_select()).load(&mut **tx)?;
    diesel::delete(known).execute(&mut **tx)?;
    calendar_changes::bump_of_tenant(tx, tenant)?;
    Ok(rows.into_iter().map(read_with_series).collect())
}

/// All absences of a firm that end after `from`, by expert and start.
pub fn all_of_tenant_after(
    connection: &mut Connection,
    tenant: &TenantId,
    from: Timestamp,
) -> Result<Vec<Absence>, StoreError> {
    let rows: Vec<Row> = absences::table
        .filter(absences::tenant.eq(tenant.to_string()).and(absences::ends_at.gt(micros(from))))
        .order((absences::expert, absences::starts_at))
        .select(Row::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(read).collect())
}
