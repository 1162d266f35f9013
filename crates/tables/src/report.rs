//! The faults of a file, by line and field.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use constat_domain::FieldError;

use crate::column::Column;

/// Most faults shown; the others are counted.
const MAX_SHOWN: usize = 50;

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
    /// The fields of each line that have a fault.
    fields: HashMap<u64, Vec<String>>,
}

/// What a field is called that a record lacks.
const MISSING: &str = "is missing";

/// The path of a column for a field: `products[1].id` is `product.id`.
fn column_path(field: &str) -> String {
    let of_list = field.split_once('[').and_then(|(list, rest)| Some((list, rest.split_once("].")?.1)));
    of_list.map_or_else(|| field.to_owned(), |(list, rest)| format!("{}.{rest}", list.trim_end_matches('s')))
}

impl Report {
    /// Adds a fault. An empty field is the line as a whole. A field that could not be read is not missing.
    pub fn add(&mut self, line: u64, field: &str, message: impl Into<String>) {
        self.push(Fault { line, field: field.to_owned(), message: message.into() });
    }

    fn push(&mut self, fault: Fault) {
        let path = column_path(&fault.field);
        let fields = self.fields.entry(fault.line).or_default();
        let is_of =
            |known: &String| known.strip_prefix(&path).is_some_and(|below| below.is_empty() || below.starts_with('.'));
        if fault.message == MISSING && fields.iter().any(is_of) {
            return;
        }
        if !fields.contains(&path) {
            fields.push(path);
        }
        self.faults.push(fault);
    }

    /// Adds what a rule found in one record.
    pub fn add_all(&mut self, line: u64, errors: Vec<FieldError>) {
        for error in errors {
            self.add(line, &error.field, error.message);
        }
    }

    /// True when a field of a line has a fault.
    pub fn blames(&self, line: u64, field: &str) -> bool {
        self.fields.get(&line).is_some_and(|fields| fields.contains(&column_path(field)))
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
        for Fault { line, field, message } in self.by_line(columns).iter().take(MAX_SHOWN) {
            let space = if field.is_empty() { "" } else { " " };
            let _infallible = writeln!(text, "  line {line}{space}{field}: {message}");
        }
        let more = self.faults.len().saturating_sub(MAX_SHOWN);
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
        let mut errors: Vec<FieldError> = faults.iter().take(MAX_SHOWN).map(named).collect();
        if faults.len() > MAX_SHOWN {
            errors.push(FieldError::new("", format!("and {} more", faults.len() - MAX_SHOWN)));
        }
        errors
    }

    /// The faults of a single record, by field.
    pub fn of_record(&self) -> Vec<FieldError> {
        self.faults.iter().map(|fault| FieldError::new(&fault.field, &fault.message)).collect()
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
            self.push(fault);
        }
        other.fields.clear();
    }

    /// Takes over the faults of another report.
    pub fn append(&mut self, other: &mut Self) {
        self.append_moved(other, |_field| None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_cannot_be_read_is_not_missing_too() {
        let mut report = Report::default();
        report.add(2, "product.id", "is in scientific notation");
        report.add(2, "holder.phone_number", "is rounded");
        let mut later = Report::default();
        for field in ["products[0].id", "holder.phone_number", "holder", "holder.first_name", "number"] {
            later.add(2, field, "is missing");
        }
        later.add(3, "holder.phone_number", "is missing");
        report.append_moved(&mut later, |_field| None);
        let fields: Vec<(u64, String)> =
            report.by_line(None).into_iter().map(|fault| (fault.line, fault.field)).collect();
        let expected = [
            (2, "product.id"),
            (2, "holder.phone_number"),
            (2, "holder.first_name"),
            (2, "number"),
            (3, "holder.phone_number"),
        ];
        assert_eq!(fields, expected.map(|(line, field)| (line, field.to_owned())));
        assert!(later.is_empty());
    }
}
