//! Columns of a table of records.

use crate::cells::Cell;

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
