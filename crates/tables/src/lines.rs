//! Reading a file into records: CSV, workbooks and JSON lines come out in one shape, a JSON object and the
//! line it starts on, so that one reader serves all.

use std::io::{BufRead, Chain, Cursor, ErrorKind, Read, Seek};

use constat_domain::country::Country;
use constat_domain::json::repeated_keys;
use constat_domain::{Currency, Money, restore_postcode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

pub use crate::cells::{Cell, for_excel, for_workbook, guarded, next_midnight};
use crate::cells::{NUL, digits_of, number_value, read_cell, restore_phone, settle};
pub use crate::column::{Column, column};
use crate::decode::Decoded;
use crate::report::Report;
use crate::table::{CsvRows, MAX_ROW_BYTES, NextRow, RawCell, Row, RowFault};
use crate::workbook::SheetRows;

/// One record of the file.
pub struct Record {
    /// Its line in the file; the first is 1.
    pub line: u64,
    /// What it says.
    pub object: Map<String, Value>,
}

/// How the records of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table with a header, separated by commas, semicolons or tabs.
    Csv,
    /// One JSON object on each line.
    JsonLines,
    /// A sheet of a workbook (.xlsx) with a header.
    Workbook,
}

impl Format {
    /// Whether records are rows under a header, so that faults name columns.
    pub const fn is_table(self) -> bool {
        matches!(self, Self::Csv | Self::Workbook)
    }
}

/// Longest line of a file of JSON lines, in bytes: 4 MiB, many times a large claim.
const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

/// Where the character NUL stands in a value, dotted.
fn nul_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items.iter().find_map(nul_in),
        Value::Object(object) => nul_in_object(object),
        _ => None,
    }
}

fn nul_in_object(object: &Map<String, Value>) -> Option<String> {
    object.iter().find_map(|(name, value)| {
        if name.contains('\0') {
            return Some(String::new());
        }
        let within = nul_in(value)?;
        Some(if within.is_empty() { name.clone() } else { format!("{name}.{within}") })
    })
}

/// One line of a file that is read line by line.
pub struct Line {
    /// The line on which it starts, as an editor counts, or the row of the sheet; the first is 1.
    pub line: u64,
    /// What it says; `None` when it cannot be read, which is in the report.
    pub object: Option<Map<String, Value>>,
    /// Paths of texts that the file marks as not to be interpreted.
    pub exact: Vec<&'static str>,
}

/// Reads a file record by record, in bounded memory.
pub struct Lines<'a> {
    source: Source<'a>,
}

type Text<'a> = Decoded<Box<dyn BufRead + 'a>>;

