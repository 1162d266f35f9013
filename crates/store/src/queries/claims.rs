//! Claims, each one document with a version.

use constat_domain::claim::{Claim, ClaimStatus};
use constat_domain::ids::{ClaimId, DeclarationId};
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;

use super::{deadlines, from_bodies, from_body, micros, one_row, parse, to_body};
use crate::schema::claims;
use crate::{Connection, StoreError, Tx};

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows of the page.
    pub rows: Vec<T>,
    /// How many there are in all.
    pub total: i64,
}

/// Saves a new claim.
pub fn insert(tx: &mut Tx, claim: &Claim) -> Result<(), StoreError> {
    diesel::insert_into(claims::table)
        .values((
            claims::declaration_id.eq(claim.declaration_id.to_string()),
            claims::claim_id.eq(claim.claim_id.map(|id| id.to_string())),
            claims::tenant.eq(claim.tenant.to_string()),
            claims::user_id.eq(&claim.user_id),
            claims::status.eq(claim.status.as_str()),
            claims::insurer_reference.eq(&claim.dossier.insurer_reference),
            claims::created_at.eq(micros(claim.created_at)),
            claims::version.eq(claim.version),
            claims::body.eq(to_body(claim)?),
        ))
        .execute(&mut **tx)?;
    deadlines::claim_changed(tx, claim)
}

/// Saves a claim that was changed. `claim.version` is the new version, one more than what was
/// read; a [`StoreError::Conflict`] says that somebody else was faster.
pub fn update(tx: &mut Tx, claim: &Claim) -> Result<(), StoreError> {
    let previous = claims::table
        .find(claim.declaration_id.to_string())
        .filter(claims::tenant.eq(claim.tenant.to_string()).and(claims::version.eq(claim.version - 1)));
    let rows = diesel::update(previous)
        .set((
            claims::claim_id.eq(claim.claim_id.map(|id| id.to_string())),
            claims::user_id.eq(&claim.user_id),
            claims::status.eq(claim.status.as_str()),
            claims::insurer_reference.eq(&claim.dossier.insurer_reference),
            claims::version.eq(claim.version),
            claims::body.eq(to_body(claim)?),
        ))
        .execute(&mut **tx)?;
    one_row(rows, "the claim")?;
    deadlines::claim_changed(tx, claim)
}

