//! Claims of another system, or of another server of this software, with their history.

mod fill;
mod judge;
mod ready;
mod record;
mod save;

pub use judge::Judge;
pub use ready::{ReadyClaim, to_record};
pub use record::{COLUMNS, prepare, settle, to_row};
pub use save::{SavedClaims, is_known, save};