enum Source<'a> {
    Unread(Box<dyn BufRead + 'a>, Format),
    Json { reader: Text<'a>, line: u64, is_after_cr: bool },
    Csv { rows: CsvRows<Chain<Cursor<Vec<u8>>, Text<'a>>>, header: Header },
    UnreadSheet(SheetRows),
    Sheet { rows: SheetRows, header: Header },
    Ended,
}

impl<'a> Lines<'a> {
    /// Reads CSV or JSON lines from the first line on.
    pub fn new(reader: impl BufRead + 'a, format: Format) -> Self {
        Self { source: Source::Unread(Box::new(reader), format) }
    }

    /// Reads a sheet of a workbook (.xlsx): the first visible one, unless it is named. A workbook whose
    /// parts are larger than `max_bytes` when unpacked is refused.
    pub fn of_workbook(reader: impl Read + Seek + Send + 'static, sheet: Option<String>, max_bytes: u64) -> Self {
        Self { source: Source::UnreadSheet(SheetRows::start(reader, sheet, max_bytes)) }
    }

    /// The next line that is not blank; `None` after the last. What is wrong with it is reported.
    ///
    /// # Errors
    /// The file cannot be read on.
    pub fn next(&mut self, columns: &[Column], report: &mut Report) -> std::io::Result<Option<Line>> {
        match std::mem::replace(&mut self.source, Source::Ended) {
            Source::Unread(reader, format) => self.source = begin(reader, format, columns, report)?,
            Source::UnreadSheet(mut rows) => {
                let first = rows.next_row()?;
                if let Some(header) = read_header(first, false, columns, report) {
                    self.source = Source::Sheet { rows, header };
                }
            }
            other => self.source = other,
        }
        match &mut self.source {
            Source::Json { reader, line, is_after_cr } => {
                let next = next_json(reader, line, is_after_cr, report);
                if let Err(error) = &next
                    && error.kind() == ErrorKind::InvalidData
                {
                    report.add(*line + 1, "", format!("{error}; nothing after it was read"));
                    let line = Line { line: *line + 1, object: None, exact: Vec::new() };
                    self.source = Source::Ended;
                    return Ok(Some(line));
                }
                next
            }
            Source::Csv { rows, header } => Ok(rows.next_row()?.map(|row| header.line(row, columns, report))),
            Source::Sheet { rows, header } => Ok(rows.next_row()?.map(|row| header.line(row, columns, report))),
            Source::Unread(..) | Source::UnreadSheet(..) | Source::Ended => Ok(None),
        }
    }

    /// Reads all records. What cannot be read is in the report; the rest is returned all the same, so
    /// that one run shows every fault.
    ///
    /// # Errors
    /// The file cannot be read on.
    pub fn read_all(mut self, columns: &[Column], report: &mut Report) -> std::io::Result<Vec<Record>> {
        let mut records = Vec::new();
        while let Some(line) = self.next(columns, report)? {
            records.extend(line.object.map(|object| Record { line: line.line, object }));
        }
        Ok(records)
    }
}

/// Reads what stands before the records.
fn begin<'a>(
    mut reader: Box<dyn BufRead + 'a>,
    format: Format,
    columns: &[Column],
    report: &mut Report,
) -> std::io::Result<Source<'a>> {
    let start = reader.fill_buf()?;
    if start.starts_with(b"PK\x03\x04") {
        report.add(1, "", "is a workbook or another archive, not text; give a workbook the ending .xlsx");
        return Ok(Source::Ended);
    }
    if start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        report.add(1, "", "is an old Excel workbook (.xls), not text; save it as .xlsx or as \"CSV UTF-8\"");
        return Ok(Source::Ended);
    }
    let mut reader = Decoded::new(reader);
    if !format.is_table() {
        return Ok(Source::Json { reader, line: 0, is_after_cr: false });
    }
    let first = match first_line(&mut reader) {
        Ok(first) => first,
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            report.add(1, "", error.to_string());
            return Ok(Source::Ended);
        }
        Err(error) => return Err(error),
    };
    let FirstLine { mut bytes, mut line } = first;
    let separator = match declared_separator(&bytes) {
        Some(separator) => {
            bytes.clear();
            line += 1;
            separator
        }
        None => likely_separator(&bytes),
    };
    let mut rows = CsvRows::new(Cursor::new(bytes).chain(reader), separator, line);
    let header = read_header(rows.next_row()?, true, columns, report);
    Ok(header.map_or(Source::Ended, |header| Source::Csv { rows, header }))
}

/// The first line that is not blank.
struct FirstLine {
    /// With its line end.
    bytes: Vec<u8>,
    line: u64,
}

fn first_line(reader: &mut impl BufRead) -> std::io::Result<FirstLine> {
    let mut line = 1;
    loop {
        let mut bytes = Vec::new();
        let mut end = None;
        while end.is_none() && bytes.len() <= MAX_ROW_BYTES {
            let held = reader.fill_buf()?;
            if held.is_empty() {
                break;
            }
            let at = held.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            end = at.and_then(|at| held.get(at)).copied();
            let used = at.map_or(held.len(), |at| at + 1);
            bytes.extend_from_slice(held.get(..used).unwrap_or_default());
            reader.consume(used);
        }
        if end == Some(b'\r') && reader.fill_buf()?.first() == Some(&b'\n') {
            reader.consume(1);
            bytes.push(b'\n');
        }
        if end.is_none() || !bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(FirstLine { bytes, line });
        }
        line += 1;
    }
}

/// The separator of a line `sep=;`, which Excel reads before the header.
fn declared_separator(line: &[u8]) -> Option<u8> {
    let line = std::str::from_utf8(line).ok()?.trim_end_matches(['\r', '\n']);
    let line = line.trim_start_matches('"');
    let rest = line.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).and_then(|_| line.get(4..))?;
    let separator = rest.chars().next().filter(char::is_ascii)?;
    let is_alone = rest.chars().all(|sign| sign == separator || matches!(sign, '"' | ' ' | ';' | ',' | '\t'));
    u8::try_from(separator).ok().filter(|_| is_alone)
}

