//! How much one claim may hold. It is read and written whole, so that none may grow without end.

use crate::refusal::ClaimRefusal;

/// Most documents, those that newer ones replaced too. Ours: a large fire has some dozens.
pub(super) const MAX_DOCUMENTS: usize = 500;
/// Maximum documents requested by handlers. Ours: more than any catalogue has.
pub(super) const MAX_REQUESTS: usize = 100;
/// Most settlements. Ours: an annuity of many years, paid by the month.
pub(super) const MAX_SETTLEMENTS: usize = 500;
/// Most notes among handlers. Ours: two megabytes of the longest.
pub(super) const MAX_NOTES: usize = 1_000;

/// Refuses when there are as many as may be.
pub(super) const fn room_for_one(what: &'static str, there: usize, most: usize) -> Result<(), ClaimRefusal> {
    if there < most { Ok(()) } else { Err(ClaimRefusal::TooMany { what, most }) }
}
