//! Requests partner firms on other servers to erase the data of an erased insured.

use constat_domain::Refusal;
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::EventId;
use constat_domain::refusal::BookingRefusal;
use constat_store::queries::claim_appointments;
use constat_store::queries::erasure::{self, ErasureToPassOn};
use constat_store::queries::events::{self, Event};
use jiff::SignedDuration;
use serde_json::json;

use crate::ClaimService;
use crate::claim_appointments::partners;
use constat_core::AppError;

/// Minutes between attempts; the last value repeats.
const RETRY_MINUTES: [i64; 5] = [1, 5, 30, 60, 1440];

/// Sends every due erasure to its firm. Returns the number of completed erasures.
///
/// # Errors
/// When the database fails.
pub async fn request_partner_erasures(service: &ClaimService) -> Result<usize, AppError> {
    let due = service.core.store.read(|connection| erasure::due_to_pass_on(connection, service.core.clock.now()))?;
    let mut done = 0;
    for wanted in due {
        match ask(service, &wanted).await {
            Ok(()) => {
                keep(service, wanted).await?;
                done += 1;
            }
            Err(error) => {
                tracing::warn!(
                    appointment = %wanted.appointment, %error,
                    "the partner has not erased an appointment yet; it will be requested again"
                );
                let attempts = usize::try_from(wanted.attempts).unwrap_or(usize::MAX);
                let minutes = RETRY_MINUTES.get(attempts).or(RETRY_MINUTES.last()).copied().unwrap_or(60);
                let now = service.core.clock.now();
                let next = now.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(now);
                let later = move |tx: &mut constat_store::Tx| erasure::pass_on_later(tx, wanted.appointment, next);
                service.core.store.write(later).await?;
            }
        }
    }
    Ok(done)
}

/// Asks one firm.
///
/// # Errors
/// The firm did not answer, refused, or does not know how: it still knows the appointment.
async fn ask(service: &ClaimService, wanted: &ErasureToPassOn) -> Result<(), AppError> {
    let ErasureToPassOn { appointment, tenant, declaration, .. } = wanted;
    let recorded = service
        .core
        .store
        .read(|connection| claim_appointments::of_claim_by_id(connection, tenant, *declaration, *appointment))?;
    let Some(recorded) = recorded else { return Ok(()) };
    let link = partners::holder(&service.core.settings, tenant, recorded.kind, &recorded.partner)?;
    let id = &recorded.partner_appointment_id;
    let is_unknown =
        |error: &AppError| matches!(error, AppError::Refused(Refusal::Booking(BookingRefusal::AppointmentNotFound)));
    match service.partners.erase_appointment(link, id).await {
        // No such appointment, or no such call: the appointment itself tells which.
        Err(error) if is_unknown(&error) => match service.partners.read_appointment(link, id).await {
            Err(error) if is_unknown(&error) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(AppError::Partner(format!("{}: cannot be asked to erase, write to them", link.name))),
        },
        outcome => outcome,
    }
}

async fn keep(service: &ClaimService, wanted: ErasureToPassOn) -> Result<(), AppError> {
    let at = service.core.clock.now();
    let id = EventId::new(at, &service.core.secure_random.entropy());
    service
        .core
        .store
        .write(move |tx| {
            if erasure::passed_on(tx, wanted.appointment)? {
                let data = json!({ "id": wanted.declaration, "appointmentId": wanted.appointment });
                let event = Event::by_system(
                    id,
                    wanted.tenant,
                    wanted.declaration,
                    EventKind::InsuredErasurePassedOn,
                    at,
                    data,
                );
                events::append(tx, &event)?;
            }
            Ok(())
        })
        .await
}
