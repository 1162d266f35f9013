//! An answer to a question.

use constat_domain::claim::{self};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An answer to a question: yes or no, or a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Answer {
    /// Yes or no.
    Bool(bool),
    /// In words, or one of the question's choices.
    Text(String),
}

impl From<&claim::Answer> for Answer {
    fn from(answer: &claim::Answer) -> Self {
        match answer {
            claim::Answer::Bool(yes) => Self::Bool(*yes),
            claim::Answer::Text(text) => Self::Text(text.clone()),
        }
    }
}

impl From<Answer> for claim::Answer {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Bool(yes) => Self::Bool(yes),
            Answer::Text(text) => Self::Text(text),
        }
    }
}
