//! Claims, each one document with a version.

use constat_domain::claim::{Claim, ClaimStatus};
use constat_domain::ids::{ClaimId, DeclarationId, OrgId};
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;

pub use super::page::Page;
use super::{deadlines, from_bodies, from_body, one_row, parse, to_body};
use crate::columns::{AsText, Micros};
use crate::schema::claims;
use crate::{Connection, StoreError, Tx};

/// The columns of a claim that a change may write.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = claims, treat_none_as_null = true)]
struct Changing<'a> {
    claim_id: Option<String>,
    user_id: &'a str,
    status: &'static str,
    insurer_reference: Option<String>,
    declared_by: AsText<OrgId>,
    contract_id: &'a str,
    version: i64,
    body: String,
}

impl<'a> Changing<'a> {
    fn of(claim: &'a Claim) -> Result<Self, StoreError> {
        Ok(Self {
            claim_id: claim.claim_id().map(|id| id.to_string()),
            user_id: &claim.user_id,
            status: claim.status().as_str(),
            insurer_reference: claim.dossier.insurer_reference.clone(),
            declared_by: AsText(claim.declarer()),
            contract_id: &claim.contract.id,
            version: claim.version,
            body: to_body(claim)?,
        })
    }
}

/// A new claim.
#[derive(Insertable)]
#[diesel(table_name = claims)]
struct New<'a> {
    declaration_id: AsText<DeclarationId>,
    tenant: AsText<TenantId>,
    created_at: Micros,
    #[diesel(embed)]
    changing: Changing<'a>,
}

/// Saves a new claim.
pub fn insert(tx: &mut Tx, claim: &Claim) -> Result<(), StoreError> {
    let new = New {
        declaration_id: AsText(claim.declaration_id),
        tenant: AsText(claim.tenant),
        created_at: Micros(claim.created_at),
        changing: Changing::of(claim)?,
    };
    diesel::insert_into(claims::table).values(new).execute(&mut **tx)?;
    deadlines::claim_changed(tx, claim)
}

/// Saves a claim that was changed. `claim.version` is one more than the version that was read;
/// [`StoreError::Conflict`] means that another transaction changed the row first.
pub fn update(tx: &mut Tx, claim: &Claim) -> Result<(), StoreError> {
    let previous = claims::table
        .find(claim.declaration_id.to_string())
        .filter(claims::tenant.eq(claim.tenant.to_string()).and(claims::version.eq(claim.version - 1)));
    let rows = diesel::update(previous).set(Changing::of(claim)?).execute(&mut **tx)?;
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

/// A claim's identity, version and declarer: enough to validate a cached answer for a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimVersion {
    /// The claim.
    pub declaration: DeclarationId,
    /// Its present version.
    pub version: i64,
    /// The organisation that declared it.
    pub declared_by: OrgId,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = claims)]
struct VersionRow {
    declaration_id: AsText<DeclarationId>,
    version: i64,
    declared_by: AsText<OrgId>,
}

/// The version and declarer of the claim with this pre-declaration id or internal claim id, in any of their forms.
pub fn version_of_tenant_by_either_id(
    connection: &mut Connection,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<ClaimVersion>, StoreError> {
    let mut row: Option<VersionRow> = None;
    if let Ok(declaration) = id.parse::<DeclarationId>() {
        row = claims::table
            .find(declaration.to_string())
            .filter(claims::tenant.eq(tenant.to_string()))
            .select(VersionRow::as_select())
            .get_result(connection)
            .optional()?;
    }
    if row.is_none()
        && let Ok(claim) = id.parse::<ClaimId>()
    {
        row = claims::table
            .filter(claims::claim_id.eq(claim.to_string()).and(claims::tenant.eq(tenant.to_string())))
            .select(VersionRow::as_select())
            .get_result(connection)
            .optional()?;
    }
    Ok(row.map(|row| ClaimVersion {
        declaration: row.declaration_id.0,
        version: row.version,
        declared_by: row.declared_by.0,
    }))
}

/// Who declared the claim with exactly this pre-declaration id; `None` when it is no claim's.
pub fn declarer_of_tenant(
    connection: &mut Connection,
    tenant: &TenantId,
    declaration: &str,
) -> Result<Option<OrgId>, StoreError> {
    let found: Option<String> = claims::table
        .find(declaration)
        .filter(claims::tenant.eq(tenant.to_string()))
        .select(claims::declared_by)
        .get_result(connection)
        .optional()?;
    found.map(|declarer| parse(&declarer)).transpose()
}

/// Whether an organisation declared a claim on the contract with this id.
pub fn is_declared_on_contract(
    connection: &mut Connection,
    tenant: &TenantId,
    declared_by: OrgId,
    contract_id: &str,
) -> Result<bool, StoreError> {
    let theirs = claims::table.filter(
        claims::tenant
            .eq(tenant.to_string())
            .and(claims::contract_id.eq(contract_id))
            .and(claims::declared_by.eq(declared_by.to_string())),
    );
    Ok(diesel::select(diesel::dsl::exists(theirs)).get_result(connection)?)
}

/// The claims that one organisation declared under this reference of the insurer's, oldest first. Others may
/// have given the same reference to theirs.
pub fn list_of_tenant_by_reference_of(
    connection: &mut Connection,
    tenant: &TenantId,
    declared_by: OrgId,
    reference: &str,
) -> Result<Vec<Claim>, StoreError> {
    let bodies: Vec<String> = claims::table
        .filter(
            claims::tenant
                .eq(tenant.to_string())
                .and(claims::insurer_reference.eq(reference))
                .and(claims::declared_by.eq(declared_by.to_string())),
        )
        .order((claims::created_at, claims::declaration_id))
        .select(claims::body)
        .load(connection)?;
    from_bodies(&bodies)
}

/// Whether there is any claim.
pub fn exist_in_tenant(connection: &mut Connection, tenant: &TenantId) -> Result<bool, StoreError> {
    let any = claims::table.filter(claims::tenant.eq(tenant.to_string()));
    Ok(diesel::select(diesel::dsl::exists(any)).get_result(connection)?)
}

/// The claims on a contract, by id.
pub fn list_of_tenant_by_contract(
    connection: &mut Connection,
    tenant: &TenantId,
    contract_id: &str,
) -> Result<Vec<Claim>, StoreError> {
    let bodies: Vec<String> = claims::table
        .filter(claims::tenant.eq(tenant.to_string()).and(claims::contract_id.eq(contract_id)))
        .order(claims::declaration_id)
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

/// One user's claims in any of the given statuses (all when empty), newest first: those that one
/// organisation declared, or all.
pub fn list_of_tenant(
    connection: &mut Connection,
    tenant: &TenantId,
    user_id: &str,
    declared_by: Option<OrgId>,
    statuses: &[ClaimStatus],
    (limit, offset): (i64, i64),
) -> Result<Page<Claim>, StoreError> {
    let names: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
    let wanted = || {
        let mut query =
            claims::table.filter(claims::tenant.eq(tenant.to_string()).and(claims::user_id.eq(user_id))).into_boxed();
        if !names.is_empty() {
            query = query.filter(claims::status.eq_any(names.clone()));
        }
        if let Some(org) = declared_by {
            query = query.filter(claims::declared_by.eq(org.to_string()));
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
