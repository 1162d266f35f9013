//! Times that are kept for whoever is about to book them.

use constat_domain::geo::Position;
use constat_domain::ids::{AppointmentId, ExpertId, OrgId, SessionId};
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;
use jiff::Timestamp;

use super::{instant, micros, parse};
use crate::connection::on_each;
use crate::schema::{hold_counts, holds};
use crate::{Connection, StoreError, Tx};

/// One expert's time, kept until an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HoldRow {
    /// The id of the appointment that it is kept for.
    pub id: AppointmentId,
    /// Whose data.
    pub tenant: TenantId,
    /// Whose time.
    pub expert: ExpertId,
    /// The session it was taken in.
    pub session: SessionId,
    /// Who took it.
    pub holder: OrgId,
    /// From.
    pub start: Timestamp,
    /// To, later than `start`.
    pub end: Timestamp,
    /// Where the expert would be meanwhile; `None` for a remote appointment.
    pub position: Option<Position>,
    /// From this instant on it is nobody's.
    pub expires_at: Timestamp,
}

type Row = (String, String, String, String, String, i64, i64, Option<f64>, Option<f64>, i64);

fn read(row: Row) -> Result<HoldRow, StoreError> {
    let (id, tenant, expert, session, holder, start, end, lat, lon, expires_at) = row;
    Ok(HoldRow {
        id: parse(&id)?,
        tenant: parse(&tenant)?,
        expert: parse(&expert)?,
        session: parse(&session)?,
        holder: parse(&holder)?,
        start: instant(start)?,
        end: instant(end)?,
        position: lat.zip(lon).and_then(|(lat, lon)| Position::new(lat, lon)),
        expires_at: instant(expires_at)?,
    })
}

/// Keeps a time.
pub fn insert(tx: &mut Tx, hold: &HoldRow) -> Result<(), StoreError> {
    diesel::insert_into(holds::table)
        .values((
            holds::id.eq(hold.id.to_string()),
            holds::tenant.eq(hold.tenant.to_string()),
            holds::expert.eq(hold.expert.to_string()),
            holds::session.eq(hold.session.to_string()),
            holds::holder.eq(hold.holder.to_string()),
            holds::busy_from.eq(micros(hold.start)),
            holds::busy_to.eq(micros(hold.end)),
            holds::lat.eq(hold.position.map(|at| at.lat)),
            holds::lon.eq(hold.position.map(|at| at.lon)),
            holds::expires_at.eq(micros(hold.expires_at)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Lets go of one.
pub fn delete(tx: &mut Tx, id: AppointmentId) -> Result<(), StoreError> {
    diesel::delete(holds::table.find(id.to_string())).execute(&mut **tx)?;
    Ok(())
}

/// Forgets what has expired of a firm.
pub fn forget_expired_of_tenant(tx: &mut Tx, tenant: &TenantId, now: Timestamp) -> Result<(), StoreError> {
    let over = holds::table.filter(holds::tenant.eq(tenant.to_string()).and(holds::expires_at.le(micros(now))));
    diesel::delete(over).execute(&mut **tx)?;
    Ok(())
}

/// Forgets what has expired, whoever's. Gives how many.
pub fn forget_expired(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(holds::table.filter(holds::expires_at.le(micros(now)))).execute(&mut **tx)?)
}

/// What a session keeps, expired or not.
pub fn of_session(connection: &mut Connection, session: SessionId) -> Result<Vec<HoldRow>, StoreError> {
    let rows: Vec<Row> = on_each!(connection, one => holds::table
        .filter(holds::session.eq(session.to_string()))
        .order(holds::id)
        .load(one))?;
    rows.into_iter().map(read).collect()
}

/// Makes others who would count a platform's holds at a firm wait until this transaction ends.
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

/// All that a platform holds in a firm's calendars at `now`, with whichever of its keys.
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
        .load(one))?;
    rows.into_iter().map(read).collect()
}

/// The hold with this id, whoever's: an id is handed out to its holder alone.
pub fn by_id(connection: &mut Connection, id: AppointmentId) -> Result<Option<HoldRow>, StoreError> {
    let row: Option<Row> = holds::table.find(id.to_string()).get_result(connection).optional()?;
    row.map(read).transpose()
}

/// What is kept of one expert's time between `from` (included) and `to` (excluded), and not over at `now`.
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
        .load(one))?;
    rows.into_iter().map(read).collect()
}

/// All that is kept in a firm's calendars and is not over at `now`.
pub fn live_of_tenant(
    connection: &mut Connection,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<Vec<HoldRow>, StoreError> {
    let rows: Vec<Row> = holds::table
        .filter(holds::tenant.eq(tenant.to_string()).and(holds::expires_at.gt(micros(now))))
        .order(holds::id)
        .load(connection)?;
    rows.into_iter().map(read).collect()
}
