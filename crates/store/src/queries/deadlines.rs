//! When to evaluate the deadlines of each claim, and the notices sent about them.

use constat_domain::claim::Claim;
use constat_domain::deadlines::Look;
use constat_domain::ids::DeclarationId;
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;
use jiff::Timestamp;

use super::page::Page;
use super::{from_bodies, micros};
use crate::connection::on_each;
use crate::schema::{claims, deadline_notices, deadline_rules, deadline_watch};
use crate::{Connection, StoreError, Tx};

/// The claim is new or has changed: it is to be looked at.
pub(super) fn claim_changed(tx: &mut Tx, claim: &Claim) -> Result<(), StoreError> {
    let fresh = (deadline_watch::version.eq(claim.version), deadline_watch::look_at.eq(Some(0)));
    on_each!(&mut **tx, one => diesel::insert_into(deadline_watch::table)
        .values((
            deadline_watch::declaration_id.eq(claim.declaration_id.to_string()),
            deadline_watch::tenant.eq(claim.tenant.to_string()),
            fresh,
        ))
        .on_conflict(deadline_watch::declaration_id)
        .do_update()
        .set(fresh)
        .execute(one))?;
    Ok(())
}

/// The claims of all tenants whose time to be looked at has come, longest overdue first.
pub fn due(connection: &mut Connection, now: Timestamp, limit: i64) -> Result<Vec<Claim>, StoreError> {
    let bodies: Vec<String> = deadline_watch::table
        .inner_join(claims::table)
        .filter(deadline_watch::look_at.le(micros(now)))
        .order(deadline_watch::look_at)
        .limit(limit)
        .select(claims::body)
        .load(connection)?;
    from_bodies(&bodies)
}

/// The claim was looked at as it was in this version. `false` when it has changed since, and is to be
/// looked at again.
pub fn looked(tx: &mut Tx, claim: &Claim, look: &Look) -> Result<bool, StoreError> {
    let seen =
        deadline_watch::table.find(claim.declaration_id.to_string()).filter(deadline_watch::version.eq(claim.version));
    let rows = diesel::update(seen)
        .set((
            deadline_watch::look_at.eq(look.again_at.map(micros)),
            deadline_watch::running_at.eq(look.running_at.map(micros)),
            deadline_watch::missed_at.eq(look.missed_at.map(micros)),
        ))
        .execute(&mut **tx)?;
    Ok(rows == 1)
}

/// Records a notice about a claim's deadline. `false` when it was sent before.
pub fn tell(tx: &mut Tx, claim: DeclarationId, rule: &str, due_at: Timestamp, kind: &str) -> Result<bool, StoreError> {
    let rows = on_each!(&mut **tx, one => diesel::insert_into(deadline_notices::table)
        .values((
            deadline_notices::declaration_id.eq(claim.to_string()),
            deadline_notices::rule.eq(rule),
            deadline_notices::due_at.eq(micros(due_at)),
            deadline_notices::kind.eq(kind),
        ))
        .on_conflict_do_nothing()
        .execute(one))?;
    Ok(rows == 1)
}

/// The digest of the rules that the claims were last looked at with.
pub fn rules_digest(connection: &mut Connection) -> Result<Option<String>, StoreError> {
    Ok(deadline_rules::table.select(deadline_rules::digest).first(connection).optional()?)
}

/// The rules are others now: all claims are to be looked at.
pub fn rules_changed(tx: &mut Tx, digest: &str) -> Result<(), StoreError> {
    on_each!(&mut **tx, one => diesel::insert_into(deadline_rules::table)
        .values((deadline_rules::id.eq(1), deadline_rules::digest.eq(digest)))
        .on_conflict(deadline_rules::id)
        .do_update()
        .set(deadline_rules::digest.eq(digest))
        .execute(one))?;
    diesel::update(deadline_watch::table).set(deadline_watch::look_at.eq(Some(0))).execute(&mut **tx)?;
    Ok(())
}

/// Which terms a worklist is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// Those that run.
    Running,
    /// Those that are over and were not met since.
    Missed,
}

/// One page of the tenant's claims whose first such term ends before an instant, in the order of those
/// ends. As they were when they were last looked at.
pub fn of_tenant_due_before(
    connection: &mut Connection,
    tenant: &TenantId,
    which: Terms,
    before: Timestamp,
    limit: i64,
    offset: i64,
) -> Result<Page<Claim>, StoreError> {
    let wanted = || {
        let watched = deadline_watch::table
            .inner_join(claims::table)
            .filter(deadline_watch::tenant.eq(tenant.to_string()))
            .into_boxed();
        match which {
            Terms::Running => watched.filter(deadline_watch::running_at.lt(micros(before))),
            Terms::Missed => watched.filter(deadline_watch::missed_at.lt(micros(before))),
        }
    };
    let total = wanted().count().get_result(connection)?;
    let page = match which {
        Terms::Running => wanted().order((deadline_watch::running_at, deadline_watch::declaration_id)),
        Terms::Missed => wanted().order((deadline_watch::missed_at, deadline_watch::declaration_id)),
    };
    let bodies: Vec<String> = page.limit(limit).offset(offset).select(claims::body).load(connection)?;
    Ok(Page { rows: from_bodies(&bodies)?, total })
}
