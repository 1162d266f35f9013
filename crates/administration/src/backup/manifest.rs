//! The manifest of a backup, and its files.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The manifest's file.
pub const MANIFEST: &str = "manifest.json";

/// The database's file, in a backup and in a data folder.
pub const DATABASE: &str = "constat.db";

/// The documents' folder.
pub const DOCUMENTS: &str = "documents";

/// Which form of backup this is.
pub(crate) const FORM: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// The form: 1.
    pub form: u32,
    /// The version of the software that took it.
    pub version: String,
    /// When the database was copied: what was committed until then is in it.
    pub taken_at: Timestamp,
    /// The database.
    pub database: Copied,
    /// The documents, in the order of their names.
    pub documents: Vec<Copied>,
    /// Documents that the database names and whose bytes were gone already when it was copied, or were not
    /// those that were uploaded: the store lost them.
    pub lost: Vec<String>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Copied {
    /// Its name within its folder.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}

impl Manifest {
    /// All bytes together.
    pub fn size(&self) -> u64 {
        self.database.size + self.documents.iter().map(|file| file.size).sum::<u64>()
    }
}

/// Why a backup cannot be taken, or not be put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is something where nothing may be overwritten.
    #[error("{0} is not empty: nothing is overwritten, choose another folder")]
    NotEmpty(String),
    /// It is no backup, or not a whole one.
    #[error("{0}")]
    Unsound(String),
    /// Something was erased each time that it was tried.
    #[error("documents were being erased all the while; try again later")]
    Restless,
    /// The disk refused.
    #[error("{path}: {error}")]
    Disk {
        /// What was read or written.
        path: String,
        /// Why not.
        error: std::io::Error,
    },
    /// The database or the document store failed.
    #[error(transparent)]
    Store(#[from] constat_store::StoreError),
}

pub(crate) fn disk(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.display().to_string();
    move |error| BackupError::Disk { path, error }
}

/// Makes a folder, or takes one that is empty.
pub(crate) fn empty_folder(path: &std::path::Path) -> Result<(), BackupError> {
    std::fs::create_dir_all(path).map_err(disk(path))?;
    let mut there = std::fs::read_dir(path).map_err(disk(path))?;
    if there.next().is_some() { Err(BackupError::NotEmpty(path.display().to_string())) } else { Ok(()) }
}

/// Whether anything is there, be it a symbolic link that leads nowhere.
pub(crate) fn is_there(path: &std::path::Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Refuses a path that goes through a symbolic link below `root`: it would have a file read or written that
/// is none of the folder's. What is not there is no link.
///
/// # Errors
/// [`BackupError::Unsound`] names the link.
pub fn refuse_links(root: &std::path::Path, below: &std::path::Path) -> Result<(), BackupError> {
    let mut path = root.to_owned();
    for part in below.components() {
        path.push(part);
        match path.symlink_metadata() {
            Ok(about) if about.file_type().is_symlink() => {
                let message = format!(
                    "{} is a symbolic link: a backup and the folder that it is restored into must hold files and folders \
                     of their own",
                    path.display()
                );
                return Err(BackupError::Unsound(message));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(disk(&path)(error)),
        }
    }
    Ok(())
}

/// Creates a file where nothing may be, not even a symbolic link.
pub(crate) fn create_new(path: &std::path::Path) -> Result<std::fs::File, BackupError> {
    std::fs::File::options().write(true).create_new(true).open(path).map_err(disk(path))
}

/// Length and SHA-256 of a file.
pub(crate) fn digest_of(path: &std::path::Path) -> Result<(u64, String), BackupError> {
    use std::io::Read as _;

    use sha2::{Digest as _, Sha256};
    let mut file = std::fs::File::open(path).map_err(disk(path))?;
    let (mut digest, mut size, mut piece) = (Sha256::new(), 0, vec![0; 1024 * 1024]);
    loop {
        let count = file.read(&mut piece).map_err(disk(path))?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else { break };
        digest.update(read);
        size += read.len() as u64;
    }
    Ok((size, format!("{:x}", digest.finalize())))
}
