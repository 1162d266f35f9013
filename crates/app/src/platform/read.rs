//! Read a claim's appointments, from the platform's own record.

use constat_domain::appointment::ClaimAppointment;
use constat_domain::tenancy::Caller;
use constat_store::queries::claim_appointments;

use super::appointment_of;
use crate::claims::find;
use crate::{App, AppError};

/// All of a claim's appointments, oldest first.
pub fn list_claim_appointments(app: &App, caller: &Caller, claim: &str) -> Result<Vec<ClaimAppointment>, AppError> {
    app.store.read(|connection| {
        let claim = find(connection, caller, claim)?;
        Ok(claim_appointments::list_of_claim(connection, &caller.tenant, claim.declaration_id)?)
    })
}

/// One of them.
pub fn read_claim_appointment(
    app: &App,
    caller: &Caller,
    claim: &str,
    appointment: &str,
) -> Result<ClaimAppointment, AppError> {
    app.store.read(|connection| {
        let claim = find(connection, caller, claim)?;
        appointment_of(connection, &claim, appointment)
    })
}
