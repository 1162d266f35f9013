//! The platform's own extension of the claims API: appointments of a claim, searched and booked
//! with a configured partner. Same envelopes as [`crate::claims`].

mod appointment;
mod search;

pub use appointment::{
    BookClaimAppointment, CheckedClaimBooking, CheckedClaimModification, CheckedClaimMove, ClaimAppointment,
    ModifyClaimAppointment, MoveClaimAppointment,
};
pub use search::{CheckedSearch, ClaimSlots, SearchAppointments};

pub use crate::partner::CancelAppointment;
