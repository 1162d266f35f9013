//! Booking a slot, and the answers that partners give to it.

use constat_domain::FieldError;
use constat_domain::appointment::{self, Slot};
use constat_domain::geo;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Appointment, Connection, MAX_SESSION_ID_CHARS, Timeslot};
use crate::common::{Checker, Customer, Instant, Place};

/// Books one slot of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookingRequest {
    /// The slot, as it was offered.
    pub timeslot: Timeslot,
    /// The session it was offered in.
    #[serde(rename = "sessionID")]
    #[schemars(length(min = 1, max = 65536))]
    pub session_id: String,
    /// Where the appointment takes place.
    pub location: Place,
    /// The caller's case number. A repeat with the same session answers the appointment already made.
    #[schemars(length(min = 1, max = 100))]
    pub case_number: String,
    /// Who will be met, when it is not the insured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Customer>,
    /// Free notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4000))]
    pub notes: Option<String>,
    /// Carried through untouched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub process: Option<String>,
}

/// A booking that was found well-formed. Whether the slot was offered is for the booking to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedBooking {
    /// The slot as the caller repeats it; its token alone is trusted.
    pub slot: Slot,
    /// The offer's token: `timeslot.id`.
    pub slot_id: String,
    /// `sessionID`, as given.
    pub session_id: String,
    /// Where.
    pub place: geo::Place,
    /// The caller's case number.
    pub case_number: String,
    /// Who will be met.
    pub contact: Option<appointment::Contact>,
    /// Free notes.
    pub notes: Option<String>,
    /// Carried through.
    pub process: Option<String>,
}

impl BookingRequest {
    /// Reads the booking, or lists everything wrong with it.
    pub fn into_domain(self) -> Result<CheckedBooking, Vec<FieldError>> {
        let mut checker = Checker::new();
        checker.text("sessionID", &self.session_id, 1, MAX_SESSION_ID_CHARS);
        checker.text("caseNumber", &self.case_number, 1, 100);
        checker.optional_text("notes", self.notes.as_ref(), 0, 4000);
        checker.optional_text("process", self.process.as_ref(), 0, 1000);
        let booking = CheckedBooking {
            slot: checker.object("timeslot", |inner| self.timeslot.read(inner)),
            place: checker.object("location", |inner| self.location.read(inner)),
            contact: self.contact.as_ref().map(|contact| checker.object("contact", |inner| contact.read(inner))),
            slot_id: self.timeslot.id,
            session_id: self.session_id,
            case_number: self.case_number,
            notes: self.notes,
            process: self.process,
        };
        checker.finish(Some(booking))
    }
}

/// The appointment that was booked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BookingAnswer {
    /// Identifies the appointment.
    #[serde(rename = "appointmentID")]
    pub appointment_id: String,
    /// The appointment; with `connection` when it is remote.
    #[serde(flatten)]
    pub appointment: Appointment,
    /// Extension: what the caller should look at, although the appointment was booked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<BookingWarning>,
}

impl BookingAnswer {
    /// The answer to a booking.
    pub fn new(appointment: &appointment::Appointment, warnings: Vec<BookingWarning>) -> Self {
        Self { appointment_id: appointment.id.to_string(), appointment: appointment.into(), warnings }
    }
}

/// Something to look at in a booking that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BookingWarning {
    /// `already_booked`: another appointment of this kind is open at this firm under the same insurer's reference.
    #[schemars(example = &"already_booked")]
    pub code: String,
    /// What to do about it.
    pub message: String,
    /// The other appointment, where this key may read it.
    #[serde(rename = "appointmentID", default, skip_serializing_if = "Option::is_none")]
    pub appointment_id: Option<String>,
    /// When the other appointment starts.
    #[serde(rename = "startTime", default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Instant>,
}

impl BookingWarning {
    /// The code of a warning that an appointment is open under the same reference.
    pub const ALREADY_BOOKED: &str = "already_booked";

    /// Warns of an appointment under the same reference; its id is given to keys that may read it.
    pub fn already_booked(id: Option<String>, start: jiff::Timestamp) -> Self {
        let message = "another appointment of this kind is open at this firm under the same insurerClaimId: cancel \
                       one of the two unless both are meant";
        Self {
            code: Self::ALREADY_BOOKED.to_owned(),
            message: message.to_owned(),
            appointment_id: id,
            start_time: Some(start.into()),
        }
    }
}

/// Every answer to a booking that a partner may give: the whole appointment, an object with its id
/// alone, or the bare id, as v0.9.1 writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BookingReply {
    /// The appointment.
    Full(Box<BookingAnswer>),
    /// An object with the id and perhaps how to join.
    Brief {
        /// Identifies the appointment.
        #[serde(rename = "appointmentID")]
        appointment_id: String,
        /// How to join.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connection: Option<Connection>,
    },
    /// The id, bare.
    Id(String),
}

impl BookingReply {
    /// What the partner warns of.
    pub fn warnings(&self) -> &[BookingWarning] {
        if let Self::Full(answer) = self { &answer.warnings } else { &[] }
    }

    /// The id that the partner gave.
    pub fn appointment_id(&self) -> &str {
        match self {
            Self::Full(answer) => &answer.appointment_id,
            Self::Brief { appointment_id, .. } | Self::Id(appointment_id) => appointment_id,
        }
    }

    /// The appointment, when the partner told it.
    pub fn appointment(&self) -> Option<&Appointment> {
        match self {
            Self::Full(answer) => Some(&answer.appointment),
            _ => None,
        }
    }

    /// How to join, when the partner told it.
    pub fn connection(&self) -> Option<&Connection> {
        match self {
            Self::Full(answer) => answer.appointment.connection.as_ref(),
            Self::Brief { connection, .. } => connection.as_ref(),
            Self::Id(_) => None,
        }
    }
}
