//! Database rows and events as the calendars use them.

use constat_availability::Busy;
use constat_domain::appointment::Appointment;
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::ExpertId;
use constat_store::queries::appointments::BusyRow;
use constat_store::queries::events::Event;
use constat_store::queries::holds::HoldRow;

use crate::calendars::firm::Change;

/// The events that change a calendar.
pub(crate) const FOLLOWED: [EventKind; 5] = [
    EventKind::AppointmentBooked,
    EventKind::AppointmentRescheduled,
    EventKind::AppointmentCancelled,
    EventKind::AppointmentHeld,
    EventKind::AppointmentReleased,
];

/// In the data of [`EventKind::AppointmentRescheduled`]: the expert before.
pub(crate) const LEFT: &str = "left";

/// The changes of a calendar by events about appointments, with the present rows of those that are booked or held.
pub(crate) fn changes(found: &[(i64, Event)], booked: &[BusyRow], kept: &[HoldRow]) -> Vec<Change> {
    let expert = |event: &Event, key: &str| event.data.get(key)?.as_str()?.parse::<ExpertId>().ok();
    let change = |event: &Event| {
        let appointment = event.subject.parse().ok()?;
        let visit = booked.iter().find(|row| row.appointment == appointment).map(|row| (row.expert, busy(row)));
        let hold = kept.iter().find(|hold| hold.id == appointment).filter(|_| visit.is_none());
        let (takes, until) = (visit.or(hold.map(|hold| (hold.expert, held(hold)))), hold.map(|hold| hold.expires_at));
        // A reschedule names the expert before; any other event the present one, or the last before a cancellation.
        let left = expert(event, LEFT).or_else(|| expert(event, "expert"));
        let change = |left| Change { appointment, left, takes, until };
        Some([change(left), change(expert(event, "expert"))])
    };
    found.iter().filter_map(|(_, event)| change(event)).flatten().collect()
}

/// The busy time of an appointment row.
pub(crate) fn busy(row: &BusyRow) -> Busy {
    Busy { start: row.start, end: row.end, position: row.position, appointment: Some(row.appointment) }
}

/// The busy time of a hold.
pub(crate) fn held(hold: &HoldRow) -> Busy {
    Busy { start: hold.start, end: hold.end, position: hold.position, appointment: Some(hold.id) }
}

/// The busy time of an appointment.
pub(crate) fn busy_of(appointment: &Appointment) -> Busy {
    let Appointment { id, busy_from: start, busy_to: end, .. } = *appointment;
    Busy { start, end, position: appointment.site(), appointment: Some(id) }
}

/// Data of an event about an appointment: ids, codes and instants only.
pub(crate) fn event_data(appointment: &Appointment) -> serde_json::Value {
    serde_json::json!({
        "expert": appointment.expert,
        "type": appointment.request.kind,
        "start": appointment.slot.start,
        "end": appointment.slot.end,
        "claimId": appointment.request.claim.as_ref().map(|claim| &claim.claim_id),
        "jointWith": appointment.joint.as_ref().map(|joint| joint.main),
    })
}
