//! Takes and frees time in the calendars: hold, book, reschedule, modify, cancel.
//!
//! A file for each verb, with its method of [`Scheduler`](crate::Scheduler). Hold, book and reschedule share the steps
//! of `shared_steps.rs` and one `BookingAttempt`.

pub(crate) mod allocate;
pub(crate) mod attempt;
pub(crate) mod book;
pub(crate) mod cancel;
pub(crate) mod day_versions;
pub(crate) mod hold;
pub(crate) mod in_flight;
pub(crate) mod joint;
pub(crate) mod modify;
pub(crate) mod precheck;
pub(crate) mod recheck;
pub(crate) mod reschedule;
pub(crate) mod same_reference;
pub(crate) mod shared_steps;
pub(crate) mod verify;
