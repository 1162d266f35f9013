//! Modify what surrounds an appointment: notes, address, contact. Its time is moved elsewhere.

use constat_domain::FieldError;
use constat_domain::Refusal;
use constat_domain::appointment::{Appointment, Contact, MeetingKind, Slot};
use constat_domain::geo::PostalAddress;
use constat_domain::ids::AppointmentId;
use constat_store::queries::appointments;
use constat_store::{Connection, Tx};

use crate::booking::joint;
use crate::booking::verify::event_data;
use crate::read::{still_open, visible};
use constat_core::{AppError, CommandContext, require_version};

/// The appointment as it should be. What is `None` stays as it is.
#[derive(Debug, Clone)]
pub struct ModifyAppointment {
    /// Which.
    pub id: AppointmentId,
    /// How the parties meet: must be what it is.
    pub kind: MeetingKind,
    /// The time: must be what it is.
    pub slot: Slot,
    /// The address, within the same postcode.
    pub address: Option<PostalAddress>,
    /// The notes.
    pub notes: Option<String>,
    /// Who will be met.
    pub contact: Option<Contact>,
    /// Only while the version is one of these.
    pub if_match: Option<Vec<i64>>,
}

/// An appointment that the caller may change now, with the version and instant of the change.
pub(crate) fn change(
    connection: &mut Connection,
    context: &CommandContext,
    id: AppointmentId,
    if_match: Option<&[i64]>,
) -> Result<Appointment, AppError> {
    let known = visible(connection, &context.caller, id)?;
    require_version(known.version, if_match)?;
    still_open(&known, context.at)?;
    Ok(Appointment { version: known.version + 1, updated_at: context.at, ..known })
}

/// Takes over notes, address and contact.
pub fn modify_appointment(
    tx: &mut Tx,
    context: &CommandContext,
    command: &ModifyAppointment,
) -> Result<Appointment, AppError> {
    let mut known = change(tx, context, command.id, command.if_match.as_deref())?;
    let mut errors = Vec::new();
    let others = if command.address.is_some() { joint::others_of(tx, &known)? } else { Vec::new() };
    if command.kind != MeetingKind::from(known.request.kind) {
        errors.push(FieldError::new("data.type", "cannot be changed: cancel, and book anew"));
    }
    if command.slot != known.slot {
        errors.push(FieldError::new("data.schedule", "is changed by PUT /appointments/{id}/schedule only"));
    }
    if let Some(address) = &command.address {
        if !known.request.kind.is_on_site() {
            errors.push(FieldError::new("data.address", "a remote appointment has no address"));
        } else if address.zip_code.trim() != known.place.address.zip_code.trim() {
            let message = "another postcode is another drive: search with this appointmentId and move it";
            errors.push(FieldError::new("data.address.zipCode", message));
        } else if address.country_code != known.place.address.country_code {
            let message = "another country is another drive: search with this appointmentId and move it";
            errors.push(FieldError::new("data.address.countryCode", message));
        } else if known.is_linked() && *address != known.place.address {
            let message = "is that of everybody in this joint appointment: change it in the main one";
            errors.push(FieldError::new("data.address", message));
        }
    }
    Refusal::unless_empty(errors)?;
    if let Some(address) = command.address.as_ref().filter(|address| **address != known.place.address) {
        known.place.address = address.clone();
        for other in others {
            let mut other = joint::changing(other, context);
            other.place.address = address.clone();
            save(tx, context, other)?;
        }
    }
    if command.notes.is_some() {
        known.notes.clone_from(&command.notes);
    }
    if command.contact.is_some() {
        known.contact.clone_from(&command.contact);
    }
    save(tx, context, known)
}

/// Sets who will be met.
pub fn set_contact(
    tx: &mut Tx,
    context: &CommandContext,
    id: AppointmentId,
    if_match: Option<&[i64]>,
    contact: &Contact,
) -> Result<Appointment, AppError> {
    let known = change(tx, context, id, if_match)?;
    save(tx, context, Appointment { contact: Some(contact.clone()), ..known })
}

fn save(tx: &mut Tx, context: &CommandContext, changed: Appointment) -> Result<Appointment, AppError> {
    appointments::update(tx, &changed)?;
    context.record_in(tx, changed.tenant, changed.id, "appointment.modified", event_data(&changed))?;
    Ok(changed)
}
