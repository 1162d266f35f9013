//! Port to a virus scanner, implemented by `constat-connectors`, and the handling of documents that wait for a
//! scan.

use constat_domain::event_kinds::EventKind;
use std::sync::PoisonError;

use constat_domain::claim::ScanState;
use constat_domain::ids::EventId;
use constat_store::queries::claims;
use constat_store::queries::document_files::{self, DocumentFile};
use constat_store::queries::events::{self, Event};
use constat_store::{StoreError, Tx};
use jiff::Timestamp;
use serde_json::json;

use crate::ClaimService;
use crate::claim::events::about;
use crate::virus_scanner::Verdict;
use constat_core::AppError;
use constat_core::WhenAway;

/// How many held documents are looked at in one round.
const ROUND: i64 = 100;

impl ClaimService {
    /// What is known of viruses in bytes that lie in the store.
    pub(crate) async fn scan(&self, key: &str) -> Result<ScanState, AppError> {
        if !self.scanner.is_there() {
            return Ok(ScanState::None);
        }
        let Some(bytes) = self.documents.get(key, None).await? else {
            return Err(StoreError::Unavailable("bytes just written are not there".to_owned()).into());
        };
        Ok(match (self.scanner.scan(bytes).await, self.core.settings.scanner.when_away) {
            (Some(Verdict::Clean), _) => ScanState::Clean,
            (Some(Verdict::Infected), _) => ScanState::Infected,
            (None, WhenAway::Hold) => ScanState::Pending,
            (None, WhenAway::Pass) => ScanState::None,
        })
    }

    /// Has documents seen that were held while the scanner was away. Gives how many were; stops at
    /// the first that it still does not answer for. The next round begins behind that one: a document
    /// for which the scanner never has a verdict (it may be too large for it) holds up no other.
    pub async fn scan_held(&self) -> Result<usize, AppError> {
        let mut seen = 0;
        if !self.scanner.is_there() {
            return Ok(seen);
        }
        for file in self.held_documents()? {
            // Bytes that are gone are the sweep's concern.
            let Some(bytes) = self.documents.get(&file.key, None).await? else { continue };
            let scan = match self.scanner.scan(bytes).await {
                Some(Verdict::Clean) => ScanState::Clean,
                Some(Verdict::Infected) => ScanState::Infected,
                None => {
                    *self.last_unseen.lock().unwrap_or_else(PoisonError::into_inner) = file.key;
                    return Ok(seen);
                }
            };
            let (now, entropy) = (self.core.clock.now(), self.core.secure_random.entropy());
            let saved: Result<(), AppError> = self
                .core
                .store
                .write(move |tx| {
                    let id = EventId::new(now, &entropy);
                    keep_verdict(tx, &file, scan, now, id)
                })
                .await;
            match saved {
                Ok(()) => seen += 1,
                // The claim changed concurrently: the next round scans again.
                Err(AppError::Store(StoreError::Conflict(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(seen)
    }

    /// A round of documents to look at: those behind the last that had no verdict, then the others.
    fn held_documents(&self) -> Result<Vec<DocumentFile>, AppError> {
        let last = self.last_unseen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.core.store.read(|connection| {
            let mut files = document_files::to_scan(connection, &last, ROUND)?;
            if !last.is_empty() {
                let others = document_files::to_scan(connection, "", ROUND)?;
                files.extend(others.into_iter().take_while(|file| file.key <= last));
            }
            Ok(files)
        })
    }
}

fn keep_verdict(
    tx: &mut Tx,
    file: &DocumentFile,
    scan: ScanState,
    now: Timestamp,
    event: EventId,
) -> Result<(), AppError> {
    document_files::set_scan(tx, &file.key, scan)?;
    let subject = file.declaration.to_string();
    let Some(mut claim) = claims::of_tenant_by_either_id(tx, &file.tenant, &subject)? else { return Ok(()) };
    claim.keep_scan(file.document, scan, now);
    claim.touch(now);
    claims::update(tx, &claim)?;
    let data = about(&claim, json!({ "documentId": file.document, "scan": scan }));
    // The contract has an event for a refused document, none for one that was looked at.
    let kind =
        if scan == ScanState::Infected { EventKind::ClaimDocumentRefused } else { EventKind::ClaimDocumentScanned };
    events::append(tx, &Event::by_system(event, file.tenant, subject, kind, now, data))?;
    Ok(())
}
