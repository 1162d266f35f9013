//! Read a claim's appointments, from the platform's own record.

use constat_domain::appointment::ClaimAppointment;
use constat_domain::tenancy::Caller;
use constat_store::queries::claim_appointments;

use crate::ClaimService;
use crate::claim::find;
use crate::claim_appointments::appointment_of;
use constat_core::AppError;

/// All of a claim's appointments, oldest first.
pub fn list_claim_appointments(
    service: &ClaimService,
    caller: &Caller,
    claim: &str,
) -> Result<Vec<ClaimAppointment>, AppError> {
    service.core.store.read(|connection| {
        let claim = find(connection, caller, claim)?;
        Ok(claim_appointments::list_of_claim(connection, &caller.tenant, claim.declaration_id)?)
    })
}

/// One of them.
pub fn read_claim_appointment(
    service: &ClaimService,
    caller: &Caller,
    claim: &str,
    appointment: &str,
) -> Result<ClaimAppointment, AppError> {
    service.core.store.read(|connection| {
        let claim = find(connection, caller, claim)?;
        appointment_of(connection, &claim, appointment)
    })
}
