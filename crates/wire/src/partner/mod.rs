//! The partner appointment API (Schedule Partner API v0.9.1): a platform asks a partner firm for
//! free slots and books one.

mod absence;
mod appointment;
mod booking;
mod change;
mod day;
mod envelope;
mod expert;
mod expert_record;
mod geojson;
mod hold;
mod service_request;
mod timeslot;

pub use absence::{Absence, AbsenceQuery, SaveAbsence, SavedAbsence, VisitWithin};
pub use appointment::{
    Appointment, AppointmentEnvelope, AppointmentList, AppointmentQuery, AppointmentStatus, AppointmentType,
    Cancellation, Connection, Joint, JointParty, ListFilter, SortBy, SortOrder,
};
pub use booking::{BookingAnswer, BookingReply, BookingRequest, BookingWarning, CheckedBooking};
pub use change::{AppointmentUpdate, CancelAppointment, CheckedMove, CheckedUpdate, MoveAppointment};
pub use day::{
    BASE, DayAnswer, DayFormat, DayPlan, DayQuery, DayWarning, Moment, MomentRange, PlannedLeg, PlannedVisit, Proposal,
    ProposalAnswer, ProposalOutcome, ProposalRequest, ProposedChange, TeamDayAnswer, TeamDayQuery, read_date,
};
pub use envelope::{Envelope, ListEnvelope};
pub use expert::{Expert, ExpertList, KnownExpert};
pub use expert_record::{
    ExpertBase, ExpertExclusions, ExpertHours, ExpertRecord, ExpertSchedule, ExpertSkills, ExpertTerritory, ExpertWeek,
    SavedExpert,
};
pub use geojson::{CollectionType, Feature, FeatureCollection, FeatureType, Geometry, Properties};
pub use hold::{CheckedHold, HoldAnswer, HoldRequest, ReleasedHold};
pub use service_request::{
    Accident, ClaimBrief, CustomerType, Damage, Dwelling, Granularity, Kind, Party, PartyInsurer, RiskType,
    ServiceRequest, ServiceType, Urgency,
};
pub use timeslot::{
    Explanation, Points, PositionPrecision, Reason, SearchAnswer, SearchQuery, SearchedLocation, Timeslot, TimeslotType,
};

/// Most slots that one search may ask for. Source: partner API v0.9.1.
pub const MAX_SLOTS: i64 = 30;

/// Slots answered when a search does not say. Source: partner API v0.9.1.
pub const USUAL_SLOTS: u8 = 10;

/// Days searched when `dateTo` is left out. Source: partner API v0.9.1.
pub const USUAL_WINDOW_DAYS: i64 = 14;

/// Longest `sessionID` that is read, in characters: a session is sealed with the whole request, its
/// list of damages included.
pub const MAX_SESSION_ID_CHARS: usize = 65_536;
