//! The file that is imported.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use constat_tables::lines::{Column, Format, Lines, Record};
use constat_tables::report::Report;

use crate::args::ImportFrom;
use crate::failure::Failure;

/// Largest file whose records are held in memory until all are known to be sound, in bytes: 256 MiB.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// Largest workbook of which all parts are unpacked, in bytes: 4 GiB.
const MAX_UNPACKED_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// A failure about the file.
pub fn fails(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

/// How the file is written, as the end of its name says.
pub fn format_of(path: &Path) -> Result<Format, Failure> {
    let advice = match path.extension().and_then(|extension| extension.to_str()).map(str::to_lowercase).as_deref() {
        Some("csv" | "tsv") => return Ok(Format::Csv),
        Some("jsonl" | "ndjson" | "json") => return Ok(Format::JsonLines),
        Some("xlsx" | "xlsm") => return Ok(Format::Workbook),
        Some("xls" | "xlsb" | "ods" | "numbers") => "; save the sheet as .xlsx",
        Some("txt") => "; Excel's \"Unicode text\" is read when it is named .csv",
        _ => "",
    };
    Err(fails(path, &format!("expected a file that ends in .csv or .jsonl or .xlsx{advice}")))
}

/// The file, record by record. `wrap` follows how much of it was read.
pub fn lines<R: Read + Seek + Send + 'static>(
    from: &ImportFrom,
    wrap: impl FnOnce(File) -> R,
) -> Result<Lines<'static>, Failure> {
    let format = format_of(&from.file)?;
    if from.sheet.is_some() && format != Format::Workbook {
        return Err(fails(&from.file, &"--sheet: only a workbook (.xlsx) has sheets"));
    }
    let file = File::open(&from.file).map_err(|error| fails(&from.file, &error))?;
    let reader = wrap(file);
    Ok(match format {
        Format::Workbook => Lines::of_workbook(reader, from.sheet.clone(), MAX_UNPACKED_BYTES),
        Format::Csv | Format::JsonLines => Lines::new(BufReader::with_capacity(1 << 20, reader), format),
    })
}

/// Reads all records of a file.
pub fn read(from: &ImportFrom, columns: &[Column], report: &mut Report) -> Result<Vec<Record>, Failure> {
    let size = std::fs::metadata(&from.file).map_err(|error| fails(&from.file, &error))?.len();
    if size > MAX_FILE_BYTES {
        return Err(fails(&from.file, &"larger than 256 MiB; split it"));
    }
    lines(from, |file| file)?.read_all(columns, report).map_err(|error| fails(&from.file, &error))
}
