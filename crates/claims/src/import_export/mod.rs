//! Whole portfolios in and out: records of files, read and checked line by line.
//!
//! The command line and the claims API read the same files with the same rules.

pub mod archive;
pub mod claims;
pub mod contracts;
pub mod erasure;
pub mod files;
pub(crate) mod import_contracts;

pub use import_contracts::{ImportedContracts, import_contracts, read_contract};
