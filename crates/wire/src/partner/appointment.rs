//! Appointments as the partner tells them.

use constat_domain::FieldError;
use constat_domain::appointment::{self, AppointmentStatus as DomainStatus, MeetingKind};
use constat_domain::postcode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Expert, Timeslot};
use crate::common::{Checker, Customer, Instant, PostalAddress, wire_enum};

wire_enum! {
    /// How the parties meet.
    AppointmentType = MeetingKind {
        /// On the spot.
        Site = "Site",
        /// By video.
        Visio = "Visio",
        /// By phone.
        Telephonique = "Telephonique",
    }
}

wire_enum! {
    /// Where an appointment stands.
    AppointmentStatus = DomainStatus {
        /// It will take place.
        Booked = "booked",
        /// It will not.
        Cancelled = "cancelled",
        /// It took place.
        Done = "done",
    }
}

/// How to join a remote appointment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    /// Where to click.
    #[schemars(extend("format" = "uri"))]
    pub url: String,
    /// Number to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Code to type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
}

impl From<&appointment::Connection> for Connection {
    fn from(connection: &appointment::Connection) -> Self {
        Self { url: connection.url.clone(), phone: connection.phone.clone(), pin: connection.pin.clone() }
    }
}

impl From<Connection> for appointment::Connection {
    fn from(connection: Connection) -> Self {
        Self { url: connection.url, phone: connection.phone, pin: connection.pin }
    }
}

/// Why and when an appointment was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cancellation {
    /// Code of the reason.
    #[schemars(example = &"ClientIndisponible")]
    pub reason: String,
    /// In the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When.
    pub cancelled_at: Instant,
}

impl From<&appointment::Cancellation> for Cancellation {
    fn from(cancellation: &appointment::Cancellation) -> Self {
        Self {
            reason: cancellation.reason.clone(),
            comment: cancellation.comment.clone(),
            cancelled_at: cancellation.at.into(),
        }
    }
}

/// An appointment in the partner's calendar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Appointment {
    /// How the parties meet.
    #[serde(rename = "type")]
    pub kind: AppointmentType,
    /// The agreed time.
    pub schedule: Timeslot,
    /// Where, for an appointment on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<PostalAddress>,
    /// Free notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4000))]
    pub notes: Option<String>,
    /// When it was booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Instant>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<Instant>,
    /// Who will be met, when it is not the insured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// Identifies the appointment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<AppointmentStatus>,
    /// The case number it was booked under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_number: Option<String>,
    /// Who comes or calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expert: Option<Expert>,
    /// How to join, for a remote appointment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
    /// Set once it is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation: Option<Cancellation>,
    /// Carried through untouched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// Extension: the appointments of all participants, when several experts must attend at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joint: Option<Joint>,
}

/// A joint appointment: one for each person who must be there. All take place, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Joint {
    /// The appointment that was booked: the others move with it. Cancelling any of them cancels all.
    pub main: String,
    /// All of them, the main one first.
    pub parties: Vec<JointParty>,
}

/// One person's part of a joint appointment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JointParty {
    /// That person's appointment: read it with a key of the person's firm.
    pub appointment_id: String,
    /// The person's firm.
    pub firm: String,
}

impl From<&appointment::Joint> for Joint {
    fn from(joint: &appointment::Joint) -> Self {
        let party = |party: &appointment::JointParty| JointParty {
            appointment_id: party.appointment.to_string(),
            firm: party.tenant.org.to_string(),
        };
        Self { main: joint.main.to_string(), parties: joint.parties.iter().map(party).collect() }
    }
}

