//! The statuses of a claim, as the contract names them.

use crate::common::wire_enum;
use constat_domain::claim::ClaimStatus as DomainStatus;

wire_enum! {
    /// Where a claim stands.
    ClaimStatus = DomainStatus {
        /// A pre-declaration that may still be edited.
        Draft = "draft",
        /// Handed in.
        Submitted = "submitted",
        /// A handler works on it.
        InProgress = "in_progress",
        /// The handler waits for the insured.
        PendingInfo = "pending_info",
        /// Settled.
        Closed = "closed",
        /// Refused.
        Rejected = "rejected",
        /// Given up after it was submitted.
        Abandoned = "abandoned",
        /// Given up as a draft.
        Archived = "archived",
    }
}
