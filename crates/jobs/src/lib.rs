//! Everything that wakes on its own: the deliverer of webhooks, the watch over deadlines, who gives back
//! the visits of claims that were given up, who has held documents scanned, who makes new sealing keys, and who
//! forgets what was delivered long ago.
//!
//! A job finds its work in the database, so that nothing is lost when a process dies, and several
//! nodes share it by leases. A nudge after a commit only makes it look sooner.

mod abandoned_visits;
mod deadlines;
mod deliverer;
mod partner_erasure;
mod retention;
mod rotate;
mod scan;
mod signature;

pub use abandoned_visits::AbandonedVisits;
pub use deadlines::DeadlineWatch;
pub use deliverer::{Deliverer, Render};
pub use partner_erasure::run_partner_erasures;
pub use retention::run_retention;
pub use rotate::rotate_sealing_keys;
pub use scan::scan_held_documents;
pub use signature::signature;
