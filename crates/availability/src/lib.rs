//! Searches free appointment slots and verifies exact visits.
//!
//! Pure: no I/O, no clock, no randomness. [`search()`] reads a [`CalendarIndex`] and returns ranked
//! offers, and the reasons why the other experts cannot take the visit. [`feasible`] verifies one exact
//! visit in one expert's calendar. Both use the same gaps (`gaps`), so an offer can be booked unless a
//! booking came in between: the commit runs [`feasible`] on fresh rows.
//!
//! # Modules
//!
//! - Inputs: `expert` (a record), `hours` and `schedule` (working hours by date), `settings`,
//!   `requirement` (a request with its position and duration).
//! - Eligibility: `eligibility` is the rule for one record, `pool` evaluates it for all at once.
//! - Time: `calendar` resolves one expert's days, `gaps` computes the free time between appointments,
//!   `travel` gives drive times, `judge` verifies one exact visit, `drives` lists the drives that this
//!   depends on.
//! - Choice: `search` scans the gaps of an `index`, `best_expert` holds the best expert of each start,
//!   `open_offer_penalty` prices open offers of others, `rank` selects and spreads, `reason` counts exclusions.
//!   `joint` searches for several experts at once.
//! - `day_plan`: the timeline of one day, and a better order of its visits.
//!
//! # The rules of a day
//!
//! - Work is done in absolute seconds. Civil working hours are resolved to instants once for each
//!   expert and day, so the two Sundays when the clocks change need no special case.
//! - A visit lies within one working range of one local day (ranges that touch are one), outside
//!   every absence, and at least a buffer away from the appointments around it.
//! - On site, the drive from the appointment before and to the one after must fit. The first visit
//!   of a day is reached from the base and the last one leads back to it: these two legs may lie
//!   outside the day's free working time, but by no more than an allowance (90 minutes each way by
//!   default); beyond it the place is too far.
//! - A remote visit needs no drive, but the drive between the visits around it must still fit,
//!   in one piece, before or after it. The same holds for absences: they stand in the way and have
//!   no place.
//! - Neighbours are found by instants, not by dates: a visit that ended just before midnight counts.
//!   A place more than `calendar::REACH_SECONDS` (one day) ago sets no limit.
//! - An expert gets at most as many visits on a day and in a week (Monday to Sunday) as the record allows.
//!   On-call hours count for catastrophes only ([`Settings::is_catastrophe`]).

mod best_expert;
mod bits;
mod calendar;
mod crossings;
mod day_plan;
mod drives;
mod eligibility;
mod gaps;
mod grid;
mod index;
mod joint;
mod judge;
mod open_offer_penalty;
mod open_offers;
mod pool;
mod rank;
mod reason;
mod requirement;
mod search;
mod settings;
mod share;
mod span;
mod trades;
mod travel;
mod zone;

pub use calendar::{Busy, ExpertCalendar, neighbourhood};
pub use crossings::{Crossing, Crossings};
pub use day_plan::{
    Change, DayPlan, LegEnd, Member, PlannedLeg, PlannedVisit, Proposal, Range, Visit, Warning, WarningCode, plan_day,
    propose,
};
pub use eligibility::eligible;
pub use index::CalendarIndex;
pub use joint::{Party, pick_team, search_team, search_together};
pub use judge::feasible;
pub use open_offers::{OpenOffer, OpenOffers};
pub use rank::Score;
pub use reason::{Reason, ReasonCode};
pub use requirement::{PlaceFacts, Requirement};
pub use search::{Offer, Outcome, search, who_can};
pub use settings::{DurationRules, Settings, StakesStep, Weights};
pub use share::{DayShare, HeldTime};
pub use trades::TradeTable;
pub use travel::{Estimator, Legs, Places, Spot, Travel};
