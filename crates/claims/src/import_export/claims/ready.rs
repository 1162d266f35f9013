//! A claim that is ready to be saved, and its record in a file.

use constat_domain::claim::{Claim, Document};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A claim that may be saved, with the files of those of its documents that have one.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadyClaim {
    /// The claim.
    pub claim: Claim,
    /// The documents' files, each under its place among the claim's documents.
    pub files: Vec<(usize, PathBuf)>,
}

/// A claim as a line of a JSON lines file has it. `file_of` names a document's file, when there is one.
pub fn to_record(claim: &Claim, file_of: impl Fn(&Document) -> Option<String>) -> Value {
    let mut record = json!(claim);
    if let Some(record) = record.as_object_mut() {
        record.shift_remove("tenant");
        let documents = record.get_mut("documents").and_then(Value::as_array_mut).into_iter().flatten();
        for (written, document) in documents.zip(&claim.documents) {
            if let Some(written) = written.as_object_mut() {
                written.shift_remove("storage_key");
                if let Some(file) = file_of(document) {
                    written.insert("file".to_owned(), json!(file));
                }
            }
        }
    }
    record
}
