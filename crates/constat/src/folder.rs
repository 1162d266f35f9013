//! The data folder: the database, the documents, and the lock of the one server that runs on it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use constat_store::{Database, Documents, Store};

use crate::config::{Config, DocumentsConfig};
use crate::failure::Failure;

/// An opened data folder.
pub struct Folder {
    path: PathBuf,
    /// The database, its schema up to date.
    pub store: Store,
}

/// Held by a running server, so that a second one on the same folder is refused. The system lets
/// go of it however the process ends.
pub struct ServerLock {
    _file: File,
}

impl Folder {
    /// Opens the folder and the database that are configured.
    pub fn open(config: &Config) -> Result<Self, Failure> {
        Self::at(&config.data, &config.database)
    }

    /// Opens the folder, and makes it when it is not there, and the database.
    pub fn at(path: &Path, database: &Database) -> Result<Self, Failure> {
        let fails = |what: &str, error: &dyn std::fmt::Display| {
            Failure::new(format!("the data folder {} {what}: {error}", path.display()))
        };
        std::fs::create_dir_all(path).map_err(|error| fails("cannot be made", &error))?;
        let trial = path.join(".constat-writable");
        File::create(&trial).map_err(|error| fails("is not writable", &error))?;
        std::fs::remove_file(&trial).map_err(|error| fails("is not writable", &error))?;
        let store = Store::of(database.clone()).map_err(|error| match database {
            Database::File(_) => fails("does not open", &error),
            Database::Server { .. } => Failure::new(format!("the database does not open: {error}")),
        })?;
        Ok(Self { path: path.to_owned(), store })
    }

    /// The documents: in the folder, or in the bucket that is set up.
    pub fn documents(&self, config: &DocumentsConfig) -> Result<Documents, Failure> {
        match config.bucket() {
            Some(bucket) => {
                Documents::s3(&bucket).map_err(|error| Failure::new(format!("the documents' bucket: {error}")))
            }
            None => Ok(Documents::local(&self.path.join("documents"))?),
        }
    }

    /// Claims the folder for one server. One whose database is shared by several may share its documents'
    /// folder too.
    pub fn lock_for_server(&self) -> Result<Option<ServerLock>, Failure> {
        if let Database::Server { .. } = self.store.database() {
            return Ok(None);
        }
        let path = self.path.join("server.lock");
        let file = File::create(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(ServerLock { _file: file })),
            Err(TryLockError::WouldBlock) => Err(Failure::new(format!(
                "another server already runs on the data folder {}; stop it, or choose another folder with --data",
                self.path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(Failure::new(format!("{}: {error}", path.display()))),
        }
    }
}