/// The schedule's id is the appointment's own. The address is present for on-site visits only.
impl From<&appointment::Appointment> for Appointment {
    fn from(appointment: &appointment::Appointment) -> Self {
        let kind = MeetingKind::from(appointment.request.kind);
        Self {
            kind: kind.into(),
            schedule: Timeslot::new(&appointment.slot, appointment.id.to_string()),
            address: (kind == MeetingKind::Site).then(|| (&appointment.place.address).into()),
            notes: appointment.notes.clone(),
            created_at: Some(appointment.created_at.into()),
            last_updated: Some(appointment.updated_at.into()),
            customer: appointment.contact.as_ref().map(Into::into),
            id: Some(appointment.id.to_string()),
            status: Some(appointment.status.into()),
            case_number: Some(appointment.case_number.clone()),
            expert: Some(Expert { id: appointment.expert.to_string(), display_name: appointment.expert_name.clone() }),
            connection: appointment.connection.as_ref().map(Into::into),
            cancellation: appointment.cancellation.as_ref().map(Into::into),
            process: appointment.process.clone(),
            joint: appointment.joint.as_ref().map(Into::into),
        }
    }
}

/// One appointment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppointmentEnvelope {
    /// 0.
    pub value: i32,
    /// `OK`.
    pub description: String,
    /// The appointment.
    pub data: Appointment,
}

impl AppointmentEnvelope {
    /// The appointment with the status `OK`.
    pub fn ok(data: Appointment) -> Self {
        Self { value: 0, description: "OK".to_owned(), data }
    }
}

/// Several appointments; also one that is read by its id, as an array of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppointmentList {
    /// 0.
    pub value: i32,
    /// `OK`.
    pub description: String,
    /// The appointments.
    pub data: Vec<Appointment>,
}

impl AppointmentList {
    /// The appointments with the status `OK`.
    pub fn ok(data: Vec<Appointment>) -> Self {
        Self { value: 0, description: "OK".to_owned(), data }
    }
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortBy {
    /// The start of the appointment.
    #[default]
    StartDate,
    /// When it was booked.
    Created,
}

/// Which way a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortOrder {
    /// Smallest or oldest first.
    #[default]
    Asc,
    /// Largest or newest first.
    Desc,
}

/// The query of `GET /appointments`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct AppointmentQuery {
    /// Postcode of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5))]
    pub zip: Option<String>,
    /// A text to look for in case number, notes, address and contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub search_text: Option<String>,
    /// Appointments that start at this instant or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Instant>,
    /// Appointments that start before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Instant>,
    /// Most appointments to answer; all when 0 or left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub num_results: Option<i64>,
    /// What to sort by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_by: Option<SortBy>,
    /// Which way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_order: Option<SortOrder>,
}

/// A query that was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFilter {
    /// Postcode of the place.
    pub zip: Option<String>,
    /// Text to look for.
    pub search_text: Option<String>,
    /// From, included.
    pub from: Option<Timestamp>,
    /// To, excluded.
    pub to: Option<Timestamp>,
    /// Most rows; `None` for all.
    pub limit: Option<u32>,
    /// What to sort by.
    pub sort_by: SortBy,
    /// Which way.
    pub sort_order: SortOrder,
}

impl AppointmentQuery {
    /// Reads the query, or lists everything wrong with it.
    pub fn into_domain(self) -> Result<ListFilter, Vec<FieldError>> {
        let mut checker = Checker::new();
        // What cannot be read as a French postcode is looked for as it is: it may be a foreign one.
        let zip = self.zip.map(|zip| postcode::read_french(&zip).unwrap_or(zip));
        checker.optional_text("zip", zip.as_ref(), 0, 5);
        checker.optional_text("search_text", self.search_text.as_ref(), 0, 200);
        if self.start_date.zip(self.end_date).is_some_and(|(start, end)| end <= start) {
            checker.fail("end_date", "must be after start_date");
        }
        let limit = self.num_results.unwrap_or(0);
        checker.integer("num_results", limit, 0, i64::from(u32::MAX));
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let filter = ListFilter {
            zip: given(zip),
            search_text: given(self.search_text),
            from: self.start_date.map(Into::into),
            to: self.end_date.map(Into::into),
            limit: u32::try_from(limit).ok().filter(|limit| *limit > 0),
            sort_by: self.sort_by.unwrap_or_default(),
            sort_order: self.sort_order.unwrap_or_default(),
        };
        checker.finish(Some(filter))
    }
}
