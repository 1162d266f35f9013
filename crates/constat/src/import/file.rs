//! The file that is imported.

use std::path::Path;

use constat_app::exchange::lines::{Column, Format, Record, read_text};
use constat_app::exchange::report::Report;

use crate::failure::Failure;

/// Largest file that is held in memory until all of it is known to be sound, in bytes.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;

/// A failure about the file.
pub fn fails(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

/// How the file is written, as the end of its name tells.
pub fn format_of(path: &Path) -> Result<Format, Failure> {
    match path.extension().and_then(|extension| extension.to_str()).map(str::to_lowercase).as_deref() {
        Some("csv") => Ok(Format::Csv),
        Some("jsonl" | "ndjson" | "json") => Ok(Format::JsonLines),
        _ => Err(fails(path, &"expected a file that ends in .csv or .jsonl")),
    }
}

/// Reads all records of a file.
pub fn read(path: &Path, columns: &[Column], report: &mut Report) -> Result<Vec<Record>, Failure> {
    let size = std::fs::metadata(path).map_err(|error| fails(path, &error))?.len();
    if size > LARGEST_FILE {
        return Err(fails(path, &"larger than 256 MiB; split it"));
    }
    let bytes = std::fs::read(path).map_err(|error| fails(path, &error))?;
    let text = String::from_utf8(bytes).map_err(|_not_text| fails(path, &"not UTF-8 text"))?;
    Ok(read_text(&text, format_of(path)?, columns, report))
}
