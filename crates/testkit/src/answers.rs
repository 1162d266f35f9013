//! A record of the answers of a run: which operations, statuses and error codes each test has seen.
//!
//! With `CONSTAT_ANSWERS` set to a folder, each test process appends to the file of its test. `cargo xtask test` sets
//! it, and then checks that each test named in `docs/contract-tests.md` exercises its row.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Names the folder of the record.
const FOLDER: &str = "CONSTAT_ANSWERS";

/// An answer to an operation of a contract.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordedAnswer {
    /// The contract: `claims`, `dossier` or `partner`.
    pub contract: String,
    /// Method and path as the document writes them: `GET /claims/{id}`.
    pub operation: String,
    /// The HTTP status.
    pub status: u16,
    /// The error code of the claims contract.
    pub code: Option<u64>,
}

/// The folder of the record, if this run makes one.
fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// The file of this process's test. A test runner starts a process for each test and names it in the arguments.
fn file() -> Option<&'static Mutex<File>> {
    static FILE: OnceLock<Option<Mutex<File>>> = OnceLock::new();
    let open = || {
        let test = std::env::args().skip(1).find(|argument| argument.contains("::"))?;
        let path = folder()?.join(test);
        OpenOptions::new().create(true).append(true).open(path).ok().map(Mutex::new)
    };
    FILE.get_or_init(open).as_ref()
}

/// Records one answer.
pub(crate) fn record(answer: &RecordedAnswer) {
    let Some(file) = file() else { return };
    let RecordedAnswer { contract, operation, status, code } = answer;
    let mut line = format!("{contract}\t{operation}\t{status}\t");
    if let Some(code) = code {
        let _infallible = write!(line, "{code}");
    }
    line.push('\n');
    // A record that cannot be written lacks this answer, and the check of the rows reports it.
    let _written = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
}

/// The answers that each test has seen, by `module::test`; `None` when this run has no record.
///
/// # Errors
/// When the record cannot be read.
pub fn recorded_answers() -> std::io::Result<Option<BTreeMap<String, BTreeSet<RecordedAnswer>>>> {
    let Some(folder) = folder() else { return Ok(None) };
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let text = std::fs::read_to_string(entry.path())?;
        let answers = text.lines().filter_map(|line| {
            let mut cells = line.split('\t').map(str::to_owned);
            let (contract, operation) = (cells.next()?, cells.next()?);
            let (status, code) = (cells.next()?.parse().ok()?, cells.next()?.parse().ok());
            Some(RecordedAnswer { contract, operation, status, code })
        });
        all.insert(entry.file_name().to_string_lossy().into_owned(), answers.collect());
    }
    Ok(Some(all))
}
