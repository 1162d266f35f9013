//! Partner firms, asked over HTTP with the typed client.

use std::collections::HashMap;
use std::sync::RwLock;
use std::time::Duration;

use constat_claims::claim_appointments::{
    PartnerAnswer, PartnerAppointment, PartnerBooking, PartnerGateway, PartnerModification, PartnerMove, PartnerOffer,
    PartnerOffers,
};
use constat_client::{ClientError, Options, PartnerClient, Refused};
use constat_core::{AppError, PartnerLink, Settings};
use constat_domain::appointment::{MeetingKind, Slot};
use constat_domain::gazetteer::SearchedPlace;
use constat_domain::refusal::BookingRefusal;
use constat_domain::service::ServiceRequest;
use constat_domain::{FieldError, Refusal};
use constat_wire::partner as wire;

/// Client of the partner contract for any server that implements it.
///
/// Reads are retried once when no answer came or the partner was busy. Writes are left to the caller, who repeats
/// them with the same idempotency key.
pub struct PartnerOverHttp {
    timeout: Duration,
    /// One client for each partner's URL and key, so that connections are kept.
    clients: RwLock<HashMap<(String, String), PartnerClient>>,
}

impl PartnerOverHttp {
    /// Waits `timeout` for each answer.
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, clients: RwLock::default() }
    }

    /// Waits as long as the settings say.
    pub fn of(settings: &Settings) -> Self {
        Self::new(Duration::from_secs(settings.partner_timeout_seconds.max(1)))
    }

    fn client(&self, partner: &PartnerLink) -> Result<PartnerClient, AppError> {
        let name = (partner.url.clone(), partner.key.clone());
        if let Some(known) = self.clients.read().ok().and_then(|clients| clients.get(&name).cloned()) {
            return Ok(known);
        }
        let options = Options { timeout: self.timeout, observer: None };
        let client = PartnerClient::new(&partner.url, &partner.key, options)
            .map_err(|error| AppError::Partner(format!("{}: {error}", partner.name)))?;
        if let Ok(mut clients) = self.clients.write() {
            clients.insert(name, client.clone());
        }
        Ok(client)
    }
}

/// What a partner's 404 and 409 mean to the call that met them.
struct Meaning {
    not_found: BookingRefusal,
    conflict: BookingRefusal,
}

/// To a call about a slot.
const OF_A_SLOT: Meaning = Meaning { not_found: BookingRefusal::UnknownSlot, conflict: BookingRefusal::SlotTaken };
/// To a call about an appointment.
const OF_AN_APPOINTMENT: Meaning =
    Meaning { not_found: BookingRefusal::AppointmentNotFound, conflict: BookingRefusal::AppointmentClosed };

/// `ResponseStatus` 8: not allowed to this caller, or not now. Source: partner API v0.9.1.
const NOT_ALLOWED: i64 = 8;

/// What a failed call means to the application.
fn meant(partner: &PartnerLink, error: &ClientError, meaning: Meaning) -> AppError {
    let unexpected = || AppError::Partner(format!("{}: {error}", partner.name));
    let Some(refused) = error.refused() else { return unexpected() };
    match refused.status {
        400 => Refusal::Invalid(faults(refused)).into(),
        404 => meaning.not_found.into(),
        409 if refused.code == NOT_ALLOWED => BookingRefusal::AppointmentClosed.into(),
        409 => meaning.conflict.into(),
        410 => BookingRefusal::SessionExpired.into(),
        // Our key is made of session and slot: it was used for the same slot with other details.
        422 => BookingRefusal::SessionUsed.into(),
        // The text names the status, the code and the partner's words, which are about our request.
        _ => AppError::Partner(format!("{}: status {}, code {}", partner.name, refused.status, refused.code)),
    }
}

/// What the partner finds wrong, in the words of our own requests.
fn faults(refused: &Refused) -> Vec<FieldError> {
    let names = [("appointmentLocation", "location"), ("data.customer", "contact"), ("data.notes", "notes")];
    let own = |field: &str| {
        let renamed = names.iter().find_map(|(theirs, ours)| Some((ours, field.strip_prefix(theirs)?)));
        renamed.map_or_else(|| field.to_owned(), |(ours, rest)| format!("{ours}{rest}"))
    };
    let told = refused.fields.iter();
    let faults: Vec<FieldError> =
        told.map(|fault| FieldError::new(own(&fault.field), format!("the partner says: {}", fault.message))).collect();
    if faults.is_empty() {
        vec![FieldError::new("", "the partner finds the request wrong and names no field")]
    } else {
        faults
    }
}

fn slot_of(slot: &wire::Timeslot) -> Slot {
    Slot {
        kind: slot.kind.into(),
        start: slot.start_time.into(),
        end: slot.end_time.into(),
        duration_minutes: u32::try_from(slot.duration).unwrap_or(0),
    }
}

