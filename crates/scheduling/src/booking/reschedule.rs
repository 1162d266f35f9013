//! Move an appointment to a slot of a session that was searched for it.

use constat_domain::FieldError;
use constat_domain::Refusal;
use constat_domain::appointment::{Appointment, Slot};
use constat_domain::codes::Codes;
use constat_domain::ids::AppointmentId;
use constat_domain::refusal::BookingRefusal;
use constat_store::queries::{appointments, holds};
use constat_store::{Connection, Tx};
use jiff::tz::TimeZone;

use crate::Scheduler;
use crate::booking::allocate::{Assigned, assign};
use crate::booking::book::{count_booked, differences};
use crate::booking::hold::release;
use crate::booking::joint;
use crate::booking::modify::change;
use crate::booking::verify::{Person, guards_of};
use crate::offer::open_offers::OpenOfferRegistry;
use crate::offer::token::OpenedOffer;
use constat_core::{AppError, CommandContext};

/// What to move where, and why.
#[derive(Debug, Clone)]
pub struct MoveAppointment {
    /// Which.
    pub id: AppointmentId,
    /// The session and its slot, opened.
    pub opened: OpenedOffer,
    /// The slot as the caller repeats it.
    pub slot: Slot,
    /// Code of `appointment_change_reason.csv`.
    pub reason: String,
    /// Only while the version is one of these.
    pub if_match: Option<Vec<i64>>,
    /// The request carries an `Idempotency-Key`.
    pub has_idempotency_key: bool,
}

impl MoveAppointment {
    /// Whether [`move_appointment`] refuses it for another reason than its time.
    pub(crate) fn is_refused_otherwise(&self, connection: &mut Connection, context: &CommandContext) -> bool {
        let OpenedOffer { session, offer } = &self.opened;
        Codes::embedded().change_reason(&self.reason).is_err()
            || !differences(&self.slot, &offer.slot).is_empty()
            || session.request.reschedules != Some(self.id)
            || change(connection, context, self.id, self.if_match.as_deref()).is_err()
    }
}

/// Moves the appointment, and all others of a joint one; whatever fails, they keep the time they have.
/// Without an idempotency key a repeat gets the appointment as it is.
pub fn move_appointment(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    command: &MoveAppointment,
) -> Result<Appointment, AppError> {
    let OpenedOffer { session, offer } = &command.opened;
    let reason = Codes::embedded().change_reason(&command.reason)?;
    let mut errors = differences(&command.slot, &offer.slot);
    if session.request.reschedules != Some(command.id) {
        if crate::read::visible(tx, &context.caller, command.id).is_ok_and(|known| known.is_linked()) {
            return Err(BookingRefusal::MovedWithMain.into());
        }
        errors.push(FieldError::new("sessionID", "this session was not searched with this appointmentId"));
    }
    Refusal::unless_empty(errors)?;
    if !appointments::use_session(tx, session.id, command.id, context.at)? {
        let known = crate::read::visible(tx, &context.caller, command.id)?;
        let repeats = known.slot == offer.slot && !command.has_idempotency_key;
        return if repeats { Ok(known) } else { Err(BookingRefusal::SessionUsed.into()) };
    }
    let known = change(tx, context, command.id, command.if_match.as_deref())?;
    command.opened.unexpired(context.at)?;
    let kept = holds::of_session(tx, session.id)?;
    let Assigned { people, mut guards } = assign(tx, scheduler, offer, &kept, context.at)?;
    release(tx, context, scheduler, &kept)?;
    let others = joint::others_of(tx, &known)?;
    for left in [&known].into_iter().chain(&others) {
        guards_of(tx, scheduler, left, context.at, &mut guards)?;
    }
    let pairs = joint::pair(&known, others, people).ok_or(BookingRefusal::SlotTaken)?;
    let at_offer = |row: Appointment, person: Person| moved(&command.opened, row, person);
    let mut main = at_offer(known.clone(), pairs.main);
    let (before, mut others): (Vec<Appointment>, Vec<Appointment>) = pairs
        .kept
        .into_iter()
        .map(|(row, person)| (row.clone(), at_offer(joint::changing(row, context), person)))
        .unzip();
    others.extend(pairs.new.into_iter().map(|person| joint::beside(&main, context, person)));
    joint::join(&mut main, &mut others);
    joint::save_moved(tx, context, scheduler, (&known, &main), reason)?;
    let (kept, new) = others.split_at(before.len());
    for (before, moved) in before.iter().zip(kept) {
        joint::save_moved(tx, context, scheduler, (before, moved), reason)?;
    }
    for made in new {
        joint::insert(tx, context, scheduler, made, &[])?;
    }
    for left in pairs.left {
        joint::cancel(tx, context, scheduler, joint::changing(left, context), reason, None)?;
    }
    guards.advance(tx)?;
    count_booked(tx, scheduler);
    OpenOfferRegistry::close_after(tx, scheduler, offer);
    Ok(main)
}

/// An appointment at the offered time, with the person who keeps it.
fn moved(opened: &OpenedOffer, known: Appointment, person: Person) -> Appointment {
    let OpenedOffer { session, offer } = opened;
    let zone = TimeZone::get(&offer.criteria.zone).unwrap_or(TimeZone::UTC);
    Appointment {
        expert: person.expert,
        expert_name: person.display_name,
        slot: offer.slot,
        busy_from: offer.busy_from,
        busy_to: offer.busy_to,
        civil_start: zone.to_datetime(offer.slot.start),
        zone: offer.criteria.zone.clone(),
        place: session.request.place.clone().unwrap_or(known.place),
        ..known
    }
}
