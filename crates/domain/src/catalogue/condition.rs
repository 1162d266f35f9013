//! Conditions on answers: structured data, no expression language.

use super::Answers;
use crate::claim::Answer;

/// A condition on the answers of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The question was answered so. A question without an answer is not.
    Is {
        /// Stable question id.
        question: String,
        /// The answer; for a choice, the option's id.
        answer: Answer,
    },
    /// Every one holds.
    All(Vec<Self>),
    /// At least one holds.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
}

impl Condition {
    /// Whether it holds for these answers.
    pub fn holds(&self, answers: &Answers) -> bool {
        match self {
            Self::Is { question, answer } => answers.get(question) == Some(answer),
            Self::All(parts) => parts.iter().all(|part| part.holds(answers)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(answers)),
            Self::Not(part) => !part.holds(answers),
        }
    }

    /// The answer that made it hold: the last one that it speaks of and that it agrees with.
    /// `None` when it does not hold, or holds because of something that was not answered.
    pub fn reason(&self, answers: &Answers) -> Option<(String, Answer)> {
        if !self.holds(answers) {
            return None;
        }
        match self {
            Self::Is { question, answer } => Some((question.clone(), answer.clone())),
            Self::All(parts) | Self::Any(parts) => parts.iter().rev().find_map(|part| part.reason(answers)),
            Self::Not(part) => part
                .questions()
                .into_iter()
                .rev()
                .find_map(|question| Some((question.to_owned(), answers.get(question)?.clone()))),
        }
    }

    /// The ids of the questions it speaks of, in order, once or more each.
    pub fn questions(&self) -> Vec<&str> {
        match self {
            Self::Is { question, .. } => vec![question],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::questions).collect(),
            Self::Not(part) => part.questions(),
        }
    }

    /// Each question it speaks of with the answer it compares with.
    pub(super) fn comparisons(&self) -> Vec<(&str, &Answer)> {
        match self {
            Self::Is { question, answer } => vec![(question, answer)],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::comparisons).collect(),
            Self::Not(part) => part.comparisons(),
        }
    }
}
