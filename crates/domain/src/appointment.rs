//! Appointments: offered slots, bookings, and their changes.

use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};

use crate::geo::{Place, Position};
use crate::ids::{AppointmentId, ClaimAppointmentId, ClaimId, DeclarationId, ExpertId, OrgId, SessionId};
use crate::service::{CustomerType, ServiceKind, ServiceRequest};
use crate::tenancy::TenantId;

/// How long a search session lives: its offers can be booked for this long, by the server's clock.
/// Source: partner API v0.9.1.
pub const SESSION_SECONDS: i64 = 300;

/// Longest arrival window (HorairePlage), in minutes. Source: practice of the French expertise
/// exchange.
pub const MAX_WINDOW_MINUTES: i64 = 120;

/// Exact time or arrival window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SlotKind {
    /// The visit runs from start to end.
    #[serde(rename = "HoraireFixe")]
    Fixed,
    /// A visit of the given duration takes place somewhere between start and end.
    #[serde(rename = "HorairePlage")]
    Window,
}

/// A time that is offered or booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// Exact or window.
    pub kind: SlotKind,
    /// First instant.
    pub start: Timestamp,
    /// Last instant, after `start`.
    pub end: Timestamp,
    /// How long the visit itself takes, in minutes.
    pub duration_minutes: u32,
}

/// How the parties meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MeetingKind {
    /// On the spot.
    Site,
    /// By video.
    Visio,
    /// By phone.
    Telephonique,
}

impl From<ServiceKind> for MeetingKind {
    /// EAD takes place by video here, TELE by phone.
    fn from(kind: ServiceKind) -> Self {
        match kind {
            ServiceKind::OnSite | ServiceKind::Adversarial | ServiceKind::RepairInKind => Self::Site,
            ServiceKind::Video | ServiceKind::AtDistance => Self::Visio,
            ServiceKind::Remote => Self::Telephonique,
        }
    }
}

/// Status of an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AppointmentStatus {
    /// It will take place.
    Booked,
    /// It will not; the time is free again.
    Cancelled,
    /// It took place.
    Done,
}

impl AppointmentStatus {
    /// The name in storage and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Cancelled => "cancelled",
            Self::Done => "done",
        }
    }
}

/// Who will be met, and how to reach them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// `male`, `female`, or as given.
    pub gender: Option<String>,
    /// Home phone.
    pub personal_phone: Option<String>,
    /// Work phone.
    pub professional_phone: Option<String>,
    /// Mobile phone, 20 characters at most.
    pub mobile_phone: Option<String>,
    /// E-mail, 50 characters at most.
    pub email: Option<String>,
    /// Private person or business.
    pub customer_type: Option<CustomerType>,
    /// Postal address, when given.
    pub address: Option<crate::geo::PostalAddress>,
}

/// How to join a remote appointment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Where to click.
    pub url: String,
    /// Number to call.
    pub phone: Option<String>,
    /// Code to type.
    pub pin: Option<String>,
}

/// Why and when an appointment was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// Code of `appointment_change_reason.csv`.
    pub reason: String,
    /// In the caller's words.
    pub comment: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The organisation that did it.
    pub by: OrgId,
}

/// An appointment in a partner firm's calendar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Appointment {
    /// Its identifier.
    pub id: AppointmentId,
    /// The firm's data it belongs to.
    pub tenant: TenantId,
    /// Who comes or calls.
    pub expert: ExpertId,
    /// That person's name as the insured will read it.
    pub expert_name: String,
    /// Its status.
    pub status: AppointmentStatus,
    /// The time agreed with the insured.
    pub slot: Slot,
    /// What it occupies in the expert's day: from. Equals the slot's start for an exact time.
    pub busy_from: Timestamp,
    /// What it occupies in the expert's day: to.
    pub busy_to: Timestamp,
    /// The agreed start in civil time, as communicated to the insured.
    pub civil_start: civil::DateTime,
    /// The IANA zone of that civil time: the zone of the place.
    pub zone: String,
    /// Where.
    pub place: Place,
    /// The original request, stored so that a reschedule can repeat the search.
    pub request: ServiceRequest,
    /// The caller's case number.
    pub case_number: String,
    /// The session that booked it.
    pub session: SessionId,
    /// The organisation whose key booked it.
    pub booked_by: OrgId,
    /// Who will be met, when it is not the insured.
    pub contact: Option<Contact>,
    /// Free notes.
    pub notes: Option<String>,
    /// Carried through untouched.
    pub process: Option<String>,
    /// How to join, for remote appointments.
    pub connection: Option<Connection>,
    /// Set when cancelled.
    pub cancellation: Option<Cancellation>,
    /// Set when other people's appointments belong to it: all of them take place, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joint: Option<Joint>,
    /// Number of changes so far; the resource's entity tag.
    pub version: i64,
    /// When it was booked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A joint appointment: one for each person who must be there, of one firm or of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joint {
    /// The one that was booked: it is moved, and all others with it.
    pub main: AppointmentId,
    /// All of them, the main one first.
    pub parties: Vec<JointParty>,
}

/// One person's part of a joint appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JointParty {
    /// That person's appointment.
    pub appointment: AppointmentId,
    /// The data of the person's firm.
    pub tenant: TenantId,
}

impl Appointment {
    /// True for a part of a joint appointment that is not its main one.
    pub fn is_linked(&self) -> bool {
        self.joint.as_ref().is_some_and(|joint| joint.main != self.id)
    }

    /// The position of an on-site visit; `None` for a remote appointment, even if it names a place.
    pub fn site(&self) -> Option<Position> {
        self.place.position.filter(|_| self.request.kind.is_on_site())
    }

    /// True while it will take place or has taken place.
    pub fn is_live(&self) -> bool {
        self.status != AppointmentStatus::Cancelled
    }
}

impl ClaimAppointment {
    /// Whether the firm holds a mandate by it: it was booked with the firm, and was not cancelled. The other
    /// firms of an adversarial expertise come for other sides, and hold none.
    pub fn gives_mandate_to(&self, firm: OrgId) -> bool {
        self.partner_org == Some(firm) && self.status != AppointmentStatus::Cancelled
    }
}

/// The platform's own record of an appointment that it booked for a claim with a partner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimAppointment {
    /// Its identifier.
    pub id: ClaimAppointmentId,
    /// The platform's data it belongs to.
    pub tenant: TenantId,
    /// The claim.
    pub declaration: DeclarationId,
    /// The claim's internal id, once submitted.
    pub claim: Option<ClaimId>,
    /// The configured partner's name.
    pub partner: String,
    /// The partner's organisation, where this server knows it: the holder of the mandate.
    pub partner_org: Option<OrgId>,
    /// The id that the partner gave; opaque.
    pub partner_appointment_id: String,
    /// SHA-256 (lower-case hex) of the partner's name, session and slot of the booking. Identifies a repeat of
    /// the same booking.
    #[serde(default)]
    pub booked_from: String,
    /// The requested kind.
    pub kind: ServiceKind,
    /// Its status.
    pub status: AppointmentStatus,
    /// The agreed time.
    pub slot: Slot,
    /// Who comes, when the partner said so.
    pub expert_name: Option<String>,
    /// Where, for a site visit.
    pub place: Option<Place>,
    /// Who will be met, when it is not the insured.
    pub contact: Option<Contact>,
    /// Free notes.
    pub notes: Option<String>,
    /// How to join, for remote appointments.
    pub connection: Option<Connection>,
    /// Set when cancelled.
    pub cancellation: Option<Cancellation>,
    /// Number of changes so far; the resource's entity tag.
    pub version: i64,
    /// When it was booked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
