//! Who is free, when, and is this exact visit possible?
//!
//! Pure: no I/O, no clock, no randomness. [`search()`] reads a [`CalendarIndex`] and answers with
//! ranked offers and with the reasons why others were refused; [`feasible`] judges one exact visit
//! in one expert's calendar. Both rest on the same gaps (`gaps`), so what is offered can be
//! booked, and the commit, which runs [`feasible`] on rows fresh from the database, is only ever
//! stricter by what was booked meanwhile.
//!
//! # Where what is
//!
//! - What is given: `expert` (a record), `hours` and `schedule` (which hours hold on which date),
//!   `settings`, `requirement` (a request, placed and measured).
//! - Who may come at all: `eligibility` is the rule for one record, `pool` the same for all at once.
//! - When: `calendar` resolves one expert's days, `gaps` lays the free time between appointments,
//!   `travel` tells how long drives take, `judge` decides one exact visit, `drives` names the drives
//!   that this rests on.
//! - Which: `search` goes through the gaps of an `index`, `board` keeps the best expert of each start,
//!   `contested` makes dearer what others were offered, `rank` chooses and spreads, `reason` counts the others. `joint` does so for several people.
//! - `day_plan`: a day as it will be lived, and a better order of it.
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
//!   Whoever was somewhere a day ago (`calendar::REACH_SECONDS`) may be anywhere now.
//! - Who has as many visits that day, or that week (Monday to Sunday), as the record allows gets none
//!   more. On-call hours count for catastrophes only ([`Settings::is_catastrophe`]).

mod bits;
mod board;
mod calendar;
mod contested;
mod crossings;
mod day_plan;
mod drives;
mod eligibility;
mod gaps;
mod index;
mod joint;
mod judge;
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
pub use contested::{OpenOffer, OpenOffers};
pub use crossings::{Crossing, Crossings};
pub use day_plan::{
    Change, DayPlan, LegEnd, Member, PlannedLeg, PlannedVisit, Proposal, Range, Visit, Warning, WarningCode, plan_day,
    propose,
};
pub use eligibility::eligible;
pub use index::CalendarIndex;
pub use joint::{Party, pick_team, search_team, search_together};
pub use judge::feasible;
pub use rank::Score;
pub use reason::{Reason, ReasonCode};
pub use requirement::{PlaceFacts, Requirement};
pub use search::{Offer, Outcome, search, who_can};
pub use settings::{DurationRules, Settings, StakesStep, Weights};
pub use share::{DayShare, HeldTime};
pub use trades::TradeTable;
pub use travel::{Estimator, Legs, Places, Spot, Travel};
