//! Reading a file into records: CSV and JSON lines come out in one shape, a JSON object and the
//! line it stands on, so that one reader serves both.

use std::borrow::Cow;
use std::io::{BufRead, Read};

use constat_domain::json::repeated_keys;
use constat_domain::{Currency, Money};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::report::Report;

/// One record of the file.
pub struct Record {
    /// Its line in the file; the first is 1.
    pub line: u64,
    /// What it says.
    pub object: Map<String, Value>,
}

/// How a CSV cell becomes a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// As it is.
    Text,
    /// `true`, `false`, `yes`, `no`, `1` or `0`.
    Bool,
    /// A number, with a decimal point.
    Number,
    /// Several values, separated by `;`.
    List,
}

/// A column of a CSV file: its name, where its value goes in the record, and how it is read.
pub struct Column {
    /// The header.
    pub name: &'static str,
    /// The path in the record, dotted.
    pub path: &'static str,
    /// How a cell is read.
    pub cell: Cell,
}

/// A column.
pub const fn column(name: &'static str, path: &'static str, cell: Cell) -> Column {
    Column { name, path, cell }
}

/// How the records of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table with a header, separated by commas or semicolons.
    Csv,
    /// One JSON object on each line.
    JsonLines,
}

/// Longest line of a file that is read line by line, in bytes: 4 MiB, a large claim many times over.
const LONGEST_LINE: usize = 4 * 1024 * 1024;
/// Longest row of a table, in bytes: 1 MiB. A row has the flat fields only; and one whose quote is never
/// closed goes on to the end of the file.
const LONGEST_ROW: usize = 1024 * 1024;

/// What PostgreSQL keeps in no text, so that no file may bring it.
const NUL: &str = "must not contain the character U+0000";

/// Where the character stands in a value, dotted.
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

/// Reads all records of a text. What cannot be read is in the report; the rest is returned all the
/// same, so that one run shows every fault.
pub fn read_text(text: &str, format: Format, columns: &[Column], report: &mut Report) -> Vec<Record> {
    let mut lines = Lines::new(text.as_bytes(), format);
    let mut records = Vec::new();
    // Reading from memory cannot fail.
    while let Ok(Some(line)) = lines.next(columns, report) {
        records.extend(line.object.map(|object| Record { line: line.line, object }));
    }
    records
}

/// One line of a file that is read line by line.
pub struct Line {
    /// Its number in the file; the first is 1.
    pub line: u64,
    /// What it says; `None` when it cannot be read, which the report tells.
    pub object: Option<Map<String, Value>>,
}

/// Reads a file record by record, in bounded memory.
pub struct Lines<R> {
    source: Source<R>,
}

enum Source<R> {
    Unread(R, Format),
    Json { reader: R, line: u64 },
    Csv { reader: Box<csv::Reader<Metered<R>>>, headers: csv::StringRecord, known: Vec<Option<usize>> },
    Ended,
}

impl<R: BufRead> Lines<R> {
    /// Begins at the first line.
    pub fn new(reader: R, format: Format) -> Self {
        Self { source: Source::Unread(reader, format) }
    }

    /// The next line that is not blank; `None` after the last. What is wrong with it is reported.
    ///
    /// # Errors
    /// The file cannot be read on.
    pub fn next(&mut self, columns: &[Column], report: &mut Report) -> std::io::Result<Option<Line>> {
        if matches!(self.source, Source::Unread(..)) {
            self.begin(columns, report)?;
        }
        match &mut self.source {
            Source::Json { reader, line } => next_json(reader, line, report),
            Source::Csv { reader, headers, known } => {
                let next = next_row(reader, headers, known, columns, report);
                if reader.get_ref().is_over {
                    // Nobody knows where the next row begins.
                    self.source = Source::Ended;
                }
                next
            }
            Source::Unread(..) | Source::Ended => Ok(None),
        }
    }

