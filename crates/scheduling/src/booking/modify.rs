//! Modifies an appointment apart from its time: notes, address, contact.

use constat_core::{Answer, AppError, CommandContext, Idempotency, Render, require_version};
use constat_domain::appointment::{Appointment, Contact, MeetingKind, Slot};
use constat_domain::event_kinds::EventKind;
use constat_domain::geo::PostalAddress;
use constat_domain::ids::AppointmentId;
use constat_domain::{FieldError, Refusal};
use constat_store::queries::appointments;
use constat_store::{Connection, Tx};

use crate::booking::joint::{next_version, others_of};
use crate::calendars::rows::event_data;
use crate::read::{find_visible, require_open};
use crate::scheduler::Scheduler;

/// An appointment to modify. Fields that are `None` stay.
#[derive(Debug, Clone)]
pub struct ModifyAppointment {
    /// The appointment.
    pub id: AppointmentId,
    /// How the parties meet: must be unchanged.
    pub kind: MeetingKind,
    /// The time: must be unchanged.
    pub slot: Slot,
    /// The address, within the same postcode.
    pub address: Option<PostalAddress>,
    /// The notes.
    pub notes: Option<String>,
    /// The person to meet.
    pub contact: Option<Contact>,
    /// Only while the version is one of these.
    pub if_match: Option<Vec<i64>>,
}

impl Scheduler {
    /// Modifies notes, address and contact. `render` runs inside the transaction.
    ///
    /// # Errors
    /// As [`Scheduler::cancel`], and [`Refusal::Invalid`] for a field that cannot change here.
    pub async fn modify(
        &self,
        context: CommandContext,
        idempotency: Option<Idempotency>,
        command: ModifyAppointment,
        render: impl Render<Appointment>,
    ) -> Result<Answer, AppError> {
        let modify =
            move |tx: &mut Tx, context: &CommandContext| render(&modify_in_transaction(tx, context, &command)?);
        self.core.command(context, idempotency, modify).await
    }

    /// Sets the person to meet. `render` runs inside the transaction.
    ///
    /// # Errors
    /// As [`Scheduler::cancel`].
    pub async fn set_contact(
        &self,
        context: CommandContext,
        idempotency: Option<Idempotency>,
        (id, if_match): (AppointmentId, Option<Vec<i64>>),
        contact: Contact,
        render: impl Render<Appointment>,
    ) -> Result<Answer, AppError> {
        let set_contact = move |tx: &mut Tx, context: &CommandContext| {
            let known = find_changeable(tx, context, id, if_match.as_deref())?;
            render(&save(tx, context, Appointment { contact: Some(contact.clone()), ..known })?)
        };
        self.core.command(context, idempotency, set_contact).await
    }
}

/// An appointment that the caller may change now, with the version and the instant of the change.
pub(crate) fn find_changeable(
    connection: &mut Connection,
    context: &CommandContext,
    id: AppointmentId,
    if_match: Option<&[i64]>,
) -> Result<Appointment, AppError> {
    let known = find_visible(connection, &context.caller, id)?;
    require_version(known.version, if_match)?;
    require_open(&known, context.at)?;
    Ok(next_version(known, context))
}

fn modify_in_transaction(
    tx: &mut Tx,
    context: &CommandContext,
    command: &ModifyAppointment,
) -> Result<Appointment, AppError> {
    let mut known = find_changeable(tx, context, command.id, command.if_match.as_deref())?;
    let mut errors = Vec::new();
    let others = if command.address.is_some() { others_of(tx, &known)? } else { Vec::new() };
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
            let message = "is that of all parties of this joint appointment: change it in the main one";
            errors.push(FieldError::new("data.address", message));
        }
    }
    Refusal::unless_empty(errors)?;
    if let Some(address) = command.address.as_ref().filter(|address| **address != known.place.address) {
        known.place.address = address.clone();
        for other in others {
            let mut other = next_version(other, context);
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

fn save(tx: &mut Tx, context: &CommandContext, changed: Appointment) -> Result<Appointment, AppError> {
    appointments::update(tx, &changed)?;
    context.record_in(tx, changed.tenant, changed.id, EventKind::AppointmentModified, event_data(&changed))?;
    Ok(changed)
}
