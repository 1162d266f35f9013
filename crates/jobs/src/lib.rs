//! Everything that wakes on its own: the deliverer of webhooks, the watch over deadlines, who gives back
//! the visits of claims that were given up, who has held documents scanned, who makes new sealing keys, and who
//! forgets what was delivered long ago.
//!
//! A job finds its work in the database, so that nothing is lost when a process dies, and several
//! nodes share it by leases. A nudge after a commit only makes it look sooner.

mod deadlines;
mod deliverer;
mod forget;
mod give_back;
mod pass_on;
mod rotate;
mod scan;
mod signature;

pub use deadlines::DeadlineWatch;
pub use deliverer::{Deliverer, Render};
pub use forget::forget_what_is_old;
pub use give_back::GiveBack;
pub use pass_on::pass_erasures_on;
pub use rotate::rotate_sealing_keys;
pub use scan::scan_held_documents;
pub use signature::signature;
