//! Webhooks: what their owners say, and how far the deliverer is with each.

use constat_domain::ids::{KeyId, WebhookId};
use constat_domain::tenancy::TenantId;
use constat_domain::webhook::{Webhook, WebhookStatus};
use diesel::prelude::*;
use jiff::Timestamp;

use super::{from_body, instant, micros, one_row, parse, to_body};
use crate::schema::{event_chains, webhook_attempts, webhook_deliveries, webhooks};
use crate::{Connection, StoreError, Tx};

type Row = (String, String, String, String, i64, i64, Option<i64>, i64, i64, String);

fn read(row: Row) -> Result<Webhook, StoreError> {
    let (id, tenant, key, status, cursor, failures, last_success_at, created_at, version, body) = row;
    Ok(Webhook {
        id: parse(&id)?,
        tenant: parse(&tenant)?,
        key: parse(&key)?,
        status: parse(&status)?,
        cursor,
        failures,
        last_success_at: last_success_at.map(instant).transpose()?,
        created_at: instant(created_at)?,
        version,
        terms: from_body(&body)?,
    })
}

/// Registers a webhook.
pub fn insert(tx: &mut Tx, webhook: &Webhook) -> Result<(), StoreError> {
    diesel::insert_into(webhooks::table)
        .values((
            webhooks::id.eq(webhook.id.to_string()),
            webhooks::tenant.eq(webhook.tenant.to_string()),
            webhooks::api_key.eq(webhook.key.to_string()),
            webhooks::status.eq(webhook.status.as_str()),
            webhooks::cursor.eq(webhook.cursor),
            webhooks::failures.eq(webhook.failures),
            webhooks::created_at.eq(micros(webhook.created_at)),
            webhooks::version.eq(webhook.version),
            webhooks::body.eq(to_body(&webhook.terms)?),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Saves what its owner changed: terms and status. `webhook.version` is the new version.
pub fn update(tx: &mut Tx, webhook: &Webhook) -> Result<(), StoreError> {
    let previous = webhooks::table
        .find(webhook.id.to_string())
        .filter(webhooks::tenant.eq(webhook.tenant.to_string()).and(webhooks::version.eq(webhook.version - 1)));
    let rows = diesel::update(previous)
        .set((
            webhooks::status.eq(webhook.status.as_str()),
            webhooks::failures.eq(webhook.failures),
            webhooks::version.eq(webhook.version),
            webhooks::body.eq(to_body(&webhook.terms)?),
        ))
        .execute(&mut **tx)?;
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
        .get_result(connection)
        .optional()?;
    row.map(read).transpose()
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
        .load(connection)?;
    rows.into_iter().map(read).collect()
}

/// The webhook with this id, whoever's: for the deliverer, which serves them all.
pub fn by_id(connection: &mut Connection, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
    let row: Option<Row> = webhooks::table.find(id.to_string()).get_result(connection).optional()?;
    row.map(read).transpose()
}

/// The active webhooks, whoever's, whose tenant has events that were not looked at for them yet.
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

/// Holds a webhook until the transaction ends: nobody else adds or finishes deliveries of it meanwhile.
pub fn hold(tx: &mut Tx, id: WebhookId) -> Result<(), StoreError> {
    // Whoever writes a row holds it, on either database.
    let same = webhooks::cursor.eq(webhooks::cursor);
    diesel::update(webhooks::table.find(id.to_string())).set(same).execute(&mut **tx)?;
    Ok(())
}

/// Moves the cursor on, in the transaction that adds the deliveries; a [`StoreError::Conflict`] says
/// that another node was faster.
pub fn move_cursor(tx: &mut Tx, webhook: &Webhook, to: i64) -> Result<(), StoreError> {
    let here = webhooks::table.find(webhook.id.to_string()).filter(webhooks::cursor.eq(webhook.cursor));
    let rows = diesel::update(here).set(webhooks::cursor.eq(to)).execute(&mut **tx)?;
    one_row(rows, "the webhook's cursor")
}

/// Notes that something got through.
pub fn note_success(tx: &mut Tx, id: WebhookId, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(webhooks::table.find(id.to_string()))
        .set((webhooks::failures.eq(0), webhooks::last_success_at.eq(micros(at))))
        .execute(&mut **tx)?;
    Ok(())
}

/// Notes that an attempt failed.
pub fn note_failure(tx: &mut Tx, id: WebhookId) -> Result<(), StoreError> {
    diesel::update(webhooks::table.find(id.to_string()))
        .set(webhooks::failures.eq(webhooks::failures + 1))
        .execute(&mut **tx)?;
    Ok(())
}

/// Stops serving an active webhook. `false` when it was not active.
pub fn stop(tx: &mut Tx, id: WebhookId) -> Result<bool, StoreError> {
    let active = webhooks::table.find(id.to_string()).filter(webhooks::status.eq(WebhookStatus::Active.as_str()));
    let stopped = (webhooks::status.eq(WebhookStatus::Failing.as_str()), webhooks::version.eq(webhooks::version + 1));
    Ok(diesel::update(active).set(stopped).execute(&mut **tx)? == 1)
}
