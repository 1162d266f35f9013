//! Appointments in the calendars of partner firms: search, hold, book, reschedule, cancel, day plans.
//!
//! A search only reads the calendars in memory ([`Calendars`]). Its offers are sealed into tokens ([`Session`],
//! [`Offer`]) and stored nowhere. A booking opens the tokens and commits by compare-and-swap on the expert's day
//! (`booking/verify.rs`), on rows fresh from the database.

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

pub use booking::book::{BookAppointment, Booked, book_appointment};
pub use booking::cancel::{CancelAppointment, cancel_appointment};
pub use booking::hold::{Held, HoldSlot, hold_slot, release_hold};
pub use booking::in_flight::{InFlightBookings, InFlightGuard};
pub use booking::modify::{ModifyAppointment, modify_appointment, set_contact};
pub use booking::precheck::{TakesTime, precheck};
pub use booking::reschedule::{MoveAppointment, move_appointment};
pub use booking::same_reference::SameReference;
pub use calendars::Calendars;
pub use constat_availability::Score;
pub use constat_store::queries::appointments::Filter;
pub use day::{
    ExpertDay, KnownExpert, LegEnd, MOST_DAYS, MOST_EXPERTS, MOST_VISITS, ProposedDays, Range, Team, list_experts,
    propose_days, read_day, read_team_day,
};
pub use erase::{count_to_erase, erase_appointment, erase_appointments};
pub use geocoder::{Geocoder, GeocoderCounters, NoGeocoder};
pub use meeting::{MEETING_PATH, look_at_meeting};
pub use offer::criteria::Criteria;
pub use offer::open_offers::OpenOfferRegistry;
pub use offer::recheck::recheck_slot;
pub use offer::token::{Offer, OpenedOffer, Participant, Session, open_offer};
pub use place::geocode;
pub use read::{find_appointment, list_appointments, open_schedule};
pub use scheduler::Scheduler;
pub use search::{Found, OfferedSlot, search_slots};
pub use travel::look_up::look_up_drives;
