//! Appointments in the calendars of partner firms: search, hold, book, reschedule, cancel, day plans.
//!
//! [`Scheduler`] has a method for each operation. A search reads the calendars in memory ([`Calendars`]); its offers
//! are sealed into tokens ([`Session`], [`Offer`]) and stored nowhere. A booking opens the tokens and verifies the time
//! on fresh rows (`booking/verify.rs`), with a version for each day of each expert (`booking/day_versions.rs`).

mod booking;
mod calendars;
mod catastrophes;
mod day;
mod erase;
mod geocoder;
mod meeting;
mod offer;
mod place;
mod read;
mod scheduler;
mod search;
pub mod travel;

pub use booking::attempt::RequestedSlot;
pub use booking::book::{BookAppointment, BookedAppointment};
pub use booking::cancel::CancelAppointment;
pub use booking::hold::HeldSlot;
pub use booking::in_flight::{InFlightBookings, InFlightGuard};
pub use booking::modify::ModifyAppointment;
pub use booking::reschedule::RescheduleAppointment;
pub use booking::same_reference::SameReference;
pub use calendars::Calendars;
pub use constat_availability::Score;
pub use constat_store::queries::appointments::Filter;
pub use day::{ExpertDay, KnownExpert, LegEnd, MAX_DAYS, MAX_EXPERTS, MAX_VISITS, ProposedDays, Range, Team};
pub use erase::{count_to_erase, erase_appointments};
pub use geocoder::{Geocoder, GeocoderCounters, NoGeocoder};
pub use meeting::MEETING_PATH;
pub use offer::criteria::Criteria;
pub use offer::open_offers::OpenOfferRegistry;
pub use offer::token::{Offer, Participant, Session, open_offer};
pub use scheduler::Scheduler;
pub use search::{FoundSlots, OfferedSlot};
