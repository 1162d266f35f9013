//! Reading a file into records: CSV and JSON lines come out in one shape, a JSON object and the
//! line it stands on, so that one reader serves both.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::report::Report;
use crate::failure::Failure;

/// Largest file read, in bytes: everything is held in memory until all of it is known to be sound.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;

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

/// Reads all records. What cannot be read is in the report; the rest is returned all the same, so
/// that one run shows every fault.
pub fn read(path: &Path, columns: &[Column], report: &mut Report) -> Result<Vec<Record>, Failure> {
    let fails = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| fails(&error))?.len();
    if size > LARGEST_FILE {
        return Err(fails(&"larger than 256 MiB; split it"));
    }
    let bytes = std::fs::read(path).map_err(|error| fails(&error))?;
    let text = String::from_utf8(bytes).map_err(|_not_text| fails(&"not UTF-8 text"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match path.extension().and_then(|extension| extension.to_str()).map(str::to_lowercase).as_deref() {
        Some("csv") => read_csv(text, columns, report).map_err(|error| fails(&error)),
        Some("jsonl" | "ndjson" | "json") => Ok(read_json_lines(text, report)),
        _ => Err(fails(&"expected a file that ends in .csv or .jsonl")),
    }
}

fn read_json_lines(text: &str, report: &mut Report) -> Vec<Record> {
    let mut records = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(object)) => records.push(Record { line, object }),
            Ok(_) => report.add(line, "", "expected a JSON object"),
            Err(error) => report.add(line, "", format!("not JSON: {}", without_position(&error))),
        }
    }
    records
}

/// A JSON error without `at line 1 column 7`: the line is ours to tell.
fn without_position(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.rfind(" at line ").map_or(text.clone(), |at| text[..at].to_owned())
}

fn read_csv(text: &str, columns: &[Column], report: &mut Report) -> Result<Vec<Record>, String> {
    let separator = separator(text);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut known = Vec::new();
    for (index, name) in headers.iter().enumerate() {
        let column = columns.iter().find(|column| column.name == name);
        if column.is_none() {
            let all: Vec<&str> = columns.iter().map(|column| column.name).collect();
            report.add(1, name, format!("unknown column; known: {}", all.join(", ")));
        } else if headers.iter().take(index).any(|earlier| earlier == name) {
            report.add(1, name, "the column is there twice");
        }
        known.push(column);
    }
    let mut records = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        if row.len() != headers.len() {
            report.add(line, "", format!("has {} fields where the header has {}", row.len(), headers.len()));
            continue;
        }
        let mut object = Map::new();
        for (column, cell) in known.iter().zip(row.iter()) {
            let Some(column) = column else { continue };
            if cell.is_empty() {
                continue;
            }
            match read_cell(column.cell, cell) {
                Ok(value) => put(&mut object, column.path, value),
                Err(message) => report.add(line, column.name, message),
            }
        }
        records.push(Record { line, object });
    }
    Ok(records)
}

/// A comma, or the semicolon that spreadsheets write where the comma is the decimal sign.
fn separator(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    if header.matches(';').count() > header.matches(',').count() { b';' } else { b',' }
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