/// The claim with this pre-declaration id or internal claim id, in any of their forms. A text that
/// is no identifier finds nothing.
pub fn of_tenant_by_either_id(
    connection: &mut Connection,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<Claim>, StoreError> {
    let mut found = None;
    if let Ok(declaration) = id.parse::<DeclarationId>() {
        found = claims::table
            .find(declaration.to_string())
            .filter(claims::tenant.eq(tenant.to_string()))
            .select(claims::body)
            .get_result::<String>(connection)
            .optional()?;
    }
    if found.is_none()
        && let Ok(claim) = id.parse::<ClaimId>()
    {
        found = claims::table
            .filter(claims::claim_id.eq(claim.to_string()).and(claims::tenant.eq(tenant.to_string())))
            .select(claims::body)
            .get_result::<String>(connection)
            .optional()?;
    }
    found.as_deref().map(from_body).transpose()
}

/// Which claim an id stands for, and its version: enough to know whether what was read before still
/// holds.
pub fn stamp_of_tenant_by_either_id(
    connection: &mut Connection,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<(DeclarationId, i64)>, StoreError> {
    if let Ok(declaration) = id.parse::<DeclarationId>() {
        let version = claims::table
            .find(declaration.to_string())
            .filter(claims::tenant.eq(tenant.to_string()))
            .select(claims::version)
            .get_result::<i64>(connection)
            .optional()?;
        if let Some(version) = version {
            return Ok(Some((declaration, version)));
        }
    }
    let Ok(claim) = id.parse::<ClaimId>() else { return Ok(None) };
    let row: Option<(String, i64)> = claims::table
        .filter(claims::claim_id.eq(claim.to_string()).and(claims::tenant.eq(tenant.to_string())))
        .select((claims::declaration_id, claims::version))
        .get_result(connection)
        .optional()?;
    row.map(|(declaration, version)| Ok((parse(&declaration)?, version))).transpose()
}

/// The claims that carry this insurer's reference, oldest first. Several insurers may use the same
/// one.
pub fn list_of_tenant_by_insurer_reference(
    connection: &mut Connection,
    tenant: &TenantId,
    reference: &str,
) -> Result<Vec<Claim>, StoreError> {
    let bodies: Vec<String> = claims::table
        .filter(claims::tenant.eq(tenant.to_string()).and(claims::insurer_reference.eq(reference)))
        .order((claims::created_at, claims::declaration_id))
        .select(claims::body)
        .load(connection)?;
    from_bodies(&bodies)
}

/// How many claims there are.
pub fn count_of_tenant(connection: &mut Connection, tenant: &TenantId) -> Result<i64, StoreError> {
    Ok(claims::table.filter(claims::tenant.eq(tenant.to_string())).count().get_result(connection)?)
}

/// Those after an id, in the order of their ids: for an export, which reads a page at a time.
pub fn page_of_tenant_after(
    connection: &mut Connection,
    tenant: &TenantId,
    after: &str,
    limit: i64,
) -> Result<Vec<Claim>, StoreError> {
    let bodies: Vec<String> = claims::table
        .filter(claims::tenant.eq(tenant.to_string()).and(claims::declaration_id.gt(after)))
        .order(claims::declaration_id)
        .limit(limit)
        .select(claims::body)
        .load(connection)?;
    from_bodies(&bodies)
}

/// The ids of a user's claims, oldest first.
pub fn ids_of_tenant_by_user(
    connection: &mut Connection,
    tenant: &TenantId,
    user_id: &str,
) -> Result<Vec<DeclarationId>, StoreError> {
    let ids: Vec<String> = claims::table
        .filter(claims::tenant.eq(tenant.to_string()).and(claims::user_id.eq(user_id)))
        .order((claims::created_at, claims::declaration_id))
        .select(claims::declaration_id)
        .load(connection)?;
    ids.iter().map(|id| parse(id)).collect()
}

/// The claim with this pre-declaration id, whosever it is: ids are unique on the server, and an import
/// must know which are taken.
pub fn by_declaration_id(connection: &mut Connection, id: DeclarationId) -> Result<Option<Claim>, StoreError> {
    let body: Option<String> =
        claims::table.find(id.to_string()).select(claims::body).get_result(connection).optional()?;
    body.as_deref().map(from_body).transpose()
}

/// Which pre-declaration became the internal claim with this id, whosever it is.
pub fn declaration_by_claim_id(connection: &mut Connection, id: ClaimId) -> Result<Option<DeclarationId>, StoreError> {
    let found: Option<String> = claims::table
        .filter(claims::claim_id.eq(id.to_string()))
        .select(claims::declaration_id)
        .get_result(connection)
        .optional()?;
    found.map(|id| parse(&id)).transpose()
}

/// One user's claims in any of the given statuses (all when empty), newest first.
pub fn list_of_tenant(
    connection: &mut Connection,
    tenant: &TenantId,
    user_id: &str,
    statuses: &[ClaimStatus],
    limit: i64,
    offset: i64,
) -> Result<Page<Claim>, StoreError> {
    let names: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
    let wanted = || {
        let mut query =
            claims::table.filter(claims::tenant.eq(tenant.to_string()).and(claims::user_id.eq(user_id))).into_boxed();
        if !names.is_empty() {
            query = query.filter(claims::status.eq_any(names.clone()));
        }
        query
    };
    let total = wanted().count().get_result(connection)?;
    let bodies: Vec<String> = wanted()
        .order((claims::created_at.desc(), claims::declaration_id.desc()))
        .limit(limit)
        .offset(offset)
        .select(claims::body)
        .load(connection)?;
    Ok(Page { rows: from_bodies(&bodies)?, total })
}