    /// Skips the mark that some programs put first, and reads a table's header.
    fn begin(&mut self, columns: &[Column], report: &mut Report) -> std::io::Result<()> {
        let Source::Unread(mut reader, format) = std::mem::replace(&mut self.source, Source::Ended) else {
            return Ok(());
        };
        if reader.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
            reader.consume('\u{feff}'.len_utf8());
        }
        self.source = match format {
            Format::JsonLines => Source::Json { reader, line: 0 },
            Format::Csv => {
                let separator = separator(reader.fill_buf()?);
                let mut builder = csv::ReaderBuilder::new();
                builder.delimiter(separator).trim(csv::Trim::All).flexible(true);
                let mut reader = builder.from_reader(Metered { inner: reader, left: LONGEST_ROW, is_over: false });
                match reader.headers().cloned() {
                    Ok(headers) if headers.is_empty() => {
                        let all: Vec<&str> = columns.iter().map(|column| column.name).collect();
                        let message =
                            format!("the file is empty: expected a header with columns of {}", all.join(", "));
                        report.add(1, "", message);
                        Source::Ended
                    }
                    Ok(headers) => {
                        let known = known_columns(&headers, columns, report);
                        Source::Csv { reader: Box::new(reader), headers, known }
                    }
                    Err(error) => {
                        report.add(1, "", unreadable(error, reader.get_ref())?);
                        Source::Ended
                    }
                }
            }
        };
        Ok(())
    }
}

/// A reader that gives so much and no more, until it is told that the next row begins.
struct Metered<R> {
    inner: R,
    left: usize,
    /// More was asked for than there was.
    is_over: bool,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            self.is_over = true;
            return Err(std::io::Error::other("the row is too long"));
        }
        let most = buffer.len().min(self.left);
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read;
        Ok(read)
    }
}

/// What is wrong with a row that cannot be read.
///
/// # Errors
/// Nothing is wrong with the row: the file cannot be read on.
fn unreadable<R>(error: csv::Error, reader: &Metered<R>) -> std::io::Result<String> {
    if reader.is_over {
        let most = LONGEST_ROW / 1024 / 1024;
        return Ok(format!(
            "the row is longer than {most} MiB: a quotation mark that opens is never closed, or too much is in one row; nothing after it was read"
        ));
    }
    let error = std::io::Error::from(error);
    if error.kind() == std::io::ErrorKind::InvalidData { Ok("not UTF-8 text".to_owned()) } else { Err(error) }
}

