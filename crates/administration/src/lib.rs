//! Administration: organisations, keys, experts and their absences, catastrophes, backup, and the check of the event
//! chain.
//!
//! Every operation that writes records its event with its [`Actor`], in the same transaction.

pub mod absences;
mod actor;
pub mod audit;
pub mod backup;
mod catastrophes;
pub mod experts;
mod issued_keys;
mod keys;
mod organisations;
mod recurrence;

pub use actor::Actor;
pub use catastrophes::{start_catastrophe, stop_catastrophe};
pub use issued_keys::{IssuedTo, KeyRequest, issue_key_as, list_issued_keys, revoke_key_as, rotate_key_as};
pub use keys::{add_key, revoke_key, rotate_key};
pub use organisations::{NewOrganisation, add_organisation};
