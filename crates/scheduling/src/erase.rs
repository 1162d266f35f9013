//! Erases the personal data of appointments in firms' calendars: contact, exact place, notes. For the firm, for the
//! platform that booked, and for the erasure of an insured on this server.

use constat_core::{
    Answer, AppError, CommandContext, Idempotency, Render, erase_appointment_rows, record_and_erase, require_version,
    with_its_parties,
};
use constat_domain::appointment::{Appointment, AppointmentStatus};
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::{AppointmentId, EventId};
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::TenantId;
use constat_store::queries::appointments;
use constat_store::{Connection, StoreError, Tx};
use jiff::Timestamp;
use serde_json::json;

use crate::read::find_visible;
use crate::scheduler::Scheduler;

impl Scheduler {
    /// Erases the personal data of an appointment that is over or cancelled, and of those booked with it. A repeat
    /// changes nothing more. `render` runs inside the transaction.
    ///
    /// # Errors
    /// [`BookingRefusal::NeededForVisit`] before the end of the visit.
    pub async fn erase(
        &self,
        context: CommandContext,
        idempotency: Option<Idempotency>,
        (id, if_match): (AppointmentId, Option<Vec<i64>>),
        render: impl Render<Appointment>,
    ) -> Result<Answer, AppError> {
        let erase = move |tx: &mut Tx, context: &CommandContext| {
            render(&erase_in_transaction(tx, context, id, if_match.as_deref())?)
        };
        self.core.command(context, idempotency, erase).await
    }
}

fn erase_in_transaction(
    tx: &mut Tx,
    context: &CommandContext,
    id: AppointmentId,
    if_match: Option<&[i64]>,
) -> Result<Appointment, AppError> {
    let known = find_visible(tx, &context.caller, id)?;
    require_version(known.version, if_match)?;
    if known.status == AppointmentStatus::Booked && known.slot.end > context.at {
        return Err(BookingRefusal::NeededForVisit.into());
    }
    let mut together = with_its_parties(tx, known)?;
    if context.caller.owns_the_data() {
        // A firm erases its own part; the platform booked all of them.
        together.retain(|one| one.tenant == context.caller.tenant);
    }
    let data = json!({ "reason": "request", "by": context.caller.key });
    for appointment in &together {
        context.record_in(tx, appointment.tenant, appointment.id, EventKind::AppointmentErased, data.clone())?;
    }
    let erased = erase_appointment_rows(tx, together, context.at)?;
    erased.into_iter().find(|one| one.id == id).ok_or_else(|| BookingRefusal::AppointmentNotFound.into())
}

/// Erases the personal data of these appointments of a firm, all or none: for the operator.
///
/// # Errors
/// [`BookingRefusal::AppointmentNotFound`] when one is not the firm's, [`BookingRefusal::NeededForVisit`] before
/// the end of a visit.
pub fn erase_appointments(
    tx: &mut Tx,
    firm: TenantId,
    ids: &[AppointmentId],
    reason: &str,
    (at, events): (Timestamp, &[EventId]),
) -> Result<usize, AppError> {
    let mut erased = 0;
    for id in ids {
        let known = appointments::of_tenant_by_id(tx, &firm, *id)?.ok_or(BookingRefusal::AppointmentNotFound)?;
        if known.status == AppointmentStatus::Booked && known.slot.end > at {
            return Err(BookingRefusal::NeededForVisit.into());
        }
        let mut together = with_its_parties(tx, known)?;
        // The parts of other firms are theirs.
        together.retain(|one| one.tenant == firm);
        erased += record_and_erase(tx, together, reason, at, &mut events.iter().copied().skip(erased))?;
    }
    Ok(erased)
}

/// The number of appointments that an erasure of these touches: it needs as many event ids.
pub fn count_to_erase(connection: &mut Connection, firm: TenantId, ids: &[AppointmentId]) -> Result<usize, StoreError> {
    let mut count = 0;
    for id in ids {
        let known = appointments::of_tenant_by_id(connection, &firm, *id)?;
        count += known.map_or(0, |known| known.joint.map_or(1, |joint| joint.parties.len()));
    }
    Ok(count)
}
