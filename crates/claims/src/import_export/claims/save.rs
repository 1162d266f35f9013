//! Claims that were found sound, saved in batches.

use constat_domain::claim::Claim;
use constat_domain::deadlines::Deadlines;
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::EventId;
use constat_store::queries::claims;
use constat_store::queries::events::{self, Event};
use constat_store::{Connection, StoreError, Tx};
use jiff::Timestamp;

use crate::claim::cover::cover_of;
use crate::claim::events::about;
use crate::claim::keep_file;
use crate::deadlines::watch::mark_already_notified;
use crate::import_export::claims::ready::{ReadyClaim, to_record};
use constat_core::AppError;

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SavedClaims {
    /// Claims that were saved.
    pub imported: u64,
    /// Claims that were here already: of an earlier run, as a rule.
    pub known: u64,
    /// Of those, claims that are not as the file has them. They are left as they are.
    pub different: u64,
}

impl std::ops::AddAssign for SavedClaims {
    fn add_assign(&mut self, more: Self) {
        self.imported += more.imported;
        self.known += more.known;
        self.different += more.different;
    }
}

/// Whether a claim is here already; `Some(true)` when it differs from the file.
pub fn is_known(connection: &mut Connection, ready: &ReadyClaim) -> Result<Option<bool>, StoreError> {
    let found = claims::by_declaration_id(connection, ready.claim.declaration_id)?;
    Ok(found.map(|found| {
        let plain = |claim: &Claim| to_record(claim, |_none| None);
        plain(&found) != plain(&ready.claim)
    }))
}

/// Saves a batch whose bytes are stored, with an event for each claim. `ids` are events' identifiers, as
/// many as there are claims; `rules` those of this server's deadlines.
pub fn save(
    tx: &mut Tx,
    rules: &Deadlines,
    batch: &[ReadyClaim],
    ids: &[EventId],
    now: Timestamp,
) -> Result<SavedClaims, AppError> {
    let mut saved = SavedClaims::default();
    for (ready, id) in batch.iter().zip(ids) {
        if let Some(differs) = is_known(tx, ready)? {
            saved.known += 1;
            saved.different += u64::from(differs);
            continue;
        }
        let claim = &ready.claim;
        claims::insert(tx, claim)?;
        mark_already_notified(tx, rules, claim, now)?;
        for (index, _path) in &ready.files {
            let Some(document) = claim.documents.get(*index) else { continue };
            keep_file(tx, claim, document.id)?;
        }
        let (subject, data) = (claim.declaration_id, about(claim, cover_of(claim)));
        events::append(tx, &Event::by_system(*id, claim.tenant, subject, EventKind::ClaimImported, now, data))?;
        saved.imported += 1;
    }
    Ok(saved)
}