/// The separator that the header has most of: a comma, the semicolon that spreadsheets write where the
/// comma is the decimal sign, or the tab of Excel's "Unicode text".
fn likely_separator(line: &[u8]) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for byte in line {
        is_quoted ^= *byte == b'"';
        for (_, count) in counts.iter_mut().filter(|(separator, _)| separator == byte && !is_quoted) {
            *count += 1;
        }
    }
    let most = counts.iter().rev().max_by_key(|(_, count)| *count);
    most.filter(|(_, count)| *count > 0).map_or(b',', |(separator, _)| *separator)
}

/// The header of a table.
struct Header {
    /// For each field, its place among the known columns.
    known: Vec<Option<usize>>,
    /// Whether rows have all fields. Those of a sheet end with the last cell that has something.
    is_full: bool,
}

fn read_header(first: NextRow, is_full: bool, columns: &[Column], report: &mut Report) -> Option<Header> {
    let row = match first {
        Some(Ok(row)) => row,
        Some(Err(RowFault { line, message })) => {
            report.add(line, "", message);
            return None;
        }
        None => {
            let all: Vec<&str> = columns.iter().map(|column| column.name).collect();
            report.add(1, "", format!("the file is empty: expected a header with columns of {}", all.join(", ")));
            return None;
        }
    };
    let mut names: Vec<String> = row
        .cells
        .iter()
        .map(|cell| if let RawCell::Text(name) = cell { name.trim().to_owned() } else { String::new() })
        .collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    let mut known: Vec<Option<usize>> = Vec::with_capacity(names.len());
    for name in &names {
        let column = columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
        if column.is_none() && !name.is_empty() {
            let all: Vec<&str> = columns.iter().map(|column| column.name).collect();
            report.add(row.line, name, format!("unknown column; known: {}", all.join(", ")));
        } else if column.is_some() && known.contains(&column) {
            report.add(row.line, name, "the column is there twice");
        }
        known.push(column);
    }
    Some(Header { known, is_full })
}

impl Header {
    /// Reads a row. Its faults are reported.
    fn line(&self, row: Result<Row, RowFault>, columns: &[Column], report: &mut Report) -> Line {
        let row = match row {
            Ok(row) => row,
            Err(RowFault { line, message }) => {
                report.add(line, "", message);
                return Line { line, object: None, exact: Vec::new() };
            }
        };
        let Row { line, cells } = row;
        let more = cells.iter().skip(self.known.len()).any(|cell| !cell.is_blank());
        if more || (self.is_full && cells.len() < self.known.len()) {
            let (found, expected) = (cells.len(), self.known.len());
            let advice = if more {
                "put quotation marks around text that has a separator in it"
            } else {
                "add the missing separators, or save the sheet as .xlsx"
            };
            report.add(line, "", format!("has {found} fields where the header has {expected}; {advice}"));
            return Line { line, object: None, exact: Vec::new() };
        }
        let mut object = Map::new();
        let mut exact = Vec::new();
        for (index, (column, cell)) in self.known.iter().zip(&cells).enumerate() {
            let Some(column) = column.and_then(|place| columns.get(place)) else {
                if !cell.is_blank() {
                    report.add(line, "", format!("field {} has a value, and its column has no known name", index + 1));
                }
                continue;
            };
            match read_cell(column.cell, cell) {
                Ok(None) => {}
                Ok(Some(read)) => {
                    put(&mut object, column.path, read.value);
                    if read.is_exact {
                        exact.push(column.path);
                    }
                }
                Err(message) => report.add(line, column.name, message),
            }
        }
        Line { line, object: Some(object), exact }
    }
}

/// Reads up to the end of the line; what is beyond the limit is read and dropped. The first part of the
/// answer is false at the end of the file, the second when the line is too long.
fn read_line(reader: &mut impl BufRead, is_after_cr: &mut bool, line: &mut Vec<u8>) -> std::io::Result<(bool, bool)> {
    let (mut any, mut whole) = (false, true);
    loop {
        let held = reader.fill_buf()?;
        if held.is_empty() {
            return Ok((any, whole));
        }
        if std::mem::take(is_after_cr) && held.first() == Some(&b'\n') {
            reader.consume(1);
            continue;
        }
        any = true;
        let end = held.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        *is_after_cr = end.and_then(|end| held.get(end)) == Some(&b'\r');
        let piece = held.get(..end.unwrap_or(held.len())).unwrap_or_default();
        if line.len() + piece.len() > MAX_LINE_BYTES {
            whole = false;
        } else {
            line.extend_from_slice(piece);
        }
        let used = end.map_or(held.len(), |end| end + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok((true, whole));
        }
    }
}

