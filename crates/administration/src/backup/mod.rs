//! Backup and restore of the whole data folder, while the server runs.
//!
//! The database is copied first, in one transaction, then every document that the copy references. Documents
//! never change, so later copies match the database; data written after the database copy is in the next backup.
//! Only an erasure removes documents. If one happened meanwhile, the database is copied again, so that a backup
//! never holds the data of a person whose documents are gone.
//!
//! `manifest.json` is written last: a folder without one is not a backup.

mod manifest;
mod restore;
mod take;

pub use manifest::{BackupError, Copied, DATABASE, DOCUMENTS, MANIFEST, Manifest, refuse_links};
pub use restore::{Restored, Verified, holds_a_database, read_manifest, restore, verify};
pub use take::back_up;
