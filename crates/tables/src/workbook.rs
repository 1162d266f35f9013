//! Rows of a workbook (.xlsx). Only the texts that the cells share are in memory; the sheet itself is
//! read row by row, by a thread that waits while no rows are taken.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Style, Xlsx};
use jiff::civil;

use crate::table::{MAX_ROW_BYTES, NextRow, RawCell, Row, RowFault};

/// Rows read ahead.
const ROWS_AHEAD: usize = 64;

/// Most bytes of the parts that are held in memory (shared texts, styles), unpacked: 256 MiB.
const MAX_SHARED_BYTES: u64 = 256 * 1024 * 1024;

/// Most columns of a sheet: those of Excel.
const MAX_COLUMNS: u32 = 16_384;

const UNREADABLE: &str = "is not a workbook that can be read; open it in a spreadsheet and save it as .xlsx again";

/// The rows of one sheet.
pub(super) struct SheetRows {
    rows: Receiver<NextRow>,
    is_ended: bool,
}

impl SheetRows {
    /// Reads the sheet with that name, or the first visible one. The parts of the workbook may have
    /// `max_bytes` together when they are unpacked.
    pub(super) fn start(reader: impl Read + Seek + Send + 'static, sheet: Option<String>, max_bytes: u64) -> Self {
        let (to, rows) = sync_channel(ROWS_AHEAD);
        // Ends when the workbook does, or when the receiver is gone.
        let _detached = std::thread::Builder::new().name("workbook".to_owned()).spawn(move || {
            let mut to_reader = Sender { to: &to };
            if let Err(message) = read(reader, sheet.as_deref(), max_bytes, &mut to_reader) {
                to_reader.send(Some(Err(RowFault { line: 1, message })));
            }
            to_reader.send(None);
        });
        Self { rows, is_ended: false }
    }

    /// The next row that is not blank.
    ///
    /// # Errors
    /// The workbook is damaged in a way that its reader did not expect.
    pub(super) fn next_row(&mut self) -> std::io::Result<NextRow> {
        if self.is_ended {
            return Ok(None);
        }
        let next = self.rows.recv().map_err(|_ended| std::io::Error::other(UNREADABLE))?;
        self.is_ended = next.is_none();
        Ok(next)
    }
}

struct Sender<'a> {
    to: &'a SyncSender<NextRow>,
}

impl Sender<'_> {
    /// False when the receiver is gone.
    fn send(&mut self, row: NextRow) -> bool {
        self.to.send(row).is_ok()
    }
}

fn read(mut reader: impl Read + Seek, sheet: Option<&str>, max_bytes: u64, to: &mut Sender<'_>) -> Result<(), String> {
    let mut start = [0; 4];
    let is_read = reader.read_exact(&mut start).is_ok() && reader.seek(SeekFrom::Start(0)).is_ok();
    if is_read && start == [0xd0, 0xcf, 0x11, 0xe0] {
        return Err(
            "is protected by a password, or an old workbook (.xls); save it as .xlsx without a password".to_owned()
        );
    }
    let mut reader = BufReader::new(reader);
    check_sizes(&mut reader, max_bytes)?;
    reader.seek(SeekFrom::Start(0)).map_err(|_unreadable| UNREADABLE.to_owned())?;
    let mut workbook = Xlsx::new(reader).map_err(|_unreadable| UNREADABLE.to_owned())?;
    let sheets = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let name = match sheet {
        Some(wanted) => sheets.clone().find(|sheet| sheet.name == wanted),
        None => sheets.clone().find(|sheet| sheet.visible == SheetVisible::Visible),
    };
    let names: Vec<&str> = sheets.map(|sheet| sheet.name.as_str()).collect();
    let Some(name) = name.map(|sheet| sheet.name.clone()) else {
        return Err(format!("has no such sheet; its sheets: {}", names.join(", ")));
    };
    read_sheet(&mut workbook, &name, to)
}

fn read_sheet<R: Read + Seek>(workbook: &mut Xlsx<R>, name: &str, to: &mut Sender<'_>) -> Result<(), String> {
    let unreadable = |_error| UNREADABLE.to_owned();
    let mut unsaved = unsaved_formulas(workbook, name)?.into_iter().peekable();
    let mut cells = workbook.worksheet_cells_reader(name).map_err(unreadable)?;
    let mut row = Row { line: 1, cells: Vec::new() };
    let mut bytes = 0;
    while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(unreadable)? {
        let (at, column) = cell.get_position();
        let value = match unsaved.next_if_eq(&(at, column)) {
            Some(_) => RawCell::Formula,
            None => raw_cell(cell.get_value(), cells.styles().get(style)),
        };
        if value.is_blank() {
            continue;
        }
        let line = u64::from(at) + 1;
        if line != row.line {
            if !flush(&mut row, to) {
                return Ok(());
            }
            row.line = line;
            bytes = 0;
        }
        if let RawCell::Text(text) = &value {
            bytes += text.len();
        }
        if column >= MAX_COLUMNS || bytes > MAX_ROW_BYTES {
            return Err(format!("row {line} has more than {MAX_COLUMNS} columns or 1 MiB"));
        }
        let column = column as usize;
        if row.cells.len() <= column {
            row.cells.resize(column + 1, RawCell::Empty);
        }
        if let Some(place) = row.cells.get_mut(column) {
            *place = value;
        }
    }
    flush(&mut row, to);
    Ok(())
}

