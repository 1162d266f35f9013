//! The envelope of the partner contract's answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An answer with its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}Envelope")]
pub struct Envelope<T> {
    /// 0.
    pub value: i32,
    /// `OK`.
    pub description: String,
    /// The data.
    pub data: T,
}

impl<T> Envelope<T> {
    /// The data with the status `OK`.
    pub fn ok(data: T) -> Self {
        Self { value: 0, description: "OK".to_owned(), data }
    }
}

/// An answer with a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}ListEnvelope")]
pub struct ListEnvelope<T> {
    /// 0.
    pub value: i32,
    /// `OK`.
    pub description: String,
    /// The list.
    pub data: Vec<T>,
}

impl<T> ListEnvelope<T> {
    /// The list with the status `OK`.
    pub fn ok(data: Vec<T>) -> Self {
        Self { value: 0, description: "OK".to_owned(), data }
    }
}
