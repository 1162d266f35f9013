//! Webhooks: their owners' settings, and the deliverer's position in the events for each.

use constat_domain::ids::{KeyId, WebhookId};
use constat_domain::tenancy::TenantId;
use constat_domain::webhook::{Webhook, WebhookStatus};
use diesel::prelude::*;
use jiff::Timestamp;

use super::{from_body, micros, one_row, parse, to_body};
use crate::columns::{AsText, Micros};
use crate::schema::{event_chains, webhook_attempts, webhook_deliveries, webhooks};
use crate::{Connection, StoreError, Tx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhooks)]
struct Row {
    id: AsText<WebhookId>,
    tenant: AsText<TenantId>,
    api_key: AsText<KeyId>,
    status: AsText<WebhookStatus>,
    cursor: i64,
    failures: i64,
    last_success_at: Option<Micros>,
    created_at: Micros,
    version: i64,
    body: String,
}

fn read(row: &Row) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: row.id.0,
        tenant: row.tenant.0,
        key: row.api_key.0,
        status: row.status.0,
        cursor: row.cursor,
        failures: row.failures,
        last_success_at: row.last_success_at.map(|at| at.0),
        created_at: row.created_at.0,
        version: row.version,
        terms: from_body(&row.body)?,
    })
}

/// The columns that the owner of a webhook changes.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = webhooks)]
struct Changing {
    status: &'static str,
    failures: i64,
    version: i64,
    body: String,
}

impl Changing {
    fn of(webhook: &Webhook) -> Result<Self, StoreError> {
        Ok(Self {
            status: webhook.status.as_str(),
            failures: webhook.failures,
            version: webhook.version,
            body: to_body(&webhook.terms)?,
        })
    }
}

/// A new webhook.
#[derive(Insertable)]
#[diesel(table_name = webhooks)]
struct New {
    id: AsText<WebhookId>,
    tenant: AsText<TenantId>,
    api_key: AsText<KeyId>,
    cursor: i64,
    created_at: Micros,
    #[diesel(embed)]
    changing: Changing,
}

/// Saves a new webhook.
pub fn insert(tx: &mut Tx, webhook: &Webhook) -> Result<(), StoreError> {
    let new = New {
        id: AsText(webhook.id),
        tenant: AsText(webhook.tenant),
        api_key: AsText(webhook.key),
        cursor: webhook.cursor,
        created_at: Micros(webhook.created_at),
        changing: Changing::of(webhook)?,
    };
    diesel::insert_into(webhooks::table).values(new).execute(&mut **tx)?;
    Ok(())
}

/// Saves what its owner changed: terms and status. `webhook.version` is one more than the version that was read.
pub fn update(tx: &mut Tx, webhook: &Webhook) -> Result<(), StoreError> {
    let previous = webhooks::table
        .find(webhook.id.to_string())
        .filter(webhooks::tenant.eq(webhook.tenant.to_string()).and(webhooks::version.eq(webhook.version - 1)));
    let rows = diesel::update(previous).set(Changing::of(webhook)?).execute(&mut **tx)?;
    one_row(rows, "the webhook")
}

/// Removes a webhook with its deliveries and their log.
pub fn delete(tx: &mut Tx, webhook: &Webhook) -> Result<(), StoreError> {
    let id = webhook.id.to_string();
    let deliveries = || webhook_deliveries::table.filter(webhook_deliveries::webhook.eq(id.clone()));
    let attempts = webhook_attempts::delivery.eq_any(deliveries().select(webhook_deliveries::id));
    diesel::delete(webhook_attempts::table).filter(attempts).execute(&mut **tx)?;
    diesel::delete(deliveries()).execute(&mut **tx)?;
    let rows = diesel::delete(webhooks::table.find(&id).filter(webhooks::tenant.eq(webhook.tenant.to_string())))
        .execute(&mut **tx)?;
    one_row(rows, "the webhook")
}

