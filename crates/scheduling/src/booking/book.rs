//! Book one slot of a session.

use std::sync::Arc;

use constat_domain::FieldError;
use constat_domain::Refusal;
use constat_domain::appointment::{Appointment, AppointmentStatus, Connection, Contact, MeetingKind, Slot};
use constat_domain::geo::Place;
use constat_domain::ids::AppointmentId;
use constat_domain::refusal::BookingRefusal;
use constat_store::Tx;
use constat_store::queries::{appointments, holds};
use jiff::tz::TimeZone;

use crate::Scheduler;
use crate::booking::allocate::{Assigned, assign};
use crate::booking::hold::{id_kept, release};
use crate::booking::joint;
use crate::booking::same_reference::{SameReference, open_before, told_to};
use crate::meeting::MEETING_PATH;
use crate::offer::open_offers::OpenOfferRegistry;
use crate::offer::token::{Offer, OpenedOffer};
use constat_core::{AppError, CommandContext};

/// What to book.
#[derive(Debug, Clone)]
pub struct BookAppointment {
    /// The session and its slot, opened.
    pub opened: OpenedOffer,
    /// The slot as the caller repeats it.
    pub slot: Slot,
    /// Where.
    pub place: Place,
    /// The caller's case number.
    pub case_number: String,
    /// Who will be met, when it is not the insured.
    pub contact: Option<Contact>,
    /// Free notes.
    pub notes: Option<String>,
    /// Carried through.
    pub process: Option<String>,
    /// The request carries an `Idempotency-Key`: then that tells repeats apart, not the pair of
    /// session and case number.
    pub has_idempotency_key: bool,
}

/// What was booked.
#[derive(Debug, Clone)]
pub struct Booked {
    /// The appointment with the firm that was asked.
    pub appointment: Appointment,
    /// What is booked for the same claim already, as far as the caller may know.
    pub same_reference: Vec<SameReference>,
}

/// Books the slot for whoever can take it, the expert named in the offer first.
///
/// A joint offer books everybody it names, or whoever else can: an appointment for each, in the data of
/// that person's firm. The answer is that of the firm that was asked.
///
/// A session books once. Without an idempotency key a repeat with the same case number gets the
/// appointment already made, even after the session has ended.
pub fn book_appointment(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    command: &BookAppointment,
) -> Result<Booked, AppError> {
    let OpenedOffer { session, offer } = &command.opened;
    Refusal::unless_empty(faults(command))?;
    let kept = holds::of_session(tx, session.id)?;
    let id = id_kept(&kept, &session.tenant).unwrap_or_else(|| AppointmentId::new(context.at, &context.entropy()));
    if !appointments::use_session(tx, session.id, id, context.at)? {
        let appointment = made_before(tx, context, command)?;
        let same_reference = told_to(&context.caller, &open_before(tx, &appointment, context.at)?);
        return Ok(Booked { appointment, same_reference });
    }
    command.opened.unexpired(context.at)?;
    let Assigned { people, guards } = assign(tx, scheduler, offer, &kept, context.at)?;
    release(tx, context, scheduler, &kept)?;
    let mut people = people.into_iter();
    let first = people.next().ok_or(BookingRefusal::SlotTaken)?;
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
    let mut others: Vec<Appointment> = people.map(|person| joint::beside(&appointment, context, person)).collect();
    joint::join(&mut appointment, &mut others);
    let same_reference = open_before(tx, &appointment, context.at)?;
    joint::insert(tx, context, scheduler, &appointment, &same_reference)?;
    for made in &others {
        let theirs = open_before(tx, made, context.at)?;
        joint::insert(tx, context, scheduler, made, &theirs)?;
    }
    guards.advance(tx)?;
    count_booked(tx, scheduler);
    OpenOfferRegistry::close_after(tx, scheduler, offer);
    Ok(Booked { appointment, same_reference: told_to(&context.caller, &same_reference) })
}

/// Counts an appointment when it has committed.
pub(crate) fn count_booked(tx: &mut Tx, scheduler: &Scheduler) {
    let counts = Arc::clone(&scheduler.core.counts);
    tx.after_commit(move || counts.booked.increment());
}

/// What the request says otherwise than the offer.
pub(crate) fn faults(command: &BookAppointment) -> Vec<FieldError> {
    let OpenedOffer { session, offer } = &command.opened;
    let mut errors = differences(&command.slot, &offer.slot);
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
    errors
}

/// Where a repeated slot differs from the one that was offered.
pub(crate) fn differences(repeated: &Slot, offered: &Slot) -> Vec<FieldError> {
    let differs = [
        ("timeslot.type", repeated.kind != offered.kind),
        ("timeslot.startTime", repeated.start != offered.start),
        ("timeslot.endTime", repeated.end != offered.end),
        ("timeslot.duration", repeated.duration_minutes != offered.duration_minutes),
    ];
    let differing = differs.into_iter().filter(|(_, differs)| *differs);
    differing.map(|(field, _)| FieldError::new(field, "is not what was offered under this id")).collect()
}

/// The appointment that the session booked, for a repeat of that booking.
fn made_before(tx: &mut Tx, context: &CommandContext, command: &BookAppointment) -> Result<Appointment, AppError> {
    let session = &command.opened.session;
    let made = match appointments::of_session(tx, session.id)? {
        Some(id) => appointments::of_tenant_by_id(tx, context.tenant(), id)?,
        None => None,
    };
    made.filter(|made| {
        !command.has_idempotency_key && made.session == session.id && made.case_number == command.case_number
    })
    .ok_or_else(|| BookingRefusal::SessionUsed.into())
}

/// How to join a remote appointment: a page of this server, and six digits.
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
