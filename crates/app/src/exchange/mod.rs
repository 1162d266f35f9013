//! Whole portfolios in and out: records of files, read and checked line by line.
//!
//! The command line and the claims API read the same files with the same rules.

pub mod archive;
mod cells;
pub mod claims;
pub mod contracts;
mod decode;
pub mod erasure;
pub mod files;
mod import_contracts;
pub mod lines;
pub mod report;
mod table;
mod workbook;
pub mod workbook_writer;

pub use import_contracts::{ImportedContracts, import_contracts, read_contract};
