//! Deliveries: one event for one webhook, leased to the node that sends it, with the log of its tries.
//!
//! Those of one subject go out in the order in which they were made. The oldest that is still to be sent is
//! the subject's *next* and is marked so; when it is done the mark moves to the one behind it. A transaction that adds
//! or finishes a delivery locks its webhook first ([`super::webhooks::hold`]), so that two nodes do not lose a mark.

use std::collections::BTreeSet;

use constat_domain::event_kinds::EventKind;
use constat_domain::ids::{EventId, OrgId, WebhookDeliveryId, WebhookId};
use constat_domain::webhook::{Attempt, Delivery, DeliveryStatus, WebhookStatus};
use diesel::dsl::exists;
use diesel::prelude::*;
use jiff::Timestamp;

use super::page::Page;
use super::{instant, micros, parse};
use crate::columns::{AsText, Micros};
use crate::schema::{claims, webhook_attempts, webhook_deliveries as deliveries, webhooks};
use crate::{Connection, StoreError, Tx};

const PENDING: &str = DeliveryStatus::Pending.as_str();

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct Row {
    id: AsText<WebhookDeliveryId>,
    webhook: AsText<WebhookId>,
    event: AsText<EventId>,
    subject: String,
    kind: String,
    status: AsText<DeliveryStatus>,
    attempts: i64,
    first_attempt_at: Option<Micros>,
    due_at: Micros,
    created_at: Micros,
    done_at: Option<Micros>,
}

impl From<Row> for Delivery {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            webhook: row.webhook.0,
            event: row.event.0,
            subject: row.subject,
            kind: row.kind,
            status: row.status.0,
            attempts: row.attempts,
            first_attempt_at: row.first_attempt_at.map(|at| at.0),
            due_at: row.due_at.0,
            created_at: row.created_at.0,
            done_at: row.done_at.map(|at| at.0),
        }
    }
}

