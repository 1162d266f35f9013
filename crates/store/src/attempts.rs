//! What is known of earlier attempts under an `Idempotency-Key`.

/// What was answered, and to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Digest of the request that was answered.
    pub request_digest: String,
    /// The answer, as the edge wrote it.
    pub answer: String,
}

/// What stands in place of the digest of a request whose answer was erased. No digest reads like it.
pub(crate) const ERASED_DIGEST: &str = "erased";

impl Kept {
    /// Whether the answer was erased.
    pub fn is_erased(&self) -> bool {
        self.request_digest == ERASED_DIGEST
    }
}

/// What is known of the earlier attempts under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// No attempt has committed, and none is in a transaction.
    Nothing,
    /// Another transaction works on one.
    InTransaction,
    /// One has committed.
    Kept(Kept),
}
