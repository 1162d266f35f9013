//! Changing the calendars: hold, book, reschedule, modify, cancel.

pub(crate) mod allocate;
pub(crate) mod book;
pub(crate) mod cancel;
pub(crate) mod hold;
pub(crate) mod in_flight;
pub(crate) mod joint;
pub(crate) mod modify;
pub(crate) mod precheck;
pub(crate) mod reschedule;
pub(crate) mod same_reference;
pub(crate) mod verify;