/// Adds a delivery after all that the webhook has. The webhook must be held.
pub fn insert(tx: &mut Tx, delivery: &Delivery) -> Result<(), StoreError> {
    let waits = first_pending(tx, delivery.webhook, &delivery.subject)?.is_some();
    diesel::insert_into(deliveries::table)
        .values((
            deliveries::id.eq(delivery.id.to_string()),
            deliveries::webhook.eq(delivery.webhook.to_string()),
            deliveries::event.eq(delivery.event.to_string()),
            deliveries::subject.eq(&delivery.subject),
            deliveries::kind.eq(&delivery.kind),
            deliveries::status.eq(delivery.status.as_str()),
            deliveries::attempts.eq(delivery.attempts),
            deliveries::due_at.eq(micros(delivery.due_at)),
            deliveries::leased_until.eq(0),
            deliveries::leased_by.eq(""),
            deliveries::created_at.eq(micros(delivery.created_at)),
            deliveries::is_next.eq(i64::from(!waits)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// The place of the oldest delivery of a subject that is still to be sent.
fn first_pending(tx: &mut Tx, webhook: WebhookId, subject: &str) -> Result<Option<i64>, StoreError> {
    let of_subject = deliveries::webhook.eq(webhook.to_string()).and(deliveries::subject.eq(subject));
    let pending = deliveries::table.filter(of_subject.and(deliveries::status.eq(PENDING)));
    Ok(pending.select(diesel::dsl::min(deliveries::seq)).get_result(&mut **tx)?)
}

/// Marks the next delivery of each subject anew, after a replay. The webhook must be held.
fn mark_next(tx: &mut Tx, webhook: WebhookId) -> Result<(), StoreError> {
    let of_webhook = deliveries::webhook.eq(webhook.to_string());
    let next: Vec<Option<i64>> = deliveries::table
        .filter(of_webhook.clone().and(deliveries::status.eq(PENDING)))
        .group_by(deliveries::subject)
        .select(diesel::dsl::min(deliveries::seq))
        .load(&mut **tx)?;
    let marked: Vec<i64> =
        deliveries::table.filter(of_webhook.and(deliveries::is_next.eq(1))).select(deliveries::seq).load(&mut **tx)?;
    let next: BTreeSet<i64> = next.into_iter().flatten().collect();
    let marked: BTreeSet<i64> = marked.into_iter().collect();
    set_next(tx, marked.difference(&next).copied(), 0)?;
    set_next(tx, next.difference(&marked).copied(), 1)
}

fn set_next(tx: &mut Tx, places: impl Iterator<Item = i64>, is_next: i64) -> Result<(), StoreError> {
    let places: Vec<i64> = places.collect();
    for some in places.chunks(500) {
        let those = deliveries::table.filter(deliveries::seq.eq_any(some));
        diesel::update(those).set(deliveries::is_next.eq(is_next)).execute(&mut **tx)?;
    }
    Ok(())
}

/// The active webhooks of all organisations that have something of a kind to send now.
pub fn webhooks_with_due(
    connection: &mut Connection,
    now: Timestamp,
    which: Due,
) -> Result<Vec<WebhookId>, StoreError> {
    let now = micros(now);
    let due = deliveries::table
        .filter(deliveries::webhook.eq(webhooks::id).and(deliveries::is_next.eq(1)))
        .filter(deliveries::due_at.le(now).and(deliveries::leased_until.le(now)));
    let active = webhooks::table
        .filter(webhooks::status.eq(WebhookStatus::Active.as_str()))
        .order(webhooks::created_at)
        .select(webhooks::id);
    let ids: Vec<String> = match which {
        Due::All => active.filter(exists(due)).load(connection)?,
        Due::Trials => {
            active.filter(exists(due.filter(deliveries::kind.eq(EventKind::WebhookPing.name())))).load(connection)?
        }
    };
    ids.iter().map(|id| parse(id)).collect()
}

/// Which deliveries a lease is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Trials first, then whatever is due longest.
    All,
    /// Trials alone.
    Trials,
}

/// Leases what an active webhook has to send now: trials first, then the longest due, of each subject the
/// oldest that is still to be sent and only when that one is due. Who holds a lease is left alone until it
/// ends.
pub fn lease_due(
    tx: &mut Tx,
    webhook: WebhookId,
    by: &str,
    (now, until): (Timestamp, Timestamp),
    (which, limit): (Due, i64),
) -> Result<Vec<Delivery>, StoreError> {
    let due_now = || {
        deliveries::table
            .inner_join(webhooks::table.on(webhooks::id.eq(deliveries::webhook)))
            .filter(deliveries::webhook.eq(webhook.to_string()).and(deliveries::is_next.eq(1)))
            .filter(webhooks::status.eq(WebhookStatus::Active.as_str()))
            .filter(deliveries::due_at.le(micros(now)).and(deliveries::leased_until.le(micros(now))))
            .limit(limit)
            .select(Row::as_select())
    };
    // An index has them by kind, so that a long queue does not hide them.
    let mut due: Vec<Row> =
        due_now().filter(deliveries::kind.eq(EventKind::WebhookPing.name())).order(deliveries::seq).load(&mut **tx)?;
    if which == Due::All {
        let others = due_now().filter(deliveries::kind.ne(EventKind::WebhookPing.name()));
        let rest: Vec<Row> = others.order((deliveries::due_at, deliveries::seq)).load(&mut **tx)?;
        let room = usize::try_from(limit).unwrap_or(0).saturating_sub(due.len());
        due.extend(rest.into_iter().take(room));
    }
    let mut leased = Vec::with_capacity(due.len());
    for row in due {
        let free = deliveries::table
            .filter(deliveries::id.eq(row.id.0.to_string()).and(deliveries::status.eq(PENDING)))
            .filter(deliveries::leased_until.le(micros(now)));
        let taken = diesel::update(free)
            .set((deliveries::leased_until.eq(micros(until)), deliveries::leased_by.eq(by)))
            .execute(&mut **tx)?;
        if taken == 1 {
            leased.push(row.into());
        }
    }
    Ok(leased)
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Where the delivery stands now.
    pub status: DeliveryStatus,
    /// When it was sent first.
    pub first_attempt_at: Timestamp,
    /// When it is to be sent next.
    pub due_at: Timestamp,
    /// When it was taken or given up.
    pub done_at: Option<Timestamp>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct AttemptedRow {
    attempts: i64,
    webhook: String,
    subject: String,
}

/// Logs an attempt and ends the lease; once it is done the one behind it is next. What another node has
/// leased meanwhile is only logged, and what was delivered stays so. `false` when the delivery is no longer
/// there. The webhook must be held.
pub fn finish(
    tx: &mut Tx,
    id: WebhookDeliveryId,
    by: &str,
    attempt: &Attempt,
    outcome: &Outcome,
) -> Result<bool, StoreError> {
    let id = id.to_string();
    let delivery = || deliveries::table.filter(deliveries::id.eq(id.clone()));
    let known: Option<AttemptedRow> = delivery().select(AttemptedRow::as_select()).get_result(&mut **tx).optional()?;
    let Some(AttemptedRow { attempts, webhook, subject }) = known else { return Ok(false) };
    let number = attempts + 1;
    diesel::insert_into(webhook_attempts::table)
        .values((
            webhook_attempts::delivery.eq(&id),
            webhook_attempts::number.eq(number),
            webhook_attempts::at.eq(micros(attempt.at)),
            webhook_attempts::duration_ms.eq(attempt.duration_ms),
            webhook_attempts::status.eq(attempt.status.map(i64::from)),
            webhook_attempts::error.eq(&attempt.error),
        ))
        .execute(&mut **tx)?;
    diesel::update(delivery()).set(deliveries::attempts.eq(number)).execute(&mut **tx)?;
    let mine = delivery().filter(deliveries::leased_by.eq(by));
    let is_done = outcome.status != DeliveryStatus::Pending;
    let ended = diesel::update(mine)
        .set((
            deliveries::status.eq(outcome.status.as_str()),
            deliveries::first_attempt_at.eq(micros(outcome.first_attempt_at)),
            deliveries::due_at.eq(micros(outcome.due_at)),
            deliveries::done_at.eq(outcome.done_at.map(micros)),
            deliveries::leased_until.eq(0),
            deliveries::leased_by.eq(""),
        ))
        .execute(&mut **tx)?;
    if is_done && ended == 1 {
        diesel::update(delivery()).set(deliveries::is_next.eq(0)).execute(&mut **tx)?;
        let behind = first_pending(tx, parse(&webhook)?, &subject)?;
        set_next(tx, behind.into_iter(), 1)?;
    }
    Ok(true)
}

/// Makes everything that waits for its next try due now.
pub fn retry_now(tx: &mut Tx, webhook: WebhookId, now: Timestamp) -> Result<usize, StoreError> {
    let waiting = deliveries::table
        .filter(deliveries::webhook.eq(webhook.to_string()).and(deliveries::is_next.eq(1)))
        .filter(deliveries::due_at.gt(micros(now)));
    Ok(diesel::update(waiting).set(deliveries::due_at.eq(micros(now))).execute(&mut **tx)?)
}

/// The same, with three whole days to try again.
pub fn resume(tx: &mut Tx, webhook: WebhookId, now: Timestamp) -> Result<(), StoreError> {
    let waiting =
        deliveries::table.filter(deliveries::webhook.eq(webhook.to_string()).and(deliveries::status.eq(PENDING)));
    diesel::update(waiting)
        .set((deliveries::due_at.eq(micros(now)), deliveries::first_attempt_at.eq(None::<i64>)))
        .execute(&mut **tx)?;
    Ok(())
}

/// What to send again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// One delivery.
    One(WebhookDeliveryId),
    /// All that were made in a span of time, of one status or any.
    Made {
        /// From this instant on.
        from: Timestamp,
        /// Up to this instant, excluded.
        to: Timestamp,
        /// Only those.
        status: Option<DeliveryStatus>,
    },
}

/// Restricts deliveries to those about the webhook itself and, with an organisation, about the claims that it
/// declared.
macro_rules! told_to {
    ($query:expr, $webhook:expr, $declared_by:expr) => {{
        let mut query = $query.into_boxed();
        if let Some(org) = $declared_by {
            let org: OrgId = org;
            let about = claims::table.filter(claims::declaration_id.eq(deliveries::subject));
            let is_theirs = exists(about.filter(claims::declared_by.eq(org.to_string())));
            let is_own =
                deliveries::subject.eq($webhook.to_string()).or(deliveries::kind.eq(EventKind::WebhookPing.name()));
            query = query.filter(is_theirs.or(is_own));
        }
        query
    }};
}

/// Makes deliveries due now, whatever became of them: of those about claims that one organisation declared, or
/// of all. Gives how many. The webhook must be held.
pub fn replay(
    tx: &mut Tx,
    webhook: WebhookId,
    declared_by: Option<OrgId>,
    which: &Again,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let again = (
        deliveries::status.eq(PENDING),
        deliveries::due_at.eq(micros(now)),
        deliveries::first_attempt_at.eq(None::<i64>),
        deliveries::done_at.eq(None::<i64>),
    );
    let of_webhook =
        told_to!(deliveries::table.filter(deliveries::webhook.eq(webhook.to_string())), webhook, declared_by);
    let wanted = match which {
        Again::One(id) => of_webhook.filter(deliveries::id.eq(id.to_string())),
        Again::Made { from, to, status } => {
            let span = deliveries::created_at.ge(micros(*from)).and(deliveries::created_at.lt(micros(*to)));
            let statuses = status.map_or_else(
                || vec![DeliveryStatus::Pending, DeliveryStatus::Delivered, DeliveryStatus::Failed],
                |status| vec![status],
            );
            let names: Vec<&'static str> = statuses.iter().map(|status| status.as_str()).collect();
            of_webhook.filter(span).filter(deliveries::status.eq_any(names))
        }
    };
    let places: Vec<i64> = wanted.select(deliveries::seq).load(&mut **tx)?;
    let mut rows = 0;
    for some in places.chunks(500) {
        rows += diesel::update(deliveries::table.filter(deliveries::seq.eq_any(some))).set(again).execute(&mut **tx)?;
    }
    mark_next(tx, webhook)?;
    Ok(rows)
}

/// One page of a webhook's deliveries, newest first, each with its tries: of those about claims that one
/// organisation declared, or of all. The webhook implies the tenant.
pub fn page_of_webhook(
    connection: &mut Connection,
    webhook: WebhookId,
    declared_by: Option<OrgId>,
    status: Option<DeliveryStatus>,
    (limit, offset): (i64, i64),
) -> Result<Page<(Delivery, Vec<Attempt>)>, StoreError> {
    let wanted = || {
        let of_webhook = deliveries::table.filter(deliveries::webhook.eq(webhook.to_string()));
        let mut query = told_to!(of_webhook, webhook, declared_by);
        if let Some(status) = status {
            query = query.filter(deliveries::status.eq(status.as_str()));
        }
        query
    };
    let total = wanted().count().get_result(connection)?;
    let rows: Vec<Row> =
        wanted().order(deliveries::seq.desc()).limit(limit).offset(offset).select(Row::as_select()).load(connection)?;
    let mut page = Page { rows: Vec::with_capacity(rows.len()), total };
    for row in rows {
        let attempts = attempts_of(connection, &row.id.0.to_string())?;
        page.rows.push((row.into(), attempts));
    }
    Ok(page)
}

fn attempts_of(connection: &mut Connection, delivery: &str) -> Result<Vec<Attempt>, StoreError> {
    type AttemptRow = (i64, i64, i64, Option<i64>, Option<String>);
    let rows: Vec<AttemptRow> = webhook_attempts::table
        .filter(webhook_attempts::delivery.eq(delivery))
        .order(webhook_attempts::number)
        .select((
            webhook_attempts::number,
            webhook_attempts::at,
            webhook_attempts::duration_ms,
            webhook_attempts::status,
            webhook_attempts::error,
        ))
        .load(connection)?;
    let read = |(number, at, duration_ms, status, error): AttemptRow| {
        let status = status.and_then(|status| u16::try_from(status).ok());
        Ok(Attempt { number, at: instant(at)?, duration_ms, status, error })
    };
    rows.into_iter().map(read).collect()
}

/// How many deliveries of a webhook are still to be sent.
pub fn count_pending(connection: &mut Connection, webhook: WebhookId) -> Result<i64, StoreError> {
    let pending =
        deliveries::table.filter(deliveries::webhook.eq(webhook.to_string()).and(deliveries::status.eq(PENDING)));
    Ok(pending.count().get_result(connection)?)
}

/// A delivery in the order in which they were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its place.
    pub place: i64,
    /// Its identifier.
    pub id: WebhookDeliveryId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was taken, if it was.
    pub delivered_at: Option<Timestamp>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct MadeRow {
    seq: i64,
    id: AsText<WebhookDeliveryId>,
    status: String,
    created_at: Micros,
    done_at: Option<i64>,
}

/// The deliveries of all webhooks after a place, oldest first.
pub fn made_after(connection: &mut Connection, place: i64, limit: i64) -> Result<Vec<Made>, StoreError> {
    let rows: Vec<MadeRow> = deliveries::table
        .filter(deliveries::seq.gt(place))
        .order(deliveries::seq)
        .limit(limit)
        .select(MadeRow::as_select())
        .load(connection)?;
    let read = |row: MadeRow| {
        let is_delivered = row.status == DeliveryStatus::Delivered.as_str();
        let delivered_at = row.done_at.filter(|_| is_delivered).map(instant).transpose()?;
        Ok(Made { place: row.seq, id: row.id.0, created_at: row.created_at.0, delivered_at })
    };
    rows.into_iter().map(read).collect()
}

/// Removes those of some deliveries that are delivered still, with the log of their tries. Gives how many.
pub fn remove_delivered(tx: &mut Tx, ids: &[WebhookDeliveryId]) -> Result<usize, StoreError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let delivered: Vec<String> = deliveries::table
        .filter(deliveries::id.eq_any(&ids).and(deliveries::status.eq(DeliveryStatus::Delivered.as_str())))
        .select(deliveries::id)
        .load(&mut **tx)?;
    diesel::delete(webhook_attempts::table.filter(webhook_attempts::delivery.eq_any(&delivered))).execute(&mut **tx)?;
    Ok(diesel::delete(deliveries::table.filter(deliveries::id.eq_any(&delivered))).execute(&mut **tx)?)
}
