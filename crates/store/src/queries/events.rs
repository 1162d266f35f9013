//! The events table: every change, in commit order, each tenant's a chain of its own.

use constat_domain::event_kinds::{EventKind, StoredKind};
use constat_domain::ids::{EventId, OrgId};
use constat_domain::tenancy::TenantId;
use diesel::dsl::exists;
use diesel::prelude::*;
use jiff::Timestamp;

use super::page::Page;
use super::{from_body, micros, parse, to_body};
use crate::chain::{self, Content, Fresh, Hash, Tail, hash_of};
use crate::columns::{AsText, Micros};
use crate::schema::{claims, event_chains, events};
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
    /// What happened.
    pub kind: StoredKind,
    /// When.
    pub at: Timestamp,
    /// The id of the key that asked for it, `insured` or `system`.
    pub actor: String,
    /// What a reader needs to know beyond that. Ids, codes and instants, no personal data. Null when
    /// it was erased.
    pub data: serde_json::Value,
}

impl Event {
    /// What the server itself did, or its operator.
    pub fn by_system(
        id: EventId,
        tenant: TenantId,
        subject: impl std::fmt::Display,
        kind: EventKind,
        at: Timestamp,
        data: serde_json::Value,
    ) -> Self {
        Self { id, tenant, subject: subject.to_string(), kind: kind.into(), at, actor: "system".to_owned(), data }
    }
}

