//! Everything that wakes on its own: the deliverer of webhooks, the watch over deadlines, and who gives
//! back the visits of claims that were given up.
//!
//! A job finds its work in the database, so that nothing is lost when a process dies, and several
//! nodes share it by leases. A nudge after a commit only makes it look sooner.

mod deadlines;
mod deliverer;
mod give_back;
mod signature;

pub use deadlines::DeadlineWatch;
pub use deliverer::{Deliverer, Render};
pub use give_back::GiveBack;
pub use signature::signature;
