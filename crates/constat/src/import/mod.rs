//! `constat import`: a file, or nothing of it.

use std::process::ExitCode;

use constat_store::Store;

use crate::args::Import;
use crate::failure::Failure;

pub const CONTRACTS_HELP: &str = "";
pub const EXPERTS_HELP: &str = "";
pub const ABSENCES_HELP: &str = "";

pub async fn import(_store: &Store, _command: Import) -> Result<ExitCode, Failure> {
    Err(Failure::new("not built yet"))
}
