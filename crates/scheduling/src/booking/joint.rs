//! Joint appointments: one row for each expert, in the data of the expert's firm. All of them change in one transaction.

use constat_core::CommandContext;
use constat_domain::appointment::{Appointment, AppointmentStatus, Cancellation, Joint, JointParty};
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::AppointmentId;
use constat_domain::service::ServiceRequest;
use constat_store::queries::appointments;
use constat_store::{StoreError, Tx};

use crate::booking::verify::AssignedExpert;
use crate::calendars::firm::Change;
use crate::calendars::rows::{LEFT, busy_of, event_data};
use crate::scheduler::Scheduler;

/// The other booked appointments of a joint one; none for an ordinary one.
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

/// The appointment with the version and the instant of its next change.
pub(crate) fn next_version(known: Appointment, context: &CommandContext) -> Appointment {
    Appointment { version: known.version + 1, updated_at: context.at, ..known }
}

/// Lists all appointments of a joint one in each of them. An appointment alone lists none.
pub(crate) fn link_parties(main: &mut Appointment, others: &mut [Appointment]) {
    let party = |row: &Appointment| JointParty { appointment: row.id, tenant: row.tenant };
    let parties: Vec<JointParty> = [party(main)].into_iter().chain(others.iter().map(party)).collect();
    let joint = (parties.len() > 1).then_some(Joint { main: main.id, parties });
    for row in [main].into_iter().chain(others) {
        row.joint.clone_from(&joint);
    }
}

/// The appointment of a further expert of a joint one. Another firm gets time, place, case number and the insurer of
/// its expert: nothing of the claim, the contact or the other parties.
pub(crate) fn joint_appointment(main: &Appointment, context: &CommandContext, assigned: AssignedExpert) -> Appointment {
    let (request, contact, notes, process) = if assigned.tenant == main.tenant {
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
        tenant: assigned.tenant,
        expert: assigned.expert,
        expert_name: assigned.display_name,
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

/// Inserts an appointment, with its event and its change of the calendar. The event lists the open appointments under
/// the same reference.
pub(crate) fn insert_booked(
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
    context.record_in(tx, made.tenant, made.id, EventKind::AppointmentBooked, data)?;
    let change = Change { appointment: made.id, left: None, takes: Some((made.expert, busy_of(made))), until: None };
    scheduler.calendars.follow(tx, made.tenant, change);
    Ok(())
}

/// Updates an appointment that has another time or expert than `before`, with its event and its change of the calendar.
pub(crate) fn save_rescheduled(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    (before, after): (&Appointment, &Appointment),
    reason: &str,
) -> Result<(), StoreError> {
    appointments::update(tx, after)?;
    let mut data = event_data(after);
    data["reason"] = reason.into();
    data[LEFT] = before.expert.to_string().into();
    context.record_in(tx, after.tenant, after.id, EventKind::AppointmentRescheduled, data)?;
    let takes = Some((after.expert, busy_of(after)));
    scheduler.calendars.follow(
        tx,
        after.tenant,
        Change { appointment: after.id, left: Some(before.expert), takes, until: None },
    );
    Ok(())
}

/// Cancels an appointment of the next version, with its event and its change of the calendar. The comment is stored in
/// the caller's own data only.
pub(crate) fn save_cancelled(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    next: Appointment,
    reason: &str,
    comment: Option<&String>,
) -> Result<Appointment, StoreError> {
    let comment = comment.filter(|_| next.tenant == *context.tenant()).cloned();
    let cancellation = Cancellation { reason: reason.to_owned(), comment, at: context.at, by: context.caller.holder };
    let cancelled = Appointment { status: AppointmentStatus::Cancelled, cancellation: Some(cancellation), ..next };
    appointments::update(tx, &cancelled)?;
    let mut data = event_data(&cancelled);
    data["reason"] = reason.into();
    context.record_in(tx, cancelled.tenant, cancelled.id, EventKind::AppointmentCancelled, data)?;
    let change = Change { appointment: cancelled.id, left: Some(cancelled.expert), takes: None, until: None };
    scheduler.calendars.follow(tx, cancelled.tenant, change);
    Ok(cancelled)
}

/// The experts of a rescheduled joint appointment, paired with its appointments.
pub(crate) struct Pairs {
    /// The expert of the main appointment.
    pub(crate) main: AssignedExpert,
    /// The other appointments that stay, each with its expert.
    pub(crate) kept: Vec<(Appointment, AssignedExpert)>,
    /// Experts who get a new appointment.
    pub(crate) new: Vec<AssignedExpert>,
    /// Appointments without an expert: another worker covers these trades too.
    pub(crate) left: Vec<Appointment>,
}

/// Pairs the experts of a reschedule with the appointments: an expert who has one keeps it. `None` without experts.
pub(crate) fn pair_experts(
    main: &Appointment,
    others: Vec<Appointment>,
    mut experts: Vec<AssignedExpert>,
) -> Option<Pairs> {
    let same =
        |assigned: &AssignedExpert, row: &Appointment| (assigned.tenant, assigned.expert) == (row.tenant, row.expert);
    let of_main = experts.iter().position(|assigned| same(assigned, main));
    let of_firm = || {
        let theirs = |assigned: &AssignedExpert| others.iter().any(|other| same(assigned, other));
        experts.iter().position(|assigned| assigned.tenant == main.tenant && !theirs(assigned))
    };
    let at = of_main.or_else(of_firm).unwrap_or(0);
    if at >= experts.len() {
        return None;
    }
    let mut pairs = Pairs { main: experts.remove(at), kept: Vec::new(), new: Vec::new(), left: Vec::new() };
    let mut free = Vec::new();
    for row in others {
        match experts.iter().position(|assigned| same(assigned, &row)) {
            Some(at) => pairs.kept.push((row, experts.remove(at))),
            None => free.push(row),
        }
    }
    for row in free {
        match experts.iter().position(|assigned| assigned.tenant == row.tenant) {
            Some(at) => pairs.kept.push((row, experts.remove(at))),
            None => pairs.left.push(row),
        }
    }
    pairs.new = experts;
    Some(pairs)
}
