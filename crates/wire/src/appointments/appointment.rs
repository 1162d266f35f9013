//! Appointments of a claim: booked, read, changed, moved, cancelled.

use constat_domain::FieldError;
use constat_domain::appointment::{self, Slot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Checker, Customer, Instant, Place};
use crate::partner::{
    AppointmentStatus, Cancellation, CheckedMove, Connection, Kind, MAX_SESSION_ID_CHARS, MoveAppointment, Timeslot,
};

/// Books one of the slots that a search offered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BookClaimAppointment {
    /// The session that the slot was offered in.
    #[serde(rename = "sessionID")]
    #[schemars(length(min = 1, max = 65536))]
    pub session_id: String,
    /// The slot, as it was offered.
    pub timeslot: Timeslot,
    /// Who will be met, when it is not the insured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Customer>,
    /// Free notes for the expert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4000))]
    pub notes: Option<String>,
}

/// A booking that was found well-formed.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedClaimBooking {
    /// `sessionID`, as given.
    pub session_id: String,
    /// The slot.
    pub slot: Slot,
    /// The slot's id, as the partner gave it.
    pub slot_id: String,
    /// Who will be met.
    pub contact: Option<appointment::Contact>,
    /// Free notes.
    pub notes: Option<String>,
}

impl BookClaimAppointment {
    /// Reads the booking, or lists everything wrong with it.
    pub fn into_domain(self) -> Result<CheckedClaimBooking, Vec<FieldError>> {
        let mut checker = Checker::new();
        checker.text("sessionID", &self.session_id, 1, MAX_SESSION_ID_CHARS);
        checker.optional_text("notes", self.notes.as_ref(), 0, 4000);
        let booking = CheckedClaimBooking {
            slot: checker.object("timeslot", |inner| self.timeslot.read(inner)),
            contact: self.contact.as_ref().map(|contact| checker.object("contact", |inner| contact.read(inner))),
            session_id: self.session_id,
            slot_id: self.timeslot.id,
            notes: self.notes,
        };
        checker.finish(Some(booking))
    }
}

/// Changes who is met, or the notes. What is left out stays; at least one must be given.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ModifyClaimAppointment {
    /// Who will be met, whole: replaces the previous contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Customer>,
    /// Free notes for the expert; an empty text takes them away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4000))]
    pub notes: Option<String>,
}

/// A modification that was found well-formed: at least one of the two is there.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedClaimModification {
    /// Who will be met.
    pub contact: Option<appointment::Contact>,
    /// Free notes.
    pub notes: Option<String>,
}

impl ModifyClaimAppointment {
    /// Reads the modification, or lists everything wrong with it.
    pub fn into_domain(self) -> Result<CheckedClaimModification, Vec<FieldError>> {
        let mut checker = Checker::new();
        if self.contact.is_none() && self.notes.is_none() {
            checker.fail("", "expected contact, notes, or both");
        }
        checker.optional_text("notes", self.notes.as_ref(), 0, 4000);
        let modification = CheckedClaimModification {
            contact: self.contact.as_ref().map(|contact| checker.object("contact", |inner| contact.read(inner))),
            notes: self.notes,
        };
        checker.finish(Some(modification))
    }
}

/// Moves an appointment to a slot of a session that was searched with its `appointmentId`.
pub type MoveClaimAppointment = MoveAppointment;

/// A move that was found well-formed.
pub type CheckedClaimMove = CheckedMove;

/// An appointment of a claim, as the platform keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimAppointment {
    /// Identifies the appointment here.
    pub id: String,
    /// The internal claim's id, or null until the claim is submitted.
    #[schemars(required, extend("type" = ["string", "null"]))]
    pub claim_id: Option<String>,
    /// The pre-declaration's id.
    pub declaration_id: String,
    /// The partner it is booked with.
    pub partner: String,
    /// The partner's own id of it.
    pub partner_appointment_id: String,
    /// The kind of intervention.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Where it stands.
    pub status: AppointmentStatus,
    /// The agreed time.
    pub timeslot: Timeslot,
    /// Name of who comes or calls, when the partner said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expert: Option<String>,
    /// Where, for an appointment on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Place>,
    /// Who will be met, when it is not the insured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Customer>,
    /// Free notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// How to join, for a remote appointment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
    /// Set once it is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation: Option<Cancellation>,
    /// When it was booked.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

/// The timeslot's id is the appointment's own.
impl From<&appointment::ClaimAppointment> for ClaimAppointment {
    fn from(appointment: &appointment::ClaimAppointment) -> Self {
        let id = appointment.id.to_string();
        Self {
            claim_id: appointment.claim.map(|claim| claim.to_string()),
            declaration_id: appointment.declaration.to_string(),
            partner: appointment.partner.clone(),
            partner_appointment_id: appointment.partner_appointment_id.clone(),
            kind: appointment.kind.into(),
            status: appointment.status.into(),
            timeslot: Timeslot::new(&appointment.slot, id.clone()),
            expert: appointment.expert_name.clone(),
            location: appointment.place.as_ref().map(Into::into),
            contact: appointment.contact.as_ref().map(Into::into),
            notes: appointment.notes.clone(),
            connection: appointment.connection.as_ref().map(Into::into),
            cancellation: appointment.cancellation.as_ref().map(Into::into),
            created_at: appointment.created_at.into(),
            updated_at: appointment.updated_at.into(),
            id,
        }
    }
}
