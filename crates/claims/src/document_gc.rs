//! What a crash may leave behind in the document store, found and repaired.
//!
//! Bytes are written before the row that names them, and removed after a refusal: a crash between
//! leaves bytes without a document, never the other way round. Documents without bytes come only of
//! a store that lost them, or of a database that was restored beside another store.

use constat_domain::event_kinds::EventKind;
use std::collections::BTreeSet;
use std::path::PathBuf;

use constat_domain::claim::DocumentStatus;
use constat_domain::ids::{Entropy, EventId};
use constat_store::queries::claims;
use constat_store::queries::document_files::{self, DocumentFile};
use constat_store::queries::events::{self, Event};
use constat_store::{Connection, Documents, Store, StoreError, StoredBytes, Tx};
use futures_util::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::claim::events::about;
use constat_core::{AppError, SecureRandom};

/// How many rows are read at once.
const PAGE: i64 = 1000;

/// Why a document whose bytes are gone is rejected, in the language of its reader.
const LOST: &str = "Le fichier n'est plus lisible. Merci de l'envoyer à nouveau.";

/// What was found.
#[derive(Debug, Default)]
pub struct Swept {
    /// Bytes looked at.
    pub stored: u64,
    /// Documents looked at.
    pub documents: u64,
    /// Bytes that no document names.
    pub stray: Vec<StoredBytes>,
    /// Files of writes that never ended.
    pub unfinished: Vec<PathBuf>,
    /// Documents whose bytes are gone.
    pub lost: Vec<DocumentFile>,
    /// How many documents without bytes are rejected already: nothing is left to repair there.
    pub rejected: u64,
}

impl Swept {
    /// Whether all is as it should be.
    pub fn is_clean(&self) -> bool {
        self.stray.is_empty() && self.unfinished.is_empty() && self.lost.is_empty()
    }
}

/// Looks at all bytes and all documents. What was written after `before` is left alone: its document
/// may be on its way. `progress` is called for each thing looked at.
pub async fn sweep(
    store: &Store,
    documents: &Documents,
    before: Timestamp,
    mut progress: impl FnMut(),
) -> Result<Swept, AppError> {
    let mut swept = Swept::default();
    let mut there = BTreeSet::new();
    let mut stored = documents.list();
    while let Some(bytes) = stored.try_next().await? {
        progress();
        swept.stored += 1;
        let is_named = store.read(|connection| document_files::exists(connection, &bytes.key))?;
        if !is_named && bytes.written_at <= before {
            swept.stray.push(bytes);
        } else if is_named {
            there.insert(bytes.key);
        }
    }
    swept.unfinished =
        documents.unfinished()?.into_iter().filter(|(_, at)| *at <= before).map(|(path, _)| path).collect();
    let mut last = String::new();
    loop {
        let page = store.read(|connection| document_files::page_after(connection, &last, PAGE))?;
        let Some(end) = page.last() else { return Ok(swept) };
        last.clone_from(&end.key);
        for file in page {
            progress();
            swept.documents += 1;
            // One that came since the list was read is asked for by name.
            if !there.contains(&file.key) && documents.size(&file.key).await?.is_none() {
                if store.read(|connection| is_rejected(connection, &file))? {
                    swept.rejected += 1;
                } else {
                    swept.lost.push(file);
                }
            }
        }
    }
}

/// Removes stray bytes, and rejects documents whose bytes are gone so that they can be uploaded
/// again. Gives how many of each.
pub async fn repair(
    store: &Store,
    documents: &Documents,
    swept: &Swept,
    now: Timestamp,
    secure_random: &dyn SecureRandom,
) -> Result<(usize, usize), AppError> {
    let mut removed = 0;
    for bytes in &swept.stray {
        // Looked at again: a slow upload may have ended meanwhile.
        if !store.read(|connection| document_files::exists(connection, &bytes.key))? {
            documents.remove(&bytes.key).await?;
            removed += 1;
        }
    }
    for path in &swept.unfinished {
        match std::fs::remove_file(path) {
            Ok(()) => removed += 1,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::Unavailable(format!("{}: {error}", path.display())).into()),
        }
    }
    let mut asked_again = 0;
    for file in &swept.lost {
        let (file, entropy) = (file.clone(), secure_random.entropy());
        let changed: Result<bool, AppError> = store.write(move |tx| reject_lost(tx, &file, now, &entropy)).await;
        asked_again += usize::from(changed?);
    }
    Ok((removed, asked_again))
}

/// Whether a document was rejected, by an earlier repair or by a handler.
fn is_rejected(connection: &mut Connection, file: &DocumentFile) -> Result<bool, StoreError> {
    let claim = claims::of_tenant_by_either_id(connection, &file.tenant, &file.declaration.to_string())?;
    let document = claim.as_ref().and_then(|claim| claim.document(file.document));
    Ok(document.is_some_and(|document| document.status == DocumentStatus::Rejected))
}

fn reject_lost(tx: &mut Tx, file: &DocumentFile, now: Timestamp, entropy: &Entropy) -> Result<bool, AppError> {
    let id = file.declaration.to_string();
    let Some(mut claim) = claims::of_tenant_by_either_id(tx, &file.tenant, &id)? else { return Ok(false) };
    let Some(document) = claim.documents.iter_mut().find(|document| document.id == file.document) else {
        return Ok(false);
    };
    if document.status == DocumentStatus::Rejected {
        return Ok(false);
    }
    document.status = DocumentStatus::Rejected;
    document.refusal_reason = Some(LOST.to_owned());
    document.refused_at = Some(now);
    document.updated_at = now;
    claim.touch(now);
    claims::update(tx, &claim)?;
    let data = about(&claim, json!({ "documentId": file.document, "reason": "bytes_lost" }));
    let event =
        Event::by_system(EventId::new(now, entropy), file.tenant, id, EventKind::ClaimDocumentRefused, now, data);
    events::append(tx, &event)?;
    Ok(true)
}

/// The instant `minutes` before another.
pub fn ago(now: Timestamp, minutes: u32) -> Timestamp {
    now.checked_sub(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MIN)
}
