//! How a command of the command line fails: one sentence for the person who typed it.

use std::fmt;

/// Why a command could not be carried out, and what would help.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure in words.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<constat_store::StoreError> for Failure {
    fn from(error: constat_store::StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<constat_administration::backup::BackupError> for Failure {
    fn from(error: constat_administration::backup::BackupError) -> Self {
        Self(error.to_string())
    }
}

impl From<constat_core::AppError> for Failure {
    fn from(error: constat_core::AppError) -> Self {
        Self(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}
