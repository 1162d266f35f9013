//! An answer to a question of the catalogue.

use serde::{Deserialize, Serialize};

/// An answer to a catalogue question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// Yes or no.
    Bool(bool),
    /// In words, or one of the question's choices.
    Text(String),
}

impl From<Answer> for serde_json::Value {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Bool(yes) => Self::Bool(yes),
            Answer::Text(text) => Self::String(text),
        }
    }
}
