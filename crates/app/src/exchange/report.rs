//! The faults of a file, by line and field.

use std::collections::HashSet;
use std::fmt::Write as _;

use constat_domain::FieldError;

use super::lines::Column;

/// Most faults shown; the others are counted.
const MOST_SHOWN: usize = 50;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The line of the file; the first is 1.
    pub line: u64,
    /// The field, or the column of a CSV file; empty for the line as a whole.
    pub field: String,
    /// What would be right.
    pub message: String,
}

/// All faults of a file. What it says holds field names and rules, never what a person's field held.
#[derive(Debug, Default)]
pub struct Report {
    faults: Vec<Fault>,
}

impl Report {
    /// Adds a fault. An empty field is the line as a whole.
    pub fn add(&mut self, line: u64, field: &str, message: impl Into<String>) {
        self.faults.push(Fault { line, field: field.to_owned(), message: message.into() });
    }

    /// Adds what a rule found in one record.
    pub fn add_all(&mut self, line: u64, errors: Vec<FieldError>) {
        for error in errors {
            self.add(line, &error.field, error.message);
        }
    }

    /// True when there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// The faults by line. A field that came from a CSV column is called by the column's name.
    pub fn by_line(&self, columns: Option<&[Column]>) -> Vec<Fault> {
        let mut faults = self.faults.clone();
        faults.sort_by_key(|fault| fault.line);
        for fault in &mut faults {
            let Some(columns) = columns else { continue };
            let (whole, inner) = fault.field.split_once('[').unwrap_or((&fault.field, ""));
            // A column of an object in a list: `products[1].id` is the column with the path `product.id`.
            let one = inner.split_once("].").map(|(_, rest)| format!("{}.{rest}", whole.trim_end_matches('s')));
            let is_of = |column: &&Column| column.path == whole || one.as_deref() == Some(column.path);
            if let Some(column) = columns.iter().find(is_of) {
                column.name.clone_into(&mut fault.field);
            }
        }
        faults
    }

    /// The faults by line, the first ones in full.
    pub fn text(&self, columns: Option<&[Column]>) -> String {
        let mut text = String::new();
        for Fault { line, field, message } in self.by_line(columns).iter().take(MOST_SHOWN) {
            let space = if field.is_empty() { "" } else { " " };
            let _infallible = writeln!(text, "  line {line}{space}{field}: {message}");
        }
        let more = self.faults.len().saturating_sub(MOST_SHOWN);
        if more > 0 {
            let _infallible = writeln!(text, "  and {more} more");
        }
        text
    }

    /// The faults as a request's answer lists them: `line 3 user_id`. The first ones, and how many more
    /// there are.
    pub fn field_errors(&self, columns: Option<&[Column]>) -> Vec<FieldError> {
        let faults = self.by_line(columns);
        let named =
            |fault: &Fault| FieldError::new(format!("line {} {}", fault.line, fault.field).trim(), &fault.message);
        let mut errors: Vec<FieldError> = faults.iter().take(MOST_SHOWN).map(named).collect();
        if faults.len() > MOST_SHOWN {
            errors.push(FieldError::new("", format!("and {} more", faults.len() - MOST_SHOWN)));
        }
        errors
    }

    /// How many faults there are.
    pub fn len(&self) -> usize {
        self.faults.len()
    }

    /// The lines that have faults.
    pub fn lines(&self) -> HashSet<u64> {
        self.faults.iter().map(|fault| fault.line).collect()
    }

    /// Takes over the faults of another report; `line_of` gives another line for some fields.
    pub fn append_moved(&mut self, other: &mut Self, line_of: impl Fn(&str) -> Option<u64>) {
        for mut fault in other.faults.drain(..) {
            fault.line = line_of(&fault.field).unwrap_or(fault.line);
            self.faults.push(fault);
        }
    }

    /// Takes over the faults of another report.
    pub fn append(&mut self, other: &mut Self) {
        self.faults.append(&mut other.faults);
    }
}
