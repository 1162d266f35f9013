//! Holds: times of experts that are reserved for a booking until they expire.

use constat_domain::geo::Position;
use constat_domain::ids::{AppointmentId, ExpertId, OrgId, SessionId};
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;
use jiff::Timestamp;

use super::micros;
use crate::columns::{AsText, Micros};
use crate::connection::on_each;
use crate::schema::{hold_counts, holds};
use crate::{Connection, StoreError, Tx};

/// A hold on one expert's time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HoldRow {
    /// Id of the future appointment.
    pub id: AppointmentId,
    /// The firm.
    pub tenant: TenantId,
    /// The expert.
    pub expert: ExpertId,
    /// The search session.
    pub session: SessionId,
    /// The organisation that holds it.
    pub holder: OrgId,
    /// Start.
    pub start: Timestamp,
    /// End, later than `start`.
    pub end: Timestamp,
    /// Where the expert would be meanwhile; `None` for a remote appointment.
    pub position: Option<Position>,
    /// The hold has no effect from this instant on.
    pub expires_at: Timestamp,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = holds)]
struct Row {
    id: AsText<AppointmentId>,
    tenant: AsText<TenantId>,
    expert: AsText<ExpertId>,
    session: AsText<SessionId>,
    holder: AsText<OrgId>,
    busy_from: Micros,
    busy_to: Micros,
    lat: Option<f64>,
    lon: Option<f64>,
    expires_at: Micros,
}

impl From<&HoldRow> for Row {
    fn from(hold: &HoldRow) -> Self {
        Self {
            id: AsText(hold.id),
            tenant: AsText(hold.tenant),
            expert: AsText(hold.expert),
            session: AsText(hold.session),
            holder: AsText(hold.holder),
            busy_from: Micros(hold.start),
            busy_to: Micros(hold.end),
            lat: hold.position.map(|at| at.lat),
            lon: hold.position.map(|at| at.lon),
            expires_at: Micros(hold.expires_at),
        }
    }
}

impl From<Row> for HoldRow {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            tenant: row.tenant.0,
            expert: row.expert.0,
            session: row.session.0,
            holder: row.holder.0,
            start: row.busy_from.0,
            end: row.busy_to.0,
            position: row.lat.zip(row.lon).and_then(|(lat, lon)| Position::new(lat, lon)),
            expires_at: row.expires_at.0,
        }
    }
}

fn read_all(rows: Vec<Row>) -> Vec<HoldRow> {
    rows.into_iter().map(HoldRow::from).collect()
}

/// Saves a new hold.
pub fn insert(tx: &mut Tx, hold: &HoldRow) -> Result<(), StoreError> {
    diesel::insert_into(holds::table).values(Row::from(hold)).execute(&mut **tx)?;
    Ok(())
}

/// Releases a hold.
pub fn delete(tx: &mut Tx, id: AppointmentId) -> Result<(), StoreError> {
    diesel::delete(holds::table.find(id.to_string())).execute(&mut **tx)?;
    Ok(())
}

/// Deletes the expired holds of a firm.
pub fn forget_expired_of_tenant(tx: &mut Tx, tenant: &TenantId, now: Timestamp) -> Result<(), StoreError> {
    let over = holds::table.filter(holds::tenant.eq(tenant.to_string()).and(holds::expires_at.le(micros(now))));
    diesel::delete(over).execute(&mut **tx)?;
    Ok(())
}

/// Deletes the expired holds of all firms. Returns their number.
pub fn forget_expired(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(holds::table.filter(holds::expires_at.le(micros(now)))).execute(&mut **tx)?)
}

/// The holds of a session, expired ones included.
pub fn of_session(connection: &mut Connection, session: SessionId) -> Result<Vec<HoldRow>, StoreError> {
    let rows: Vec<Row> = on_each!(connection, one => holds::table
        .filter(holds::session.eq(session.to_string()))
        .order(holds::id)
        .select(Row::as_select())
        .load(one))?;
    Ok(read_all(rows))
}

/// Locks the count of a platform's holds at a firm until this transaction ends.
pub fn lock_count(tx: &mut Tx, tenant: &TenantId, holder: OrgId) -> Result<(), StoreError> {
    on_each!(&mut **tx, one => diesel::insert_into(hold_counts::table)
        .values((
            hold_counts::tenant.eq(tenant.to_string()),
            hold_counts::holder.eq(holder.to_string()),
            hold_counts::changes.eq(1),
        ))
        .on_conflict((hold_counts::tenant, hold_counts::holder))
        .do_update()
        .set(hold_counts::changes.eq(hold_counts::changes + 1))
        .execute(one))?;
    Ok(())
}

/// The holds of a platform at a firm that are active at `now`, over all of its keys.
pub fn live_of_holder(
    connection: &mut Connection,
    tenant: &TenantId,
    holder: OrgId,
    now: Timestamp,
) -> Result<Vec<HoldRow>, StoreError> {
    let rows: Vec<Row> = on_each!(connection, one => holds::table
        .filter(
            holds::tenant
                .eq(tenant.to_string())
                .and(holds::holder.eq(holder.to_string()))
                .and(holds::expires_at.gt(micros(now))),
        )
        .order(holds::id)
        .select(Row::as_select())
        .load(one))?;
    Ok(read_all(rows))
}

/// The hold with this id, in any tenant: only its holder gets the id.
pub fn by_id(connection: &mut Connection, id: AppointmentId) -> Result<Option<HoldRow>, StoreError> {
    let row: Option<Row> =
        holds::table.find(id.to_string()).select(Row::as_select()).get_result(connection).optional()?;
    Ok(row.map(HoldRow::from))
}

/// One expert's holds between `from` (included) and `to` (excluded) that are active at `now`.
/// The expert implies the tenant.
pub fn of_expert_between(
    connection: &mut Connection,
    expert: ExpertId,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<Vec<HoldRow>, StoreError> {
    let rows: Vec<Row> = on_each!(connection, one => holds::table
        .filter(
            holds::expert
                .eq(expert.to_string())
                .and(holds::busy_to.gt(micros(from)))
                .and(holds::busy_from.lt(micros(to)))
                .and(holds::expires_at.gt(micros(now))),
        )
        .select(Row::as_select())
        .load(one))?;
    Ok(read_all(rows))
}

/// The holds of a firm that are active at `now`.
pub fn live_of_tenant(
    connection: &mut Connection,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<Vec<HoldRow>, StoreError> {
    let rows: Vec<Row> = holds::table
        .filter(holds::tenant.eq(tenant.to_string()).and(holds::expires_at.gt(micros(now))))
        .order(holds::id)
        .select(Row::as_select())
        .load(connection)?;
    Ok(read_all(rows))
}
