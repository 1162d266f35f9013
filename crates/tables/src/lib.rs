//! Files of records: CSV, JSON lines and workbooks, read with their lines and written for people.

pub mod cells;
mod column;
mod decode;
pub mod lines;
pub mod report;
mod table;
mod workbook;
pub mod workbook_writer;
