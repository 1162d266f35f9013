//! The data folder: the database, the documents, and the lock of the one server that runs on it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use constat_store::{Database, Documents, Store, StoreError};

use crate::config::{Config, DocumentsConfig};
use crate::failure::Failure;

/// Between two attempts to reach a database server that is away.
const AGAIN: Duration = Duration::from_millis(500);

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

    /// Opens the folder and the database for a command that only makes sense on data that is there. A file that does
    /// not exist is refused: an empty database would be made, and the command would succeed on nothing.
    pub fn existing(config: &Config) -> Result<Self, Failure> {
        if let Database::File(file) = &config.database
            && !file.exists()
        {
            return Err(Failure::new(format!(
                "there is no database at {}: name the data folder with --data, or in the configuration",
                file.display()
            )));
        }
        Self::open(config)
    }

    /// Opens them for a server, which waits for a database server that is away, so that those of a cluster
    /// may be started in any order. What waiting does not mend ends it at once.
    pub async fn open_patiently(config: &Config) -> Result<Self, Failure> {
        let (path, database, patience) = (&config.data, &config.database, config.database_wait);
        make(path)?;
        let begun = Instant::now();
        let mut told = None;
        loop {
            let error = match Store::of(database.clone()) {
                Ok(store) => return Ok(Self { path: path.clone(), store }),
                Err(error) => error,
            };
            let passes = matches!(database, Database::Server { .. })
                && !matches!(error, StoreError::Refused(_) | StoreError::Ahead(_) | StoreError::Corrupt(_));
            if !passes || begun.elapsed() >= patience {
                return Err(does_not_open(path, database, &error));
            }
            let cause = error.to_string();
            if told.as_ref() != Some(&cause) {
                let seconds = patience.as_secs();
                tracing::warn!(cause, "the database does not answer yet; trying again for {seconds} s in all");
                told = Some(cause);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Opens the folder, and makes it when it is not there, and the database.
    pub fn at(path: &Path, database: &Database) -> Result<Self, Failure> {
        make(path)?;
        let store = Store::of(database.clone()).map_err(|error| does_not_open(path, database, &error))?;
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

fn fails(path: &Path, what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("the data folder {} {what}: {error}", path.display()))
}

/// Makes the folder when it is not there.
fn make(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|error| fails(path, "cannot be made", &error))?;
    let trial = path.join(".constat-writable");
    File::create(&trial).map_err(|error| fails(path, "is not writable", &error))?;
    std::fs::remove_file(&trial).map_err(|error| fails(path, "is not writable", &error))
}

/// What the person who started us can do about it.
fn does_not_open(path: &Path, database: &Database, error: &StoreError) -> Failure {
    let help = match (database, error) {
        (Database::File(_), _) => return fails(path, "does not open", error),
        (_, StoreError::Ahead(_)) => return Failure::new(error.to_string()),
        (_, StoreError::Refused(told)) if told.contains("SSL support is not compiled in") => {
            "this program speaks to PostgreSQL without TLS: reach it through a tunnel or a pooler on this machine \
             (docs/operations.md, \"An encrypted connection\"), with sslmode=disable"
        }
        (_, StoreError::Refused(_)) => {
            "check `database` (--database, CONSTAT_DATABASE), and the password in ~/.pgpass or PGPASSWORD"
        }
        _ => "check that PostgreSQL runs and that `database` (--database, CONSTAT_DATABASE) names it",
    };
    Failure::new(format!("the database does not open: {error}; {help}"))
}