fn next_json(
    reader: &mut impl BufRead,
    line: &mut u64,
    is_after_cr: &mut bool,
    report: &mut Report,
) -> std::io::Result<Option<Line>> {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let (any, whole) = read_line(reader, is_after_cr, &mut bytes)?;
        if !any {
            return Ok(None);
        }
        *line += 1;
        let unreadable = |report: &mut Report, message: String| {
            report.add(*line, "", message);
            Ok(Some(Line { line: *line, object: None, exact: Vec::new() }))
        };
        if !whole {
            return unreadable(report, format!("the line is longer than {} MiB", MAX_LINE_BYTES / 1024 / 1024));
        }
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return unreadable(report, "not UTF-8 text".to_owned());
        };
        if text.trim().is_empty() {
            continue;
        }
        let object = match serde_json::from_str(text) {
            Ok(Value::Object(_)) if has_repeated_keys(text, *line, report) => None,
            Ok(Value::Object(object)) => match nul_in_object(&object) {
                None => Some(object),
                Some(field) => {
                    report.add(*line, &field, NUL);
                    None
                }
            },
            Ok(_) => {
                report.add(*line, "", "expected a JSON object");
                None
            }
            Err(error) => {
                report.add(*line, "", format!("not JSON: {}", without_position(&error)));
                None
            }
        };
        return Ok(Some(Line { line: *line, object, exact: Vec::new() }));
    }
}

/// Whether an object of the line gives a key more than once; reports each.
fn has_repeated_keys(text: &str, line: u64, report: &mut Report) -> bool {
    // It was read before: this cannot fail.
    let repeated = repeated_keys(text.as_bytes()).unwrap_or_default();
    for path in &repeated {
        report.add(line, path, "is given twice");
    }
    !repeated.is_empty()
}

/// A JSON error without `at line 1 column 7`: the report names the line.
fn without_position(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.rfind(" at line ").map_or(text.clone(), |at| text[..at].to_owned())
}

/// Reads the values of a JSON record as cells of a table are read: `null` is a value that is not given,
/// a number stands for its digits where a text is expected, and `6.0`, `"6"`, `"VRAI"`, `"a;b"` for a
/// number, a truth value and a list. With `texts_are_exact` texts stay as they are where a text is
/// expected. Only columns whose path starts with `under` are read; it is taken off.
pub fn settle_json(
    object: &mut Map<String, Value>,
    columns: &[Column],
    under: &str,
    texts_are_exact: bool,
    mut fault: impl FnMut(&'static str, String),
) {
    for column in columns {
        let Some(path) = column.path.strip_prefix(under) else { continue };
        let Some(value) = value_at(object, path) else { continue };
        match settle_value(column.cell, value, texts_are_exact) {
            Ok(Some(new)) => *value = new,
            Ok(None) => {}
            Err(message) => fault(column.path, message),
        }
    }
}

fn value_at<'a>(object: &'a mut Map<String, Value>, path: &str) -> Option<&'a mut Value> {
    match path.split_once('.') {
        None => object.get_mut(path),
        Some((first, rest)) => value_at(object.get_mut(first)?.as_object_mut()?, rest),
    }
}

/// The value that takes the place of another; `None` when it is right as it is.
fn settle_value(cell: Cell, value: &Value, texts_are_exact: bool) -> Result<Option<Value>, String> {
    let is_text = |cell| !matches!(cell, Cell::Bool | Cell::Number | Cell::Degrees | Cell::List | Cell::ListOf(_));
    match (cell, value) {
        (Cell::ListOf(item), Value::Array(items)) => {
            let settled: Result<Vec<Value>, String> = items
                .iter()
                .map(|value| Ok(settle_value(*item, value, texts_are_exact)?.unwrap_or_else(|| value.clone())))
                .collect();
            Ok(Some(Value::Array(settled?)))
        }
        (Cell::List, value @ Value::Array(_)) => settle_value(Cell::ListOf(&Cell::Text), value, texts_are_exact),
        (Cell::Number | Cell::Degrees, Value::Number(number)) => Ok(number.as_f64().map(number_value)),
        (Cell::Bool, Value::Number(number)) => settle(cell, &number.to_string()).map(Some),
        (_, Value::Number(number)) => {
            let digits = match number.as_i64() {
                Some(whole) if whole.unsigned_abs() < 1_000_000_000_000_000 => whole.to_string(),
                _ => digits_of(number.as_f64().unwrap_or(f64::MAX))?,
            };
            settle(cell, &digits).map(Some)
        }
        (_, Value::String(text)) if is_text(cell) && texts_are_exact => {
            // Dates may be written as in a table: they are no one's own text.
            let is_date = matches!(cell, Cell::Date | Cell::Time);
            if is_date { settle(cell, text.trim()).map(Some) } else { Ok(None) }
        }
        (_, Value::String(text)) => settle(cell, text.trim()).map(Some),
        _ => Ok(None),
    }
}

