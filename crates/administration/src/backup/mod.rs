//! A copy of everything, taken while the server runs, and put back.
//!
//! The database is copied first, in one transaction of its own, then every document that the copy
//! names. Documents never change, so that what was copied later is what the database meant; what came
//! after the copy of the database is in the next backup. One thing takes documents away: erasure. When
//! that happened meanwhile the database is copied anew, so that a backup never holds the data of
//! somebody whose documents it could not copy any more.
//!
//! `manifest.json` comes last: a folder without one is no backup.

mod manifest;
mod restore;
mod take;

pub use manifest::{BackupError, Copied, DATABASE, DOCUMENTS, MANIFEST, Manifest, refuse_links};
pub use restore::{Restored, Verified, holds_a_database, read_manifest, restore, verify};
pub use take::back_up;
