//! Whether an instant that a caller gave lies in the future, with a tolerance for clocks that differ.

use jiff::{SignedDuration, Timestamp};

/// How far a caller's clock may run ahead of ours. Ours: more than clocks drift, less than anyone would
/// call tomorrow.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Whether an instant that a caller told lies after `now`, beyond what clocks differ by.
pub(crate) fn lies_ahead(told: Timestamp, now: Timestamp) -> bool {
    told.duration_since(now) > TOLERANCE
}
