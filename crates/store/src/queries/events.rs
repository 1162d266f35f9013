//! The events table: every change, in commit order.

use constat_domain::ids::EventId;
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;
use jiff::Timestamp;

use super::{from_body, instant, micros, parse, to_body};
use crate::schema::events;
use crate::{Connection, StoreError, Tx};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its identifier.
    pub id: EventId,
    /// Whose data changed.
    pub tenant: TenantId,
    /// The id of what changed: a declaration, an appointment, an expert.
    pub subject: String,
    /// What happened: `v2.claim.draft.created`, `appointment.booked`.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// The id of the key that asked for it, or `system`.
    pub actor: String,
    /// What a reader needs to know beyond that. Ids and codes, no personal data.
    pub data: serde_json::Value,
}

/// Appends an event.
pub fn append(tx: &mut Tx, event: &Event) -> Result<(), StoreError> {
    diesel::insert_into(events::table)
        .values((
            events::id.eq(event.id.to_string()),
            events::tenant.eq(event.tenant.to_string()),
            events::subject.eq(&event.subject),
            events::kind.eq(&event.kind),
            events::at.eq(micros(event.at)),
            events::actor.eq(&event.actor),
            events::data.eq(to_body(&event.data)?),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

type Row = (i64, String, String, String, String, i64, String, String);

fn read((seq, id, tenant, subject, kind, at, actor, data): Row) -> Result<(i64, Event), StoreError> {
    let event = Event {
        id: parse(&id)?,
        tenant: parse(&tenant)?,
        subject,
        kind,
        at: instant(at)?,
        actor,
        data: from_body(&data)?,
    };
    Ok((seq, event))
}

/// The events of one tenant after a cursor (0: from the first), in order, each with its own cursor.
pub fn of_tenant_after(
    connection: &mut Connection,
    tenant: &TenantId,
    cursor: i64,
    limit: i64,
) -> Result<Vec<(i64, Event)>, StoreError> {
    let rows: Vec<Row> = events::table
        .filter(events::tenant.eq(tenant.to_string()).and(events::seq.gt(cursor)))
        .order(events::seq)
        .limit(limit)
        .load(connection)?;
    rows.into_iter().map(read).collect()
}

/// The events about one subject, in order. The subject implies the tenant; it is checked all the
/// same.
pub fn of_tenant_about(
    connection: &mut Connection,
    tenant: &TenantId,
    subject: &str,
) -> Result<Vec<(i64, Event)>, StoreError> {
    let rows: Vec<Row> = events::table
        .filter(events::subject.eq(subject).and(events::tenant.eq(tenant.to_string())))
        .order(events::seq)
        .load(connection)?;
    rows.into_iter().map(read).collect()
}
