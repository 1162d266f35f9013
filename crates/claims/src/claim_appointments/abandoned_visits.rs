//! Cancels the remaining visits of abandoned claims at the partners.
//!
//! Abandoning a claim is one transaction without external calls. A job cancels its visits afterwards, however
//! the claim was abandoned, and retries while the partner does not answer.

use constat_domain::event_kinds::EventKind;
use std::collections::BTreeMap;
use std::sync::Arc;

use constat_domain::appointment::{AppointmentStatus, Cancellation, ClaimAppointment};
use constat_domain::claim::ClaimStatus;
use constat_domain::ids::{DeclarationId, EventId};
use constat_domain::tenancy::TenantId;
use constat_store::queries::events::{self, Event};
use constat_store::queries::{claim_appointments, claims};
use jiff::Timestamp;

use crate::ClaimService;
use crate::claim_appointments::cancel::{cancelled, is_gone, key_of};
use crate::claim_appointments::{event_data, partners};
use constat_core::{AppError, SecureRandom};
use constat_store::Tx;

/// The reason sent to partners. Source: `appointment_change_reason.csv`.
const REASON: &str = "RendezVousNonUtile";

/// The position of each tenant's last event, for a later [`abandoned_since`].
pub fn event_positions(service: &ClaimService) -> Result<BTreeMap<TenantId, i64>, AppError> {
    Ok(service.core.store.read(events::lengths)?.into_iter().collect())
}

/// The claims of all tenants that were abandoned between two sets of event positions. A tenant missing in the
/// first set counts from its first event.
pub fn abandoned_since(
    service: &ClaimService,
    before: &BTreeMap<TenantId, i64>,
    now: &BTreeMap<TenantId, i64>,
) -> Result<Vec<(TenantId, DeclarationId)>, AppError> {
    let mut found = Vec::new();
    for (tenant, until) in now {
        let after = before.get(tenant).copied().unwrap_or(0);
        if *until <= after {
            continue;
        }
        let subjects = service.core.store.read(|connection| {
            events::subjects_of_tenant_between(connection, tenant, EventKind::ClaimAbandoned, after, *until)
        })?;
        found.extend(subjects.iter().filter_map(|subject| Some((*tenant, subject.parse().ok()?))));
    }
    Ok(found)
}

/// All abandoned claims with booked visits, of all tenants. Slow: only for the start of a server.
pub fn abandoned_with_visits(service: &ClaimService) -> Result<Vec<(TenantId, DeclarationId)>, AppError> {
    Ok(service.core.store.read(claim_appointments::left_on_abandoned_claims)?)
}

/// Cancels the future visits of an abandoned claim. A visit whose cancellation the partner refuses stays booked,
/// without a retry.
///
/// # Errors
/// When a partner did not answer, or the database failed: the caller retries. The other visits are cancelled.
pub async fn cancel_abandoned_visits(
    service: &ClaimService,
    tenant: TenantId,
    claim: DeclarationId,
) -> Result<(), AppError> {
    let now = service.core.clock.now();
    let booked = service.core.store.read(|connection| {
        let known = claims::of_tenant_by_either_id(connection, &tenant, &claim.to_string())?;
        if known.is_none_or(|claim| claim.status() != ClaimStatus::Abandoned) {
            return Ok(Vec::new());
        }
        claim_appointments::list_of_claim(connection, &tenant, claim)
    })?;
    let to_come = |one: &ClaimAppointment| one.status == AppointmentStatus::Booked && one.slot.start > now;
    let mut outcome = Ok(());
    for appointment in booked.into_iter().filter(to_come) {
        if let Err(error) = cancel_visit(service, appointment, now).await {
            outcome = Err(error);
        }
    }
    outcome
}

async fn cancel_visit(service: &ClaimService, appointment: ClaimAppointment, now: Timestamp) -> Result<(), AppError> {
    let link = partners::holder(&service.core.settings, &appointment.tenant, appointment.kind, &appointment.partner)?;
    let (id, key) = (&appointment.partner_appointment_id, key_of(&appointment));
    if let Err(error) = service.partners.cancel_appointment(link, id, REASON, None, &key).await
        && !is_gone(service, link, id, &error).await
    {
        if matches!(error, AppError::Refused(_)) {
            tracing::warn!(partner = %link.name, appointment = %appointment.id, %error, "the partner refused to cancel a visit of an abandoned claim");
            return Ok(());
        }
        return Err(error);
    }
    let secure_random = Arc::clone(&service.core.secure_random);
    service.core.store.write(move |tx| keep(tx, &appointment, now, secure_random.as_ref())).await
}

fn keep(
    tx: &mut Tx,
    known: &ClaimAppointment,
    at: Timestamp,
    secure_random: &dyn SecureRandom,
) -> Result<(), AppError> {
    let now = claim_appointments::of_claim_by_id(tx, &known.tenant, known.declaration, known.id)?;
    let Some(now) = now.filter(|now| now.status == AppointmentStatus::Booked) else { return Ok(()) };
    let by = now.tenant.org;
    let appointment = cancelled(now, Cancellation { reason: REASON.to_owned(), comment: None, at, by });
    claim_appointments::update(tx, &appointment)?;
    let (id, kind, data) =
        (EventId::new(at, &secure_random.entropy()), EventKind::ClaimAppointmentCancelled, event_data(&appointment));
    let event = Event::by_system(id, appointment.tenant, appointment.declaration, kind, at, data);
    Ok(events::append(tx, &event)?)
}