/// A key's webhook.
pub fn of_tenant_and_key_by_id(
    connection: &mut Connection,
    tenant: &TenantId,
    key: KeyId,
    id: WebhookId,
) -> Result<Option<Webhook>, StoreError> {
    let row: Option<Row> = webhooks::table
        .find(id.to_string())
        .filter(webhooks::tenant.eq(tenant.to_string()).and(webhooks::api_key.eq(key.to_string())))
        .select(Row::as_select())
        .get_result(connection)
        .optional()?;
    row.as_ref().map(read).transpose()
}

/// A key's webhooks, oldest first.
pub fn list_of_tenant_and_key(
    connection: &mut Connection,
    tenant: &TenantId,
    key: KeyId,
) -> Result<Vec<Webhook>, StoreError> {
    let rows: Vec<Row> = webhooks::table
        .filter(webhooks::tenant.eq(tenant.to_string()).and(webhooks::api_key.eq(key.to_string())))
        .order((webhooks::created_at, webhooks::id))
        .select(Row::as_select())
        .load(connection)?;
    rows.iter().map(read).collect()
}

/// The webhook with this id, in any tenant: for the deliverer.
pub fn by_id(connection: &mut Connection, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
    let row: Option<Row> =
        webhooks::table.find(id.to_string()).select(Row::as_select()).get_result(connection).optional()?;
    row.as_ref().map(read).transpose()
}

/// The active webhooks of all tenants with events after their cursor.
pub fn behind(connection: &mut Connection) -> Result<Vec<WebhookId>, StoreError> {
    let ids: Vec<String> = webhooks::table
        .inner_join(event_chains::table.on(event_chains::tenant.eq(webhooks::tenant)))
        .filter(webhooks::status.eq(WebhookStatus::Active.as_str()))
        .filter(event_chains::length.gt(webhooks::cursor))
        .order(webhooks::created_at)
        .select(webhooks::id)
        .load(connection)?;
    ids.iter().map(|id| parse(id)).collect()
}

/// Locks a webhook until the transaction ends: no other transaction adds or finishes its deliveries meanwhile.
pub fn hold(tx: &mut Tx, id: WebhookId) -> Result<(), StoreError> {
    // An update locks the row, on either database.
    let same = webhooks::cursor.eq(webhooks::cursor);
    diesel::update(webhooks::table.find(id.to_string())).set(same).execute(&mut **tx)?;
    Ok(())
}

/// Advances the cursor, in the transaction that adds the deliveries. [`StoreError::Conflict`] means that another
/// node did so first.
pub fn move_cursor(tx: &mut Tx, webhook: &Webhook, to: i64) -> Result<(), StoreError> {
    let here = webhooks::table.find(webhook.id.to_string()).filter(webhooks::cursor.eq(webhook.cursor));
    let rows = diesel::update(here).set(webhooks::cursor.eq(to)).execute(&mut **tx)?;
    one_row(rows, "the webhook's cursor")
}

/// Records a successful delivery.
pub fn note_success(tx: &mut Tx, id: WebhookId, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(webhooks::table.find(id.to_string()))
        .set((webhooks::failures.eq(0), webhooks::last_success_at.eq(micros(at))))
        .execute(&mut **tx)?;
    Ok(())
}

/// Records a failed attempt.
pub fn note_failure(tx: &mut Tx, id: WebhookId) -> Result<(), StoreError> {
    diesel::update(webhooks::table.find(id.to_string()))
        .set(webhooks::failures.eq(webhooks::failures + 1))
        .execute(&mut **tx)?;
    Ok(())
}

/// Marks an active webhook as failing. `false` when it was not active.
pub fn stop(tx: &mut Tx, id: WebhookId) -> Result<bool, StoreError> {
    let active = webhooks::table.find(id.to_string()).filter(webhooks::status.eq(WebhookStatus::Active.as_str()));
    let stopped = (webhooks::status.eq(WebhookStatus::Failing.as_str()), webhooks::version.eq(webhooks::version + 1));
    Ok(diesel::update(active).set(stopped).execute(&mut **tx)? == 1)
}
