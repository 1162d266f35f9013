//! Changing what is booked: modify, move, cancel.

use constat_domain::FieldError;
use constat_domain::appointment::{self, MeetingKind, Slot};
use constat_domain::geo;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Appointment, MAX_SESSION_ID_CHARS, Timeslot};
use crate::common::Checker;

/// The body of `PUT /appointments/{id}`: the appointment as it should be. Notes, address and
/// customer are taken over; the time is moved by `PUT /appointments/{id}/schedule` only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppointmentUpdate {
    /// The appointment.
    pub data: Appointment,
}

/// A modification that was found well-formed.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedUpdate {
    /// How the parties meet: must be what it was.
    pub kind: MeetingKind,
    /// The time: must be what it was.
    pub slot: Slot,
    /// The new address, if one was given.
    pub address: Option<geo::PostalAddress>,
    /// The new notes, if any were given.
    pub notes: Option<String>,
    /// The new contact, if one was given.
    pub contact: Option<appointment::Contact>,
}

impl AppointmentUpdate {
    /// Reads the modification, or lists everything wrong with it. A changed time or kind is to be
    /// blamed on `data.schedule` or `data.type`.
    pub fn into_domain(self) -> Result<CheckedUpdate, Vec<FieldError>> {
        let mut checker = Checker::at_path("data");
        let data = self.data;
        checker.optional_text("notes", data.notes.as_ref(), 0, 4000);
        let update = CheckedUpdate {
            kind: data.kind.into(),
            slot: checker.object("schedule", |inner| data.schedule.read(inner)),
            address: data.address.as_ref().map(|address| checker.object("address", |inner| address.read(inner))),
            contact: data.customer.as_ref().map(|customer| checker.object("customer", |inner| customer.read(inner))),
            notes: data.notes,
        };
        checker.finish(Some(update))
    }
}

/// Moves an appointment to a slot of a session that was searched with its `appointmentId`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MoveAppointment {
    /// The slot, as it was offered.
    pub timeslot: Timeslot,
    /// The session it was offered in.
    #[serde(rename = "sessionID")]
    #[schemars(length(min = 1, max = 65536))]
    pub session_id: String,
    /// Code of the reason.
    #[schemars(length(min = 1, max = 100), example = &"ClientIndisponible")]
    pub reason: String,
}

/// A move that was found well-formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedMove {
    /// The slot as the caller repeats it.
    pub slot: Slot,
    /// The offer's token: `timeslot.id`.
    pub slot_id: String,
    /// `sessionID`, as given.
    pub session_id: String,
    /// Code of the reason, as given.
    pub reason: String,
}

impl MoveAppointment {
    /// Reads the move, or lists everything wrong with it. An unknown code is to be blamed on `reason`.
    pub fn into_domain(self) -> Result<CheckedMove, Vec<FieldError>> {
        let mut checker = Checker::new();
        checker.text("sessionID", &self.session_id, 1, MAX_SESSION_ID_CHARS);
        checker.text("reason", &self.reason, 1, 100);
        let slot = checker.object("timeslot", |inner| self.timeslot.read(inner));
        let (slot_id, session_id, reason) = (self.timeslot.id, self.session_id, self.reason);
        checker.finish(Some(CheckedMove { slot, slot_id, session_id, reason }))
    }
}

/// Cancels an appointment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancelAppointment {
    /// Code of the reason.
    #[schemars(length(min = 1, max = 100), example = &"ClientIndisponible")]
    pub reason: String,
    /// In the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub comment: Option<String>,
}

impl CancelAppointment {
    /// Everything wrong with it. An unknown code is to be blamed on `reason`.
    pub fn check(&self) -> Vec<FieldError> {
        let mut checker = Checker::new();
        checker.text("reason", &self.reason, 1, 100);
        checker.optional_text("comment", self.comment.as_ref(), 0, 1000);
        checker.into_errors()
    }
}