fn told(id: &str, appointment: Option<&wire::Appointment>) -> PartnerAppointment {
    let Some(appointment) = appointment else {
        return PartnerAppointment { id: id.to_owned(), ..PartnerAppointment::default() };
    };
    PartnerAppointment {
        id: id.to_owned(),
        slot: Some(slot_of(&appointment.schedule)),
        status: appointment.status.map(Into::into),
        expert_name: appointment.expert.as_ref().map(|expert| expert.display_name.clone()),
        connection: appointment.connection.clone().map(Into::into),
        warnings: Vec::new(),
    }
}

/// The body of a modification: the appointment as the partner tells it, or else as our record has it,
/// with what changes. A `PUT` names everything, since a partner may take what is left out for gone.
fn update_of(id: &str, told: Option<wire::Appointment>, change: &PartnerModification) -> wire::AppointmentUpdate {
    let known = &change.known;
    let as_we_know_it = || wire::Appointment {
        kind: MeetingKind::from(known.kind).into(),
        schedule: wire::Timeslot::new(&known.slot, id.to_owned()),
        address: known.place.as_ref().map(|place| (&place.address).into()),
        notes: known.notes.clone(),
        created_at: None,
        last_updated: None,
        customer: known.contact.as_ref().map(Into::into),
        id: None,
        status: None,
        case_number: None,
        expert: None,
        connection: None,
        cancellation: None,
        process: None,
        joint: None,
    };
    let mut data = told.unwrap_or_else(as_we_know_it);
    if let Some(contact) = &change.contact {
        data.customer = Some(contact.into());
    }
    if let Some(notes) = &change.notes {
        data.notes = Some(notes.clone());
    }
    wire::AppointmentUpdate { data }
}

impl PartnerGateway for PartnerOverHttp {
    fn search_slots<'a>(
        &'a self,
        partner: &'a PartnerLink,
        request: &'a ServiceRequest,
        moves: Option<&'a str>,
    ) -> PartnerAnswer<'a, PartnerOffers> {
        Box::pin(async move {
            let client = self.client(partner)?;
            let mut asked = wire::ServiceRequest::from(request);
            asked.appointment_id = moves.map(str::to_owned);
            let mut answer = client.search_slots(&asked).await;
            if answer.as_ref().is_err_and(ClientError::is_passing) {
                tracing::info!(partner = %partner.name, "search failed in passing, asked once more");
                answer = client.search_slots(&asked).await;
            }
            let found = answer.map_err(|error| meant(partner, &error, OF_AN_APPOINTMENT))?;
            let offer = |slot: &wire::Timeslot| PartnerOffer { id: slot.id.clone(), slot: slot_of(slot) };
            let reasons = found.reasons.unwrap_or_default();
            Ok(PartnerOffers {
                session: found.session_id,
                expires_at: found.expires_at.map(Into::into),
                offers: found.timeslots.iter().map(offer).collect(),
                reasons: reasons.into_iter().map(|reason| (reason.code, reason.count)).collect(),
                searched: found
                    .location
                    .and_then(wire::SearchedLocation::into_place)
                    .map(|(position, precision, commune)| SearchedPlace { position, precision, commune }),
            })
        })
    }

    fn book_appointment<'a>(
        &'a self,
        partner: &'a PartnerLink,
        booking: &'a PartnerBooking,
        idempotency_key: &'a str,
    ) -> PartnerAnswer<'a, PartnerAppointment> {
        Box::pin(async move {
            let request = wire::BookingRequest {
                timeslot: wire::Timeslot::new(&booking.slot, booking.slot_id.clone()),
                session_id: booking.session.clone(),
                location: (&booking.place).into(),
                case_number: booking.case_number.clone(),
                contact: booking.contact.as_ref().map(Into::into),
                notes: booking.notes.clone(),
                process: None,
            };
            let client = self.client(partner)?.idempotent(idempotency_key);
            let reply = client.book_appointment(&request).await.map_err(|error| meant(partner, &error, OF_A_SLOT))?;
            let booked = told(reply.appointment_id(), reply.appointment());
            let connection = booked.connection.or_else(|| reply.connection().cloned().map(Into::into));
            let known = reply.warnings().iter().filter(|warning| warning.code == wire::BookingWarning::ALREADY_BOOKED);
            let warnings = known.map(|warning| warning.code.clone()).collect();
            Ok(PartnerAppointment { connection, warnings, ..booked })
        })
    }

    fn read_appointment<'a>(&'a self, partner: &'a PartnerLink, id: &'a str) -> PartnerAnswer<'a, PartnerAppointment> {
        Box::pin(async move {
            let client = self.client(partner)?;
            let mut answer = client.read_appointment(id).await;
            if answer.as_ref().is_err_and(ClientError::is_passing) {
                answer = client.read_appointment(id).await;
            }
            let found = answer.map_err(|error| meant(partner, &error, OF_AN_APPOINTMENT))?;
            let found = found.ok_or(BookingRefusal::AppointmentNotFound)?;
            Ok(told(id, Some(&found)))
        })
    }

    fn modify_appointment<'a>(
        &'a self,
        partner: &'a PartnerLink,
        id: &'a str,
        change: &'a PartnerModification,
    ) -> PartnerAnswer<'a, PartnerAppointment> {
        Box::pin(async move {
            let client = self.client(partner)?;
            // What the partner's own people changed meanwhile must not be undone. One that does not tell
            // its appointments is sent what we know.
            let told = match client.read_appointment(id).await {
                Ok(told) => told,
                Err(error) if error.is_passing() => return Err(meant(partner, &error, OF_AN_APPOINTMENT)),
                Err(_tells_nothing) => None,
            };
            let modified = client.modify_appointment(id, &update_of(id, told, change)).await;
            let modified = modified.map_err(|error| meant(partner, &error, OF_AN_APPOINTMENT))?;
            Ok(self::told(id, modified.as_ref()))
        })
    }

    fn move_appointment<'a>(
        &'a self,
        partner: &'a PartnerLink,
        id: &'a str,
        to: &'a PartnerMove,
        idempotency_key: &'a str,
    ) -> PartnerAnswer<'a, PartnerAppointment> {
        Box::pin(async move {
            let request = wire::MoveAppointment {
                timeslot: wire::Timeslot::new(&to.slot, to.slot_id.clone()),
                session_id: to.session.clone(),
                reason: to.reason.clone(),
            };
            let client = self.client(partner)?.idempotent(idempotency_key);
            let moved =
                client.move_appointment(id, &request).await.map_err(|error| meant(partner, &error, OF_A_SLOT))?;
            Ok(told(id, moved.as_ref()))
        })
    }

    fn cancel_appointment<'a>(
        &'a self,
        partner: &'a PartnerLink,
        id: &'a str,
        reason: &'a str,
        comment: Option<&'a str>,
        idempotency_key: &'a str,
    ) -> PartnerAnswer<'a, ()> {
        Box::pin(async move {
            let request = wire::CancelAppointment { reason: reason.to_owned(), comment: comment.map(str::to_owned) };
            let client = self.client(partner)?.idempotent(idempotency_key);
            let answer = client.cancel_appointment(id, &request).await;
            answer.map(|_| ()).map_err(|error| meant(partner, &error, OF_AN_APPOINTMENT))
        })
    }

    fn erase_appointment<'a>(&'a self, partner: &'a PartnerLink, id: &'a str) -> PartnerAnswer<'a, ()> {
        Box::pin(async move {
            let answer = self.client(partner)?.erase_appointment(id).await;
            answer.map(|_| ()).map_err(|error| meant(partner, &error, OF_AN_APPOINTMENT))
        })
    }
}

