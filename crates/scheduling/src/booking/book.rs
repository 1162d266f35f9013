//! Books one slot of a session.

use std::sync::Arc;

use constat_core::{Answer, AppError, CommandContext, Idempotency, Render};
use constat_domain::appointment::{Appointment, AppointmentStatus, Connection, Contact, MeetingKind};
use constat_domain::geo::Place;
use constat_domain::ids::AppointmentId;
use constat_domain::refusal::BookingRefusal;
use constat_domain::{FieldError, Refusal};
use constat_store::Tx;
use constat_store::queries::{appointments, holds};
use jiff::tz::TimeZone;

use crate::booking::allocate::{Allocation, allocate};
use crate::booking::attempt::{BookingAttempt, RequestedSlot};
use crate::booking::hold::{held_id, release_holds};
use crate::booking::joint::{insert_booked, joint_appointment, link_parties};
use crate::booking::same_reference::{SameReference, find_same_reference, visible_to};
use crate::meeting::MEETING_PATH;
use crate::offer::token::Offer;
use crate::scheduler::Scheduler;

/// A slot to book, and for whom.
#[derive(Debug, Clone)]
pub struct BookAppointment {
    /// The slot.
    pub slot: RequestedSlot,
    /// The place.
    pub place: Place,
    /// The caller's case number.
    pub case_number: String,
    /// The person to meet, when it is not the insured.
    pub contact: Option<Contact>,
    /// Free notes.
    pub notes: Option<String>,
    /// Passed through unchanged.
    pub process: Option<String>,
}

/// A booked appointment.
#[derive(Debug, Clone)]
pub struct BookedAppointment {
    /// The appointment at the firm that was searched.
    pub appointment: Appointment,
    /// Open appointments under the same reference, as far as the caller may know them.
    pub same_reference: Vec<SameReference>,
}

impl Scheduler {
    /// Books a slot for the expert that the offer names, else for another one who is free. A joint offer books an
    /// appointment for each of its experts, in the data of that expert's firm, or none; the answer is the appointment
    /// at the firm that was searched.
    ///
    /// A session books once. Without an idempotency key, a repeat with the same case number gets the appointment
    /// booked before, even after the end of the session. `render` runs inside the transaction: the answer is stored
    /// under the idempotency key with it.
    ///
    /// # Errors
    /// [`BookingRefusal::UnknownSlot`], [`SessionExpired`](BookingRefusal::SessionExpired),
    /// [`SessionUsed`](BookingRefusal::SessionUsed), [`SlotTaken`](BookingRefusal::SlotTaken), and
    /// [`Refusal::Invalid`] when the request differs from the offer.
    pub async fn book(
        self: &Arc<Self>,
        context: CommandContext,
        idempotency: Option<Idempotency>,
        command: BookAppointment,
        render: impl Render<BookedAppointment>,
    ) -> Result<Answer, AppError> {
        let attempt = self.core.attempt(&context, idempotency).await?;
        let prepared = self.prepare(&context, open(self, &context, &command), |_, _| Ok(false)).await;
        let (scheduler, has_key) = (Arc::clone(self), attempt.is_keyed());
        self.run_prepared(&attempt, context, prepared, move |tx, context, booking| {
            render(&book_in_transaction(tx, context, &scheduler, booking, &command, has_key)?)
        })
        .await
    }
}

/// Opens the tokens, and checks the request against them.
fn open(
    scheduler: &Scheduler,
    context: &CommandContext,
    command: &BookAppointment,
) -> Result<BookingAttempt, AppError> {
    let booking = BookingAttempt::open(&scheduler.core, &context.caller, &command.slot)?;
    let session = &booking.session;
    let mut errors = booking.differences(&command.slot.slot);
    if session.request.reschedules.is_some() {
        let message = "this session was searched to move an appointment: use PUT /appointments/{id}/schedule";
        errors.push(FieldError::new("sessionID", message));
    }
    if let Some(searched) = session.request.place.as_ref().filter(|_| session.request.kind.is_on_site()) {
        let (searched, booked) = (&searched.address, &command.place.address);
        if searched.zip_code.trim() != booked.zip_code.trim() {
            let message = "is not the postcode that was searched: search again for this place";
            errors.push(FieldError::new("location.address.zipCode", message));
        }
        if searched.country_code != booked.country_code {
            let message = "is not the country that was searched: search again for this place";
            errors.push(FieldError::new("location.address.countryCode", message));
        }
    }
    Refusal::unless_empty(errors)?;
    Ok(booking)
}