/// Reads up to the end of the line; what is beyond the limit is read and dropped. `false` at the end
/// of the file.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<(bool, bool)> {
    let (mut any, mut whole) = (false, true);
    loop {
        let held = reader.fill_buf()?;
        if held.is_empty() {
            return Ok((any, whole));
        }
        any = true;
        let end = held.iter().position(|byte| *byte == b'\n');
        let piece = &held[..end.unwrap_or(held.len())];
        if line.len() + piece.len() > LONGEST_LINE {
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

fn next_json(reader: &mut impl BufRead, line: &mut u64, report: &mut Report) -> std::io::Result<Option<Line>> {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let (any, whole) = read_line(reader, &mut bytes)?;
        if !any {
            return Ok(None);
        }
        *line += 1;
        if !whole {
            report.add(*line, "", format!("the line is longer than {} MiB", LONGEST_LINE / 1024 / 1024));
            return Ok(Some(Line { line: *line, object: None }));
        }
        let Ok(text) = std::str::from_utf8(&bytes) else {
            report.add(*line, "", "not UTF-8 text");
            return Ok(Some(Line { line: *line, object: None }));
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
        return Ok(Some(Line { line: *line, object }));
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

fn next_row<R: BufRead>(
    reader: &mut csv::Reader<Metered<R>>,
    headers: &csv::StringRecord,
    known: &[Option<usize>],
    columns: &[Column],
    report: &mut Report,
) -> std::io::Result<Option<Line>> {
    let mut row = csv::StringRecord::new();
    let begins_at = reader.position().line();
    reader.get_mut().left = LONGEST_ROW;
    match reader.read_record(&mut row) {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(error) => {
            let line = error.position().map_or(begins_at, csv::Position::line);
            report.add(line, "", unreadable(error, reader.get_ref())?);
            return Ok(Some(Line { line, object: None }));
        }
    }
    let line = row.position().map_or(0, csv::Position::line);
    if row.len() != headers.len() {
        report.add(line, "", format!("has {} fields where the header has {}", row.len(), headers.len()));
        return Ok(Some(Line { line, object: None }));
    }
    let mut object = Map::new();
    for (column, cell) in known.iter().zip(row.iter()) {
        let Some(column) = column.and_then(|index| columns.get(index)) else { continue };
        if cell.is_empty() {
            continue;
        }
        if cell.contains('\0') {
            report.add(line, column.name, NUL);
            continue;
        }
        let cell = unguarded(cell);
        match read_cell(column.cell, cell) {
            Ok(value) => put(&mut object, column.path, value),
            Err(message) => report.add(line, column.name, message),
        }
    }
    Ok(Some(Line { line, object: Some(object) }))
}

/// Where each column of the header stands among those that are known.
fn known_columns(headers: &csv::StringRecord, columns: &[Column], report: &mut Report) -> Vec<Option<usize>> {
    let mut known = Vec::new();
    for (index, name) in headers.iter().enumerate() {
        let column = columns.iter().position(|column| column.name == name);
        if column.is_none() {
            let all: Vec<&str> = columns.iter().map(|column| column.name).collect();
            report.add(1, name, format!("unknown column; known: {}", all.join(", ")));
        } else if headers.iter().take(index).any(|earlier| earlier == name) {
            report.add(1, name, "the column is there twice");
        }
        known.push(column);
    }
    known
}

/// A JSON error without `at line 1 column 7`: the line is ours to tell.
fn without_position(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.rfind(" at line ").map_or(text.clone(), |at| text[..at].to_owned())
}

/// A comma, or the semicolon that spreadsheets write where the comma is the decimal sign.
fn separator(text: &[u8]) -> u8 {
    let header = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(header);
    if header.matches(';').count() > header.matches(',').count() { b';' } else { b',' }
}

/// Whether a spreadsheet would take a text for a formula. A number it may take for a number.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err()
}

/// A cell that no spreadsheet takes for a formula: an apostrophe first says that it is text. Such a text
/// that begins with apostrophes itself gets one more, so that [`unguarded`] gives every text back.
///
/// ```
/// # use constat_app::exchange::lines::guarded;
/// assert_eq!((guarded("=1+1"), guarded("'@x"), guarded("-12.5")), ("'=1+1".into(), "''@x".into(), "-12.5".into()));
/// ```
pub fn guarded(text: &str) -> Cow<'_, str> {
    if is_formula(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text that a cell stands for.
fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_formula(text)).unwrap_or(cell)
}

fn read_cell(cell: Cell, text: &str) -> Result<Value, String> {
    match cell {
        Cell::Text => Ok(json!(text)),
        Cell::Bool => match text.to_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(json!(true)),
            "false" | "no" | "0" => Ok(json!(false)),
            _ => Err("expected true or false".to_owned()),
        },
        Cell::Number => {
            let whole = text.parse::<i64>().map(|number| json!(number)).ok();
            let decimal = || text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| json!(number));
            whole.or_else(decimal).ok_or_else(|| "expected a number, with a decimal point if need be".to_owned())
        }
        Cell::List => {
            Ok(text.split([';', '|']).map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect())
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
        let table = read_text("id,note\n1,one\n2,t\0wo\n", Format::Csv, COLUMNS, &mut report);
        assert_eq!(table.len(), 2);
        let lines = "{\"id\":1}\n{\"a\":{\"b\":[0,\"x\\u0000\"]}}\n{\"\\u0000\":1}\n{\"id\":\"\\\\u0000\"}\n";
        let records = read_text(lines, Format::JsonLines, &[], &mut report);
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
        let read = file.into_inner().into_inner().1.0;
        assert!(read < 2 * LONGEST_ROW as u64, "{read} bytes were read");
    }

    #[test]
    fn long_rows_up_to_the_limit_are_read_and_a_header_has_it_too() {
        let row = |length: usize| format!("id,note\n1,{}\n2,b\n", "x".repeat(length));
        let mut report = Report::default();
        assert_eq!(read_text(&row(LONGEST_ROW / 2), Format::Csv, COLUMNS, &mut report).len(), 2);
        assert!(report.is_empty());
        assert_eq!(read_text(&row(2 * LONGEST_ROW), Format::Csv, COLUMNS, &mut report).len(), 0);
        assert_eq!(report.len(), 1);
        let mut report = Report::default();
        read_text(&format!("id,\"{}", "x".repeat(2 * LONGEST_ROW)), Format::Csv, COLUMNS, &mut report);
        assert_eq!(report.len(), 1);
    }
}
