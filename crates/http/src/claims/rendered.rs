//! Answers to claim reads, kept as long as the claim does not change.
//!
//! What a read answers depends on the claim's row and on the catalogue inside the binary, and the row
//! has a version: an answer that was rendered for that version is still right, on any node. A read
//! asks the database for the version and renders only what it has not rendered yet.

use std::collections::HashMap;
use std::sync::RwLock;

use constat_app::Answer;
use constat_app::claims::ClaimStamp;
use constat_domain::ids::DeclarationId;

/// Most answers kept; beyond it the memory is emptied and fills again. At some kilobytes each, a
/// dozen megabytes.
const MOST_KEPT: usize = 4_096;

/// Rendered answers by claim.
#[derive(Default)]
pub(crate) struct Rendered {
    by_claim: RwLock<HashMap<DeclarationId, (i64, Answer)>>,
}

impl Rendered {
    /// The answer for exactly this version of the claim.
    pub(crate) fn get(&self, stamp: ClaimStamp) -> Option<Answer> {
        let kept = self.by_claim.read().ok()?;
        let (version, answer) = kept.get(&stamp.declaration)?;
        (*version == stamp.version).then(|| answer.clone())
    }

    /// Keeps the answer that was rendered for a version.
    pub(crate) fn keep(&self, stamp: ClaimStamp, answer: &Answer) {
        let Ok(mut kept) = self.by_claim.write() else { return };
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(stamp.declaration, (stamp.version, answer.clone()));
    }
}
