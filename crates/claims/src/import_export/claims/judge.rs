//! What imported claims are checked with.

use constat_domain::FieldError;
use constat_domain::catalogue::Catalogue;
use constat_domain::claim::Dossier;
use constat_domain::tenancy::TenantId;
use jiff::Timestamp;
use std::path::Path;

/// What an import judges records with.
pub struct Judge<'a> {
    /// Whose data it becomes.
    pub tenant: TenantId,
    /// What it is judged by.
    pub catalogue: &'a Catalogue,
    /// Now.
    pub now: Timestamp,
    /// The folder that paths of documents start from.
    pub folder: &'a Path,
    /// Whether a virus scanner looks at what comes in: documents wait for it.
    pub scanned: bool,
    /// What is wrong with the parts of a dossier that are kept as a contract writes them.
    pub shape: fn(&Dossier) -> Vec<FieldError>,
}