/// Appends an event to its tenant's chain. It is written, and has its position, when the transaction
/// commits.
pub fn append(tx: &mut Tx, event: &Event) -> Result<(), StoreError> {
    let fresh = Fresh {
        id: event.id.to_string(),
        tenant: event.tenant,
        subject: event.subject.clone(),
        kind: event.kind.name().to_owned(),
        at: micros(event.at),
        actor: event.actor.clone(),
        data: to_body(&event.data)?,
    };
    tx.chains().1.append(fresh);
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
struct Row {
    position: i64,
    id: AsText<EventId>,
    tenant: AsText<TenantId>,
    subject: String,
    kind: AsText<StoredKind>,
    at: Micros,
    actor: String,
    data: Option<String>,
}

fn read(row: Row) -> Result<(i64, Event), StoreError> {
    let event = Event {
        id: row.id.0,
        tenant: row.tenant.0,
        subject: row.subject,
        kind: row.kind.0,
        at: row.at.0,
        actor: row.actor,
        data: row.data.as_deref().map_or(Ok(serde_json::Value::Null), from_body)?,
    };
    Ok((row.position, event))
}

/// How many events each tenant's chain has. What is appended to it later stands behind that, and is seen
/// there once it is committed: a tenant's positions are given out and committed in one order, under the
/// lock on the end of its chain. `seq`, which all tenants share, is drawn before the commit; two
/// transactions may commit in the other order.
pub fn lengths(connection: &mut Connection) -> Result<Vec<(TenantId, i64)>, StoreError> {
    let rows: Vec<(String, i64)> =
        event_chains::table.select((event_chains::tenant, event_chains::length)).load(connection)?;
    rows.into_iter().map(|(tenant, length)| Ok((parse(&tenant)?, length))).collect()
}

/// What the events of a kind of one tenant are about, after one position and up to another.
pub fn subjects_of_tenant_between(
    connection: &mut Connection,
    tenant: &TenantId,
    kind: EventKind,
    after: i64,
    until: i64,
) -> Result<Vec<String>, StoreError> {
    let subjects = events::table
        .filter(events::tenant.eq(tenant.to_string()).and(events::kind.eq(kind.name())))
        .filter(events::position.gt(after).and(events::position.le(until)))
        .order(events::position)
        .select(events::subject)
        .load(connection)?;
    Ok(subjects)
}

/// The events of one tenant after a position (0: from the first), in order, each with its position.
pub fn of_tenant_after(
    connection: &mut Connection,
    tenant: &TenantId,
    position: i64,
    limit: i64,
) -> Result<Vec<(i64, Event)>, StoreError> {
    let rows: Vec<Row> = events::table
        .filter(events::tenant.eq(tenant.to_string()).and(events::position.gt(position)))
        .order(events::position)
        .limit(limit)
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(read).collect()
}

/// The same, of these kinds only.
pub fn of_tenant_and_kinds_after(
    connection: &mut Connection,
    tenant: &TenantId,
    kinds: &[EventKind],
    position: i64,
    limit: i64,
) -> Result<Vec<(i64, Event)>, StoreError> {
    of_tenant_and_kinds_between(connection, tenant, kinds, None, (position, i64::MAX), limit)
}

/// Those of these kinds after a position and up to another, in order: all, or those about claims that one
/// organisation declared.
pub fn of_tenant_and_kinds_between(
    connection: &mut Connection,
    tenant: &TenantId,
    kinds: &[EventKind],
    declared_by: Option<OrgId>,
    (after, until): (i64, i64),
    limit: i64,
) -> Result<Vec<(i64, Event)>, StoreError> {
    let mut wanted = events::table
        .filter(events::tenant.eq(tenant.to_string()))
        .filter(events::position.gt(after).and(events::position.le(until)))
        .filter(events::kind.eq_any(kinds.iter().map(|kind| kind.name())))
        .into_boxed();
    if let Some(org) = declared_by {
        let about = claims::table.filter(claims::declaration_id.eq(events::subject));
        wanted = wanted.filter(exists(about.filter(claims::declared_by.eq(org.to_string()))));
    }
    let rows: Vec<Row> = wanted.order(events::position).limit(limit).select(Row::as_select()).load(connection)?;
    rows.into_iter().map(read).collect()
}

/// The event at a position of a tenant's chain.
pub fn id_of_tenant_at(
    connection: &mut Connection,
    tenant: &TenantId,
    position: i64,
) -> Result<Option<EventId>, StoreError> {
    let id: Option<String> = events::table
        .filter(events::tenant.eq(tenant.to_string()).and(events::position.eq(position)))
        .select(events::id)
        .get_result(connection)
        .optional()?;
    id.map(|id| parse(&id)).transpose()
}

/// An event of a tenant with its position.
pub fn of_tenant_by_id(
    connection: &mut Connection,
    tenant: &TenantId,
    id: EventId,
) -> Result<Option<(i64, Event)>, StoreError> {
    let row: Option<Row> = events::table
        .filter(events::id.eq(id.to_string()).and(events::tenant.eq(tenant.to_string())))
        .select(Row::as_select())
        .get_result(connection)
        .optional()?;
    row.map(read).transpose()
}

/// The events about one subject, in order. The subject implies the tenant; it is checked all the
/// same.
pub fn of_tenant_about(
    connection: &mut Connection,
    tenant: &TenantId,
    subject: &str,
) -> Result<Vec<(i64, Event)>, StoreError> {
    Ok(page_of_tenant_about(connection, tenant, subject, &[], i64::MAX, 0)?.rows)
}

/// One page of the events about one subject, but for those of the `hidden` kinds, in order.
pub fn page_of_tenant_about(
    connection: &mut Connection,
    tenant: &TenantId,
    subject: &str,
    hidden: &[EventKind],
    limit: i64,
    offset: i64,
) -> Result<Page<(i64, Event)>, StoreError> {
    let about = || {
        let about = events::subject.eq(subject).and(events::tenant.eq(tenant.to_string()));
        events::table.filter(about.and(events::kind.ne_all(hidden.iter().map(|kind| kind.name()))))
    };
    let total = about().count().get_result(connection)?;
    let rows: Vec<Row> =
        about().order(events::seq).limit(limit).offset(offset).select(Row::as_select()).load(connection)?;
    Ok(Page { rows: rows.into_iter().map(read).collect::<Result<_, _>>()?, total })
}

/// How many events a tenant's chain has: the position of the last one.
pub fn length_of_tenant(connection: &mut Connection, tenant: &TenantId) -> Result<i64, StoreError> {
    let found: Option<i64> =
        event_chains::table.find(tenant.to_string()).select(event_chains::length).get_result(connection).optional()?;
    Ok(found.unwrap_or(0))
}

/// The end of a tenant's chain.
pub fn end_of_tenant(connection: &mut Connection, tenant: &TenantId) -> Result<Tail, StoreError> {
    chain::tail(connection, tenant)
}

/// The position of the last event of a tenant, those of the transaction under way included.
pub fn last_position_of_tenant(tx: &mut Tx, tenant: &TenantId) -> Result<i64, StoreError> {
    let (connection, tails) = tx.chains();
    tails.length(connection, *tenant)
}

/// Every tenant that has events, or is said to have some, in order.
pub fn tenants(connection: &mut Connection) -> Result<Vec<TenantId>, StoreError> {
    let mut names: Vec<String> = event_chains::table.select(event_chains::tenant).load(connection)?;
    names.extend(events::table.select(events::tenant).distinct().load::<String>(connection)?);
    names.sort_unstable();
    names.dedup();
    names.iter().map(|name| parse(name)).collect()
}

/// An event exactly as it is stored, for who checks the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the chain, from 1.
    pub position: i64,
    /// Its identifier.
    pub id: String,
    /// Whose data changed.
    pub tenant: String,
    /// What changed.
    pub subject: String,
    /// What happened to it.
    pub kind: String,
    /// When, in UTC microseconds.
    pub at: i64,
    /// Who did it.
    pub actor: String,
    /// The data, unless it was erased.
    pub data: Option<String>,
    /// The hash of the data as it was recorded.
    pub data_hash: Hash,
    /// The hash of the event before it.
    pub previous: Hash,
    /// Its own hash.
    pub hash: Hash,
}