#[cfg(test)]
mod tests {
    use constat_wire::common::FieldFault;

    use super::*;

    fn failure(status: u16, code: i64, fields: Vec<FieldFault>) -> ClientError {
        ClientError::Status {
            method: "POST".to_owned(),
            path: "/claims/api/v1/appointments".to_owned(),
            refused: Box::new(Refused {
                status,
                code,
                message: "no".to_owned(),
                fields,
                execution_id: None,
                retry_after: None,
                body: serde_json::Value::Null,
            }),
        }
    }

    #[test]
    fn a_partners_refusal_becomes_ours_and_anything_else_is_the_partners_fault() {
        let link = PartnerLink {
            name: "firm".to_owned(),
            url: String::new(),
            key: "test_secret".to_owned(),
            serves: Vec::new(),
            platform: None,
            organisation: None,
        };
        let refusal = |status, code, meaning| match meant(&link, &failure(status, code, Vec::new()), meaning) {
            AppError::Refused(Refusal::Booking(refusal)) => Some(refusal),
            _ => None,
        };
        assert_eq!(refusal(404, 7, OF_A_SLOT), Some(BookingRefusal::UnknownSlot));
        assert_eq!(refusal(404, 7, OF_AN_APPOINTMENT), Some(BookingRefusal::AppointmentNotFound));
        assert_eq!(refusal(409, 10, OF_A_SLOT), Some(BookingRefusal::SlotTaken));
        assert_eq!(refusal(409, 8, OF_A_SLOT), Some(BookingRefusal::AppointmentClosed));
        assert_eq!(refusal(410, 9, OF_A_SLOT), Some(BookingRefusal::SessionExpired));
        for status in [401, 403, 416, 429, 500, 503] {
            let error = meant(&link, &failure(status, 4, Vec::new()), OF_A_SLOT);
            assert!(
                matches!(&error, AppError::Partner(text) if text.starts_with("firm: ") && !text.contains("secret"))
            );
        }
        let field = FieldFault {
            field: "appointmentLocation.address.zipCode".to_owned(),
            message: "unknown postcode".to_owned(),
        };
        let AppError::Refused(Refusal::Invalid(faults)) = meant(&link, &failure(400, 1, vec![field]), OF_A_SLOT) else {
            panic!("expected the fields");
        };
        assert_eq!(faults[0].field, "location.address.zipCode");
    }
}
