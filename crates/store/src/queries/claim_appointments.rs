//! The platform's own record of the appointments it booked for its claims.

use constat_domain::appointment::{AppointmentStatus, ClaimAppointment};
use constat_domain::claim::ClaimStatus;
use constat_domain::ids::{ClaimAppointmentId, DeclarationId};
use constat_domain::tenancy::TenantId;
use diesel::prelude::*;

use super::{from_bodies, from_body, micros, one_row, parse, to_body};
use crate::schema::{claim_appointments, claims};
use crate::{Connection, StoreError, Tx};

/// Saves a new record.
pub fn insert(tx: &mut Tx, record: &ClaimAppointment) -> Result<(), StoreError> {
    diesel::insert_into(claim_appointments::table)
        .values((
            claim_appointments::id.eq(record.id.to_string()),
            claim_appointments::tenant.eq(record.tenant.to_string()),
            claim_appointments::declaration_id.eq(record.declaration.to_string()),
            claim_appointments::partner_org.eq(record.partner_org.map(|org| org.to_string())),
            claim_appointments::status.eq(record.status.as_str()),
            claim_appointments::kind.eq(record.kind.wire()),
            claim_appointments::created_at.eq(micros(record.created_at)),
            claim_appointments::version.eq(record.version),
            claim_appointments::body.eq(to_body(record)?),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Saves a record that was changed; its version is one more than what was read.
pub fn update(tx: &mut Tx, record: &ClaimAppointment) -> Result<(), StoreError> {
    let previous = claim_appointments::table.find(record.id.to_string()).filter(
        claim_appointments::tenant
            .eq(record.tenant.to_string())
            .and(claim_appointments::version.eq(record.version - 1)),
    );
    let rows = diesel::update(previous)
        .set((
            claim_appointments::status.eq(record.status.as_str()),
            claim_appointments::version.eq(record.version),
            claim_appointments::body.eq(to_body(record)?),
        ))
        .execute(&mut **tx)?;
    one_row(rows, "the appointment")
}

/// The record with this id, on this claim.
pub fn of_claim_by_id(
    connection: &mut Connection,
    tenant: &TenantId,
    declaration: DeclarationId,
    id: ClaimAppointmentId,
) -> Result<Option<ClaimAppointment>, StoreError> {
    let body: Option<String> = claim_appointments::table
        .find(id.to_string())
        .filter(
            claim_appointments::tenant
                .eq(tenant.to_string())
                .and(claim_appointments::declaration_id.eq(declaration.to_string())),
        )
        .select(claim_appointments::body)
        .get_result(connection)
        .optional()?;
    body.as_deref().map(from_body).transpose()
}

/// All of a claim's appointments, oldest first.
pub fn list_of_claim(
    connection: &mut Connection,
    tenant: &TenantId,
    declaration: DeclarationId,
) -> Result<Vec<ClaimAppointment>, StoreError> {
    let bodies: Vec<String> = claim_appointments::table
        .filter(
            claim_appointments::declaration_id
                .eq(declaration.to_string())
                .and(claim_appointments::tenant.eq(tenant.to_string())),
        )
        .order((claim_appointments::created_at, claim_appointments::id))
        .select(claim_appointments::body)
        .load(connection)?;
    from_bodies(&bodies)
}

/// The claims of all tenants that were given up and still have booked appointments. Reads the whole table:
/// for the start of a server.
pub fn left_on_abandoned_claims(connection: &mut Connection) -> Result<Vec<(TenantId, DeclarationId)>, StoreError> {
    let abandoned =
        claims::table.filter(claims::status.eq(ClaimStatus::Abandoned.as_str())).select(claims::declaration_id);
    let rows: Vec<(String, String)> = claim_appointments::table
        .filter(
            claim_appointments::status
                .eq(AppointmentStatus::Booked.as_str())
                .and(claim_appointments::declaration_id.eq_any(abandoned)),
        )
        .select((claim_appointments::tenant, claim_appointments::declaration_id))
        .distinct()
        .load(connection)?;
    rows.into_iter().map(|(tenant, declaration)| Ok((parse(&tenant)?, parse(&declaration)?))).collect()
}