impl Stored {
    /// Whether the event's own hashes are those of what it says.
    pub fn is_sound(&self) -> bool {
        let content = Content {
            id: &self.id,
            tenant: &self.tenant,
            subject: &self.subject,
            kind: &self.kind,
            at: self.at,
            actor: &self.actor,
            data_hash: &self.data_hash,
        };
        self.data.as_ref().is_none_or(|data| chain::data_hash(data) == self.data_hash)
            && content.hash_after(&self.previous) == self.hash
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
struct StoredRow {
    position: i64,
    id: String,
    tenant: String,
    subject: String,
    kind: String,
    at: i64,
    actor: String,
    data: Option<String>,
    data_hash: Vec<u8>,
    previous: Vec<u8>,
    hash: Vec<u8>,
}

/// A tenant's events after a position as they are stored, in the order of their positions.
pub fn stored_of_tenant_after(
    connection: &mut Connection,
    tenant: &TenantId,
    position: i64,
    limit: i64,
) -> Result<Vec<Stored>, StoreError> {
    let rows: Vec<StoredRow> = events::table
        .filter(events::tenant.eq(tenant.to_string()).and(events::position.gt(position)))
        .order(events::position)
        .limit(limit)
        .select(StoredRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(stored).collect())
}

fn stored(row: StoredRow) -> Stored {
    // A hash of another length was tampered with. Zeros are the hash of no event.
    let hash_of = |bytes: &[u8]| hash_of(bytes).unwrap_or_default();
    Stored {
        position: row.position,
        id: row.id,
        tenant: row.tenant,
        subject: row.subject,
        kind: row.kind,
        at: row.at,
        actor: row.actor,
        data: row.data,
        data_hash: hash_of(&row.data_hash),
        previous: hash_of(&row.previous),
        hash: hash_of(&row.hash),
    }
}

/// Where the tenant's event with this hash stands in the chain.
pub fn position_of_tenant_by_hash(
    connection: &mut Connection,
    tenant: &TenantId,
    hash: &Hash,
) -> Result<Option<i64>, StoreError> {
    let found = events::table
        .filter(events::tenant.eq(tenant.to_string()).and(events::hash.eq(hash.as_slice())))
        .select(events::position)
        .first(connection)
        .optional()?;
    Ok(found)
}
