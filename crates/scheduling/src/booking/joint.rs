//! The appointments that belong to a joint one: one row for each person, in the data of that
//! person's firm. Whatever changes them does so in one transaction: all of them, or none.

use constat_domain::appointment::{Appointment, AppointmentStatus, Cancellation, Joint, JointParty};
use constat_domain::ids::AppointmentId;
use constat_domain::service::ServiceRequest;
use constat_store::queries::appointments;
use constat_store::{StoreError, Tx};

use crate::Scheduler;
use crate::booking::verify::{Person, event_data, taken_by};
use crate::calendars::firm::Change;
use crate::calendars::{BOOKED, CANCELLED, LEFT, RESCHEDULED};
use constat_core::CommandContext;

/// The other appointments of a joint one that still stand, as they are: none for an ordinary one.
pub(crate) fn others_of(tx: &mut Tx, known: &Appointment) -> Result<Vec<Appointment>, StoreError> {
    let mut others = Vec::new();
    for party in known.joint.iter().flat_map(|joint| &joint.parties) {
        if party.appointment != known.id {
            let found = appointments::of_tenant_by_id(tx, &party.tenant, party.appointment)?;
            others.extend(found.filter(|other| other.status == AppointmentStatus::Booked));
        }
    }
    Ok(others)
}

/// The same appointment, about to be changed.
pub(crate) fn changing(known: Appointment, context: &CommandContext) -> Appointment {
    Appointment { version: known.version + 1, updated_at: context.at, ..known }
}

/// Names everybody's appointment in each of them; an appointment alone names nobody.
pub(crate) fn join(main: &mut Appointment, others: &mut [Appointment]) {
    let party = |row: &Appointment| JointParty { appointment: row.id, tenant: row.tenant };
    let parties: Vec<JointParty> = [party(main)].into_iter().chain(others.iter().map(party)).collect();
    let joint = (parties.len() > 1).then_some(Joint { main: main.id, parties });
    for row in [main].into_iter().chain(others) {
        row.joint.clone_from(&joint);
    }
}

/// One more person's appointment beside the main one. Another firm learns when, where and under which
/// case number, and for whom its expert comes: nothing of the insured's file, of whom to meet, or of
/// the other parties.
pub(crate) fn beside(main: &Appointment, context: &CommandContext, person: Person) -> Appointment {
    let (request, contact, notes, process) = if person.tenant == main.tenant {
        (main.request.clone(), main.contact.clone(), main.notes.clone(), main.process.clone())
    } else {
        let bare = ServiceRequest {
            claim: None,
            kind_label: None,
            insurer_claim_id: String::new(),
            process: None,
            parties: Vec::new(),
            reschedules: None,
            ..main.request.clone()
        };
        (bare, None, None, None)
    };
    Appointment {
        id: AppointmentId::new(context.at, &context.entropy()),
        tenant: person.tenant,
        expert: person.expert,
        expert_name: person.display_name,
        request,
        contact,
        notes,
        process,
        connection: None,
        joint: None,
        cancellation: None,
        version: 1,
        created_at: context.at,
        updated_at: context.at,
        ..main.clone()
    }
}

/// Saves a new appointment, in the data of its firm. Its event names what is booked for the same claim already.
pub(crate) fn insert(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    made: &Appointment,
    same_reference: &[Appointment],
) -> Result<(), StoreError> {
    appointments::insert(tx, made)?;
    let mut data = event_data(made);
    if !same_reference.is_empty() {
        data["sameReference"] = same_reference.iter().map(|known| known.id.to_string()).collect();
    }
    context.record_in(tx, made.tenant, made.id, BOOKED, data)?;
    let change = Change { appointment: made.id, left: None, takes: Some((made.expert, taken_by(made))), until: None };
    scheduler.calendars.follow(tx, made.tenant, change);
    Ok(())
}

/// Saves an appointment that takes another time, or another person's; `before` is what it was.
pub(crate) fn save_moved(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    (before, moved): (&Appointment, &Appointment),
    reason: &str,
) -> Result<(), StoreError> {
    appointments::update(tx, moved)?;
    let mut data = event_data(moved);
    data["reason"] = reason.into();
    data[LEFT] = before.expert.to_string().into();
    context.record_in(tx, moved.tenant, moved.id, RESCHEDULED, data)?;
    let takes = Some((moved.expert, taken_by(moved)));
    scheduler.calendars.follow(
        tx,
        moved.tenant,
        Change { appointment: moved.id, left: Some(before.expert), takes, until: None },
    );
    Ok(())
}

/// Cancels an appointment, about to be changed. What the caller said of it stays in the caller's own
/// data.
pub(crate) fn cancel(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    changing: Appointment,
    reason: &str,
    comment: Option<&String>,
) -> Result<Appointment, StoreError> {
    let comment = comment.filter(|_| changing.tenant == *context.tenant()).cloned();
    let cancellation = Cancellation { reason: reason.to_owned(), comment, at: context.at, by: context.caller.holder };
    let cancelled = Appointment { status: AppointmentStatus::Cancelled, cancellation: Some(cancellation), ..changing };
    appointments::update(tx, &cancelled)?;
    let mut data = event_data(&cancelled);
    data["reason"] = reason.into();
    context.record_in(tx, cancelled.tenant, cancelled.id, CANCELLED, data)?;
    let change = Change { appointment: cancelled.id, left: Some(cancelled.expert), takes: None, until: None };
    scheduler.calendars.follow(tx, cancelled.tenant, change);
    Ok(cancelled)
}

/// Who takes over which appointment when a joint one moves: whoever has one keeps it.
pub(crate) struct Pairs {
    /// The main appointment's new person.
    pub(crate) main: Person,
    /// The others' appointments with their new people.
    pub(crate) kept: Vec<(Appointment, Person)>,
    /// People without an appointment so far.
    pub(crate) new: Vec<Person>,
    /// Appointments that nobody needs any more: another worker holds those trades too.
    pub(crate) left: Vec<Appointment>,
}

/// Pairs the people of a move (never nobody) with the appointments there are.
pub(crate) fn pair(main: &Appointment, others: Vec<Appointment>, people: Vec<Person>) -> Option<Pairs> {
    let mut people = people;
    let same = |person: &Person, row: &Appointment| (person.tenant, person.expert) == (row.tenant, row.expert);
    let of_main = people.iter().position(|person| same(person, main));
    let of_firm = || {
        let theirs = |person: &Person| others.iter().any(|other| same(person, other));
        people.iter().position(|person| person.tenant == main.tenant && !theirs(person))
    };
    let at = of_main.or_else(of_firm).unwrap_or(0);
    if at >= people.len() {
        return None;
    }
    let mut pairs = Pairs { main: people.remove(at), kept: Vec::new(), new: Vec::new(), left: Vec::new() };
    let mut free = Vec::new();
    for row in others {
        match people.iter().position(|person| same(person, &row)) {
            Some(at) => pairs.kept.push((row, people.remove(at))),
            None => free.push(row),
        }
    }
    for row in free {
        match people.iter().position(|person| person.tenant == row.tenant) {
            Some(at) => pairs.kept.push((row, people.remove(at))),
            None => pairs.left.push(row),
        }
    }
    pairs.new = people;
    Some(pairs)
}