/// Whether a country, as files name it, is France with its territories overseas. Not given: it is.
pub fn is_french(country: &str) -> bool {
    country.trim().is_empty() || Country::read(country).is_some_and(Country::is_french)
}

/// The postcode that four digits in France stand for; `None` when it is none of these.
///
/// # Errors
/// The town does not tell.
pub fn restored_postcode(zip: &str, city: &str) -> Result<Option<String>, &'static str> {
    if zip.len() != 4 || !zip.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    restore_postcode(zip, city)
        .map(Some)
        .ok_or("has four digits and the town does not show whether a leading zero was lost: write all five")
}

/// Restores the leading zero of a French phone number in a record, or reports what is wrong.
pub fn restore_phone_in(phone: &mut Value, is_in_france: bool, fault: impl FnOnce(String)) {
    let Value::String(text) = phone else { return };
    match restore_phone(text, is_in_france) {
        Ok(restored) => *text = restored.into_owned(),
        Err(message) => fault(message),
    }
}

/// Takes away what is `null` in an object and in the objects and lists within: it is not given. What
/// stands under the given names stays.
pub fn remove_nulls(object: &mut Map<String, Value>, except: &[&str]) {
    object.retain(|_, value| !value.is_null());
    for (_, value) in object.iter_mut().filter(|(name, _)| !except.contains(&name.as_str())) {
        match value {
            Value::Object(inner) => remove_nulls(inner, except),
            Value::Array(items) => {
                for item in items.iter_mut().filter_map(Value::as_object_mut) {
                    remove_nulls(item, except);
                }
            }
            _ => {}
        }
    }
}

fn put(object: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            object.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = object.entry(first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// What serde expected, without what it found: that may be personal.
fn without_the_value(message: &str) -> &str {
    let repeats_it =
        ["invalid type", "invalid value", "unknown variant"].iter().any(|start| message.starts_with(start));
    message.find("expected ").filter(|_| repeats_it).map_or(message, |at| &message[at..])
}

/// Reads a record into its type. A fault is reported with the field it is in.
pub fn into_type<T: DeserializeOwned>(line: u64, object: Map<String, Value>, report: &mut Report) -> Option<T> {
    match serde_path_to_error::deserialize(Value::Object(object)) {
        Ok(value) => Some(value),
        Err(error) => {
            let mut field = error.path().to_string();
            let message = without_position(error.inner());
            if field == "." {
                field.clear();
            }
            // The path of a missing field is that of the object that lacks it.
            if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
                let name = if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
                report.add(line, &name, "is missing");
            } else {
                report.add(line, &field, without_the_value(&message));
            }
            None
        }
    }
}

/// Refuses fields that are not known, so that a misspelt one is not quietly lost.
pub fn refuse_unknown(line: u64, under: &str, object: &Map<String, Value>, known: &[&str], report: &mut Report) {
    for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
        report.add(line, &format!("{under}{name}"), format!("unknown field; known: {}", known.join(", ")));
    }
}

/// A number of euros becomes money; anything else is left for the reader to judge.
pub fn euros_to_money(object: &mut Map<String, Value>, field: &str) {
    if let Some(value) = object.get_mut(field)
        && let Some(money) = value.as_f64().and_then(|euros| Money::from_major(euros, Currency::EUR))
    {
        *value = json!(money);
    }
}