fn book_in_transaction(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    booking: &BookingAttempt,
    command: &BookAppointment,
    has_idempotency_key: bool,
) -> Result<BookedAppointment, AppError> {
    let BookingAttempt { session, offer, .. } = booking;
    let held = holds::of_session(tx, session.id)?;
    let id = held_id(&held, &session.tenant).unwrap_or_else(|| AppointmentId::new(context.at, &context.entropy()));
    if !appointments::use_session(tx, session.id, id, context.at)? {
        let appointment = find_booked_before(tx, context, booking, &command.case_number, has_idempotency_key)?;
        let same_reference = visible_to(&context.caller, &find_same_reference(tx, &appointment, context.at)?);
        return Ok(BookedAppointment { appointment, same_reference });
    }
    booking.require_live_session(context.at)?;
    let Allocation { experts, day_versions } = allocate(tx, scheduler, booking, &held, context.at)?;
    release_holds(tx, context, scheduler, &held)?;
    let mut experts = experts.into_iter();
    let first = experts.next().ok_or(BookingRefusal::SlotTaken)?;
    let zone = TimeZone::get(&offer.criteria.zone).unwrap_or(TimeZone::UTC);
    let position = offer.criteria.position.or(command.place.position);
    let mut appointment = Appointment {
        id,
        tenant: session.tenant,
        expert: first.expert,
        expert_name: first.display_name,
        status: AppointmentStatus::Booked,
        slot: offer.slot,
        busy_from: offer.busy_from,
        busy_to: offer.busy_to,
        civil_start: zone.to_datetime(offer.slot.start),
        zone: offer.criteria.zone.clone(),
        place: Place { address: command.place.address.clone(), position },
        request: session.request.clone(),
        case_number: command.case_number.clone(),
        session: session.id,
        booked_by: session.holder,
        contact: command.contact.clone(),
        notes: command.notes.clone(),
        process: command.process.clone().or_else(|| session.request.process.clone()),
        connection: connection(context, scheduler, offer, id),
        cancellation: None,
        joint: None,
        version: 1,
        created_at: context.at,
        updated_at: context.at,
    };
    let mut others: Vec<Appointment> =
        experts.map(|assigned| joint_appointment(&appointment, context, assigned)).collect();
    link_parties(&mut appointment, &mut others);
    let same_reference = find_same_reference(tx, &appointment, context.at)?;
    insert_booked(tx, context, scheduler, &appointment, &same_reference)?;
    for other in &others {
        let same_reference = find_same_reference(tx, other, context.at)?;
        insert_booked(tx, context, scheduler, other, &same_reference)?;
    }
    day_versions.advance(tx)?;
    count_booked(tx, scheduler);
    scheduler.open_offers.close_after_commit(tx, offer);
    Ok(BookedAppointment { appointment, same_reference: visible_to(&context.caller, &same_reference) })
}

/// Counts an appointment when the transaction commits.
pub(crate) fn count_booked(tx: &mut Tx, scheduler: &Scheduler) {
    let counts = Arc::clone(&scheduler.core.counts);
    tx.after_commit(move || counts.booked.increment());
}

/// The appointment that the session booked, for a repeat of that booking without an idempotency key. A repeat with the
/// key got the stored answer before it came here: under another key the session is used.
fn find_booked_before(
    tx: &mut Tx,
    context: &CommandContext,
    booking: &BookingAttempt,
    case_number: &str,
    has_idempotency_key: bool,
) -> Result<Appointment, AppError> {
    let session = booking.session.id;
    let known = match appointments::of_session(tx, session)? {
        Some(id) => appointments::of_tenant_by_id(tx, context.tenant(), id)?,
        None => None,
    };
    known
        .filter(|known| !has_idempotency_key && known.session == session && known.case_number == case_number)
        .ok_or_else(|| BookingRefusal::SessionUsed.into())
}

/// How to join a remote appointment: a page of this server, and a PIN of six digits.
fn connection(context: &CommandContext, scheduler: &Scheduler, offer: &Offer, id: AppointmentId) -> Option<Connection> {
    if MeetingKind::from(offer.criteria.kind) == MeetingKind::Site {
        return None;
    }
    let mut random = [0; 4];
    context.fill(&mut random);
    let pin = format!("{:06}", u32::from_le_bytes(random) % 1_000_000);
    Some(Connection {
        url: format!("{}{MEETING_PATH}/{id}", scheduler.core.settings.public_url),
        phone: None,
        pin: Some(pin),
    })
}
