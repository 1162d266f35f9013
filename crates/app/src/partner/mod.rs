//! The partner firm's side: search, book and change appointments in its experts' calendars.
//!
//! A search only reads: the calendars in memory ([`Calendars`]) and nothing else. What it offers is
//! sealed into tokens ([`Session`], [`Offer`]) and stored nowhere. A booking opens the tokens and
//! commits by compare-and-swap on the expert's day (`commit`), on rows fresh from the database.

mod assign;
mod book;
mod calendars;
mod cancel;
mod commit;
mod criteria;
mod day;
mod early;
mod erase;
mod hold;
mod linked;
mod meeting;
mod modify;
mod parties;
mod place;
mod promises;
mod read;
mod recheck;
mod reschedule;
mod roads;
mod same_reference;
mod search;
mod sides;
mod tokens;
mod turns;

pub use book::{BookAppointment, Booked, book_appointment};
pub use calendars::Calendars;
pub use cancel::{CancelAppointment, cancel_appointment};
pub use constat_availability::Score;
pub use constat_store::queries::appointments::Filter;
pub use criteria::Criteria;
pub use day::{
    ExpertDay, KnownExpert, LegEnd, MOST_DAYS, MOST_EXPERTS, MOST_VISITS, ProposedDays, Range, Team, list_experts,
    propose_days, read_day, read_team_day,
};
pub use early::refuse_if_taken;
pub(crate) use erase::{booked_for_claim, record_and_erase};
pub use erase::{count_to_erase, erase_appointment, erase_appointments};
pub use hold::{Held, HoldSlot, hold_slot, release_hold};
pub use meeting::{MEETING_PATH, look_at_meeting};
pub use modify::{ModifyAppointment, modify_appointment, set_contact};
pub use place::{SearchedPlace, geocode};
pub use promises::Promises;
pub use read::{find_appointment, list_appointments, open_schedule};
pub use recheck::recheck_slot;
pub use reschedule::{MoveAppointment, move_appointment};
pub use roads::look_up_drives;
pub use same_reference::{SameReference, WARNING_HEADER};
pub use search::{Found, OfferedSlot, search_slots};
pub use tokens::{Offer, Participant, Promised, Session, open_promised};
pub use turns::{Turn, Turns};