/// The value at a dotted path, as a CSV cell has it; empty when there is none.
pub fn cell_text(record: &Value, path: &str) -> String {
    match path.split('.').try_fold(record, |value, name| value.get(name)) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(";"),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[column("id", "id", Cell::Text), column("note", "note", Cell::Text)];

    fn read(text: &str, format: Format, columns: &[Column], report: &mut Report) -> Vec<Record> {
        Lines::new(text.as_bytes(), format).read_all(columns, report).unwrap()
    }

    /// A file without an end, which tells how much of it was asked for.
    struct Endless(u64);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            buffer.fill(b'x');
            self.0 += buffer.len() as u64;
            Ok(buffer.len())
        }
    }

    #[test]
    fn the_character_nul_is_named_by_line_and_field() {
        let mut report = Report::default();
        let table = read("id,note\n1,one\n2,t\0wo\n", Format::Csv, COLUMNS, &mut report);
        assert_eq!(table.len(), 2);
        let lines = "{\"id\":1}\n{\"a\":{\"b\":[0,\"x\\u0000\"]}}\n{\"\\u0000\":1}\n{\"id\":\"\\\\u0000\"}\n";
        let records = read(lines, Format::JsonLines, &[], &mut report);
        assert_eq!(records.iter().map(|record| record.line).collect::<Vec<_>>(), [1, 4]);
        let text = report.text(Some(COLUMNS));
        assert!(text.contains("line 3 note: ") && text.contains("line 2 a.b: "), "{text}");
        assert_eq!(text.matches("U+0000").count(), 3, "{text}");
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_by_its_line_and_does_not_fill_the_memory() {
        let start: &[u8] = b"id,note\n1,\"two\nlines\"\n2,\"open\n";
        let mut file = std::io::BufReader::new(start.chain(Endless(0)));
        let mut lines = Lines::new(&mut file, Format::Csv);
        let mut report = Report::default();
        let first = lines.next(COLUMNS, &mut report).unwrap().unwrap();
        assert_eq!((first.line, first.object.unwrap()["note"].as_str()), (2, Some("two\nlines")));
        let second = lines.next(COLUMNS, &mut report).unwrap().unwrap();
        assert_eq!((second.line, second.object.is_none()), (4, true));
        assert!(lines.next(COLUMNS, &mut report).unwrap().is_none());
        let text = report.text(Some(COLUMNS));
        assert!(text.contains('4') && text.contains("quotation mark"), "{text}");
        drop(lines);
        let read = file.into_inner().into_inner().1.0;
        assert!(read < 2 * MAX_ROW_BYTES as u64, "{read} bytes were read");
    }

    #[test]
    fn long_rows_up_to_the_limit_are_read_and_a_header_has_it_too() {
        let row = |length: usize| format!("id,note\n1,{}\n2,b\n", "x".repeat(length));
        let mut report = Report::default();
        assert_eq!(read(&row(MAX_ROW_BYTES / 2), Format::Csv, COLUMNS, &mut report).len(), 2);
        assert!(report.is_empty());
        assert_eq!(read(&row(2 * MAX_ROW_BYTES), Format::Csv, COLUMNS, &mut report).len(), 0);
        assert_eq!(report.len(), 1);
        let mut report = Report::default();
        read(&format!("id,\"{}", "x".repeat(2 * MAX_ROW_BYTES)), Format::Csv, COLUMNS, &mut report);
        assert_eq!(report.len(), 1);
    }

    const KINDS: &[Column] = &[
        column("id", "id", Cell::Id),
        column("zip", "zip", Cell::Postcode),
        column("cap", "cap", Cell::Number),
        column("active", "active", Cell::Bool),
    ];

    fn objects(bytes: &[u8]) -> Vec<(u64, String)> {
        let mut report = Report::default();
        let records = Lines::new(bytes, Format::Csv).read_all(KINDS, &mut report).unwrap();
        assert!(report.is_empty(), "{}", report.text(None));
        records.into_iter().map(|record| (record.line, Value::Object(record.object).to_string())).collect()
    }

    #[test]
    fn what_french_excel_writes_is_read_with_the_lines_of_an_editor() {
        let row = r#"{"id":"é1","zip":"75017","cap":6,"active":true}"#;
        let windows = |text: &str| text.chars().map(|sign| u8::try_from(u32::from(sign)).unwrap()).collect::<Vec<u8>>();
        let utf16 =
            |text: &str| "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let table = "id;zip;cap;active\r\né1;75017;6,0;VRAI\r\n";
        for (bytes, line) in [
            (table.as_bytes().to_vec(), 2),
            (windows(table), 2),
            (format!("\u{feff}{table}").into_bytes(), 2),
            (utf16(&table.replace(';', "\t")), 2),
            (format!("sep=;\r\n{table}").into_bytes(), 3),
            (format!("\u{feff}SEP=;;;;\r\n\r\n{table}").into_bytes(), 4),
            (windows(&format!("\"sep=;\"\r\n{table}")), 3),
            (format!("sep=|\n{}", table.replace(';', "|")).into_bytes(), 3),
            (table.replace("\r\n", "\r").into_bytes(), 2),
            (format!("\r\n\r\n{table}").into_bytes(), 4),
            (table.replace(";active", ";active;;").replace("VRAI", "VRAI;;").into_bytes(), 2),
            (format!("{table};;;\r\n;;;\r\n \r\n").into_bytes(), 2),
            (table.replace("id;", "ID ;").replace("VRAI", "1").into_bytes(), 2),
            (table.replace("6,0", "6").replace(';', ",").into_bytes(), 2),
        ] {
            assert_eq!(objects(&bytes), [(line, row.to_owned())], "{:?}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn a_table_that_cannot_be_read_says_what_to_do() {
        for (bytes, said) in [
            (&b"id;zip\r\n\r\n1;2;3\r\n"[..], "line 3: has 3 fields where the header has 2; put quotation marks"),
            (b"id;zip\n\"a\nb\";1\n2\n", "line 4: has 1 fields where the header has 2; add the missing"),
            (b"\n\nid;colour\n", "line 3 colour: unknown column"),
            (b"id;zip;id\n", "line 1 id: the column is there twice"),
            (b"id;;zip\n1;x;2\n", "line 2: field 2 has a value, and its column has no known name"),
            (b"PK\x03\x04...", ".xlsx"),
            (b"\xd0\xcf\x11\xe0...", "save it as .xlsx"),
            (b"id;zip\r\xe9;1\rNo\xc3\xabl;2\r", "line 3: the file mixes UTF-8 and Windows-1252"),
            (b"id;zip\nRen\x8e;1\n", "line 2: the text is neither UTF-8 nor Windows-1252"),
            (b"id;zip\n\xc3\xa9;1\n\xff;2\n", "line 3: is not UTF-8 text"),
            (b"id;cap\n1;lots\n", "line 2 cap: expected a number"),
        ] {
            let mut report = Report::default();
            let _faulty = Lines::new(bytes, Format::Csv).read_all(KINDS, &mut report).unwrap();
            let text = report.text(Some(KINDS));
            assert!(text.contains(said), "{said} is not in {text}");
        }
    }

    #[test]
    fn json_lines_end_with_any_line_end_and_may_come_from_powershell() {
        let text = "{\"id\":1}\r\n\r\n{\"id\":2}\r{\"id\":3}\n\n{\"id\":4}";
        let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes().to_vec(), utf16, format!("\u{feff}{text}").into_bytes()] {
            let mut report = Report::default();
            let reader = std::io::BufReader::with_capacity(3, bytes.as_slice());
            let records = Lines::new(reader, Format::JsonLines).read_all(&[], &mut report).unwrap();
            assert!(report.is_empty());
            assert_eq!(records.iter().map(|record| record.line).collect::<Vec<_>>(), [1, 3, 4, 6]);
        }
    }

    #[test]
    fn json_values_are_read_as_cells_and_null_is_not_given() {
        let json = r#"{"id":17,"zip":75017,"cap":"6,0","active":"VRAI","inner":{"a":null,"b":[{"c":null}]},"custom":{"d":null},"e":null}"#;
        let Ok(Value::Object(mut object)) = serde_json::from_str(json) else { panic!("an object") };
        remove_nulls(&mut object, &["custom"]);
        settle_json(&mut object, KINDS, "", true, |field, message| panic!("{field}: {message}"));
        let expected = r#"{"id":"17","zip":"75017","cap":6,"active":true,"inner":{"b":[{}]},"custom":{"d":null}}"#;
        assert_eq!(Value::Object(object).to_string(), expected);
        let mut faults = Vec::new();
        let Value::Object(mut bad) = json!({ "id": 1e15, "cap": "many", "active": 2 }) else { panic!("an object") };
        settle_json(&mut bad, KINDS, "", true, |field, _| faults.push(field));
        assert_eq!(faults, ["id", "cap", "active"]);
    }
}
