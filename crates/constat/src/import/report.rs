//! The faults of a file, by line and field.

use std::fmt::Write as _;

use constat_domain::FieldError;

use super::lines::Column;

/// Most faults shown; the others are counted.
const MOST_SHOWN: usize = 50;

/// One fault.
struct Fault {
    line: u64,
    field: String,
    message: String,
}

/// All faults of a file. What it says holds field names and rules, never what a person's field held.
#[derive(Default)]
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

    /// The faults by line, the first ones in full. A field that came from a CSV column is called by
    /// the column's name.
    pub fn text(&self, columns: Option<&[Column]>) -> String {
        let mut faults: Vec<&Fault> = self.faults.iter().collect();
        faults.sort_by_key(|fault| fault.line);
        let mut text = String::new();
        for fault in faults.iter().take(MOST_SHOWN) {
            let whole = fault.field.split_once('[').map_or(fault.field.as_str(), |(whole, _)| whole);
            let column = columns.and_then(|columns| columns.iter().find(|column| column.path == whole));
            let field = column.map_or(fault.field.as_str(), |column| column.name);
            let space = if field.is_empty() { "" } else { " " };
            let _infallible = writeln!(text, "  line {}{space}{field}: {}", fault.line, fault.message);
        }
        let more = faults.len().saturating_sub(MOST_SHOWN);
        if more > 0 {
            let _infallible = writeln!(text, "  and {more} more");
        }
        text
    }

    /// How many faults there are.
    pub fn len(&self) -> usize {
        self.faults.len()
    }
}