/// Row and column of every formula whose result is not in the file, in the order of the file. A program that
/// writes workbooks without calculating leaves them so.
fn unsaved_formulas<R: Read + Seek>(workbook: &mut Xlsx<R>, name: &str) -> Result<Vec<(u32, u32)>, String> {
    let unreadable = |_error| UNREADABLE.to_owned();
    let mut cells = workbook.worksheet_cells_reader(name).map_err(unreadable)?;
    let mut unsaved = Vec::new();
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(unreadable)? {
        if cell.formula.is_some() && cell.value == DataRef::Empty {
            unsaved.push(cell.pos);
        }
    }
    Ok(unsaved)
}

/// Hands out a row that has something in it. False when the receiver is gone.
fn flush(row: &mut Row, to: &mut Sender<'_>) -> bool {
    let cells = std::mem::take(&mut row.cells);
    cells.is_empty() || to.send(Some(Ok(Row { line: row.line, cells })))
}

fn raw_cell(value: &DataRef<'_>, style: Option<&Style>) -> RawCell {
    match value {
        DataRef::Empty => RawCell::Empty,
        #[expect(clippy::cast_precision_loss, reason = "a spreadsheet's number is a float")]
        DataRef::Int(number) => RawCell::Number(*number as f64),
        DataRef::Float(number) => RawCell::Number(*number),
        DataRef::String(text) | DataRef::DurationIso(text) => RawCell::Text(text.clone()),
        DataRef::SharedString(text) => RawCell::Text((*text).to_owned()),
        DataRef::Bool(is_true) => RawCell::Bool(*is_true),
        DataRef::DateTime(date) => date_cell(date, style.is_some_and(shows_time)),
        DataRef::DateTimeIso(text) => RawCell::Date(text.trim_end_matches("T00:00:00").to_owned()),
        DataRef::Error(error) => RawCell::Error(error.to_string()),
    }
}

/// Whether a cell of this format shows hours, so that midnight is a time in it.
fn shows_time(style: &Style) -> bool {
    style
        .number_format
        .as_ref()
        .is_some_and(|format| format.format_code.contains(['h', 'H']) || format.format_id == Some(22))
}

/// A date, a date and time, or a time of day, without the error of the floating-point day.
fn date_cell(date: &ExcelDateTime, shows_time: bool) -> RawCell {
    let number = date.as_f64();
    if !number.is_finite() || !(0.0..2_958_466.0).contains(&number) {
        return RawCell::Number(number);
    }
    if number < 1.0 || date.is_duration() {
        #[expect(clippy::cast_possible_truncation, reason = "below 2^32 minutes, checked above")]
        let minutes = (number * 1440.0).round() as i64;
        return RawCell::Text(format!("{:02}:{:02}", minutes / 60, minutes % 60));
    }
    let (year, month, day, hour, minute, second, millis) = date.to_ymd_hms_milli();
    let signed = |part: u8| i8::try_from(part).unwrap_or(-1);
    let written = i16::try_from(year).ok().and_then(|year| {
        let whole =
            civil::DateTime::new(year, signed(month), signed(day), signed(hour), signed(minute), signed(second), 0);
        whole.ok()?.checked_add(jiff::Span::new().seconds(i64::from(millis >= 500))).ok()
    });
    match written {
        Some(at) if at.time() == civil::Time::midnight() && !shows_time => RawCell::Date(at.date().to_string()),
        Some(at) => RawCell::Date(at.to_string()),
        None => RawCell::Number(number),
    }
}

/// Unpacks every part once and counts, so that a small file cannot fill the memory.
fn check_sizes(reader: impl Read + Seek, max_bytes: u64) -> Result<(), String> {
    let unreadable = |_error| UNREADABLE.to_owned();
    let mut archive = zip::ZipArchive::new(reader).map_err(unreadable)?;
    let mut all = 0;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|_error| UNREADABLE.to_owned())?;
        let name = part.name().map(|name| name.to_lowercase()).unwrap_or_default();
        let is_sheet = name.starts_with("xl/worksheets/");
        let mut head = Vec::new();
        part.by_ref().take(4096).read_to_end(&mut head).map_err(|_error| UNREADABLE.to_owned())?;
        let left =
            (if is_sheet { max_bytes } else { max_bytes.min(MAX_SHARED_BYTES) }).saturating_sub(head.len() as u64);
        let rest =
            std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).map_err(|_error| UNREADABLE.to_owned())?;
        all += head.len() as u64 + rest;
        if rest > left || all > max_bytes {
            return Err(format!(
                "is larger than {} MiB when unpacked; split it, or save it as CSV",
                max_bytes / 1024 / 1024
            ));
        }
        if name.ends_with("sharedstrings.xml") {
            check_count(&head, head.len() as u64 + rest)?;
        }
    }
    Ok(())
}

/// Refuses a count of shared texts that the part cannot have: the reader makes space for as many.
fn check_count(head: &[u8], part_bytes: u64) -> Result<(), String> {
    let is_sound = || {
        let head = String::from_utf8_lossy(head);
        let head = head.trim_start_matches('\u{feff}');
        let body = if head.starts_with("<?xml") { head.split_once("?>")?.1 } else { head };
        // The tag must be whole here, so that its count is seen.
        let tag = body.trim_start().strip_prefix('<')?.split_once('>')?.0;
        let name = tag.split(|sign: char| sign.is_whitespace() || sign == '/').next()?;
        let (_, count) = tag.split_once("uniqueCount").unwrap_or_default();
        let digits: String = count
            .chars()
            .skip_while(|sign| sign.is_whitespace() || matches!(sign, '=' | '"' | '\''))
            .take_while(char::is_ascii_digit)
            .collect();
        let is_possible = digits.is_empty() || digits.parse().is_ok_and(|count: u64| count <= part_bytes);
        Some(name.rsplit(':').next() == Some("sst") && is_possible)
    };
    if is_sound() == Some(true) { Ok(()) } else { Err(UNREADABLE.to_owned()) }
}
