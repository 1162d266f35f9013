//! Erases the personal data of appointments: the rows, what their events say, and the answers kept for repeats.

use constat_domain::event_kinds::EventKind;
use std::collections::BTreeSet;

use constat_domain::appointment::Appointment;
use constat_domain::ids::{AppointmentId, EventId, KeyId, OrgId};
use constat_domain::tenancy::Mode;
use constat_store::queries::events::{self, Event};
use constat_store::queries::{api_keys, appointments, erasure};
use constat_store::{Connection, StoreError, Tx};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::AppError;

/// Erases appointments of any firms, and tells each firm by an event. Gives how many.
pub fn record_and_erase(
    tx: &mut Tx,
    found: Vec<Appointment>,
    reason: &str,
    at: Timestamp,
    ids: &mut impl Iterator<Item = EventId>,
) -> Result<usize, AppError> {
    for appointment in &found {
        let id = ids.next().ok_or_else(|| StoreError::Conflict("there are more appointments now".to_owned()))?;
        let data = json!({ "reason": reason });
        events::append(
            tx,
            &Event::by_system(id, appointment.tenant, appointment.id, EventKind::AppointmentErased, at, data),
        )?;
    }
    Ok(erase_appointment_rows(tx, found, at)?.len())
}

/// The appointment, and those that were booked with it, of other firms too.
pub fn with_its_parties(connection: &mut Connection, known: Appointment) -> Result<Vec<Appointment>, StoreError> {
    let parties = known.joint.clone().map(|joint| joint.parties).unwrap_or_default();
    let mut together = vec![known];
    for party in parties {
        if together.iter().all(|other| other.id != party.appointment) {
            together.extend(appointments::of_tenant_by_id(connection, &party.tenant, party.appointment)?);
        }
    }
    Ok(together)
}

/// Erases the rows, the data of their events that says too much, and the answers kept for the keys of their firms.
pub fn erase_appointment_rows(
    tx: &mut Tx,
    found: Vec<Appointment>,
    at: Timestamp,
) -> Result<Vec<Appointment>, StoreError> {
    let ids: Vec<String> = found.iter().map(|appointment| appointment.id.to_string()).collect();
    let firms: BTreeSet<(OrgId, &str)> = found.iter().map(|one| (one.tenant.org, one.tenant.mode.as_str())).collect();
    let keys: Vec<KeyId> = api_keys::all(tx)?
        .into_iter()
        .filter(|key| firms.contains(&(key.issuer, key.mode.as_str())))
        .map(|key| key.id)
        .collect();
    erasure::empty_answers_about(tx, &keys, &ids)?;
    let mut erased = Vec::with_capacity(found.len());
    for mut appointment in found {
        let texts: Vec<String> = appointment.personal_texts().into_iter().map(str::to_owned).collect();
        let says_too_much =
            |data: &str| serde_json::from_str::<Value>(data).is_ok_and(|data| holds_one_of(&data, &texts));
        let subject = appointment.id.to_string();
        erasure::erase_event_data(tx, &appointment.tenant, &subject, says_too_much)?;
        appointment.erase(at);
        appointments::update(tx, &appointment)?;
        erased.push(appointment);
    }
    Ok(erased)
}

/// Whether a text of the data is one of these.
fn holds_one_of(data: &Value, texts: &[String]) -> bool {
    match data {
        Value::String(text) => texts.iter().any(|personal| !personal.is_empty() && text.contains(personal)),
        Value::Array(items) => items.iter().any(|item| holds_one_of(item, texts)),
        Value::Object(fields) => fields.values().any(|field| holds_one_of(field, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The appointments, in all calendars of this server, that a platform booked for a claim: found by the claim's
/// ids, and by the ids that the platform's record has of them.
pub fn booked_for_claim(
    connection: &mut Connection,
    (platform, mode): (OrgId, Mode),
    claim_ids: &[String],
    recorded: &[AppointmentId],
) -> Result<Vec<Appointment>, StoreError> {
    let mut found = appointments::booked_for_claim(connection, platform, mode, claim_ids)?;
    for id in recorded {
        let known = appointments::by_unguessable_id(connection, *id)?;
        let is_ours = |known: &Appointment| known.booked_by == platform && known.tenant.mode == mode;
        for one in known.filter(is_ours).map_or(Ok(Vec::new()), |known| with_its_parties(connection, known))? {
            if found.iter().all(|other| other.id != one.id) {
                found.push(one);
            }
        }
    }
    Ok(found)
}
