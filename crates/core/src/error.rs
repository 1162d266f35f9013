//! How a verb fails.

use constat_domain::refusal::{AdministrationRefusal, BookingRefusal, ClaimRefusal};
use constat_domain::{FieldError, Refusal};
use constat_store::{StoreError, UnitError};

/// Everything that can keep a verb from doing what was asked. The edge turns each case into its
/// contract's status and code. Nothing was changed, unless a commit was cut off ([`StoreError::Unavailable`]).
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The rules refuse.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No key was shown.
    #[error("no API key was given")]
    MissingKey,
    /// The key is unknown, revoked, of another contract, or mistyped.
    #[error("the API key is not valid")]
    InvalidKey,
    /// The key made too many requests.
    #[error("too many requests")]
    TooManyRequests {
        /// Whole seconds until the next one is taken.
        retry_after: u64,
    },
    /// The platform keeps as many times at the firm as one may.
    #[error("{most} times are kept at this firm already: book some of them or let them go")]
    TooManyHolds {
        /// As many as one may keep.
        most: u32,
        /// Whole seconds until it is worth asking again.
        retry_after: u64,
    },
    /// The platform holds as much of the firm's free time on a day as one may.
    #[error(
        "you already hold {percent} % of this firm's free time on that day: book or release some of it, or choose \
         another day"
    )]
    HoldShareExceeded {
        /// The share that one may hold.
        percent: u8,
        /// Whole seconds until it is worth asking again.
        retry_after: u64,
    },
    /// The organisation's documents fill its storage quota.
    #[error(
        "the organisation's documents fill its storage quota of {quota_mb} MiB: erase what is no longer needed, or have \
         the operator raise the quota (uploads.quota_mb)"
    )]
    StorageFull {
        /// The quota, in MiB.
        quota_mb: u64,
    },
    /// More is asked of this server than it can do now.
    #[error("the server has too much to do")]
    Overloaded {
        /// Whole seconds after which to try again.
        retry_after: u64,
    },
    /// The partner cannot be reached, or does not speak the contract. The text names the partner
    /// and the fault, nothing personal.
    #[error("the partner did not answer as agreed: {0}")]
    Partner(String),
    /// The database or the document store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of this software. The text is for the log.
    #[error("internal fault: {0}")]
    Fault(String),
}

impl AppError {
    /// Whether the rules refuse what was asked for. Any other failure says nothing of what an earlier attempt of
    /// the request did.
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::TooManyHolds { .. } | Self::HoldShareExceeded { .. })
    }
}

impl UnitError for AppError {
    fn store_error(&self) -> Option<&StoreError> {
        if let Self::Store(error) = self { Some(error) } else { None }
    }
}

impl From<ClaimRefusal> for AppError {
    fn from(refusal: ClaimRefusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<AdministrationRefusal> for AppError {
    fn from(refusal: AdministrationRefusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<BookingRefusal> for AppError {
    fn from(refusal: BookingRefusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<FieldError> for AppError {
    fn from(error: FieldError) -> Self {
        Self::Refused(error.into())
    }
}

/// Refuses when the caller read another version of a resource than the one it has now. `if_match`
/// holds the versions that the caller will accept it in, when it said so.
pub fn require_version(version: i64, if_match: Option<&[i64]>) -> Result<(), Refusal> {
    if if_match.is_some_and(|versions| !versions.contains(&version)) { Err(Refusal::Stale) } else { Ok(()) }
}
